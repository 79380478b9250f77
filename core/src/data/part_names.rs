//! What people call the folders of a data set: the names of parts, and of what nobody has sorted.

/// What a folder's name says that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Train,
    Validation,
    /// `eval` is for choosing, or where there is a part for that, for measuring.
    Evaluation,
    Test,
}

/// What a name says that the folder is for: `Training`, `val2017`, `seg_test`, `TrainSet`. Its first or last word does.
pub(super) fn role(name: &str) -> Option<Role> {
    let words = words(name);
    let (first, last) = (words.first()?, words.last()?);
    match (role_of_word(first), role_of_word(last)) {
        // `train_val`, as it is called beside a `test`.
        (Some(Role::Train), Some(Role::Validation)) => Some(Role::Train),
        (Some(one), Some(other)) if one != other => None,
        (first, last) => last.or(first),
    }
}

/// What one word says, be it alone (`train`) or with what is put together of (`trainset`, `testdata`).
pub(super) fn role_of_word(word: &str) -> Option<Role> {
    const ENDINGS: [&str; 8] = ["dataset", "set", "data", "split", "images", "imgs", "img", "s"];
    let stem = |word: &str| {
        Some(match word {
            "train" | "training" | "trn" | "trainval" => Role::Train,
            "val" | "valid" | "validation" | "validate" | "validating" | "dev" | "develop" | "development" => {
                Role::Validation
            }
            "eval" | "evaluation" | "evaluate" => Role::Evaluation,
            "test" | "testing" | "tst" | "holdout" => Role::Test,
            _ => return None,
        })
    };
    let shorter = ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending));
    // A train and trains are what a class may be called; `tests` is not.
    stem(word).or_else(|| shorter.filter(|rest| word != "trains" && !rest.is_empty()).find_map(stem))
}

pub(super) fn is_unlabelled_word(word: &str) -> bool {
    const WORDS: [&str; 14] = [
        "unlabeled",
        "unlabelled",
        "unlabel",
        "unknown",
        "unsorted",
        "unsupervised",
        "pred",
        "predict",
        "prediction",
        "predictions",
        "extra",
        "raw",
        "submission",
        "sample",
    ];
    WORDS.contains(&word)
}

/// Whether a folder of this name among classes says that nobody knows what its pictures are.
pub(super) fn is_unlabelled(name: &str) -> bool {
    words(name).iter().any(|word| is_unlabelled_word(word))
}

/// Whether a folder of this name could be a part.
pub(super) fn is_called_a_part(name: &str) -> bool {
    role(name).is_some()
}

/// The words of a name in lower case, without its numbers and what says that it is one of several files or pictures.
pub(super) fn words(name: &str) -> Vec<String> {
    const FILLERS: [&str; 14] = [
        "set", "data", "dataset", "split", "images", "image", "imgs", "img", "pictures", "photos", "folder", "final",
        "full", "jpg",
    ];
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let new_word = before.is_lowercase() && character.is_uppercase();
        if !character.is_alphabetic() || new_word {
            words.push(String::new());
        }
        if character.is_alphabetic() {
            words.last_mut().expect("there is one").extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    // `trainA` is beside `trainB`.
    let tells = |word: &&String| word.chars().count() > 1 && !FILLERS.contains(&word.as_str());
    let telling: Vec<String> = words.iter().filter(tells).cloned().collect();
    if telling.is_empty() { words } else { telling }
}
