use super::*;
use crate::data::dataset::PixelBox;
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
        ("train.txt", TRAIN_LIST, "", "is empty"),
    ];
    for (list, from, to, wanted) in cases {
        let list = format!("ImageSplits/{list}");
        assert_eq!(with(&list, from, to), format!("dropped files/{list}: {wanted}"));
    }
}

const TRAIN_LIST: &str = "watching_TV_001.jpg\r\nwatching_TV_003.jpg\r\nwaving_hands_001.jpg\r\n";

/// An annotation that is cut off, empty, gone, or around nothing that is in its picture costs the box alone, and is named.
#[test]
fn broken_annotations_are_named_and_the_pictures_stay() {
    let train = |tree: Tree| {
        let source = DataSource::from_files(tree).unwrap();
        (source.load(Split::Train, 16).unwrap(), source.inspect())
    };
    let name = "XMLAnnotations/watching_TV_003.xml";
    let broken = |text: &'static str| miniature::changed(miniature::stanford40(), name, |_| text.into());
    let unread = format!("no box of 1 image: {name} cannot be read or holds no box");
    let gone = format!("no box of 1 image: {name} is not there");
    let outside = "left out 1 box that lies outside of its picture: JPEGImages/watching_TV_003.jpg has 43 x 30 pixels and a box \
                   from (43, 0) to (60, 9)";
    let far = "<object><bndbox><xmin>44</xmin><ymin>1</ymin><xmax>60</xmax><ymax>9</ymax></bndbox></object>";
    let cases = [
        (broken("<annotation><object><bndbox><xmin>2</xmin><ymin>11</y"), unread.as_str()),
        (broken(""), &unread),
        (broken("not XML at all"), &unread),
        (miniature::replaced(miniature::stanford40(), name, vec![0xff, 0xfe, 0, 1]), &unread),
        (miniature::without(miniature::stanford40(), name), &gone),
        (broken(far), outside),
    ];
    for (tree, note) in cases {
        let (data, inspection) = train(tree);
        assert_eq!(data.labels, [0, 0, 1], "{note}");
        let has_box: Vec<bool> = data.boxes.unwrap().iter().map(Option::is_some).collect();
        assert_eq!(has_box, [true, false, true], "{note}");
        assert!(data.notes.contains(&note.to_string()), "{note}: {:?}", data.notes);
        assert!(inspection.notes.contains(&format!("train: {note}")), "{note}: {:?}", inspection.notes);
        assert_eq!((inspection.parts[0].boxes, inspection.problems.len()), (2, 0), "{note}");
    }
    // Where there are no annotations at all, nothing is missed.
    let tree: Tree = miniature::stanford40().into_iter().filter(|(name, _)| !name.starts_with("XML")).collect();
    let (data, _) = train(tree);
    assert!(data.boxes.is_none() && !data.notes.iter().any(|note| note.contains("no box")), "{:?}", data.notes);
    let all: Tree = miniature::stanford40()
        .into_iter()
        .map(|(name, bytes)| {
            let bytes = if name.starts_with("XML") { Vec::new() } else { bytes };
            (name, bytes)
        })
        .collect();
    let (data, _) = train(all);
    assert!(
        data.notes.iter().any(|note| note.starts_with("no boxes of 3 images (XMLAnnotations/watching_TV_001.xml")),
        "{:?}",
        data.notes
    );
}
