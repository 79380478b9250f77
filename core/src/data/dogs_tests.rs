use super::*;
use crate::data::miniature::{self, Tree};
use crate::data::{DataSource, Dataset, Split};

fn load(tree: Tree, split: Split) -> Result<Dataset> {
    DataSource::from_files(tree)?.load(split, 16)
}

#[test]
fn breeds_are_folders_and_boxes_are_around_all_dogs() {
    let source = DataSource::from_files(miniature::dogs()).unwrap();
    assert_eq!(source.name(), "Stanford Dogs");
    let train = source.format.read(&source.files, Section::Train).unwrap().unwrap();
    assert_eq!(train.class_names, ["n02085620-Chihuahua", "n02105855-Shetland_sheepdog"]);
    assert_eq!(train.labels, [0, 0, 1, 1]);
    let (two, one) = ((0.0, 30.0), (10.0, 20.0));
    let boxes = [two, one, two, one].map(|(x0, x1)| Some(PixelBox { x0, y0: 0.0, x1, y1: 40.0 }));
    assert_eq!(train.boxes.as_deref(), Some(&boxes[..]));
    let train = source.load(Split::Train, 16).unwrap();
    let notes =
        ["1 image with an alpha channel, which is dropped", "1 image read in spite of the extension of another format"];
    assert!(notes.iter().all(|note| train.notes.contains(&note.to_string())), "{:?}", train.notes);
    assert_eq!(source.load(Split::Test, 16).unwrap().labels, [0, 1]);
}

#[test]
fn its_three_archives_may_be_unpacked_or_not() {
    let tree = miniature::dogs();
    let expected = [Split::Train, Split::Test].map(|split| load(tree.clone(), split).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str| match name.split('/').next().unwrap() {
        "Images" => "images",
        "Annotation" => "annotation",
        _ => "lists",
    };
    let apart: Tree = tree.iter().map(|(name, bytes)| (format!("{}/{name}", of(name)), bytes.clone())).collect();
    miniature::write(&apart, &folder.path().join("apart"));
    let archives = [("images.tar", "Images"), ("annotation.tar", "Annotation"), ("lists.tar", "t")];
    let archives = archives.map(|(name, start)| (name.to_string(), miniature::tarred(&tree, &[start])));
    miniature::write(&archives.to_vec(), &folder.path().join("packed"));
    miniature::write(&tree, &folder.path().join("whole"));
    for place in ["apart", "packed", "whole", ""] {
        if place.is_empty() {
            let several = DataSource::open(folder.path()).map(drop).unwrap_err().to_string();
            assert!(several.contains("holds several data sets"), "{several}");
            continue;
        }
        let source = DataSource::open(&folder.path().join(place)).unwrap();
        assert_eq!([Split::Train, Split::Test].map(|split| source.load(split, 16).unwrap()), expected, "{place}");
    }
    let unboxed: Tree = tree.into_iter().filter(|(name, _)| !name.starts_with("Annotation")).collect();
    assert_eq!(load(unboxed, Split::Train).unwrap().boxes, None);
}

#[test]
fn lists_that_disagree_are_refused_by_name() {
    let stems = ["n02085620-Chihuahua/a", "n02085620-Chihuahua/b", "n02105855-Shetland_sheepdog/c"];
    let files = || stems.iter().map(|stem| format!("{stem}.jpg")).collect::<Vec<_>>();
    let with = |list: Vec<u8>| {
        load(miniature::replaced(miniature::dogs(), "train_list.mat", list), Split::Train).unwrap_err().to_string()
    };
    let list = |labels: &[u8]| miniature::mat(&[("file_list", files())], labels);
    let swapped = stems.iter().rev().map(ToString::to_string).collect();
    let cases = [
        (list(&[1, 1]), "has 3 images and 2 labels"),
        (
            list(&[1, 2, 2]),
            "has class 2 for `n02085620-Chihuahua/b.jpg`, but 1 for another image of `n02085620-Chihuahua`",
        ),
        (list(&[1, 1, 3]), "has class 3 for the images of `n02105855-Shetland_sheepdog`, where there are 2 classes"),
        (list(&[1, 1, 0]), "has class 0 for the images of `n02105855-Shetland_sheepdog`, where there are 2 classes"),
        (list(&[1, 1, 1]), "has one class for the images of several folders"),
        (
            miniature::mat(&[("file_list", files()), ("annotation_list", swapped)], &[1, 1, 2]),
            "has `n02085620-Chihuahua/a.jpg` and `n02105855-Shetland_sheepdog/c` as entry 1 of its lists",
        ),
        (miniature::mat(&[], &[1]), "has not `file_list`, cells of text, and `labels`, numbers"),
        (b"\x89HDF\r\n\x1a\n".to_vec(), "is a MATLAB file of version 7.3, which is not read: save it by `save -v7`"),
        (b"labels = [1, 2]".to_vec(), "is not a MATLAB file of version 5 or 7"),
    ];
    for (bytes, wanted) in cases {
        // The other list has both folders by the right numbers.
        let said = with(bytes);
        assert!(said.starts_with("dropped files/t") && said.contains(".mat: "), "{said}");
        assert!(said.ends_with(wanted) || said.contains("_list.mat: has class"), "{said}\n{wanted}");
    }
    let only_one = miniature::mat(&[("file_list", files()[..2].to_vec())], &[1, 1]);
    let wanted = "dropped files/train_list.mat: names no training image of class `n02105855-Shetland_sheepdog`";
    assert_eq!(with(only_one), wanted);
    let no_images: Tree = miniature::dogs().into_iter().filter(|(name, _)| !name.starts_with("Images")).collect();
    assert_eq!(
        load(no_images, Split::Train).unwrap_err().to_string(),
        "dropped files/Images: no such folder, or nothing in it"
    );
}

#[test]
fn dogs_that_are_not_in_their_picture_are_named() {
    let name = "Annotation/n02105855-Shetland_sheepdog/n02105855_2931";
    let far = "<object><bndbox><xmin>51</xmin><ymin>1</ymin><xmax>60</xmax><ymax>9</ymax></bndbox></object>";
    let note = |text: &'static str, wanted: &str| {
        let train = load(miniature::changed(miniature::dogs(), name, |_| text.into()), Split::Train).unwrap();
        let has_box: Vec<bool> = train.boxes.unwrap().iter().map(Option::is_some).collect();
        assert_eq!(has_box, [true, true, false, true]);
        assert!(train.notes.iter().any(|note| note.contains(wanted)), "{wanted}: {:?}", train.notes);
    };
    note(far, "n02105855_2931.jpg has 50 x 40 pixels and a box from (50, 0) to (60, 9)");
    note("<object>", &format!("no box of 1 image: {name} cannot be read or holds no box"));
}
