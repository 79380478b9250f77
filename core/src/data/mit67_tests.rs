use super::*;
use crate::data::miniature::{self, Tree};
use crate::data::part::Images;
use crate::data::{DataSource, Dataset, Split};

fn load(tree: Tree, split: Split) -> Result<Dataset> {
    DataSource::from_files(tree)?.load(split, 16)
}

#[test]
fn the_lists_decide_whatever_else_lies_in_the_folders() {
    let source = DataSource::from_files(miniature::mit67()).unwrap();
    assert_eq!(source.name(), "MIT-67");
    let train = source.format.read(&source.files, Section::Train).unwrap().unwrap();
    assert_eq!(train.class_names, ["airport_inside", "buffet"]);
    let names = ["airport_inside/airport 1.jpg", "buffet/N190068_gif.jpg", "buffet/Buffet_3.jpg"];
    assert_eq!(train.images, Images::Encoded(names.map(|name| format!("Images/{name}")).to_vec()));
    assert_eq!((train.labels, train.boxes, train.as_stored), (vec![0, 1, 1], None, true));
    let train = source.load(Split::Train, 16).unwrap();
    let notes =
        ["1 image read in spite of the extension of another format", "3 images where the official part has 5360"];
    assert_eq!(train.notes, notes);
    assert_eq!(source.load(Split::Test, 16).unwrap().labels, [0, 1]);
}

#[test]
fn the_lists_may_lie_beside_the_folder_of_the_images() {
    let expected = load(miniature::mit67(), Split::Train).unwrap();
    let inside = |(name, bytes): (String, Vec<u8>)| {
        (if name.starts_with("Images") { format!("indoorCVPR_09/{name}") } else { name }, bytes)
    };
    assert_eq!(load(miniature::mit67().into_iter().map(inside).collect(), Split::Train).unwrap(), expected);
    let folder = tempfile::tempdir().unwrap();
    let tar = ("indoorCVPR_09.tar".to_string(), miniature::tarred(&miniature::mit67(), &["Images"]));
    let lists = miniature::mit67().into_iter().filter(|(name, _)| name.ends_with("Images.txt"));
    miniature::write(&lists.chain([tar]).collect(), folder.path());
    assert_eq!(DataSource::open(folder.path()).unwrap().load(Split::Train, 16).unwrap(), expected);
}

#[test]
fn lines_that_name_no_image_are_refused_by_name() {
    let with = |text: &str| {
        let tree = miniature::changed(miniature::mit67(), "TrainImages.txt", |_| text.into());
        load(tree, Split::Train).unwrap_err().to_string()
    };
    let cases = [
        ("\n", "is empty"),
        ("buffet/a.jpg\nb.jpg", "entry 2, `b.jpg`, is not `class/file`"),
        ("buffet/a.jpg\nbuffet/a.jpg", "has `buffet/a.jpg` twice"),
        ("buffet/Buffet_3.jpg", "names no training image of class `airport_inside`"),
    ];
    for (text, wanted) in cases {
        assert_eq!(with(text), format!("dropped files/TrainImages.txt: {wanted}"));
    }
    let gone = with("buffet/gone.jpg\nairport_inside/airport 1.jpg");
    let wanted = "dropped files/Images/buffet/gone.jpg: is named in TrainImages.txt and is not there; it is the only file of \
                  class `buffet`";
    assert_eq!(gone, wanted);
}

#[test]
fn images_that_are_learned_from_and_measured_on_are_noted() {
    let tree = miniature::changed(miniature::mit67(), "TestImages.txt", |text| {
        text.to_owned() + "\nairport_inside/airport 1.jpg"
    });
    let note = "`airport_inside/airport 1.jpg` is in the list to learn from, too";
    assert!(load(tree.clone(), Split::Test).unwrap().notes.contains(&note.to_string()));
    assert!(!load(tree, Split::Train).unwrap().notes.contains(&note.to_string()));
}
