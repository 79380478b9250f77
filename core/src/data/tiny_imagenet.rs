//! TinyImageNet-200.
//!
//! The class of a WordNet id is its place among the *sorted* ids of `wnids.txt`. `val/` is the test part: the labels
//! of the official `test/` are not public. Whatever images are present are used, because partial copies are common.

use std::collections::{HashMap, HashSet};

use crate::data::dataset::PixelBox;
use crate::data::decode::plural;
use crate::data::files::Files;
use crate::data::image_folder::is_image_name;
use crate::data::part::{Images, Part, Section};
use crate::error::{Error, Result};

const ANNOTATIONS: &str = "val/val_annotations.txt";

/// Whether these are TinyImageNet's files.
pub(super) fn detect(files: &Files) -> bool {
    files.has("wnids.txt") && (files.has(ANNOTATIONS) || !files.below("train").is_empty())
}

/// One part, or `None` where none of its files is present.
///
/// # Errors
/// If a list is malformed or names an unknown class, a class has no training image, or no listed image is present.
pub(super) fn read(files: &Files, section: Section) -> Result<Option<Part>> {
    match section {
        Section::Train if !files.below("train").is_empty() => read_train(files).map(Some),
        Section::Test if files.has(ANNOTATIONS) => read_val(files).map(Some),
        _ => Ok(None),
    }
}

fn read_train(files: &Files) -> Result<Part> {
    let wnids = wnids(files)?;
    let known: HashSet<&str> = wnids.iter().map(String::as_str).collect();
    if let Some(unknown) = files.folders_in("train").find(|folder| !known.contains(folder)) {
        return Err(Error::file(files.path_of(&format!("train/{unknown}")), "is a class that wnids.txt does not list"));
    }
    let (mut names, mut labels, mut boxes) = (Vec::new(), Vec::new(), Vec::new());
    for (class, wnid) in wnids.iter().enumerate() {
        let folder = format!("train/{wnid}");
        let class_boxes = class_boxes(files, &format!("{folder}/{wnid}_boxes.txt"))?;
        let images = format!("{folder}/images");
        let before = names.len();
        for image in files.files_in(&images).filter(|name| is_image_name(name)) {
            boxes.push(class_boxes.get(image).copied());
            names.push(format!("{images}/{image}"));
            labels.push(class);
        }
        if names.len() == before {
            return Err(Error::file(files.path_of(&folder), "is a class without images"));
        }
    }
    let boxes = boxes.iter().any(Option::is_some).then_some(boxes);
    let class_names = class_names(files, &wnids)?;
    Ok(Part { class_names, images: Images::Encoded(names), labels, boxes, notes: Vec::new() })
}

/// The boxes of one class by file name; none where there is no list.
fn class_boxes(files: &Files, list: &str) -> Result<HashMap<String, PixelBox>> {
    if !files.has(list) {
        return Ok(HashMap::new());
    }
    let mut boxes = HashMap::new();
    for (number, line) in files.lines(list)?.iter().enumerate() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match (fields.first(), fields.get(1..).and_then(inclusive_box)) {
            (Some(file), Some(item)) => boxes.insert(file.to_string(), item),
            _ => return Err(malformed(files, list, number, "file x0 y0 x1 y1")),
        };
    }
    Ok(boxes)
}

fn read_val(files: &Files) -> Result<Part> {
    let wnids = wnids(files)?;
    let (mut names, mut labels, mut boxes, mut missing) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let list = files.lines(ANNOTATIONS)?;
    for (number, line) in list.iter().enumerate() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (Some(&file), Some(&wnid), Some(item)) =
            (fields.first(), fields.get(1), fields.get(2..).and_then(inclusive_box))
        else {
            return Err(malformed(files, ANNOTATIONS, number, "file class x0 y0 x1 y1"));
        };
        let Ok(class) = wnids.binary_search_by(|known| known.as_str().cmp(wnid)) else {
            let reason = format!("line {} names the class {wnid}, which wnids.txt does not list", number + 1);
            return Err(Error::file(files.path_of(ANNOTATIONS), reason));
        };
        let image = format!("val/images/{file}");
        if files.has(&image) {
            names.push(image);
            labels.push(class);
            boxes.push(Some(item));
        } else {
            missing += 1;
        }
    }
    if names.is_empty() {
        let reason = format!("none of the {} images it names is in val/images", list.len());
        return Err(Error::file(files.path_of(ANNOTATIONS), reason));
    }
    let note = || format!("{missing} {} named in {ANNOTATIONS} not present: left out", plural(missing, "image"));
    let notes = if missing > 0 { vec![note()] } else { Vec::new() };
    let class_names = class_names(files, &wnids)?;
    Ok(Part { class_names, images: Images::Encoded(names), labels, boxes: Some(boxes), notes })
}

/// x0 y0 x1 y1 with the far edges *inclusive*, as the official lists have them.
fn inclusive_box(fields: &[&str]) -> Option<PixelBox> {
    let numbers: Vec<f32> =
        fields.iter().map(|field| field.parse::<u16>().ok().map(f32::from)).collect::<Option<_>>()?;
    match numbers[..] {
        [x0, y0, x1, y1] if x0 <= x1 && y0 <= y1 => Some(PixelBox { x0, y0, x1: x1 + 1.0, y1: y1 + 1.0 }),
        _ => None,
    }
}

fn malformed(files: &Files, list: &str, number: usize, wanted: &str) -> Error {
    Error::file(files.path_of(list), format!("entry {} is not `{wanted}` with x0 <= x1 and y0 <= y1", number + 1))
}

/// The ids, sorted; a class is a place in this.
fn wnids(files: &Files) -> Result<Vec<String>> {
    let mut wnids = files.lines("wnids.txt")?;
    wnids.sort_unstable();
    let fail = |reason: String| Err(Error::file(files.path_of("wnids.txt"), reason));
    if let Some(pair) = wnids.windows(2).find(|pair| pair[0] == pair[1]) {
        return fail(format!("lists {} twice", pair[0]));
    }
    if wnids.is_empty() { fail("lists no class".into()) } else { Ok(wnids) }
}

/// The first word of each class in `words.txt`, or the id itself; with the id behind it where two classes share a word.
fn class_names(files: &Files, wnids: &[String]) -> Result<Vec<String>> {
    if !files.has("words.txt") {
        return Ok(wnids.to_vec());
    }
    let lines = files.lines("words.txt")?;
    let words: HashMap<&str, &str> = lines.iter().filter_map(|line| line.split_once('\t')).collect();
    let first = |wnid: &String| {
        let words = words.get(wnid.as_str()).copied().unwrap_or(wnid);
        words.split(',').next().unwrap_or(words).trim().to_string()
    };
    let names: Vec<String> = wnids.iter().map(first).collect();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for name in &names {
        *uses.entry(name).or_default() += 1;
    }
    let distinct = |(name, wnid): (&String, &String)| {
        if uses[name.as_str()] > 1 { format!("{name} ({wnid})") } else { name.clone() }
    };
    Ok(names.iter().zip(wnids).map(distinct).collect())
}

#[cfg(test)]
mod tests {
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
            (
                "val/val_annotations.txt",
                "v0.JPEG\tn02\t0\t0\t31\t15\nv1.JPEG\tn01\t1\t2\t3\t4\nv2.JPEG\tn03\t5\t5\t5\t5\n",
            ),
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
        assert!(detect(&files));
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
        assert!(detect(&only_val));
        assert!(read(&only_val, Section::Train).unwrap().is_none());
        assert!(read(&folder(official()), Section::Validation).unwrap().is_none());
    }
}
