use super::*;
use crate::data::miniature::{self, Tree};
use crate::data::{DataSource, Dataset, Split};

fn load(tree: Tree, split: Split) -> Result<Dataset> {
    DataSource::from_files(tree)?.load(split, 16)
}

#[test]
fn a_class_is_what_stands_before_the_last_underscore() {
    let source = DataSource::from_files(miniature::stanford40()).unwrap();
    assert_eq!(source.name(), "Stanford-40");
    let train = source.format.read(&source.files, Section::Train).unwrap().unwrap();
    assert_eq!(train.class_names, ["watching_TV", "waving_hands"]);
    assert_eq!(train.labels, [0, 0, 1]);
    assert_eq!(train.boxes.unwrap()[2], Some(PixelBox { x0: 1.0, y0: 10.0, x1: 21.0, y1: 30.0 }));
    assert_eq!(source.load(Split::Test, 16).unwrap().labels, [0, 1, 1]);
}

#[test]
fn its_three_archives_may_be_unpacked_or_not() {
    let tree = miniature::stanford40();
    let expected = load(tree.clone(), Split::Train).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let archives = ["JPEGImages", "ImageSplits", "XMLAnnotations"];
    let zips: Tree =
        archives.iter().map(|start| (format!("Stanford40_{start}.zip"), miniature::zipped(&tree, &[start]))).collect();
    miniature::write(&zips, &folder.path().join("packed"));
    let apart =
        tree.into_iter().map(|(name, bytes)| (format!("Stanford40_{}/{name}", name.split('/').next().unwrap()), bytes));
    miniature::write(&apart.collect(), &folder.path().join("apart"));
    for place in ["packed", "apart"] {
        let source = DataSource::open(&folder.path().join(place)).unwrap();
        assert_eq!(source.load(Split::Train, 16).unwrap(), expected, "{place}");
    }
    // As they are dropped on a page.
    assert_eq!(load(zips, Split::Train).unwrap(), expected);
}

#[test]
fn lists_that_disagree_are_refused_by_name() {
    let with = |list: &str, from: &str, to: &str| {
        let tree = miniature::changed(miniature::stanford40(), list, |text| text.replace(from, to));
        load(tree, Split::Train).unwrap_err().to_string()
    };
    let cases = [
        (
            "train.txt",
            "waving_hands_001",
            "jumping_001",
            "entry 3, `jumping_001.jpg`, is of an action that actions.txt does not have",
        ),
        ("train.txt", "waving_hands_001.jpg", "", "names no training image of class `waving_hands`"),
        ("actions.txt", "waving_hands", "watching_TV", "has `watching_TV` twice"),
        ("actions.txt", "waving_hands\t3", "", "has fewer than two actions"),
    ];
    for (list, from, to, wanted) in cases {
        let list = format!("ImageSplits/{list}");
        assert_eq!(with(&list, from, to), format!("dropped files/{list}: {wanted}"));
    }
}
