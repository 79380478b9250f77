//! MIT-67, indoor scenes: 67 classes, of whose 15,620 pictures the lists name 6,700.
//!
//! `Images/<class>/*.jpg` with `TrainImages.txt` and `TestImages.txt`, a `class/file` a line. Some of the files are GIFs, some
//! names have a blank in them, and some differ in capitals from those of the files.

use std::collections::BTreeSet;

use crate::data::files::Files;
use crate::data::listed::{
    Entry, Listed, also_learned, find_file, find_folder, folder, is_in_a_class, lies_in, listed_name, split_folder,
};
use crate::data::part::{Part, Section};
use crate::error::{Error, Result};

/// Images of the official training and test part.
const OFFICIAL: [usize; 2] = [5_360, 1_340];

const TRAIN: &str = "TrainImages.txt";
const TEST: &str = "TestImages.txt";

/// Whether the files in `base` are those of MIT-67.
pub(super) fn detect(files: &Files, base: &str) -> bool {
    let [train, test] = [TRAIN, TEST].map(|list| find_file(files, base, list));
    let images = find_folder(files, base, "Images");
    let lists = [&train, &test].iter().filter(|list| list.is_some()).count();
    lists + usize::from(images.is_some()) >= 2 && lists > 0 && lies_in(base, &[&train, &test, &images])
}

/// One part, or `None` where its list is not there.
///
/// # Errors
/// If a line is no `class/file`, or a class has no training image.
pub(super) fn read(files: &Files, section: Section) -> Result<Option<Part>> {
    let (list, official) = match section {
        Section::Train => (TRAIN, OFFICIAL[0]),
        Section::Test => (TEST, OFFICIAL[1]),
        Section::Validation => return Ok(None),
    };
    let Some(list) = find_file(files, "", list) else { return Ok(None) };
    let names = names(files, &list)?;
    let other = if section == Section::Train { TEST } else { TRAIN };
    let others = find_file(files, "", other).map(|list| self::names(files, &list)).transpose()?.unwrap_or_default();
    let note = if section == Section::Test { also_learned(&names, &others) } else { None };
    let classes: BTreeSet<String> = names.iter().chain(&others).map(|name| split_folder(name).0.to_string()).collect();
    let class_names: Vec<String> = classes.into_iter().collect();
    let entry = |name: String| {
        let class = class_names.binary_search_by(|class| class.as_str().cmp(split_folder(&name).0));
        Entry { class: class.expect("every class is there"), name, ..Entry::default() }
    };
    let entries: Vec<Entry> = names.into_iter().map(entry).collect();
    let folder = folder(files, "", "Images")?;
    let listed = Listed { files, folder, list: &list, class_names, entries, official };
    listed.check(section)?;
    let mut part = listed.into_part(None);
    part.notes.extend(note);
    Ok(Some(part))
}

/// The lines of a list, each the name of an image with its class as the folder.
fn names(files: &Files, list: &str) -> Result<Vec<String>> {
    let names: Vec<String> = files.lines(list)?.iter().map(|line| listed_name(line)).collect();
    let fail = |reason: String| Err(Error::file(files.path_of(list), reason));
    if names.is_empty() {
        return fail("is empty".into());
    }
    match names.iter().position(|name| !is_in_a_class(name)) {
        Some(line) => fail(format!("entry {}, `{}`, is not `class/file`", line + 1, names[line])),
        None => Ok(names),
    }
}

#[cfg(test)]
#[path = "mit67_tests.rs"]
mod tests;
