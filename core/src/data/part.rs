//! One part of a data set as it lies on disk: what every format is read into, before images get their final size.

use crate::data::dataset::PixelBox;
use crate::data::decode::{self, Picture, plural};
use crate::data::files::Files;
use crate::data::unread::Unread;
use crate::error::{Error, Result};

/// The parts that a data set can have on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Train,
    Validation,
    Test,
}

impl Section {
    pub(super) const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Labelled images, decoded or not.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub class_names: Vec<String>,
    pub images: Images,
    pub labels: Vec<usize>,
    /// In pixels of the image as stored.
    pub boxes: Option<Vec<Option<PixelBox>>>,
    /// Names of pictures that are white where the object is, as large as the images.
    pub masks: Option<Vec<Option<String>>>,
    /// Whether images are shown as their files have them, whatever those say of how the camera was held.
    pub as_stored: bool,
    /// For a training part: whether each image is one of those that the authors of the paper chose the best epoch on.
    pub validation: Option<Vec<bool>>,
    /// Images of the official part, where there is one.
    pub official: Option<usize>,
    pub notes: Vec<String>,
    /// Files that should be images and are none, as far as it is known before decoding.
    pub unread: Unread,
}

/// Where the pixels are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Images {
    /// N × 3 × height × width, planar.
    Raw { height: usize, width: usize, pixels: Vec<u8> },
    /// Names of image files.
    Encoded(Vec<String>),
}

impl Default for Images {
    fn default() -> Self {
        Self::Encoded(Vec::new())
    }
}

impl Part {
    /// Images of each class, decoded or not.
    pub(super) fn class_counts(&self) -> Vec<usize> {
        let mut counts = self.unread.class_counts(self.class_names.len());
        self.labels.iter().for_each(|&label| counts[label] += 1);
        counts
    }

    /// Whether pictures are turned as their cameras say they were held.
    pub(super) fn upright(&self) -> bool {
        self.boxes.is_none() && !self.as_stored
    }

    /// Which images the paper's authors chose the best epoch on, where that is known.
    pub(super) fn validation_note(&self) -> Option<String> {
        let count = self.validation.as_ref()?.iter().filter(|chosen| **chosen).count();
        Some(format!("{count} of the images are those that the paper's authors held out for validation"))
    }

    /// How many images have a mask, where there are masks.
    pub(super) fn masks_note(&self) -> Option<String> {
        let count = self.masks.as_ref()?.iter().flatten().count();
        Some(format!("{count} object {}", plural(count, "mask")))
    }

    /// That `images` are not as many as the official part has, where that is so.
    pub(super) fn deviation(&self, images: usize) -> Option<String> {
        let official = self.official.filter(|official| *official != images)?;
        Some(format!("{images} {} where the official part has {official}", plural(images, "image")))
    }
}

/// Decodes an image file; inside, what stands behind the name of one that cannot be.
///
/// # Errors
/// If the file cannot be read from where it lies: that is to be mended there. In an archive, or as a link that leads nowhere, it
/// is damaged like any other.
/// [`Error::Stopped`].
pub(super) fn read_picture(files: &Files, name: &str, upright: bool) -> Result<Result<Picture, String>> {
    let reason = |error| match error {
        Error::File { reason, .. } => reason,
        other => other.to_string(),
    };
    match files.read(name) {
        Ok(bytes) => Ok(decode::decode(&bytes, &files.path_of(name), upright).map_err(reason)),
        Err(error) if files.are_packed() => {
            // Nor can it be read where the reading was ended.
            files.stop().check()?;
            Ok(Err(reason(error)))
        }
        Err(_) if files.leads_nowhere(name) => Ok(Err("is a link to a file that is not there".into())),
        Err(error) => Err(error),
    }
}
