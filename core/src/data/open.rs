//! Recognises what lies in a folder, a zip or bytes, and loads it.

#[cfg(not(target_family = "wasm"))]
use std::path::Path;

use crate::data::archives;
#[cfg(not(target_family = "wasm"))]
use crate::data::cub200;
use crate::data::dataset::{Dataset, Split, Splits};
use crate::data::files::Files;
use crate::data::format::{Format, Set};
use crate::data::loading::Seen;
use crate::data::part::Section;
use crate::data::stored::Budget;
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
/// Recognised are the official files of CIFAR-10 and CIFAR-100 (binary and python versions), STL-10 (binary version),
/// TinyImageNet-200, also as people rearrange it, CUB-200-2011, Stanford Dogs, MIT-67 and Stanford-40, unpacked or as the
/// archives that they come in, side by side in a folder, and folders of images with one folder per class, also inside `train`,
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
        Self::recognise(with_masks_beside(path, Files::open(path, stop)?, stop)?)
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
        let (files, Set { folder, format }) = match Format::find(&files) {
            Ok(set) if !set.lacks_pictures(&files) => (files, set),
            found => match archives::found_in(&files) {
                Some(found) => found,
                None => (files, found?),
            },
        };
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
        self.load_part(split, &Loading::stretched(size))
    }

    /// Loads one part.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_part(&self, split: Split, loading: &Loading) -> Result<Dataset> {
        let budget = Budget::new(loading.memory);
        Ok(self.load_split(split, loading, &budget)?.0)
    }

    fn load_split(&self, split: Split, loading: &Loading, budget: &Budget) -> Result<(Dataset, Option<Vec<usize>>)> {
        let section = match split {
            Split::Train => Section::Train,
            Split::Validation => Section::Validation,
            Split::Test => Section::Test,
        };
        self.load_section(section, loading, budget)?.ok_or_else(|| {
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
        self.load_parts(&Loading { split_seed: seed, ..Loading::stretched(size) })
    }

    /// [`load_splits`](Self::load_splits), otherwise seen.
    ///
    /// # Errors
    /// One line that names the file at fault.
    pub fn load_parts(&self, loading: &Loading) -> Result<Splits> {
        let budget = Budget::new(loading.memory);
        let (mut train, chosen) = self.load_split(Split::Train, loading, &budget)?;
        let mut validation = self.load_section(Section::Validation, loading, &budget)?.map(|(part, _)| part);
        if let (true, Some(chosen)) = (loading.authors_validation, chosen) {
            let rest: Vec<usize> = (0..train.len()).filter(|place| chosen.binary_search(place).is_err()).collect();
            train.notes.push(format!("{} images held out for validation as the paper's authors have it", chosen.len()));
            validation = Some(train.select(&chosen));
            train = train.select(&rest);
        }
        if let Some((test, _)) = self.load_section(Section::Test, loading, &budget)? {
            return Ok(Splits { train, validation, test: Some(test), held_out: Vec::new() });
        }
        let (mut rest, mut test) = train.stratified_split(TEST_FRACTION, loading.split_seed);
        let note = format!("no test part: {} of {} images held out by the split seed", test.len(), train.len());
        rest.notes.push(note.clone());
        test.notes.push(note);
        Ok(match test.is_empty() {
            true => Splits { train, validation, test: None, held_out: Vec::new() },
            false => Splits { train: rest, validation, held_out: test.class_counts(), test: Some(test) },
        })
    }

    fn load_section(
        &self,
        section: Section,
        loading: &Loading,
        budget: &Budget,
    ) -> Result<Option<(Dataset, Option<Vec<usize>>)>> {
        self.files.stop().check()?;
        let Some(mut part) = self.format.read(&self.files, section)? else { return Ok(None) };
        if section == Section::Train {
            part.notes.splice(0..0, self.notes());
        }
        let seen = if loading.cropped { Seen::Cropped(loading.size) } else { Seen::Stretched(loading.size) };
        part.into_dataset(&self.name(), &self.files, seen, budget).map(Some)
    }
}

/// How the images of a data set are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loading {
    /// Rows and columns that they are seen at.
    pub size: usize,
    /// Whether the middle of each is seen, and parts of it in training, in its own shape: the files are then read as they are
    /// needed. Otherwise the whole of it is, whatever its shape.
    pub cropped: bool,
    /// Bytes of decoded pictures that are kept, besides the batches under way.
    pub memory: u64,
    /// Chooses what is held out where there is no test part.
    pub split_seed: Seed,
    /// Whether the images that the paper's authors chose the best epoch on are held out where that is known.
    pub authors_validation: bool,
}

impl Loading {
    /// Whole images, resized to `size` × `size`.
    pub fn stretched(size: usize) -> Self {
        Self { size, cropped: false, memory: 1 << 30, split_seed: Seed(0), authors_validation: false }
    }

    /// Parts of images, `size` × `size`.
    pub fn cropped(size: usize) -> Self {
        Self { cropped: true, ..Self::stretched(size) }
    }
}

/// CUB's folder with the masks that were unpacked, or lie packed, beside it.
#[cfg(not(target_family = "wasm"))]
fn with_masks_beside(path: &Path, files: Files, stop: &Stop) -> Result<Files> {
    if !cub200::detect(&files, "") || !files.below(cub200::MASKS).is_empty() || files.are_packed() {
        return Ok(files);
    }
    let Some(parent) = path.canonicalize().ok().and_then(|path| Some(path.parent()?.to_path_buf())) else {
        return Ok(files);
    };
    let places = [("", cub200::MASKS), (".tgz", ""), (".tar.gz", ""), (".tar", ""), (".zip", "")];
    for (ending, place) in places {
        let beside = parent.join(format!("{}{ending}", cub200::MASKS));
        if beside.exists() {
            let place = place.to_string();
            return Ok(
                Files::together(path, vec![(String::new(), files), (place, Files::open(&beside, stop)?)]).until(stop)
            );
        }
    }
    Ok(files)
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
