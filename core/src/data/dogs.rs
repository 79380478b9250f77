//! Stanford Dogs: 120 breeds, lists in MATLAB's format, boxes in XML without an ending.
//!
//! Three archives, unpacked into one folder or each into its own: `Images/<folder>/*.jpg`, `Annotation/<folder>/<stem>`, and
//! `train_list.mat` and `test_list.mat`. A class is a folder; the lists number the sorted folders from 1.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::annotations::Boxes;
use crate::data::dataset::PixelBox;
use crate::data::files::Files;
use crate::data::listed::{
    Entry, Listed, also_learned, find_file, find_folder, folder, lies_in, listed_name, split_folder,
};
use crate::data::mat::{self, Value};
use crate::data::part::{Part, Section};
use crate::error::{Error, Result};

/// Images of the official training and test part.
const OFFICIAL: [usize; 2] = [12_000, 8_580];

/// Ten of each class, as the authors of the paper split them.
const VALIDATION: &[u8] = include_bytes!("splits/dogs.bits");

const TRAIN: &str = "train_list.mat";
const TEST: &str = "test_list.mat";

/// Whether the files in `base` are those of Stanford Dogs.
pub(super) fn detect(files: &Files, base: &str) -> bool {
    let [train, test] = [TRAIN, TEST].map(|list| find_file(files, base, list));
    let images = find_folder(files, base, "Images");
    let lists = [&train, &test].iter().filter(|list| list.is_some()).count();
    lists + usize::from(images.is_some()) >= 2 && lists > 0 && lies_in(base, &[&train, &test, &images])
}

/// One part, or `None` where its list is not there.
///
/// # Errors
/// If a list cannot be read, disagrees with itself or the other, or a class has no training image.
pub(super) fn read(files: &Files, section: Section) -> Result<Option<Part>> {
    let (name, official) = match section {
        Section::Train => (TRAIN, OFFICIAL[0]),
        Section::Test => (TEST, OFFICIAL[1]),
        Section::Validation => return Ok(None),
    };
    let both: Vec<List> = [TRAIN, TEST]
        .iter()
        .filter_map(|list| find_file(files, "", list))
        .map(|list| List::read(files, list))
        .collect::<Result<_>>()?;
    let Some(list) = both.iter().find(|list| split_folder(&list.name).1 == name) else { return Ok(None) };
    let class_names = class_names(files, &both)?;
    let boxes = Boxes::read(files, "Annotation", "", &list.images);
    let entry = |(image, item): (&String, Option<PixelBox>)| {
        let class = class_names.iter().position(|class| class == split_folder(image).0).expect("a class is a folder");
        Entry { class, name: image.clone(), item, mask: None }
    };
    let entries: Vec<Entry> = list.images.iter().zip(boxes.of_images).map(entry).collect();
    let (folder, is_train) = (folder(files, "", "Images")?, section == Section::Train);
    let listed = Listed { files, folder, list: &list.name, class_names, entries, official };
    listed.check(section)?;
    files.stop().check()?;
    let mut part = listed.into_part(is_train.then_some(VALIDATION));
    let others = both.iter().filter(|other| !is_train && other.name != list.name).flat_map(|other| &other.images);
    part.notes.extend(boxes.notes);
    part.notes.extend(also_learned(&list.images, others));
    Ok(Some(part))
}

/// A list of images.
struct List {
    name: String,
    /// `folder/file.jpg`.
    images: Vec<String>,
    /// The class of each, from 1.
    labels: Vec<f64>,
}

impl List {
    fn read(files: &Files, name: String) -> Result<Self> {
        let fail = |reason: String| Error::file(files.path_of(&name), reason);
        let mut variables = mat::read(&files.read(&name)?).map_err(fail)?;
        let mut texts = |variable: &str| match variables.remove(variable) {
            Some(Value::Cells(cells)) => cells.into_iter().map(text).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let (images, annotations) = (texts("file_list"), texts("annotation_list"));
        let (Some(images), Some(Value::Numbers(labels))) = (images, variables.remove("labels")) else {
            return Err(fail("has not `file_list`, cells of text, and `labels`, numbers".into()));
        };
        if images.is_empty() {
            return Err(fail("is empty".into()));
        }
        if images.len() != labels.len() {
            return Err(fail(format!("has {} images and {} labels", images.len(), labels.len())));
        }
        for (nth, annotation) in annotations.iter().flatten().enumerate() {
            let image = images.get(nth).map(String::as_str).unwrap_or_default();
            if image.rsplit_once('.').is_none_or(|(stem, _)| stem != annotation) {
                return Err(fail(format!("has `{image}` and `{annotation}` as entry {} of its lists", nth + 1)));
            }
        }
        Ok(Self { name, images, labels })
    }
}

fn text(cell: Value) -> Option<String> {
    match cell {
        Value::Text(text) => Some(listed_name(text.trim())),
        _ => None,
    }
}

/// The folders that the lists name, sorted, which are the classes.
fn class_names(files: &Files, lists: &[List]) -> Result<Vec<String>> {
    let mut numbers: BTreeMap<&str, f64> = BTreeMap::new();
    for list in lists {
        for (image, &label) in list.images.iter().zip(&list.labels) {
            let folder = split_folder(image).0;
            let known = *numbers.entry(folder).or_insert(label);
            if known != label {
                let reason = format!("has class {label} for `{image}`, but {known} for another image of `{folder}`");
                return Err(Error::file(files.path_of(&list.name), reason));
            }
        }
    }
    let fail = |reason: String| Err(Error::file(files.path_of(&lists[0].name), reason));
    let of = numbers.len();
    if let Some((folder, label)) =
        numbers.iter().find(|(_, label)| label.fract() != 0.0 || !(1.0..=of as f64).contains(*label))
    {
        return fail(format!("has class {label} for the images of `{folder}`, where there are {of} classes"));
    }
    let distinct: BTreeSet<u64> = numbers.values().map(|label| *label as u64).collect();
    if distinct.len() < of {
        return fail("has one class for the images of several folders".into());
    }
    if !numbers.values().is_sorted_by(|a, b| a < b) {
        return fail("does not number the classes in the order of their folders".into());
    }
    Ok(numbers.into_keys().map(String::from).collect())
}

#[cfg(test)]
#[path = "dogs_tests.rs"]
mod tests;
