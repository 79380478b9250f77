//! CUB-200-2011: 200 species of birds, with boxes, and masks in an archive of their own.
//!
//! `images.txt` numbers the pictures, and every other list says something of each number: class, part, box. The folder
//! `segmentations` lies inside or beside that of the lists.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::data::annotations;
use crate::data::dataset::PixelBox;
use crate::data::files::{Files, join};
use crate::data::listed::{Entry, Listed, is_in_a_class, listed_name};
use crate::data::part::{Part, Section};
use crate::error::{Error, Result};

/// Images of the official training and test part.
const OFFICIAL: [usize; 2] = [5_994, 5_794];

/// Five of each class, as the authors of the paper split them.
const VALIDATION: &[u8] = include_bytes!("splits/cub200.bits");

const IMAGES: &str = "images.txt";
const LABELS: &str = "image_class_labels.txt";
const PARTS: &str = "train_test_split.txt";
const CLASSES: &str = "classes.txt";
const BOXES: &str = "bounding_boxes.txt";

/// What the masks are kept in.
pub(super) const MASKS: &str = "segmentations";

/// Whether the lists in `base` are CUB's.
pub(super) fn detect(files: &Files, base: &str) -> bool {
    [IMAGES, LABELS, PARTS].iter().filter(|list| files.has(&join(base, list))).count() >= 2
}

/// One part, of the lists in `base`; `None` where they have no test image.
///
/// # Errors
/// If a list is missing or malformed, two lists have other numbers, or a class has no training image.
pub(super) fn read(files: &Files, base: &str, section: Section) -> Result<Option<Part>> {
    let (wanted, official) = match section {
        Section::Train => ("1", OFFICIAL[0]),
        Section::Test => ("0", OFFICIAL[1]),
        Section::Validation => return Ok(None),
    };
    let lists = Lists { files, base };
    let class_names = lists.class_names()?;
    let names = lists.image_names()?;
    let [labels, parts] = [lists.beside(&names, LABELS)?, lists.beside(&names, PARTS)?];
    let has_boxes = files.has(&join(base, BOXES));
    let boxes = if has_boxes { lists.beside(&names, BOXES)? } else { BTreeMap::new() };
    let masks = masks(files, base);
    let (mut entries, mut without) = (Vec::new(), Vec::new());
    for (number, name) in &names {
        let part = parts[number].as_str();
        if !["0", "1"].contains(&part) {
            return Err(lists.wrong(PARTS, *number, "neither `1` (training) nor `0`"));
        }
        let class = lists.class(*number, &labels[number], name, &class_names)?;
        let item = boxes.get(number).map(|numbers| lists.item(*number, numbers)).transpose()?;
        if part == wanted {
            let mask = match masks.as_ref().map(|folder| mask(folder, name)) {
                Some(missing) if !files.has(&missing) => {
                    without.push(missing);
                    None
                }
                mask => mask,
            };
            entries.push(Entry { class, name: name.clone(), item, mask });
        }
    }
    if section == Section::Test && entries.is_empty() {
        return Ok(None);
    }
    let (folder, list) = (join(base, "images"), join(base, if section == Section::Train { PARTS } else { IMAGES }));
    let listed = Listed { files, folder, list: &list, class_names, entries, official };
    listed.check(section)?;
    let mut part = listed.into_part((section == Section::Train).then_some(VALIDATION));
    part.notes.extend(annotations::note(["mask", "masks"], &without, "is not there"));
    Ok(Some(part))
}

/// The folder of the masks, if they are there.
fn masks(files: &Files, base: &str) -> Option<String> {
    let beside = base.rsplit_once('/').map_or("", |(parent, _)| parent);
    let places = [Some(base), (!base.is_empty()).then_some(beside)];
    let folders = places.into_iter().flatten().map(|place| join(place, MASKS));
    folders.into_iter().find(|folder| !files.below(folder).is_empty())
}

/// The mask of the image `name`: a PNG of the same name.
fn mask(folder: &str, name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    join(folder, &format!("{stem}.png"))
}

/// The lists of a copy.
struct Lists<'a> {
    files: &'a Files,
    base: &'a str,
}

