use std::path::Path;

use super::*;
use crate::data::format::{Format, Set};

fn folder(names: &[&str]) -> Files {
    Files::from_memory(Path::new("pets"), names.iter().map(|name| (name.to_string(), Vec::new())).collect())
}

/// A part of an image folder.
fn part(files: &Files, section: Section) -> Result<Option<Part>> {
    match Format::find(files)? {
        Set { folder, format: Format::ImageFolder(layout) } if folder.is_empty() => read(files, &layout, section),
        other => panic!("{other:?}"),
    }
}

/// The names of the images with their labels.
fn listed(part: &Part) -> Vec<(&str, usize)> {
    match &part.images {
        Images::Encoded(names) => names.iter().map(String::as_str).zip(part.labels.iter().copied()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_division_every_folder_is_a_class_in_the_order_of_names() {
    let files = folder(&["dog/b.PNG", "dog/a.jpeg", "cat/deep/er.jpg", "cat/notes.txt", "loose.png", "readme"]);
    let train = part(&files, Section::Train).unwrap().unwrap();
    assert_eq!(train.class_names, ["cat", "dog"]);
    assert_eq!(listed(&train), [("cat/deep/er.jpg", 0), ("dog/a.jpeg", 1), ("dog/b.PNG", 1)]);
    let notes = [
        "left out 1 image outside the class folders",
        "1 folder inside class folders (`deep`): their images count for the class",
    ];
    assert_eq!(train.notes, notes);
    assert!(part(&files, Section::Test).unwrap().is_none());
    assert!(part(&files, Section::Validation).unwrap().is_none());
}

#[test]
fn train_val_and_test_are_parts_with_the_classes_of_train() {
    let mut names = vec!["train/a/1.jpg", "train/b/2.jpg", "train/c/3.jpg", "val/b/4.jpg", "val/a/5.jpg"];
    let two = folder(&names);
    let test = part(&two, Section::Test).unwrap().unwrap();
    assert_eq!(listed(&test), [("val/a/5.jpg", 0), ("val/b/4.jpg", 1)]);
    assert_eq!((test.class_names.len(), test.notes.as_slice()), (3, &["1 class without images in `val`".into()][..]));
    assert!(part(&two, Section::Validation).unwrap().is_none());

    names.push("test/c/6.jpg");
    let three = folder(&names);
    assert_eq!(listed(&part(&three, Section::Test).unwrap().unwrap()), [("test/c/6.jpg", 2)]);
    assert_eq!(part(&three, Section::Validation).unwrap().unwrap().labels, [0, 1]);
    assert_eq!(part(&three, Section::Train).unwrap().unwrap().labels, [0, 1, 2]);
}

#[test]
fn a_test_class_with_other_capitals_is_the_same_class() {
    let files = folder(&["train/a/1.jpg", "train/b/2.jpg", "test/A/3.jpg", "test/b/4.jpg", "test/unknown/5.jpg"]);
    let test = part(&files, Section::Test).unwrap().unwrap();
    assert_eq!(listed(&test), [("test/A/3.jpg", 0), ("test/b/4.jpg", 1)]);
    assert_eq!(test.notes, ["left out `test/unknown`, whose images have no class", "`test/A` is taken for class `a`"]);
    let all = folder(&["train/a/1.jpg", "train/b/2.jpg", "test/A/3.jpg", "test/B/4.jpg"]);
    let notes = part(&all, Section::Test).unwrap().unwrap().notes;
    assert_eq!(notes, ["`test/A` is taken for class `a`, and 1 more with other capitals likewise"]);
    let both = folder(&["train/a/1.jpg", "train/A/2.jpg", "test/a/3.jpg", "test/A/4.jpg"]);
    assert_eq!(part(&both, Section::Test).unwrap().unwrap().labels, [0, 1], "two classes that differ in capitals");
}

#[test]
fn a_set_beside_itself_is_read_once() {
    let files = folder(&["cells/ill/1.jpg", "cells/well/2.jpg", "ill/1.jpg", "well/2.jpg"]);
    let train = part(&files, Section::Train).unwrap().unwrap();
    assert_eq!((train.labels, train.class_names), (vec![0, 1], vec!["ill".to_string(), "well".into()]));
    assert_eq!(train.notes, ["left out `cells`, which holds the same class folders again"]);
}

#[test]
fn parts_inside_classes_are_no_parts() {
    let files = folder(&["cat/train/1.jpg", "cat/test/2.jpg", "dog/train/3.jpg"]);
    let train = part(&files, Section::Train).unwrap().unwrap();
    assert_eq!((train.labels, train.class_names), (vec![0, 0, 1], vec!["cat".to_string(), "dog".into()]));
    assert_eq!(train.notes, ["`test`, `train` inside class folders: taken for no parts, all images of a class count"]);
}

#[test]
fn bad_folders_are_named() {
    let empty = "is a class folder without images";
    let flat = "holds pictures, but not in class folders: put the pictures of each class in a folder of its own";
    let cases = [
        (folder(&["cat/a.jpg", "dog/readme.txt"]), Section::Train, "dog", empty),
        (folder(&["train/cat/a.jpg", "train/dog/a.txt"]), Section::Train, "train/dog", empty),
        (folder(&["train/cat/a.jpg", "val/cat/y.png"]), Section::Train, "train", "needs two or more class folders"),
        (folder(&["train/a.jpg", "test/b.jpg"]), Section::Train, "train", flat),
        (folder(&["trainA/a.jpg", "trainB/b.jpg", "testA/c.jpg"]), Section::Train, "trainA", flat),
        (folder(&["val/a/1.jpg", "test/a/1.jpg"]), Section::Train, "test", "there is no folder `train` beside it"),
        (
            folder(&["images/a/1.jpg", "images/b/1.jpg", "test/a/1.jpg", "test/b/1.jpg"]),
            Section::Train,
            "images",
            "holds the same folders as `test`: if it is the training part, call it `train`",
        ),
        (
            folder(&["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/c/1.jpg"]),
            Section::Test,
            "test/c",
            "is a class that `train` does not have",
        ),
        (
            folder(&["train/a/1.jpg", "train/b/1.jpg", "training/a/1.jpg", "training/b/1.jpg"]),
            Section::Train,
            "train",
            "may be the training part, and so may `training`: leave one of them, or rename the other",
        ),
    ];
    for (files, section, file, reason) in cases {
        assert_eq!(part(&files, section).unwrap_err(), Error::file(Path::new("pets").join(file), reason));
    }
}
