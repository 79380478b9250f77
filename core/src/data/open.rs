//! Recognises what lies in a folder, a zip or bytes, and loads it.

#[cfg(not(target_family = "wasm"))]
use std::path::Path;

use crate::data::cifar::{self, Cifar};
use crate::data::dataset::{Dataset, Split, Splits};
use crate::data::files::Files;
use crate::data::part::{Part, Section};
use crate::data::{image_folder, stl10, tiny_imagenet};
use crate::error::{Error, Result};
use crate::seed::Seed;

/// Share of the images that is held out for measuring where a data set has no test part.
pub const TEST_FRACTION: f64 = 0.2;

/// A data set that was found and recognised, with no image read yet.
pub struct DataSource {
    pub(super) files: Files,
    pub(super) format: Format,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Cifar(Cifar),
    Stl10,
    TinyImageNet,
    ImageFolder,
}

/// Loads one part of the data set at `path`: a folder, a zip archive, or a CIFAR `.bin` file.
///
/// Recognised are the official files of CIFAR-10, CIFAR-100 and STL-10 (binary versions) and TinyImageNet-200, and
/// folders of images with one folder per class, also inside `train`, `val` and `test`. One enclosing folder is
/// looked through. Images are resized to `size` × `size`, bilinear with antialias; the aspect ratio is not kept.
///
/// # Errors
/// One line that names the file at fault. Asking for [`Split::Test`] of a data set that has no test part is an error;
/// [`load_splits`] holds one out.
#[cfg(not(target_family = "wasm"))]
pub fn load(path: &Path, split: Split, size: usize) -> Result<Dataset> {
    DataSource::open(path)?.load(split, size)
}

/// Loads all parts of the data set at `path`; see [`load`] and [`DataSource::load_splits`].
///
/// # Errors
/// One line that names the file at fault.
#[cfg(not(target_family = "wasm"))]
pub fn load_splits(path: &Path, size: usize, seed: Seed) -> Result<Splits> {
    DataSource::open(path)?.load_splits(size, seed)
}

impl DataSource {
    /// Recognises the folder, zip archive or CIFAR `.bin` file at `path`.
    ///
    /// # Errors
    /// If there is nothing, or nothing known; the message names `path`.
    #[cfg(not(target_family = "wasm"))]
    pub fn open(path: &Path) -> Result<Self> {
        Self::recognise(Files::open(path)?)
    }

    /// Recognises a zip archive or a CIFAR `.bin` file that is in memory already, such as a file dropped on a page.
    ///
    /// # Errors
    /// If it is nothing known; the message names `name`.
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self> {
        Self::recognise(Files::from_bytes(name, bytes)?)
    }

    /// Recognises several files in memory, as (name, bytes), such as `data_batch_1.bin` and `test_batch.bin`.
    ///
    /// # Errors
    /// If they are nothing known.
    pub fn from_files(files: Vec<(String, Vec<u8>)>) -> Result<Self> {
        Self::recognise(Files::from_memory("dropped files".as_ref(), files))
    }

    fn recognise(mut files: Files) -> Result<Self> {
        let path = files.root().to_path_buf();
        // Archives often hold one folder that holds the rest, and users often give the folder around the folder.
        for _ in 0..4 {
            if let Some(format) = Format::detect(&files)? {
                return Ok(Self { files, format });
            }
            let folders: Vec<String> = files.folders_in("").map(String::from).collect();
            let [only] = &folders[..] else { break };
            files = files.enter(only);
        }
        let reason = "no data set is recognised here: neither the .bin files of CIFAR-10, CIFAR-100 or STL-10, nor \
                      tiny-imagenet-200, nor two or more class folders of JPEG or PNG images";
        Err(Error::file(path, reason))
    }

    /// The same data set, with somebody to hear of progress: images of the present part read so far, and all of it.
    #[must_use]
    pub fn watched(mut self, watch: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        self.files = self.files.watched(std::sync::Arc::new(watch));
        self
    }

    /// What the data set is called: the official name, or that of the user's folder or archive.
    pub fn name(&self) -> String {
        match self.format {
            Format::ImageFolder => {
                let stem = self.files.root().file_stem().map(|stem| stem.to_string_lossy().into_owned());
                stem.unwrap_or_else(|| self.format.title().into())
            }
            _ => self.format.title().into(),
        }
    }

    /// Loads one part, resized to `size` × `size`.
    ///
    /// # Errors
    /// One line that names the file at fault, also where there is no such part.
    pub fn load(&self, split: Split, size: usize) -> Result<Dataset> {
        let section = match split {
            Split::Train => Section::Train,
            Split::Validation => Section::Validation,
            Split::Test => Section::Test,
        };
        self.load_section(section, size)?.ok_or_else(|| {
            let reason = match split {
                Split::Train => "has no training images",
                Split::Validation => "has no validation images",
                Split::Test => "has no test images: a part of the training images has to be held out",
            };
            Error::file(self.files.root(), reason)
        })
    }

    /// Loads all parts, resized to `size` × `size`.
    ///
    /// Where there is no test part, [`TEST_FRACTION`] of every class is held out by the seed, and noted.
    ///
    /// # Errors
    /// One line that names the file at fault.
    pub fn load_splits(&self, size: usize, seed: Seed) -> Result<Splits> {
        let mut train = self.load(Split::Train, size)?;
        let validation = self.load_section(Section::Validation, size)?;
        let mut test = self.load_section(Section::Test, size)?;
        if test.is_none() {
            let (mut rest, mut held_out) = train.stratified_split(TEST_FRACTION, seed);
            let note = format!("no test part: {} of {} images held out by the seed", held_out.len(), train.len());
            rest.notes.push(note.clone());
            held_out.notes.push(note);
            if !held_out.is_empty() {
                train = rest;
                test = Some(held_out);
            }
        }
        Ok(Splits { train, validation, test })
    }

    fn load_section(&self, section: Section, size: usize) -> Result<Option<Dataset>> {
        let part = self.format.read(&self.files, section)?;
        part.map(|part| part.into_dataset(&self.name(), &self.files, size)).transpose()
    }
}

impl Format {
    /// The format of these files, judged by names alone except for a single unnamed `.bin`.
    fn detect(files: &Files) -> Result<Option<Self>> {
        if let Some(kind) = cifar::detect(files)? {
            return Ok(Some(Self::Cifar(kind)));
        }
        let known = [
            (Self::Stl10, stl10::detect as fn(&Files) -> bool),
            (Self::TinyImageNet, tiny_imagenet::detect),
            (Self::ImageFolder, image_folder::detect),
        ];
        Ok(known.into_iter().find(|(_, detect)| detect(files)).map(|(format, _)| format))
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Cifar(kind) => kind.title(),
            Self::Stl10 => "STL-10",
            Self::TinyImageNet => "TinyImageNet-200",
            Self::ImageFolder => "image folder",
        }
    }

    /// One part, or `None` where the data set does not have it.
    pub(super) fn read(self, files: &Files, section: Section) -> Result<Option<Part>> {
        match self {
            Self::Cifar(kind) => cifar::read(files, kind, section),
            Self::Stl10 => stl10::read(files, section),
            Self::TinyImageNet => tiny_imagenet::read(files, section),
            Self::ImageFolder => image_folder::read(files, section),
        }
    }
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
