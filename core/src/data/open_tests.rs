use std::fs;
use std::io::{Cursor, Write};

use image::{ImageFormat, Rgb, RgbImage};
use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

/// A PNG of one colour, 6 wide and 4 high.
fn png(colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(6, 4, Rgb(colour)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Three images each of `cat` (red 10, 11, 12) and `dog` (green 20, 21, 22), without a division.
fn pets() -> Vec<(String, Vec<u8>)> {
    let cats = (0..3).map(|number| (format!("cat/{number}.png"), png([10 + number, 0, 0])));
    cats.chain((0..3).map(|number| (format!("dog/{number}.png"), png([0, 20 + number, 0])))).collect()
}

fn zipped(top: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(format!("{top}{name}"), SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn write(folder: &Path, files: &[(String, Vec<u8>)]) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn message<T>(result: Result<T>) -> String {
    let message = result.err().expect("must be refused").to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn a_folder_its_parent_and_its_zips_load_the_same_images() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parent/pets");
    write(&path, &pets());
    let data = load(&path, Split::Train, 5).unwrap();
    assert_eq!((data.name.as_str(), data.class_names.as_slice()), ("pets", &["cat".into(), "dog".into()][..]));
    assert_eq!((data.height, data.width, data.labels.as_slice()), (5, 5, &[0, 0, 0, 1, 1, 1][..]));
    let expected = |colour: [u8; 3]| colour.iter().flat_map(|&value| [value; 25]).collect::<Vec<_>>();
    assert_eq!(data.image(1), expected([11, 0, 0]));
    assert_eq!(data.image(5), expected([0, 22, 0]));

    let zip = folder.path().join("pets.zip");
    fs::write(&zip, zipped("", &pets())).unwrap();
    assert_eq!(load(&zip, Split::Train, 5).unwrap(), data);
    fs::write(&zip, zipped("a/b/", &pets())).unwrap();
    assert_eq!(load(&zip, Split::Train, 5).unwrap(), data);
    assert_eq!(load(&folder.path().join("parent"), Split::Train, 5).unwrap().pixels, data.pixels);
    let dropped = DataSource::from_bytes("pets.zip", zipped("pets/", &pets())).unwrap();
    assert_eq!(dropped.load(Split::Train, 5).unwrap(), data);
}

#[test]
fn without_a_test_part_one_is_held_out_by_the_seed() {
    let source = DataSource::from_files(pets()).unwrap();
    assert_eq!(
        message(source.load(Split::Test, 4)),
        "dropped files: has no test images: a part of the training images has to be held out"
    );
    let splits = source.load_splits(4, Seed(3)).unwrap();
    let test = splits.test.clone().unwrap();
    assert_eq!((splits.train.class_counts(), test.class_counts()), (vec![2, 2], vec![1, 1]));
    assert_eq!(test.notes, ["no test part: 2 of 6 images held out by the split seed"]);
    assert!(splits.validation.is_none());
    assert_eq!(source.load_splits(4, Seed(3)).unwrap(), splits);

    let lonely = pets().into_iter().filter(|(name, _)| name.contains("/0")).collect();
    let splits = DataSource::from_files(lonely).unwrap().load_splits(4, Seed(3)).unwrap();
    assert_eq!((splits.train.len(), splits.test), (2, None));
}

#[test]
fn the_parts_on_disk_are_used_where_there_are_any() {
    let parts = ["train", "val", "test"].into_iter().zip([3, 1, 2]);
    let files = parts.flat_map(|(part, images)| {
        let of_part = move |(name, bytes)| (format!("{part}/{name}"), bytes);
        pets().into_iter().filter(move |(name, _)| name.as_bytes()[4] - b'0' < images).map(of_part)
    });
    let splits = DataSource::from_files(files.collect()).unwrap().load_splits(4, Seed(0)).unwrap();
    let counts = [Some(splits.train), splits.validation, splits.test].map(|part| part.unwrap().class_counts());
    assert_eq!(counts, [[3, 3], [1, 1], [2, 2]]);
}

#[test]
fn dropped_cifar_files_load_with_and_without_resizing() {
    let record: Vec<u8> = [6].into_iter().chain((0..3).flat_map(|plane| [60 * plane; 1024])).collect();
    let single = DataSource::from_bytes("data_batch_3.bin", record.clone()).unwrap();
    assert_eq!(single.name(), "CIFAR-10");
    let data = single.load(Split::Train, 32).unwrap();
    assert_eq!(
        (data.labels.as_slice(), data.class_names[6].as_str(), &data.pixels),
        (&[6][..], "frog", &record[1..].to_vec())
    );
    let small = single.load(Split::Train, 7).unwrap();
    assert_eq!(small.pixels, (0..3).flat_map(|plane| [60 * plane; 49]).collect::<Vec<u8>>());
    let files = vec![("data_batch_1.bin".into(), record.clone()), ("test_batch.bin".into(), record)];
    let splits = DataSource::from_files(files).unwrap().load_splits(32, Seed(0)).unwrap();
    assert_eq!((splits.train.len(), splits.test.unwrap().len()), (1, 1));
}

#[test]
fn every_official_layout_is_recognised() {
    let cases = [
        (vec!["data_batch_1.bin", "batches.meta.txt"], "CIFAR-10"),
        (vec!["cifar-100-binary/test.bin"], "CIFAR-100"),
        (vec!["stl10_binary/test_X.bin", "stl10_binary/test_y.bin"], "STL-10"),
        (vec!["tiny/wnids.txt", "tiny/train/n01/images/a.JPEG", "tiny/train/n02/images/a.JPEG"], "TinyImageNet-200"),
        (vec!["x/train/a/1.png", "x/train/b/1.png"], "image folder"),
    ];
    for (names, title) in cases {
        let files = names.into_iter().map(|name| (name.to_string(), Vec::new())).collect();
        assert_eq!(DataSource::from_files(files).unwrap().format.title(), title);
    }
}

#[test]
fn what_is_not_a_data_set_is_refused_naming_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().display().to_string();
    let unknown = "no data set is recognised here: ";
    assert!(message(load(folder.path(), Split::Train, 32)).starts_with(&format!("{shown}: {unknown}")));
    fs::create_dir(folder.path().join("docs")).unwrap();
    fs::write(folder.path().join("docs/readme.md"), "text").unwrap();
    assert!(message(load(folder.path(), Split::Train, 32)).starts_with(&format!("{shown}: {unknown}")));
    let missing = folder.path().join("missing");
    assert_eq!(message(load(&missing, Split::Train, 32)), format!("{}: no such file or folder", missing.display()));
    let text = message(DataSource::from_bytes("notes.txt", b"hello".to_vec()));
    assert!(text.starts_with(&format!("notes.txt: {unknown}")), "{text}");
    let bytes = message(DataSource::from_bytes("odd.bin", vec![0; 100]));
    assert!(bytes.starts_with(&format!("odd.bin: {unknown}")), "{bytes}");
}

#[test]
fn images_that_cannot_be_read_are_left_out_by_name() {
    let mut files = pets();
    files[4].1 = b"not an image".to_vec();
    files[2].1.truncate(50);
    files.push(("dog/film.mp4".into(), b"\0\0\0\x18ftypmp42".to_vec()));
    files.push(("dog/list.txt".into(), b"film.mp4".to_vec()));
    files.push(("dog/3".into(), png([0, 23, 0])));
    let data = DataSource::from_bytes("pets.zip", zipped("", &files)).unwrap().load(Split::Train, 8).unwrap();
    assert_eq!((data.labels.as_slice(), data.len()), (&[0, 0, 1, 1, 1][..], 5));
    let reds_and_greens: Vec<_> = (0..5).map(|index| (data.image(index)[0], data.image(index)[64])).collect();
    assert_eq!(reds_and_greens, [(10, 0), (11, 0), (0, 20), (0, 22), (0, 23)]);
    let starts = [
        "left out 1 file: cat/2.png cannot be decoded: ",
        "left out 1 file: dog/film.mp4 is a video",
        "left out 1 file: dog/1.png is not an image",
    ];
    assert_eq!(data.notes.len(), 3, "{:?}", data.notes);
    assert!(data.notes.iter().zip(starts).all(|(note, start)| note.starts_with(start)), "{:?}", data.notes);

    // Two of four files of a class are a note, of three they are too many.
    files.retain(|(name, _)| name != "dog/3" && name != "dog/2.png");
    let error = message(DataSource::from_bytes("pets.zip", zipped("", &files)).unwrap().load(Split::Train, 8));
    let expected =
        "pets.zip/dog/1.png: is not an image; 2 of the 3 files of class `dog` cannot be read, too many to leave out";
    assert_eq!(error, expected);
}

#[cfg(unix)]
#[test]
fn a_picture_that_is_a_link_to_nothing_is_left_out_by_name() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &pets());
    let classes: Vec<String> = DataSource::open(folder.path()).unwrap().inspect().class_names;
    let place = DataSource::open(folder.path())
        .unwrap()
        .files
        .below("")
        .first()
        .unwrap()
        .rsplit_once('/')
        .unwrap()
        .0
        .to_string();
    let images = |source: &DataSource| source.inspect().parts.iter().map(|part| part.images()).sum::<usize>();
    let whole = images(&DataSource::open(folder.path()).unwrap());
    std::os::unix::fs::symlink("/nowhere/at/all.png", folder.path().join(&place).join("zz.png")).unwrap();
    let source = DataSource::open(folder.path()).unwrap();
    let inspection = source.inspect();
    let note = format!("left out 1 file: {place}/zz.png is a link to a file that is not there");
    assert!(inspection.notes.iter().any(|found| found.ends_with(&note)), "{:?}", inspection.notes);
    assert_eq!((inspection.problems.len(), images(&source), inspection.class_names), (0, whole, classes));
    let splits = source.load_splits(8, Seed(0)).unwrap();
    assert!(splits.train.notes.contains(&note), "{:?}", splits.train.notes);
}

#[test]
fn what_cannot_be_read_takes_its_box_along() {
    let list = "v0.JPEG\tn01\t0\t0\t1\t1\nv1.JPEG\tn01\t2\t2\t5\t3\nv2.JPEG\tn02\t0\t0\t5\t3\n";
    let mut files: Vec<(String, Vec<u8>)> =
        (0..3).map(|number| (format!("val/images/v{number}.JPEG"), png([number, 0, 0]))).collect();
    files[0].1.clear();
    files.push(("wnids.txt".into(), b"n01\nn02\n".to_vec()));
    files.push(("val/val_annotations.txt".into(), list.into()));
    let data = DataSource::from_files(files).unwrap().load(Split::Test, 12).unwrap();
    let boxes: Vec<_> = data.boxes.iter().flatten().flatten().map(|item| (item.x0, item.x1)).collect();
    assert_eq!((data.labels, boxes), (vec![0, 1], vec![(4.0, 12.0), (0.0, 12.0)]));
    assert_eq!((data.pixels[0], data.notes[1].as_str()), (1, "left out 1 file: val/images/v0.JPEG is empty"));
}

#[test]
fn archives_are_opened_as_they_are_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in pets() {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, format!("pets/{name}"), &bytes[..]).unwrap();
    }
    let tar = tar.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    let zip = DataSource::from_bytes("pets.zip", zipped("pets/", &pets())).unwrap().load(Split::Train, 5).unwrap();
    for (name, bytes) in [("pets.tar", tar), ("pets.tar.gz", gzip.finish().unwrap())] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert_eq!(load(&path, Split::Train, 5).unwrap(), zip);
    }
}

