//! Which folders are the parts of a data set, by what people call them and by what they hold.
//!
//! A part holds class folders, a class holds pictures. So a class may be called `train` or `test`, and a part may lie in a
//! folder of its own name, as `seg_train/seg_train/` does.

use crate::data::files::{Files, join};
use crate::data::part_names::{Role, is_unlabelled_word, role, role_of_word, words};
use crate::data::pictures;
use crate::error::{Error, Result};

/// Folders around a part that hold nothing but it.
const MAX_WRAPPERS: usize = 4;

/// How pictures in folders are arranged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layout {
    /// A folder for each class.
    Classes,
    /// Parts with a folder for each class.
    Divided(Division),
}

/// The parts, each by the folder that holds its class folders, as it is called inside the folder that was divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Division {
    /// What is learned from.
    pub train: String,
    /// What is chosen on, where there is a test part besides.
    pub validation: Option<String>,
    /// What is measured on.
    pub test: Option<String>,
    /// What was guessed or left out.
    pub notes: Vec<String>,
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// No picture.
    Empty,
    /// Pictures, most of them directly.
    Pictures,
    /// Folders with pictures.
    Classes,
}

struct Folder<'a> {
    name: &'a str,
    path: String,
    role: Option<Role>,
    /// Whether the name says nothing else besides.
    exact: bool,
    shape: Shape,
}

/// The parts in `base`; `None` where its folders are none.
///
/// # Errors
/// If folders are called as parts are and do not make a data set, or two look like the same part.
pub(super) fn divide(files: &Files, base: &str) -> Result<Option<Division>> {
    if !files.folders_in(base).any(|name| role(name).is_some()) {
        return Ok(None);
    }
    let folders: Vec<Folder> = files.folders_in(base).map(|name| Folder::new(files, base, name)).collect();
    let can_train = |folder: &&Folder| folder.is(Role::Train) && folder.shape == Shape::Classes;
    let trains: Vec<&Folder> =
        folders.iter().filter(can_train).filter(|folder| folder.classes(files, &[]).1.len() >= 2).collect();
    if trains.is_empty() {
        return refuse_half_divided(files, &folders).map(|()| None);
    }
    let held_out = |folder: &&Folder| folder.role.is_some_and(|role| role != Role::Train);
    let beside = folders
        .iter()
        .filter(held_out)
        .any(|folder| folder.shape == Shape::Classes || (folder.exact && folder.shape == Shape::Pictures));
    let may_be_class =
        |folder: &Folder| folder.shape == Shape::Pictures && folder.role.is_none() && !folder.is_unlabelled();
    // Beside folders of pictures, one with folders in it is a class as they are.
    if !beside && folders.iter().any(may_be_class) {
        return Ok(None);
    }
    let train = one_of(files, &trains, "the training part")?;
    Ok(Some(Division::around(files, &folders, train)?.seen_from(base)))
}

impl Division {
    /// The division whose training part is `train`.
    fn around(files: &Files, folders: &[Folder], train: &Folder) -> Result<Self> {
        let (folder, class_names) = train.classes(files, &[]);
        let mut notes = Vec::new();
        let mut part = |role, what| held_out(files, folders, role, what, &class_names, &mut notes);
        let mut validation = part(Role::Validation, "the validation part")?;
        let mut test = part(Role::Test, "the test part")?;
        let evaluation = part(Role::Evaluation, "the part to evaluate on")?;
        if validation.is_none() {
            validation = evaluation;
        } else if test.is_none() {
            test = evaluation;
        }
        if test.is_none() {
            test = validation.take();
        }
        let mut parts = vec![(train.name, "to learn from", "train")];
        parts.extend(validation.map(|part| (part.name, "to choose on", "val")));
        parts.extend(test.map(|part| (part.name, "to measure on", "test")));
        // What is called so plainly needs no words.
        if parts.iter().any(|(name, _, plain)| !(name == plain || (*name, *plain) == ("validation", "val"))) {
            let parts: Vec<String> = parts.iter().map(|(name, purpose, _)| format!("`{name}` {purpose}")).collect();
            notes.push(format!("parts by their names: {}", parts.join(", ")));
        }
        let used: Vec<&str> = parts.iter().map(|(name, ..)| *name).collect();
        notes.extend(unused(files, folders, &used, &class_names));
        let [validation, test] = [validation, test].map(|part| part.map(|part| part.classes(files, &class_names).0));
        Ok(Self { train: folder, validation, test, notes })
    }

