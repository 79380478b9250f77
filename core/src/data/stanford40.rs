//! Stanford-40: people at 40 actions, with a box around each.
//!
//! Three archives, unpacked into one folder or each into its own: `JPEGImages/<action>_NNN.jpg`, `ImageSplits/*.txt`,
//! `XMLAnnotations/<stem>.xml`. The class of an image is its name up to the last `_`; `actions.txt` numbers the classes.

use crate::data::annotations::Boxes;
use crate::data::files::{Files, join};
use crate::data::listed::{Entry, Listed, also_learned, find_folder, folder, lies_in};
use crate::data::part::{Part, Section};
use crate::error::{Error, Result};

/// Images of the official training and test part.
const OFFICIAL: [usize; 2] = [4_000, 5_532];

const SPLITS: &str = "ImageSplits";
const ACTIONS: &str = "actions.txt";

/// Whether the files in `base` are those of Stanford-40.
pub(super) fn detect(files: &Files, base: &str) -> bool {
    let [splits, images] = [SPLITS, "JPEGImages"].map(|folder| find_folder(files, base, folder));
    let is_list =
        |splits: &String| ["train.txt", "test.txt", ACTIONS].iter().any(|list| files.has(&join(splits, list)));
    splits.as_ref().is_some_and(is_list) && lies_in(base, &[&splits, &images])
}

/// One part, or `None` where its list is not there.
///
/// # Errors
/// If a list names an action that `actions.txt` does not have, or a class has no training image.
pub(super) fn read(files: &Files, section: Section) -> Result<Option<Part>> {
    let (list, official) = match section {
        Section::Train => ("train.txt", OFFICIAL[0]),
        Section::Test => ("test.txt", OFFICIAL[1]),
        Section::Validation => return Ok(None),
    };
    let splits = folder(files, "", SPLITS)?;
    let list = join(&splits, list);
    if !files.has(&list) {
        return Ok(None);
    }
    let class_names = class_names(files, &join(&splits, ACTIONS))?;
    let images = files.lines(&list)?;
    if images.is_empty() {
        return Err(Error::file(files.path_of(&list), "is empty"));
    }
    let learned = join(&splits, "train.txt");
    let learned = if section == Section::Test && files.has(&learned) { files.lines(&learned)? } else { Vec::new() };
    let note = also_learned(&images, &learned);
    let boxes = Boxes::read(files, "XMLAnnotations", ".xml", &images);
    files.stop().check()?;
    let mut entries = Vec::with_capacity(images.len());
    for (nth, (name, item)) in images.into_iter().zip(boxes.of_images).enumerate() {
        let action = name.rsplit_once('_').map_or(name.as_str(), |(action, _)| action);
        let Some(class) = class_names.iter().position(|class| class == action) else {
            let reason = format!("entry {}, `{name}`, is of an action that {ACTIONS} does not have", nth + 1);
            return Err(Error::file(files.path_of(&list), reason));
        };
        entries.push(Entry { class, name, item, mask: None });
    }
    let folder = folder(files, "", "JPEGImages")?;
    let listed = Listed { files, folder, list: &list, class_names, entries, official };
    listed.check(section)?;
    let mut part = listed.into_part(None);
    part.notes.extend(boxes.notes);
    part.notes.extend(note);
    Ok(Some(part))
}

/// The actions in their order: a line each with a name and a number, below a line of headings.
fn class_names(files: &Files, list: &str) -> Result<Vec<String>> {
    let lines = files.lines(list)?;
    let fail = |reason: String| Err(Error::file(files.path_of(list), reason));
    let is_heading = |line: &&String| line.starts_with("action_name");
    let names = lines.iter().filter(|line| !is_heading(line)).filter_map(|line| line.split_whitespace().next());
    let names: Vec<String> = names.map(String::from).collect();
    if let Some(nth) = (1..names.len()).find(|nth| names[..*nth].contains(&names[*nth])) {
        return fail(format!("has `{}` twice", names[nth]));
    }
    if names.len() < 2 { fail("has fewer than two actions".into()) } else { Ok(names) }
}

#[cfg(test)]
#[path = "stanford40_tests.rs"]
mod tests;
