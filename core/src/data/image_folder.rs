//! Images in one folder per class: `<class>/*` in each of the parts that [`layout`](super::layout) finds, or without a
//! division.
//!
//! Classes are numbered in the order of their sorted names, and images below a class folder count at any depth, as in
//! torchvision's `ImageFolder`.

use std::collections::BTreeSet;

use crate::data::decode::plural;
use crate::data::files::{Files, join};
use crate::data::layout::{Division, Layout};
use crate::data::part::{Images, Part, Section};
use crate::data::part_names;
use crate::data::pictures;
use crate::data::unread::Unread;
use crate::error::{Error, Result};

/// One part, or `None` where there is none.
///
/// # Errors
/// If there are fewer than two classes, a class without training images, or a test class that is not a training class.
pub(super) fn read(files: &Files, layout: &Layout, section: Section) -> Result<Option<Part>> {
    match (layout, section) {
        (Layout::Classes, Section::Train) => read_classes(files, "").map(Some),
        (Layout::Classes, _) => Ok(None),
        (Layout::Divided(division), section) => read_part(files, division, section),
    }
}

fn read_part(files: &Files, division: &Division, section: Section) -> Result<Option<Part>> {
    let Division { train, validation, test, .. } = division;
    match section {
        Section::Train => read_classes(files, train).map(Some),
        Section::Validation => validation.as_ref().map(|base| read_held_out(files, train, base)).transpose(),
        Section::Test => test.as_ref().map(|base| read_held_out(files, train, base)).transpose(),
    }
}

/// A class and the folders with its images.
struct Class {
    name: String,
    folders: Vec<String>,
}

/// The classes that are the folders in `base`, all of which must have images.
fn read_classes(files: &Files, base: &str) -> Result<Part> {
    let (names, again): (Vec<&str>, Vec<&str>) =
        files.folders_in(base).partition(|name| !holds_its_siblings(files, base, name));
    let class = |name: &&str| Class { name: name.to_string(), folders: vec![join(base, name)] };
    let classes: Vec<Class> = names.iter().map(class).collect();
    if classes.len() < 2 {
        return Err(Error::file(files.path_of(base), "needs two or more class folders"));
    }
    let mut part = read_images(files, base, &classes);
    if let Some(class) = part.class_counts().iter().position(|count| *count == 0) {
        return Err(Error::file(files.path_of(&classes[class].folders[0]), "is a class folder without images"));
    }
    part.notes.extend(again.iter().map(|name| format!("left out `{name}`, which holds the same class folders again")));
    part.notes.extend(folders_inside_classes(files, &classes));
    Ok(part)
}

/// Whether a folder is no class but the whole once more, as some archives have it: its folders are called as those beside it.
fn holds_its_siblings(files: &Files, base: &str, name: &str) -> bool {
    let inside: Vec<&str> = files.folders_in(&join(base, name)).collect();
    inside.len() >= 2 && files.folders_in(base).filter(|sibling| *sibling != name).eq(inside)
}

/// A note of folders inside class folders: what they are for is known to nobody here, and their images count for the class.
fn folders_inside_classes(files: &Files, classes: &[Class]) -> Option<String> {
    let inside = classes.iter().flat_map(|class| files.folders_in(&class.folders[0]));
    // Where each class keeps its images, as TinyImageNet does.
    let names: BTreeSet<&str> = inside.filter(|name| !name.eq_ignore_ascii_case("images")).collect();
    let parts: Vec<&str> = names.iter().copied().filter(|name| part_names::is_called_a_part(name)).collect();
    let first = |names: &[&str]| names.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (&parts[..], names.len()) {
        ([], 0) => None,
        ([], count) => {
            let (names, folders) = (first(&Vec::from_iter(names)), plural(count, "folder"));
            Some(format!("{count} {folders} inside class folders ({names}): their images count for the class"))
        }
        (parts, _) => {
            let names = first(parts);
            Some(format!("{names} inside class folders: taken for no parts, all images of a class count"))
        }
    }
}

/// The images in `base`, with the classes of `train`; a class may be missing.
fn read_held_out(files: &Files, train: &str, base: &str) -> Result<Part> {
    let (classes, notes) = held_out_classes(files, train, base)?;
    let mut part = read_images(files, base, &classes);
    part.notes.splice(0..0, notes);
    let missing = part.class_counts().iter().filter(|count| **count == 0).count();
    if missing == classes.len() {
        return Err(Error::file(files.path_of(base), "has no images in its class folders"));
    }
    if missing > 0 {
        part.notes.push(format!("{missing} {} without images in `{base}`", plural(missing, "class")));
    }
    Ok(part)
}

/// The classes of `train` with their folders in `base`, and what is worth knowing of these.
fn held_out_classes(files: &Files, train: &str, base: &str) -> Result<(Vec<Class>, Vec<String>)> {
    let class = |name: &str| Class { name: name.into(), folders: Vec::new() };
    let mut classes: Vec<Class> = files.folders_in(train).map(class).collect();
    let (mut notes, mut other_capitals) = (Vec::new(), Vec::new());
    for folder in files.folders_in(base) {
        let path = join(base, folder);
        match class_called(&classes, folder) {
            Some(class) => {
                if classes[class].name != folder {
                    other_capitals.push(format!("`{path}` is taken for class `{}`", classes[class].name));
                }
                classes[class].folders.push(path);
            }
            None if part_names::is_unlabelled(folder) => {
                notes.push(format!("left out `{path}`, whose images have no class"));
            }
            None => return Err(Error::file(files.path_of(&path), format!("is a class that `{train}` does not have"))),
        }
    }
    match &other_capitals[..] {
        [] => {}
        [only] => notes.push(only.clone()),
        [first, ..] => {
            notes.push(format!("{first}, and {} more with other capitals likewise", other_capitals.len() - 1));
        }
    }
    Ok((classes, notes))
}

/// The class of a folder: that of its name, or the only one whose name has other capitals.
fn class_called(classes: &[Class], folder: &str) -> Option<usize> {
    let same = |class: &Class| class.name.to_lowercase() == folder.to_lowercase();
    let exact = classes.iter().position(|class| class.name == folder);
    exact.or_else(|| classes.iter().position(same).filter(|_| classes.iter().filter(|class| same(class)).count() == 1))
}

fn read_images(files: &Files, base: &str, classes: &[Class]) -> Part {
    let (mut names, mut labels, mut unread) = (Vec::new(), Vec::new(), Unread::default());
    for (class, Class { folders, .. }) in classes.iter().enumerate() {
        let below = folders.iter().flat_map(|folder| files.below(folder)).map(String::as_str);
        let found = pictures::find(files, below);
        labels.extend(found.pictures.iter().map(|_| class));
        names.extend(found.pictures);
        found.others.into_iter().for_each(|(name, reason)| unread.push(class, name, reason));
    }
    let outside = files.files_in(base).filter(|name| pictures::promises_picture(name)).count();
    let note = format!("left out {outside} {} outside the class folders", plural(outside, "image"));
    let notes = if outside > 0 { vec![note] } else { Vec::new() };
    let class_names = classes.iter().map(|class| class.name.clone()).collect();
    Part { class_names, images: Images::Encoded(names), labels, notes, unread, ..Part::default() }
}

#[cfg(test)]
#[path = "image_folder_tests.rs"]
mod tests;
