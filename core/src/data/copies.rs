//! Files that were downloaded or copied twice, by what systems then call them: `data_batch_1 (1).bin`.

use crate::data::files::{Files, join};

/// What systems put behind a name, in lower case; a number may follow each.
const MARKS: [&str; 18] = [
    " - copy",
    " - kopie",
    " - copie",
    " - copia",
    " - cópia",
    " - kopia",
    " - kopi",
    " - kopio",
    " - kópia",
    " - копия",
    " - コピー",
    " - 副本",
    " - 복사본",
    " copy",
    " kopie",
    " copie",
    "-copy",
    "_copy",
];

/// What they put in front.
const PREFIXES: [&str; 7] = ["copy of ", "kopie von ", "copie de ", "copia de ", "copia di ", "cópia de ", "kopia "];

/// The name that a copy is one of, if `name` is that of a copy: `a.bin` of `a (1).bin`, `a - Copy (2).bin`, `a copy.bin`.
fn original(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.').map_or((name, ""), |(stem, _)| (stem, &name[stem.len()..]));
    let lower = stem.to_lowercase();
    // Only then are places in both the same.
    let prefix = (lower.len() == stem.len()).then(|| PREFIXES.iter().find(|prefix| lower.starts_with(**prefix)));
    let rest = match prefix.flatten() {
        Some(prefix) => &stem[prefix.len()..],
        None => unmarked(stem)?,
    };
    Some(format!("{}{ending}", original(rest).as_deref().unwrap_or(rest)))
}

/// Tells most files of large folders quickly.
fn may_be_copy(name: &str) -> bool {
    name.contains([' ', '(']) || name.contains("copy")
}

/// `stem` without what is behind it.
fn unmarked(stem: &str) -> Option<&str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // (1), with or without a space.
    let in_brackets =
        stem.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')).filter(|(_, number)| digits(number));
    let without_number = match in_brackets {
        Some((rest, _)) => rest.trim_end(),
        None => stem.trim_end_matches(|character: char| character.is_ascii_digit()).trim_end(),
    };
    let lower = without_number.to_lowercase();
    let mark = MARKS.iter().find(|mark| lower.ends_with(**mark) && lower.len() == without_number.len());
    match mark {
        Some(mark) => Some(&without_number[..without_number.len() - mark.len()]),
        None => in_brackets.map(|_| without_number),
    }
}

/// The files in `base` that are `wanted` by their official names, each once: itself, or else its first copy.
pub(super) struct Chosen {
    /// (official name, name of the file), by official name.
    pub files: Vec<(String, String)>,
    /// What was left out or taken in place of something.
    pub notes: Vec<String>,
}

/// Chooses them.
pub(super) fn choose(files: &Files, base: &str, wanted: impl Fn(&str) -> bool) -> Chosen {
    let mut all: Vec<(String, bool, &str)> = Vec::new();
    for name in files.files_in(base) {
        if wanted(name) {
            all.push((name.into(), false, name));
            continue;
        }
        let original = if may_be_copy(name) { original(name) } else { None };
        if let Some(original) = original.filter(|original| wanted(original)) {
            all.push((original, true, name));
        }
    }
    all.sort_unstable();
    let mut chosen = Chosen { files: Vec::new(), notes: Vec::new() };
    for (official, is_copy, name) in all {
        if chosen.files.last().is_some_and(|(last, _)| *last == official) {
            chosen.notes.push(format!("left out `{name}`: a copy of `{official}`"));
        } else {
            if is_copy {
                chosen.notes.push(format!("`{name}` is taken for `{official}`, which is not there"));
            }
            chosen.files.push((official, join(base, name)));
        }
    }
    chosen
}

#[cfg(test)]
#[path = "copies_tests.rs"]
mod tests;
