//! TinyImageNet-200, as it is downloaded and as people rearrange it.
//!
//! The class of a WordNet id is its place among the *sorted* ids of `wnids.txt`, or where that is gone among the folders of
//! `train`. `val/` is the test part: the labels of the official `test/` are not public. Officially its images lie in one
//! folder and a list has their classes; most tutorials move them to a folder for each class, because torchvision wants
//! that, and many take away the `images` folders. Whatever images are present are used, because partial copies are common.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::data::dataset::PixelBox;
use crate::data::decode::plural;
use crate::data::files::{Files, join};
use crate::data::part::{Images, Part, Section};
use crate::data::pictures;
use crate::data::unread::Unread;
use crate::error::{Error, Result};

const ANNOTATIONS: &str = "val/val_annotations.txt";

/// Whether the files in `base` are TinyImageNet's.
pub(super) fn detect(files: &Files, base: &str) -> bool {
    let [wnids, words, annotations, train] =
        ["wnids.txt", "words.txt", ANNOTATIONS, "train"].map(|name| join(base, name));
    let has_train = !files.below(&train).is_empty();
    let of_wordnet = || files.folders_in(&train).all(is_wnid) && files.folders_in(&train).nth(1).is_some();
    (files.has(&wnids) && (files.has(&annotations) || has_train))
        || ((files.has(&words) || files.has(&annotations)) && of_wordnet())
}

/// Whether a folder is called as WordNet numbers its nouns: `n01443537`.
fn is_wnid(name: &str) -> bool {
    name.strip_prefix('n').is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// One part, or `None` where none of its files is present.
///
/// # Errors
/// If a list is malformed or names an unknown class, a class has no training image, or no listed image is present.
pub(super) fn read(files: &Files, section: Section) -> Result<Option<Part>> {
    match section {
        Section::Train if !files.below("train").is_empty() => read_train(files).map(Some),
        Section::Test => {
            let wnids = wnids(files)?;
            let sorted = wnids.iter().any(|wnid| !files.below(&format!("val/{wnid}")).is_empty());
            if sorted || files.has(ANNOTATIONS) { read_val(files, &wnids).map(Some) } else { Ok(None) }
        }
        _ => Ok(None),
    }
}

/// The images of one class with their boxes, wherever in `folder` they are.
struct Gathered {
    names: Vec<String>,
    labels: Vec<usize>,
    boxes: Vec<Option<PixelBox>>,
    unread: Unread,
}

impl Gathered {
    fn new() -> Self {
        Self { names: Vec::new(), labels: Vec::new(), boxes: Vec::new(), unread: Unread::default() }
    }

    /// Adds what lies in the folder of a class.
    fn add(&mut self, files: &Files, folder: &str, class: usize, box_of: impl Fn(&str) -> Option<PixelBox>) {
        let found = pictures::find(files, files.below(folder).iter().map(String::as_str));
        for name in found.pictures {
            self.push(class, box_of(file_name(&name)), name);
        }
        found.others.into_iter().for_each(|(name, reason)| self.unread.push(class, name, reason));
    }

    fn push(&mut self, class: usize, item: Option<PixelBox>, name: String) {
        self.names.push(name);
        self.labels.push(class);
        self.boxes.push(item);
    }

    fn into_part(self, class_names: Vec<String>, notes: Vec<String>) -> Part {
        let boxes = self.boxes.iter().any(Option::is_some).then_some(self.boxes);
        Part {
            class_names,
            images: Images::Encoded(self.names),
            labels: self.labels,
            boxes,
            notes,
            unread: self.unread,
            ..Part::default()
        }
    }
}

fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Refuses a folder of `part` that is no class.
fn check_classes(files: &Files, part: &str, wnids: &[String]) -> Result<()> {
    let known: HashSet<&str> = wnids.iter().map(String::as_str).collect();
    let strange = |folder: &&str| !known.contains(folder) && (part, *folder) != ("val", "images");
    match files.folders_in(part).find(strange) {
        Some(unknown) => {
            let reason = "is a class that wnids.txt does not list";
            Err(Error::file(files.path_of(&format!("{part}/{unknown}")), reason))
        }
        None => Ok(()),
    }
}

fn read_train(files: &Files) -> Result<Part> {
    let wnids = wnids(files)?;
    check_classes(files, "train", &wnids)?;
    let mut gathered = Gathered::new();
    for (class, wnid) in wnids.iter().enumerate() {
        let folder = format!("train/{wnid}");
        let class_boxes = class_boxes(files, &format!("{folder}/{wnid}_boxes.txt"))?;
        let before = gathered.names.len();
        gathered.add(files, &folder, class, |image| class_boxes.get(image).copied());
        if gathered.names.len() == before {
            return Err(Error::file(files.path_of(&folder), "is a class without images"));
        }
    }
    Ok(gathered.into_part(class_names(files, &wnids)?, Vec::new()))
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

/// What the official list says of one image.
struct Listed {
    file: String,
    class: usize,
    item: PixelBox,
}

/// The official list; empty where it is gone.
fn annotations(files: &Files, wnids: &[String]) -> Result<Vec<Listed>> {
    let list = if files.has(ANNOTATIONS) { files.lines(ANNOTATIONS)? } else { Vec::new() };
    let entry = |(number, line): (usize, &String)| {
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
        Ok(Listed { file: file.into(), class, item })
    };
    list.iter().enumerate().map(entry).collect()
}

/// The images that were moved to the folders of their classes, then those that still lie where the list has them.
fn read_val(files: &Files, wnids: &[String]) -> Result<Part> {
    check_classes(files, "val", wnids)?;
    let list = annotations(files, wnids)?;
    let boxes: HashMap<(&str, usize), PixelBox> =
        list.iter().map(|listed| ((listed.file.as_str(), listed.class), listed.item)).collect();
    let mut gathered = Gathered::new();
    for (class, wnid) in wnids.iter().enumerate() {
        gathered.add(files, &format!("val/{wnid}"), class, |image| boxes.get(&(image, class)).copied());
    }
    let moved: BTreeSet<String> = gathered.names.iter().map(|name| file_name(name).to_string()).collect();
    let mut missing = 0;
    for Listed { file, class, item } in &list {
        let image = format!("val/images/{file}");
        if files.has(&image) {
            gathered.push(*class, Some(*item), image);
        } else if !moved.contains(file) {
            missing += 1;
        }
    }
    if gathered.names.is_empty() {
        let reason = format!("none of the {} images it names is in val/images", list.len());
        return Err(Error::file(files.path_of(ANNOTATIONS), reason));
    }
    let note = || format!("{missing} {} named in {ANNOTATIONS} not present: left out", plural(missing, "image"));
    // Those that were moved and called otherwise are not missing.
    let notes = if missing > 0 && moved.is_empty() { vec![note()] } else { Vec::new() };
    Ok(gathered.into_part(class_names(files, wnids)?, notes))
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
    if !files.has("wnids.txt") {
        return Ok(files.folders_in("train").map(String::from).collect());
    }
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
#[path = "tiny_imagenet_tests.rs"]
mod tests;
