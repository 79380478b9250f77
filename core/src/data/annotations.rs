//! Boxes of pictures that have an annotation each: a file of XML by the picture's name, in a folder of their own.

use crate::data::dataset::PixelBox;
use crate::data::decode::plural;
use crate::data::files::{Files, join};
use crate::data::listed::find_folder;
use crate::data::{parallel, voc};

/// Files that a note names; the rest is counted.
const MAX_NAMED: usize = 3;

/// Why there is no box of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoBox {
    /// It has no annotation.
    Missing,
    /// Its annotation cannot be read, or holds no box that can be.
    Unread,
}

/// The box of each picture of a list, and what is worth knowing of them.
#[derive(Debug, Default)]
pub(super) struct Boxes {
    pub of_images: Vec<Option<PixelBox>>,
    pub notes: Vec<String>,
}

impl Boxes {
    /// The boxes around all objects of `images`, each of which is annotated in the file of its name, with `ending` in the place of
    /// its own ending, below the folder called `name`. Without that folder there are none, and nothing to be said.
    pub(super) fn read(files: &Files, name: &str, ending: &str, images: &[String]) -> Self {
        let Some(folder) = find_folder(files, "", name) else {
            return Self { of_images: vec![None; images.len()], notes: Vec::new() };
        };
        let file = |image: &String| {
            let stem = image.rsplit_once('.').map_or(image.as_str(), |(stem, _)| stem);
            join(&folder, &format!("{stem}{ending}"))
        };
        let found = parallel::map(images, |image| item(files, &file(image)));
        let without = |why: NoBox| -> Vec<String> {
            let which = images.iter().zip(&found).filter(|(_, found)| **found == Err(why));
            which.map(|(image, _)| file(image)).collect()
        };
        let notes = [
            note(["box", "boxes"], &without(NoBox::Missing), "is not there"),
            note(["box", "boxes"], &without(NoBox::Unread), "cannot be read or holds no box"),
        ];
        Self { of_images: found.into_iter().map(Result::ok).collect(), notes: notes.into_iter().flatten().collect() }
    }
}

/// The box around all objects of an annotation.
fn item(files: &Files, name: &str) -> Result<PixelBox, NoBox> {
    if files.stop().is_asked() || !files.has(name) {
        return Err(NoBox::Missing);
    }
    let text = files.read(name).map_err(|_| NoBox::Unread)?;
    voc::box_around(&String::from_utf8_lossy(&text)).ok_or(NoBox::Unread)
}

/// That there is none of `what` (one, several) of as many images, because the files `names` are so.
pub(super) fn note([one, several]: [&str; 2], names: &[String], reason: &str) -> Option<String> {
    let named = names.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let (count, images) = (names.len(), plural(names.len(), "image"));
    match count {
        0 => None,
        1 => Some(format!("no {one} of 1 image: {named} {reason}")),
        _ if count > MAX_NAMED => {
            Some(format!("no {several} of {count} {images} ({named} and {} more): each {reason}", count - MAX_NAMED))
        }
        _ => Some(format!("no {several} of {count} {images} ({named}): each {reason}")),
    }
}
