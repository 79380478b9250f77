use std::path::Path;

use super::*;

/// A copy with two classes (ids not in sorted order) and three validation images of which one is absent.
fn official() -> Vec<(String, Vec<u8>)> {
    let texts = [
        ("wnids.txt", "n02\nn01\nn03\n"),
        ("words.txt", "n01\tcrane, bird\nn02\tcrane\r\nn03\tboat, ship\n"),
        ("train/n01/n01_boxes.txt", "n01_0.JPEG\t0\t10\t63\t63\nn01_7.JPEG\t1\t2\t3\t4\n"),
        ("train/n01/images/n01_0.JPEG", ""),
        ("train/n01/images/n01_1.JPEG", ""),
        ("train/n02/images/n02_0.JPEG", ""),
        ("train/n03/images/n03_0.JPEG", ""),
        ("train/n03/images/readme.txt", ""),
        ("val/val_annotations.txt", "v0.JPEG\tn02\t0\t0\t31\t15\nv1.JPEG\tn01\t1\t2\t3\t4\nv2.JPEG\tn03\t5\t5\t5\t5\n"),
        ("val/images/v0.JPEG", ""),
        ("val/images/v2.JPEG", ""),
        ("test/images/test_0.JPEG", ""),
    ];
    texts.map(|(name, text)| (name.to_string(), text.as_bytes().to_vec())).to_vec()
}

fn folder(files: Vec<(String, Vec<u8>)>) -> Files {
    Files::from_memory(Path::new("tiny"), files)
}

fn names(part: &Part) -> &[String] {
    match &part.images {
        Images::Encoded(names) => names,
        other => panic!("{other:?}"),
    }
}

#[test]
fn training_images_get_the_place_of_their_sorted_id_and_their_box() {
    let files = folder(official());
    assert!(detect(&files, ""));
    let train = read(&files, Section::Train).unwrap().unwrap();
    assert_eq!(train.class_names, ["crane (n01)", "crane (n02)", "boat"]);
    assert_eq!(train.labels, [0, 0, 1, 2]);
    let expected = ["n01/images/n01_0", "n01/images/n01_1", "n02/images/n02_0", "n03/images/n03_0"];
    assert_eq!(names(&train), expected.map(|name| format!("train/{name}.JPEG")));
    let first = PixelBox { x0: 0.0, y0: 10.0, x1: 64.0, y1: 64.0 };
    assert_eq!(train.boxes.unwrap(), [Some(first), None, None, None]);
}

#[test]
fn validation_images_that_are_absent_are_counted() {
    let val = read(&folder(official()), Section::Test).unwrap().unwrap();
    assert_eq!(val.labels, [1, 2]);
    assert_eq!(names(&val), ["val/images/v0.JPEG", "val/images/v2.JPEG"]);
    let expected = [(0.0, 0.0, 32.0, 16.0), (5.0, 5.0, 6.0, 6.0)];
    let boxes = expected.map(|(x0, y0, x1, y1)| Some(PixelBox { x0, y0, x1, y1 }));
    assert_eq!(val.boxes.as_deref(), Some(&boxes[..]));
    assert_eq!(val.notes, ["1 image named in val/val_annotations.txt not present: left out"]);
}

/// The official copy with these files instead of some of its own.
fn rearranged(without: &[&str], with: &[&str]) -> Files {
    let mut files = official();
    files.retain(|(name, _)| !without.iter().any(|part| name.contains(part)));
    files.extend(with.iter().map(|name| (name.to_string(), Vec::new())));
    folder(files)
}

