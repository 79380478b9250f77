use std::path::Path;

use super::*;

fn folder(names: &[&str]) -> Files {
    Files::from_memory(Path::new("set"), names.iter().map(|name| (name.to_string(), Vec::new())).collect())
}

fn divided(names: &[&str]) -> Option<Division> {
    divide(&folder(names), "").unwrap()
}

/// Two classes in each of these folders.
fn parts(folders: &[&str]) -> Option<Division> {
    let names: Vec<String> =
        folders.iter().flat_map(|folder| ["a", "b"].map(|class| format!("{folder}/{class}/1.jpg"))).collect();
    divided(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn names_tell_what_a_folder_is_for() {
    for name in
        ["train", "TRAIN", "Training", "training_set", "train_set", "trainset", "TrainSet", "seg_train", "train2017"]
            .into_iter()
            .chain([
                "chest_xray_train",
                "train-images",
                "train data",
                "Training Data",
                "trainval",
                "train_val",
                "01_train",
            ])
    {
        assert_eq!(role(name), Some(Role::Train), "{name}");
    }
    for name in
        ["val", "Val", "valid", "validation", "validate", "dev", "val_set", "ValidationSet", "seg_val", "val2017"]
    {
        assert_eq!(role(name), Some(Role::Validation), "{name}");
    }
    for name in
        ["test", "TEST", "testing", "test_set", "seg_test", "Test Images", "tests", "testset", "testdata", "test1"]
    {
        assert_eq!(role(name), Some(Role::Test), "{name}");
    }
    assert_eq!((role("eval"), role("Evaluation")), (Some(Role::Evaluation), Some(Role::Evaluation)));
    for name in [
        "cat",
        "",
        "restrain",
        "contest",
        "testament",
        "latest",
        "devil",
        "value",
        "trains",
        "terrain",
        "1",
        "train_test",
    ] {
        assert_eq!(role(name), None, "{name}");
    }
}

#[test]
fn every_usual_name_makes_a_division() {
    for (train, test) in [
        ("train", "test"),
        ("Train", "Test"),
        ("Training", "Testing"),
        ("training_set", "test_set"),
        ("train", "dev"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train/train", "test/test"),
        ("TRAIN/images", "VAL/images"),
        ("asl_train/asl_train", "asl_test/asl_test"),
        ("train", "eval"),
        ("horse-or-human-train", "horse-or-human-validation"),
    ] {
        let division = parts(&[train, test]).unwrap_or_else(|| panic!("{train}"));
        assert_eq!((division.train.as_str(), division.test.as_deref()), (train, Some(test)));
        assert_eq!(division.validation, None);
    }
    let three = parts(&["Training", "Valid", "Testing"]).unwrap();
    assert_eq!((three.validation.as_deref(), three.test.as_deref()), (Some("Valid"), Some("Testing")));
    assert_eq!(
        three.notes,
        ["parts by their names: `Training` to learn from, `Valid` to choose on, `Testing` to measure on"]
    );
    assert!(parts(&["train", "val", "test"]).unwrap().notes.is_empty(), "plain names need no words");
    let alone = parts(&["train"]).unwrap();
    assert_eq!((alone.train.as_str(), alone.test), ("train", None));
}

#[test]
fn eval_is_what_is_missing() {
    let roles = |folders: &[&str]| parts(folders).map(|division| (division.validation, division.test)).unwrap();
    let some = |name: &str| Some(name.to_string());
    assert_eq!(roles(&["train", "eval", "test"]), (some("eval"), some("test")));
    assert_eq!(roles(&["train", "val", "eval"]), (some("val"), some("eval")));
    assert_eq!(roles(&["train", "val", "eval", "test"]), (some("val"), some("test")));
}

#[test]
fn a_class_may_be_called_as_a_part() {
    assert_eq!(divided(&["bus/1.jpg", "car/1.jpg", "train/1.jpg", "truck/1.jpg"]), None);
    assert_eq!(divided(&["control/1.jpg", "test/1.jpg"]), None);
    assert_eq!(divided(&["bus/1.jpg", "train/old/1.jpg", "train/new/1.jpg"]), None, "a class with folders in it");
    assert_eq!(divided(&["bullet_train/1.jpg", "test_tube/1.jpg"]), None);
    assert_eq!(divided(&["control/p1/1.jpg", "control/p2/1.jpg", "test/p3/1.jpg", "test/p4/1.jpg"]), None);
    let inside = divided(&["train/train/1.jpg", "train/bus/1.jpg", "test/train/1.jpg", "test/bus/2.jpg"]).unwrap();
    assert_eq!((inside.train.as_str(), inside.test.as_deref()), ("train", Some("test")), "a class train in every part");
}

#[test]
fn what_has_no_classes_is_left_out_by_name() {
    let base = ["train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg"];
    for (name, why) in [
        ("test/unknown/1.jpg", "`test`, whose pictures have no classes"),
        ("test/1.jpg", "`test`, which has no class folders"),
        ("seg_pred/seg_pred/1.jpg", "`seg_pred`: not taken for a part"),
        ("unlabeled/1.jpg", "`unlabeled`: not taken for a part"),
    ] {
        let division = divided(&[&base[..], &[name]].concat()).unwrap();
        assert_eq!((division.validation, division.test.as_deref()), (None, Some("val")), "{name}");
        assert!(division.notes.contains(&format!("left out {why}")), "{:?}", division.notes);
    }
    let lists =
        divided(&["train/lists/1.xml", "train/images/a/1.jpg", "train/images/b/1.jpg", "test/1.jpg", "meta/1.jpg"]);
    let lists = lists.unwrap();
    assert_eq!((lists.train.as_str(), lists.test), ("train/images", None));
    assert_eq!(lists.notes, ["left out `test`, which has no class folders", "left out `meta`: not taken for a part"]);
    let known = divided(&["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg"]).unwrap();
    assert_eq!(known.test.as_deref(), Some("test"), "one class of those that are known");
    let deep = divided(&["train/a/1.jpg", "train/b/1.jpg", "test/a/x/1.jpg", "test/a/y/1.jpg"]).unwrap();
    assert_eq!(deep.test.as_deref(), Some("test"), "a class is not looked through for a part");
}