    /// The same with its folders as they are called inside `base`.
    fn seen_from(self, base: &str) -> Self {
        let inside = |path: String| match path.strip_prefix(base).and_then(|path| path.strip_prefix('/')) {
            Some(inside) if !base.is_empty() => inside.into(),
            _ => path,
        };
        Self { train: inside(self.train), validation: self.validation.map(inside), test: self.test.map(inside), ..self }
    }
}

/// The folder that is `what` beside a training part with these classes; notes those that have no classes.
///
/// # Errors
/// If several are.
fn held_out<'a, 'b>(
    files: &Files,
    folders: &'a [Folder<'b>],
    role: Role,
    what: &str,
    class_names: &[&str],
    notes: &mut Vec<String>,
) -> Result<Option<&'a Folder<'b>>> {
    let mut found = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is(role) && folder.shape != Shape::Empty) {
        match folder.unlabelled(files, class_names) {
            None => found.push(folder),
            Some(why) => notes.push(format!("left out `{}`, {why}", folder.name)),
        }
    }
    if found.is_empty() { Ok(None) } else { one_of(files, &found, what).map(Some) }
}

/// A note of the folders with pictures that are neither `used` nor known to have no classes.
fn unused(files: &Files, folders: &[Folder], used: &[&str], class_names: &[&str]) -> Option<String> {
    let is_noted = |folder: &Folder| {
        let held_out = folder.role.is_some_and(|role| role != Role::Train);
        held_out && folder.unlabelled(files, class_names).is_some()
    };
    let is_left = |folder: &&Folder| folder.shape != Shape::Empty && !used.contains(&folder.name) && !is_noted(folder);
    let names: Vec<String> = folders.iter().filter(is_left).map(|folder| format!("`{}`", folder.name)).collect();
    (!names.is_empty()).then(|| format!("left out {}: not taken for a part", names.join(", ")))
}

/// Refuses folders that are called as parts and would otherwise become classes.
fn refuse_half_divided(files: &Files, folders: &[Folder]) -> Result<()> {
    let full: Vec<&Folder> = folders.iter().filter(|folder| folder.shape != Shape::Empty).collect();
    if full.len() < 2 {
        return Ok(());
    }
    let fail = |folder: &Folder, reason: String| Err(Error::file(files.path_of(&folder.path), reason));
    if full.iter().all(|folder| folder.role.is_some() && folder.exact) {
        let train = full.iter().find(|folder| folder.is(Role::Train));
        return match train.map(|train| (train, train.shape)) {
            Some((train, Shape::Classes)) => fail(train, "needs two or more class folders".into()),
            Some((train, _)) => {
                let advice = "put the pictures of each class in a folder of its own";
                fail(train, format!("holds pictures, but not in class folders: {advice}"))
            }
            None if full.iter().all(|folder| folder.shape == Shape::Classes) => {
                fail(full[0], "there is no folder `train` beside it".into())
            }
            None => Ok(()),
        };
    }
    // `images` and `test` with the same folders in them: the first is the training part, by a name that tells nothing.
    let with_classes = |folder: &&&Folder| folder.shape == Shape::Classes;
    let held_out = full.iter().filter(with_classes).find(|folder| folder.role.is_some_and(|role| role != Role::Train));
    let Some(held_out) = held_out else { return Ok(()) };
    let names: Vec<&str> = files.folders_in(&held_out.path).collect();
    let same = |folder: &&&Folder| {
        let common = files.folders_in(&folder.path).filter(|name| names.contains(name)).count();
        folder.role.is_none() && common >= 2 && 2 * common >= names.len()
    };
    match full.iter().filter(with_classes).find(same) {
        Some(other) => {
            let reason =
                format!("holds the same folders as `{}`: if it is the training part, call it `train`", held_out.name);
            fail(other, reason)
        }
        None => Ok(()),
    }
}

