//! Pictures that lists name: found among the files, put in one order, and counted where they are missing.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use crate::data::dataset::PixelBox;
use crate::data::files::{Files, join};
use crate::data::part::{Images, Part, Section};
use crate::data::unread::Unread;
use crate::error::{Error, Result};

/// One picture as a list names it.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub class: usize,
    /// Below the folder of the pictures.
    pub name: String,
    pub item: Option<PixelBox>,
    /// File of its mask.
    pub mask: Option<String>,
}

/// What is listed of one part.
pub(super) struct Listed<'a> {
    pub files: &'a Files,
    /// The folder of the pictures.
    pub folder: String,
    /// The list, by its own name.
    pub list: &'a str,
    pub class_names: Vec<String>,
    pub entries: Vec<Entry>,
    /// How many the official list has.
    pub official: usize,
}

impl Listed<'_> {
    /// The part, in the order of sorted folders and in them of sorted files, as image folders are read. `chosen` are the places
    /// in that order of the images that the paper's authors chose the best epoch on, a bit each, and are used where the list
    /// is as long as the official one.
    pub(super) fn into_part(mut self, chosen: Option<&[u8]>) -> Part {
        self.entries.sort_by(|a, b| split_folder(&a.name).cmp(&split_folder(&b.name)));
        let chosen = chosen.filter(|_| self.entries.len() == self.official);
        let is_chosen = |place: usize| chosen.is_some_and(|bits| bits[place / 8] >> (place % 8) & 1 == 1);
        let finder = Finder::new(self.files, self.folder);
        let mut part =
            Part { class_names: self.class_names, as_stored: true, official: Some(self.official), ..Part::default() };
        let (mut names, mut unread) = (Vec::new(), Unread::default());
        let (mut boxes, mut masks, mut validation) = (Vec::new(), Vec::new(), Vec::new());
        for (place, Entry { class, name, item, mask }) in self.entries.into_iter().enumerate() {
            let Some(found) = finder.find(&name) else {
                let reason = format!("is named in {} and is not there", self.list);
                unread.push(class, join(&finder.folder, &name), reason);
                continue;
            };
            names.push(found);
            part.labels.push(class);
            boxes.push(item);
            masks.push(mask);
            validation.push(is_chosen(place));
        }
        part.images = Images::Encoded(names);
        part.boxes = boxes.iter().any(Option::is_some).then_some(boxes);
        part.masks = masks.iter().any(Option::is_some).then_some(masks);
        part.validation = chosen.is_some().then_some(validation);
        part.unread = unread;
        part
    }

    /// Refuses a list that names an image twice, and a training part without one of its classes.
    pub(super) fn check(&self, section: Section) -> Result<()> {
        let fail = |reason: String| Err(Error::file(self.files.path_of(self.list), reason));
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.entries.iter().find(|entry| !seen.insert(&entry.name)) {
            return fail(format!("has `{}` twice", twice.name));
        }
        let mut counts = vec![0; self.class_names.len()];
        self.entries.iter().for_each(|entry| counts[entry.class] += 1);
        match counts.iter().position(|count| *count == 0) {
            Some(class) if section == Section::Train => {
                fail(format!("names no training image of class `{}`", self.class_names[class]))
            }
            _ => Ok(()),
        }
    }
}

/// A name as a list has it, whatever system the list was written on: `\\` is `/`, and `./` in front goes.
pub(super) fn listed_name(text: &str) -> String {
    let name = text.replace('\\', "/");
    name.strip_prefix("./").unwrap_or(&name).to_string()
}

/// Whether a name is `class/file`.
pub(super) fn is_in_a_class(name: &str) -> bool {
    let (class, file) = name.split_once('/').unwrap_or_default();
    !file.contains('/') && ![class, file].iter().any(|part| ["", ".", ".."].contains(part))
}

/// That images to measure on are among those to learn from, where some are.
pub(super) fn also_learned<'a>(
    measured: impl IntoIterator<Item = &'a String>,
    learned: impl IntoIterator<Item = &'a String>,
) -> Option<String> {
    let learned: BTreeSet<&String> = learned.into_iter().collect();
    let mut both = measured.into_iter().filter(|name| learned.contains(name));
    let first = both.next()?;
    let more = both.count();
    let others = if more == 0 { " is".into() } else { format!(" and {more} more are") };
    Some(format!("`{first}`{others} in the list to learn from, too"))
}

/// The folder and the file of a name.
pub(super) fn split_folder(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

/// Finds what lists name: by exactly this name, or else by the only one that differs in capitals alone.
struct Finder<'a> {
    files: &'a Files,
    folder: String,
    /// Names in lower case; `None` where several have the same.
    lower: OnceCell<HashMap<String, Option<&'a str>>>,
}

impl<'a> Finder<'a> {
    fn new(files: &'a Files, folder: String) -> Self {
        Self { files, folder, lower: OnceCell::new() }
    }

    fn find(&self, name: &str) -> Option<String> {
        let exact = join(&self.folder, name);
        if self.files.has(&exact) {
            return Some(exact);
        }
        let lower = self.lower.get_or_init(|| {
            let mut lower = HashMap::new();
            for name in self.files.below(&self.folder) {
                lower.entry(name.to_lowercase()).and_modify(|other| *other = None).or_insert(Some(name.as_str()));
            }
            lower
        });
        lower.get(&exact.to_lowercase()).copied().flatten().map(String::from)
    }
}

/// The file `name` in `base`, in a folder directly in it, or in one in that.
pub(super) fn find_file(files: &Files, base: &str, name: &str) -> Option<String> {
    places(files, base).into_iter().map(|folder| join(&folder, name)).find(|name| files.has(name))
}

/// The folder `name` with files in it, likewise.
pub(super) fn find_folder(files: &Files, base: &str, name: &str) -> Option<String> {
    places(files, base).into_iter().map(|folder| join(&folder, name)).find(|name| !files.below(name).is_empty())
}

/// Whether what was found for a set in `base` lies there and not all in one folder in it, which is then that of the set.
pub(super) fn lies_in(base: &str, found: &[&Option<String>]) -> bool {
    let inside = |path: &'_ String| path[base.len()..].trim_start_matches('/').to_string();
    let paths: Vec<String> = found.iter().filter_map(|path| path.as_ref()).map(inside).collect();
    let mut folders: Vec<Option<&str>> =
        paths.iter().map(|path| path.split_once('/').map(|(first, _)| first)).collect();
    folders.dedup();
    folders.len() > 1 || folders == [None]
}

/// What archives are unpacked into: `base` itself, folders in it, folders in these; not those of the many classes.
fn places(files: &Files, base: &str) -> Vec<String> {
    const MOST: usize = 16;
    let inside = |folder: &String| files.folders_in(folder).take(MOST).map(|name| join(folder, name)).collect();
    let first: Vec<String> = inside(&base.into());
    let second: Vec<String> = first.iter().flat_map(|folder| -> Vec<String> { inside(folder) }).collect();
    [vec![base.to_string()], first, second].concat()
}

/// A folder that has to be there.
///
/// # Errors
/// If it is not.
pub(super) fn folder(files: &Files, base: &str, name: &str) -> Result<String> {
    let missing = || Error::file(files.path_of(&join(base, name)), "no such folder, or nothing in it");
    find_folder(files, base, name).ok_or_else(missing)
}

#[cfg(test)]
#[path = "listed_tests.rs"]
mod tests;