#[test]
fn images_may_lie_in_the_folders_of_their_classes() {
    for with in [["val/n02/v0.JPEG", "val/n03/v2.JPEG"], ["val/n02/images/v0.JPEG", "val/n03/images/v2.JPEG"]] {
        let listed = rearranged(&["val/images"], &with);
        let val = read(&listed, Section::Test).unwrap().unwrap();
        assert_eq!((val.labels.as_slice(), names(&val)), (&[1, 2][..], &with.map(String::from)[..]));
        let boxes = val.boxes.unwrap();
        assert_eq!(boxes[0], Some(PixelBox { x0: 0.0, y0: 0.0, x1: 32.0, y1: 16.0 }));
        let unlisted = rearranged(&["val/images", "annotations"], &with);
        assert!(detect(&unlisted, ""));
        let val = read(&unlisted, Section::Test).unwrap().unwrap();
        assert_eq!((val.labels, val.boxes, val.notes), (vec![1, 2], None, Vec::new()));
    }
    let half = rearranged(&["val/images/v2"], &["val/n03/v2.JPEG"]);
    assert_eq!(read(&half, Section::Test).unwrap().unwrap().labels, [2, 1], "moved ones first");
    let flat = rearranged(&["train/n01/images"], &["train/n01/n01_0.JPEG", "train/n01/n01_1.JPEG"]);
    let train = read(&flat, Section::Train).unwrap().unwrap();
    assert_eq!(train.labels, [0, 0, 1, 2]);
    assert!(train.boxes.unwrap()[0].is_some(), "the list lies beside the images");
}

#[test]
fn without_the_list_of_classes_their_folders_are_it() {
    let long = |name: &str| name.replace("n0", "n0000000");
    let renamed = official()
        .into_iter()
        .filter(|(name, _)| name != "wnids.txt")
        .map(|(name, bytes)| (long(&name), long(&String::from_utf8(bytes).unwrap()).into_bytes()));
    let files = folder(renamed.collect());
    assert!(detect(&files, ""));
    let train = read(&files, Section::Train).unwrap().unwrap();
    assert_eq!(
        (train.labels, train.class_names),
        (vec![0, 0, 1, 2], ["crane (n00000001)", "crane (n00000002)", "boat"].map(String::from).to_vec())
    );
    assert_eq!(read(&files, Section::Test).unwrap().unwrap().labels, [1, 2]);
}

#[test]
fn bad_copies_are_refused_naming_the_file() {
    let train = Section::Train;
    let replaced = |name: &str, text: &str| {
        let mut files = official();
        files.retain(|(other, _)| other != name);
        files.push((name.to_string(), text.as_bytes().to_vec()));
        folder(files)
    };
    let without = |part: &str| folder(official().into_iter().filter(|(name, _)| !name.contains(part)).collect());
    let val = Section::Test;
    let malformed = "entry 1 is not `file class x0 y0 x1 y1` with x0 <= x1 and y0 <= y1";
    let cases = [
        (without("n02/images"), train, "train/n02", "is a class without images"),
        (without("val/images"), val, ANNOTATIONS, "none of the 3 images it names is in val/images"),
        (replaced("wnids.txt", "n01\nn02\n"), train, "train/n03", "is a class that wnids.txt does not list"),
        (replaced("wnids.txt", "n01\nn01\n"), train, "wnids.txt", "lists n01 twice"),
        (replaced("wnids.txt", "\n"), val, "wnids.txt", "lists no class"),
        (
            replaced(ANNOTATIONS, "v0.JPEG\tn09\t0\t0\t1\t1"),
            val,
            ANNOTATIONS,
            "line 1 names the class n09, which wnids.txt does not list",
        ),
        (replaced(ANNOTATIONS, "v0.JPEG\tn01\t0\t0\t1"), val, ANNOTATIONS, malformed),
        (replaced(ANNOTATIONS, "v0.JPEG\tn01\t9\t0\t1\t1"), val, ANNOTATIONS, malformed),
        (replaced(ANNOTATIONS, "v0.JPEG\tn01\t0\t0\t1\t-1"), val, ANNOTATIONS, malformed),
        (
            replaced("train/n01/n01_boxes.txt", "n01_0.JPEG 1 2 3"),
            train,
            "train/n01/n01_boxes.txt",
            "entry 1 is not `file x0 y0 x1 y1` with x0 <= x1 and y0 <= y1",
        ),
    ];
    for (files, section, file, reason) in cases {
        let error = read(&files, section).unwrap_err();
        assert_eq!(error, Error::file(Path::new("tiny").join(file), reason));
    }
}

#[test]
fn parts_that_are_not_there_are_none() {
    let only_val = folder(official().into_iter().filter(|(name, _)| !name.starts_with("train")).collect());
    assert!(detect(&only_val, ""));
    assert!(read(&only_val, Section::Train).unwrap().is_none());
    assert!(read(&folder(official()), Section::Validation).unwrap().is_none());
}
