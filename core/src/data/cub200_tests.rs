use super::*;
use crate::data::miniature::{self, Tree};
use crate::data::part::Images;
use crate::data::{DataSource, Dataset, Loading, Split};

fn from(tree: Tree) -> Result<DataSource> {
    DataSource::from_files(tree)
}

fn part(source: &DataSource, section: Section) -> Part {
    source.format.read(&source.files, section).unwrap().unwrap()
}

fn names(part: &Part) -> &[String] {
    match &part.images {
        Images::Encoded(names) => names,
        Images::Raw { .. } => panic!("a list of names"),
    }
}

fn loaded(source: &DataSource, split: Split) -> Dataset {
    source.load(split, 16).unwrap()
}

#[test]
fn images_come_sorted_with_their_class_part_box_and_mask() {
    let source = from(miniature::cub()).unwrap();
    assert_eq!(source.name(), "CUB-200-2011");
    let train = part(&source, Section::Train);
    assert_eq!(train.class_names[0], "001.Black_footed_Albatross");
    assert_eq!(train.labels, [0, 0, 1, 1, 2, 2]);
    let first = "CUB_200_2011/images/001.Black_footed_Albatross/Black_Footed_Albatross_0031_102.jpg";
    assert_eq!(names(&train)[0], first, "before 0046, which is listed first");
    assert_eq!(train.boxes.unwrap()[0], Some(PixelBox { x0: 3.0, y0: 3.0, x1: 23.0, y1: 15.5 }));
    let mask = "segmentations/001.Black_footed_Albatross/Black_Footed_Albatross_0031_102.png";
    assert_eq!(train.masks.unwrap()[0].as_deref(), Some(mask));
    assert_eq!(part(&source, Section::Test).labels, [0, 1, 2]);
    assert!(source.format.read(&source.files, Section::Validation).unwrap().is_none());
    assert!(train.validation.is_none(), "the authors' places are those of the official list");
    let notes = loaded(&source, Split::Train).notes;
    let wanted = ["1 greyscale image converted to RGB", "6 images where the official part has 5994"];
    assert!(wanted.iter().all(|note| notes.contains(&note.to_string())), "{notes:?}");
}

#[test]
fn it_is_the_same_wherever_its_folders_and_archives_lie() {
    let tree = miniature::cub();
    let expected = [Split::Train, Split::Test].map(|split| loaded(&from(tree.clone()).unwrap(), split));
    let folder = tempfile::tempdir().unwrap();
    miniature::write(&tree, &folder.path().join("beside"));
    let inside = tree.iter().map(|(name, bytes)| (name.replace("segm", "CUB_200_2011/segm"), bytes.clone())).collect();
    miniature::write(&inside, &folder.path().join("inside"));
    let packed = |starts: &[&str]| miniature::gzipped(&miniature::tarred(&tree, starts));
    let downloads = folder.path().join("downloads");
    let archives = [("CUB_200_2011.tgz", packed(&["CUB", "attr"])), ("segmentations.tgz", packed(&["segm"]))];
    miniature::write(&archives.map(|(name, bytes)| (name.into(), bytes)).to_vec(), &downloads);
    let one = folder.path().join("one.zip");
    std::fs::write(&one, miniature::zipped(&tree, &[""])).unwrap();
    let half = folder.path().join("half");
    miniature::write(&tree.iter().filter(|(name, _)| name.starts_with("CUB")).cloned().collect(), &half);
    std::fs::write(half.join("segmentations.tgz"), packed(&["segm"])).unwrap();
    for place in
        ["beside", "beside/CUB_200_2011", "inside", "inside/CUB_200_2011", "downloads", "one.zip", "half/CUB_200_2011"]
    {
        let source = DataSource::open(&folder.path().join(place)).unwrap();
        assert_eq!([Split::Train, Split::Test].map(|split| loaded(&source, split)), expected, "{place}");
        assert_eq!(part(&source, Section::Test).masks.unwrap().iter().flatten().count(), 3, "{place}");
        assert!(source.inspect().problems.is_empty(), "{place}");
    }
}

#[test]
fn names_in_the_manner_of_windows_are_read_and_an_image_that_is_named_twice_is_refused() {
    let with = |change: &dyn Fn(&str) -> String| {
        from(miniature::changed(miniature::cub(), "CUB_200_2011/images.txt", |text| change(text))).unwrap()
    };
    let plain = loaded(&from(miniature::cub()).unwrap(), Split::Train);
    assert_eq!(loaded(&with(&|text| text.replace('/', "\\").replace('\n', "\r\n")), Split::Train), plain);
    let twice = with(&|text| text.replace("_0031_102.jpg", "_0046_100.jpg")).load(Split::Train, 16);
    let wanted = "dropped files/CUB_200_2011/train_test_split.txt: has \
                  `001.Black_footed_Albatross/Black_Footed_Albatross_0046_100.jpg` twice";
    assert_eq!(twice.unwrap_err().to_string(), wanted);
}

