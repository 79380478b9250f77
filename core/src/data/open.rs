//! Recognises what lies in a folder, a zip or bytes, and loads it.

#[cfg(not(target_family = "wasm"))]
use std::path::Path;

use crate::data::dataset::{Dataset, Split, Splits};
use crate::data::files::Files;
use crate::data::format::{Format, Set};
use crate::data::part::Section;
use crate::error::{Error, Result};
use crate::seed::Seed;
use crate::stop::Stop;

/// Share of the images that is held out for measuring where a data set has no test part.
pub const TEST_FRACTION: f64 = 0.2;

/// A data set that was found and recognised, with no image read yet.
pub struct DataSource {
    pub(super) files: Files,
    /// The folder that holds it, below what was opened; empty where that is the same.
    pub(super) folder: String,
    pub(super) format: Format,
}

/// Loads one part of the data set at `path`: a folder, a zip, tar or tar.gz archive, or a CIFAR `.bin` file.
///
/// Recognised are the official files of CIFAR-10 and CIFAR-100 (binary and python versions), STL-10 (binary version) and
/// TinyImageNet-200, also as people rearrange it, and folders of images with one folder per class, also inside `train`,
/// `val` and `test` by any usual name. Folders around it are looked through. Images are resized to `size` × `size`,
/// bilinear with antialias; the aspect ratio is not kept. Those that cannot be read are left out and noted.
///
/// # Errors
/// One line that names the file at fault, be it the first of a class of which most cannot be read. Asking for [`Split::Test`] of a data set that has no test part is an error;
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
    /// Recognises the folder, archive or CIFAR file at `path`.
    ///
    /// # Errors
    /// If there is nothing, or nothing known; the message names `path`.
    #[cfg(not(target_family = "wasm"))]
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_until(path, &Stop::default())
    }

    /// [`open`](Self::open), and all that is read of it later, until `stop` is asked for.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`Error::Stopped`].
    #[cfg(not(target_family = "wasm"))]
    pub fn open_until(path: &Path, stop: &Stop) -> Result<Self> {
        Self::recognise(Files::open(path, stop)?)
    }

    /// Recognises an archive or a CIFAR file that is in memory already, such as a file dropped on a page.
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

    fn recognise(files: Files) -> Result<Self> {
        let Set { folder, format } = Format::find(&files)?;
        let files = if folder.is_empty() { files } else { files.enter(&folder) };
        Ok(Self { files, folder, format })
    }

    /// What was left out and guessed in finding it.
    pub(super) fn notes(&self) -> Vec<String> {
        self.files.notes().iter().chain(self.format.notes()).cloned().collect()
    }

    /// The same data set, with somebody to hear of progress: images of the present part read so far, and all of it.
    #[must_use]
    pub fn watched(mut self, watch: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        self.files = self.files.watched(std::sync::Arc::new(watch));
        self
    }

    /// The same data set, which is read until `stop` is asked for.
    #[must_use]
    pub fn until(mut self, stop: &Stop) -> Self {
        self.files = self.files.until(stop);
        self
    }

    /// What the data set is called: the official name, or that of the user's folder or archive.
    pub fn name(&self) -> String {
        match self.format {
            Format::ImageFolder(_) => {
                let root = self.files.root();
                let name = if self.files.are_packed() { root.file_stem() } else { root.file_name() };
                let name = name.map(|name| name.to_string_lossy());
                // pets.tar.gz
                name.map_or_else(|| self.format.title().into(), |name| name.trim_end_matches(".tar").into())
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
        let train = self.load(Split::Train, size)?;
        let validation = self.load_section(Section::Validation, size)?;
        if let Some(test) = self.load_section(Section::Test, size)? {
            return Ok(Splits { train, validation, test: Some(test), held_out: Vec::new() });
        }
        let (mut rest, mut test) = train.stratified_split(TEST_FRACTION, seed);
        let note = format!("no test part: {} of {} images held out by the split seed", test.len(), train.len());
        rest.notes.push(note.clone());
        test.notes.push(note);
        Ok(match test.is_empty() {
            true => Splits { train, validation, test: None, held_out: Vec::new() },
            false => Splits { train: rest, validation, held_out: test.class_counts(), test: Some(test) },
        })
    }

    fn load_section(&self, section: Section, size: usize) -> Result<Option<Dataset>> {
        self.files.stop().check()?;
        let Some(mut part) = self.format.read(&self.files, section)? else { return Ok(None) };
        if section == Section::Train {
            part.notes.splice(0..0, self.notes());
        }
        part.into_dataset(&self.name(), &self.files, size).map(Some)
    }
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