/// The one of `folders` that is `what`.
///
/// # Errors
/// If several are.
fn one_of<'a, 'b>(files: &Files, folders: &[&'a Folder<'b>], what: &str) -> Result<&'a Folder<'b>> {
    let exact: Vec<&Folder> = folders.iter().copied().filter(|folder| folder.exact).collect();
    match (folders, &exact[..]) {
        ([only], _) | (_, [only]) => Ok(*only),
        ([first, second, ..], _) => {
            let reason = format!("may be {what}, and so may `{}`: leave one of them, or rename the other", second.name);
            Err(Error::file(files.path_of(&first.path), reason))
        }
        ([], _) => unreachable!("somebody found one"),
    }
}

impl<'a> Folder<'a> {
    fn new(files: &Files, base: &str, name: &'a str) -> Self {
        let path = join(base, name);
        let shape = shape(files, &path);
        let role = role(name);
        Self { name, path, role, exact: words(name).iter().all(|word| role_of_word(word).is_some()), shape }
    }

    fn is(&self, role: Role) -> bool {
        self.role == Some(role)
    }

    /// Whether the name says that nobody knows the classes.
    fn is_unlabelled(&self) -> bool {
        words(self.name).iter().any(|word| is_unlabelled_word(word))
    }

    /// The folder that holds the class folders, and their names. Folders around it are looked through, but none that is a
    /// class of those `known`.
    fn classes<'f>(&self, files: &'f Files, known: &[&str]) -> (String, Vec<&'f str>) {
        let mut path = self.path.clone();
        for _ in 0..MAX_WRAPPERS {
            // Lists and boxes may lie beside the one folder with pictures.
            let full = files.folders_in(&path).filter(|name| shape(files, &join(&path, name)) != Shape::Empty);
            let full: Vec<&str> = full.take(2).collect();
            let [only] = full[..] else { break };
            let inside = join(&path, only);
            if known.contains(&only) || shape(files, &inside) != Shape::Classes {
                break;
            }
            path = inside;
        }
        let names = files.folders_in(&path).collect();
        (path, names)
    }

    /// Why the folder's pictures have no classes, if they have none.
    fn unlabelled(&self, files: &Files, known: &[&str]) -> Option<&'static str> {
        if self.shape == Shape::Pictures {
            return Some("which has no class folders");
        }
        match self.classes(files, known).1[..] {
            [only] if !known.iter().any(|name| name.eq_ignore_ascii_case(only)) => {
                Some("whose pictures have no classes")
            }
            _ => None,
        }
    }
}

/// What `folder` holds.
fn shape(files: &Files, folder: &str) -> Shape {
    let names = || files.below(folder).iter().map(String::as_str);
    if !pictures::any(files, names()) {
        return Shape::Empty;
    }
    let directly = |name: &&str| !name[folder.len() + 1..].contains('/');
    if !names().any(|name| !directly(&name)) {
        return Shape::Pictures;
    }
    let inside = names().filter(|name| !directly(name));
    if !pictures::any(files, inside.clone()) {
        return Shape::Pictures;
    }
    // A part may have a few pictures that nobody sorted, a class a folder of spare ones.
    let direct = names().filter(|name| directly(name) && pictures::promises_picture(name)).count();
    let deeper = |limit| inside.filter(|name| pictures::promises_picture(name)).take(limit).count();
    if direct > 0 && direct > deeper(direct) { Shape::Pictures } else { Shape::Classes }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