#[test]
fn lists_that_disagree_are_refused_by_name() {
    let list = |name: &str| format!("CUB_200_2011/{name}.txt");
    let replace = |name: &str, from: &str, to: &str| {
        let changed = miniature::changed(miniature::cub(), &list(name), |text| text.replacen(from, to, 1));
        self::from(changed).unwrap().load(Split::Train, 16).unwrap_err().to_string()
    };
    let cases = [
        ("train_test_split", "4 1\n", "", "train_test_split.txt: does not have image 4 of images.txt"),
        ("bounding_boxes", "9 9.0", "10 9.0", "bounding_boxes.txt: does not have image 9 of images.txt"),
        (
            "image_class_labels",
            "1 1",
            "12 1\n1 1",
            "image_class_labels.txt: has image 12, which images.txt does not have",
        ),
        (
            "image_class_labels",
            "7 3",
            "7 4",
            "image_class_labels.txt: the entry of image 7 is `4`, which is none of the 3 classes of classes.txt",
        ),
        (
            "image_class_labels",
            "7 3",
            "7 2",
            "image_class_labels.txt: the entry of image 7 is class `002.Laysan_Albatross`, but images.txt has it in the folder `003.Sooty_Albatross`",
        ),
        (
            "train_test_split",
            "4 1",
            "4 yes",
            "train_test_split.txt: the entry of image 4 is neither `1` (training) nor `0`",
        ),
        (
            "train_test_split",
            "1 1\n2 0\n3 1",
            "1 0\n2 0\n3 0",
            "train_test_split.txt: names no training image of class `001.Black_footed_Albatross`",
        ),
        (
            "bounding_boxes",
            "3.0 20.0",
            "3.0 -20.0",
            "bounding_boxes.txt: the entry of image 1 is no box `x y width height`",
        ),
        ("images", "1 ", "one ", "images.txt: line 1 does not begin with a number"),
        ("images", "2 ", "1 ", "images.txt: has number 1 twice"),
        (
            "images",
            "1 001",
            "1 /data/001",
            "images.txt: the entry of image 1 is `/data/001.Black_footed_Albatross/Black_Footed_Albatross_0046_100.jpg`, which is not `class/file`",
        ),
        ("classes", "2 ", "4 ", "classes.txt: has no class 2, but one behind it"),
    ];
    for (name, from, to, wanted) in cases {
        assert_eq!(replace(name, from, to), format!("dropped files/CUB_200_2011/{wanted}"));
    }
    let missing = from(miniature::without(miniature::cub(), &list("classes"))).unwrap().load(Split::Train, 16);
    let wanted = "dropped files/CUB_200_2011/classes.txt: no such file or folder";
    assert_eq!(missing.unwrap_err().to_string(), wanted);
}

#[test]
fn missing_and_damaged_images_are_left_out_by_name() {
    let image = |class: &str, stem: &str| format!("CUB_200_2011/images/{class}/{stem}.jpg");
    let [gone, cut, giant] = [
        image("001.Black_footed_Albatross", "Black_Footed_Albatross_0046_100"),
        image("002.Laysan_Albatross", "Laysan_Albatross_0046_100"),
        image("003.Sooty_Albatross", "Sooty_Albatross_0046_100"),
    ];
    let mut tree = miniature::without(miniature::cub(), &gone);
    tree = miniature::replaced(tree, &cut, miniature::jpeg(60, 40)[..400].to_vec());
    tree = miniature::replaced(tree, &giant, miniature::giant_png());
    let source = from(tree).unwrap();
    let train = loaded(&source, Split::Train);
    assert_eq!(train.labels, [0, 1, 2]);
    let wanted = [
        format!("left out 1 file: {gone} is named in CUB_200_2011/train_test_split.txt and is not there"),
        format!("left out 1 file: {cut} is a JPEG that is cut off"),
        format!("left out 1 file: {giant} is too large, 20000x20000: up to 209 megapixels are read, make it smaller"),
        "3 images where the official part has 5994".into(),
    ];
    assert!(wanted.iter().all(|note| train.notes.contains(note)), "{:#?}", train.notes);
    let inspection = source.inspect();
    assert!(wanted.iter().all(|note| inspection.notes.contains(&format!("train: {note}"))), "{:#?}", inspection.notes);
    assert_eq!((inspection.problems.len(), inspection.parts[0].images()), (0, 3));
}