#[test]
fn what_was_guessed_is_noted() {
    let mut files: Vec<(String, Vec<u8>)> = ["Training", "Testing"]
        .iter()
        .flat_map(|part| pets().into_iter().map(move |(name, bytes)| (format!("x/{part}/{name}"), bytes)))
        .collect();
    files.push(("x/@eaDir/a.jpg".into(), png([0; 3])));
    let source = DataSource::from_files(files).unwrap();
    let splits = source.load_splits(4, Seed(0)).unwrap();
    let notes = [
        "left out what a system left behind: `x/@eaDir`".replace("x/", ""),
        "parts by their names: `Training` to learn from, `Testing` to measure on".into(),
    ];
    assert_eq!((splits.train.notes, splits.test.unwrap().len()), (notes.to_vec(), 6));
    assert_eq!(source.inspect().notes, [format!("found in `x`; {}; {}", notes[0], notes[1])]);
}

#[test]
fn an_empty_class_folder_on_disk_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &pets());
    let empty = folder.path().join("fox");
    fs::create_dir(&empty).unwrap();
    let expected = format!("{}: is a class folder without images", empty.display());
    assert_eq!(message(load(folder.path(), Split::Train, 8)), expected);
}

#[test]
fn an_archive_whose_reading_is_ended_is_not_taken_for_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pets.zip");
    fs::write(&path, zipped("", &pets())).unwrap();
    let stop = Stop::default();
    let source = DataSource::open_until(&path, &stop).unwrap();
    stop.ask();
    assert_eq!(crate::data::part::read_picture(&source.files, "cat/0.png", true).unwrap_err(), Error::Stopped);
}