/// What a list says of each number.
type ByNumber = BTreeMap<u32, String>;

impl Lists<'_> {
    fn fail(&self, list: &str, reason: impl std::fmt::Display) -> Error {
        Error::file(self.files.path_of(&join(self.base, list)), reason)
    }

    fn wrong(&self, list: &str, number: u32, what: &str) -> Error {
        self.fail(list, format!("the entry of image {number} is {what}"))
    }

    /// The lines of a list, each a number and what belongs to it.
    fn by_number(&self, list: &str) -> Result<ByNumber> {
        let mut all = BTreeMap::new();
        for (line, text) in self.files.lines(&join(self.base, list))?.iter().enumerate() {
            let fields = text.split_once(char::is_whitespace);
            let entry = fields.and_then(|(number, rest)| Some((u32::from_str(number).ok()?, rest.trim().to_string())));
            let Some((number, rest)) = entry else {
                return Err(self.fail(list, format!("line {} does not begin with a number", line + 1)));
            };
            if all.insert(number, rest).is_some() {
                return Err(self.fail(list, format!("has number {number} twice")));
            }
        }
        if all.is_empty() { Err(self.fail(list, "is empty")) } else { Ok(all) }
    }

    /// The names of the images, each `class/file`.
    fn image_names(&self) -> Result<ByNumber> {
        let mut all = self.by_number(IMAGES)?;
        all.values_mut().for_each(|name| *name = listed_name(name));
        match all.iter().find(|(_, name)| !is_in_a_class(name)) {
            Some((number, name)) => Err(self.wrong(IMAGES, *number, &format!("`{name}`, which is not `class/file`"))),
            None => Ok(all),
        }
    }

    /// A list that has to have the numbers of the images.
    fn beside(&self, names: &ByNumber, list: &str) -> Result<ByNumber> {
        let all = self.by_number(list)?;
        if let Some(missing) = names.keys().find(|number| !all.contains_key(number)) {
            return Err(self.fail(list, format!("does not have image {missing} of {IMAGES}")));
        }
        match all.keys().find(|number| !names.contains_key(number)) {
            Some(unknown) => Err(self.fail(list, format!("has image {unknown}, which {IMAGES} does not have"))),
            None => Ok(all),
        }
    }

    /// The names of the classes, which are numbered from 1.
    fn class_names(&self) -> Result<Vec<String>> {
        let all = self.by_number(CLASSES)?;
        match all.keys().zip(1..).find(|(number, place)| *number != place) {
            Some((_, place)) => Err(self.fail(CLASSES, format!("has no class {place}, but one behind it"))),
            None => Ok(all.into_values().collect()),
        }
    }

    /// The class of an image, which its folder is called by.
    fn class(&self, number: u32, label: &str, name: &str, class_names: &[String]) -> Result<usize> {
        let class = usize::from_str(label).ok().and_then(|label| label.checked_sub(1));
        let Some(class_name) = class.and_then(|class| class_names.get(class)) else {
            let reason = format!("`{label}`, which is none of the {} classes of {CLASSES}", class_names.len());
            return Err(self.wrong(LABELS, number, &reason));
        };
        let folder = name.split('/').next().unwrap_or_default();
        if !folder.eq_ignore_ascii_case(class_name) {
            let reason = format!("class `{class_name}`, but {IMAGES} has it in the folder `{folder}`");
            return Err(self.wrong(LABELS, number, &reason));
        }
        Ok(class.expect("it has a name"))
    }

    /// `x y width height`, from the top-left corner.
    fn item(&self, number: u32, text: &str) -> Result<PixelBox> {
        let numbers: Option<Vec<f32>> = text.split_whitespace().map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[x0, y0, width, height])
                if [x0, y0, width, height].iter().all(|n| n.is_finite()) && width > 0.0 && height > 0.0 =>
            {
                Ok(PixelBox { x0, y0, x1: x0 + width, y1: y0 + height })
            }
            _ => Err(self.wrong(BOXES, number, "no box `x y width height`")),
        }
    }
}

#[cfg(test)]
#[path = "cub200_tests.rs"]
mod tests;