/// As many training images as there are officially, all of them one small picture.
#[test]
fn the_authors_validation_images_are_held_out_where_the_list_is_the_official_one() {
    let (mut tree, mut lists) = (Tree::new(), [const { String::new() }; 4]);
    for id in 1..=OFFICIAL[0] + 200 {
        let class = id % 200 + 1;
        lists[0] += &format!("{id} {class:03}.bird/{id}.jpg\n");
        lists[1] += &format!("{id} {class}\n");
        lists[2] += &format!("{id} {}\n", u8::from(id <= OFFICIAL[0]));
        tree.push((format!("images/{class:03}.bird/{id}.jpg"), miniature::jpeg(8, 8)));
    }
    lists[3] = (1..=200).map(|class| format!("{class} {class:03}.bird\n")).collect();
    tree.extend([IMAGES, LABELS, PARTS, CLASSES].iter().zip(lists).map(|(name, list)| (name.to_string(), list.into())));
    let source = from(tree).unwrap();
    for (authors_validation, train, validation) in [(true, 4_994, Some(1_000)), (false, 5_994, None)] {
        let splits = source.load_parts(&Loading { authors_validation, ..Loading::cropped(4) }).unwrap();
        assert_eq!((splits.train.len(), splits.validation.map(|part| part.len())), (train, validation));
        let deviates = |note: &String| note.contains("official");
        assert!(!splits.train.notes.iter().any(deviates), "{:?}", splits.train.notes);
        assert!(splits.test.unwrap().notes.contains(&"200 images where the official part has 5794".into()));
    }
    let note = "train: 1000 of the images are those that the paper's authors held out for validation";
    assert!(source.inspect().notes.contains(&note.into()));
}

#[test]
fn a_box_outside_of_its_picture_is_left_out_by_name() {
    // Image 1 has 42 x 30 pixels; the box of 3 reaches beyond it, that of 1 does not touch it.
    let boxes = "CUB_200_2011/bounding_boxes.txt";
    let tree = miniature::changed(miniature::cub(), boxes, |text| {
        text.replace("1 1.0 3.0 20.0 12.5", "1 90.0 3.0 20.0 12.5").replace("3 3.0 3.0 20.0", "3 -3.0 3.0 200.0")
    });
    let source = from(tree).unwrap();
    let picture = "CUB_200_2011/images/001.Black_footed_Albatross/Black_Footed_Albatross_0046_100.jpg";
    let note = format!(
        "left out 1 box that lies outside of its picture: {picture} has 42 x 30 pixels and a box from (90, 3) to (110, 15.5)"
    );
    for loading in [Loading::stretched(16), Loading::cropped(16)] {
        let train = source.load_part(Split::Train, &loading).unwrap();
        assert!(train.notes.contains(&note), "{:?}", train.notes);
        let first = train.boxes.unwrap();
        assert!(first[1].is_none() && first.iter().flatten().count() == 5, "{first:?}");
        // The other one as far as it is in the picture, all of whose columns it covers.
        assert_eq!(first[0].map(|item| (item.x0, item.x1)), Some((0.0, 16.0)));
    }
    assert!(source.inspect().notes.contains(&format!("train: {note}")));
}

#[test]
fn a_copy_without_test_images_has_no_test_part() {
    let parts = "CUB_200_2011/train_test_split.txt";
    let source = from(miniature::changed(miniature::cub(), parts, |text| text.replace(" 0", " 1"))).unwrap();
    assert!(source.format.read(&source.files, Section::Test).unwrap().is_none());
    assert_eq!(loaded(&source, Split::Train).len(), 9);
}

#[test]
fn a_mask_that_is_not_there_is_named() {
    let mask = "segmentations/001.Black_footed_Albatross/Black_Footed_Albatross_0046_100.png";
    let source = from(miniature::without(miniature::cub(), mask)).unwrap();
    let train = loaded(&source, Split::Train);
    let note = format!("no mask of 1 image: {mask} is not there");
    assert!(train.notes.contains(&note), "{:?}", train.notes);
    assert!(source.inspect().notes.contains(&format!("train: {note}")));
    // Where nobody has unpacked them, nothing is missed.
    let tree: Tree = miniature::cub().into_iter().filter(|(name, _)| !name.starts_with("segm")).collect();
    assert!(!loaded(&from(tree).unwrap(), Split::Train).notes.iter().any(|note| note.contains("mask")));
}
