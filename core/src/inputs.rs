//! The files that a run reads: those that were handed over in memory, and on a desktop those on disk.
//!
//! An experiment names its pictures and weights by path. Where a file of that name was handed over (dropped on a page,
//! fetched from a server), its bytes are read; otherwise the path is one of this machine, which a page does not have.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::DataSource;
use crate::embedded;
use crate::error::{Error, Result};
use crate::network::weights::WeightMap;
use crate::source::read_weights;
use crate::stop::Stop;

/// One file or several that belong together, as (name, bytes).
type Handed = Arc<Vec<(String, Vec<u8>)>>;

/// Files in memory by the name that an experiment has for them. Clones share the bytes.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    handed: BTreeMap<String, Handed>,
    /// See [`begun_in`](Self::begun_in).
    folder: Option<String>,
    stop: Stop,
}

impl Inputs {
    /// The files of an experiment that was begun in `folder`: relative paths that lead nowhere are tried from there.
    pub fn begun_in(folder: Option<String>) -> Self {
        Self { folder, ..Self::default() }
    }

    /// The same files for an experiment that was begun in `folder`.
    #[must_use]
    pub fn from_folder(self, folder: Option<String>) -> Self {
        Self { folder, ..self }
    }

    /// The same files, which are read until `stop` is asked for.
    #[must_use]
    pub fn until(self, stop: &Stop) -> Self {
        Self { stop: stop.clone(), ..self }
    }

    /// What ends their reading.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Where the experiment was begun, if that is known.
    pub fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    /// Hands over a file.
    pub fn insert(&mut self, name: impl Into<String>, bytes: Vec<u8>) {
        let name = name.into();
        self.handed.insert(name.clone(), Arc::new(vec![(name, bytes)]));
    }

    /// Hands over files that belong together, such as `data_batch_1.bin` and `test_batch.bin`, under one name.
    pub fn insert_all(&mut self, name: impl Into<String>, files: Vec<(String, Vec<u8>)>) {
        self.handed.insert(name.into(), Arc::new(files));
    }

    /// Takes everything that `other` has.
    pub fn extend(&mut self, other: &Self) {
        self.handed.extend(other.handed.iter().map(|(name, files)| (name.clone(), files.clone())));
    }

    /// Whether there is a file of this name.
    pub fn has(&self, name: &str) -> bool {
        self.handed.contains_key(name)
    }

    /// All files, as (name, files that belong together).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[(String, Vec<u8>)])> {
        self.handed.iter().map(|(name, files)| (name.as_str(), &files[..]))
    }

    /// The data set called `path`.
    ///
    /// # Errors
    /// Where it is missing or nothing known; names `path`.
    pub fn data(&self, path: &str) -> Result<DataSource> {
        let found = match self.handed.get(path).map(|files| &files[..]) {
            Some([(name, bytes)]) => DataSource::from_bytes(name, bytes.clone()),
            Some(files) => DataSource::from_files(files.to_vec()),
            None => self.data_elsewhere(path),
        };
        found.map(|source| source.until(&self.stop))
    }

    /// The bytes of the file called `path`, or of `within` it where it is a folder.
    ///
    /// # Errors
    /// Where it cannot be read; names it.
    pub fn bytes(&self, path: &str, within: &str) -> Result<Vec<u8>> {
        self.stop.check()?;
        match self.handed.get(path).and_then(|files| files.first()) {
            Some((_, bytes)) => Ok(bytes.clone()),
            None => self.bytes_elsewhere(path, within),
        }
    }

    /// The weights called `from`; those that the program carries or makes need no file, see [`read_weights`].
    ///
    /// # Errors
    /// Where they are missing or of no known format; names `from`.
    pub fn weights(&self, from: &str) -> Result<WeightMap> {
        self.stop.check()?;
        let carried = embedded::file(from)?;
        match (self.handed.get(carried.unwrap_or(from)).map(|files| &files[..]), carried) {
            (Some([(_, bytes), ..]), Some(_)) => WeightMap::from_safetensors(from, bytes),
            (Some([(_, bytes), ..]), None) => WeightMap::from_bytes(from, bytes),
            _ => self.weights_elsewhere(from),
        }
    }
}

/// What lies on disk.
#[cfg(not(target_family = "wasm"))]
impl Inputs {
    /// The bytes of the file called `path`, or of `within` it where it is a folder.
    fn bytes_elsewhere(&self, path: &str, within: &str) -> Result<Vec<u8>> {
        let place = self.place(path);
        let place = if place.is_dir() { place.join(within) } else { place };
        std::fs::read(&place).map_err(|error| explained(path, Error::file(&place, error)))
    }

    fn data_elsewhere(&self, path: &str) -> Result<DataSource> {
        DataSource::open_until(&self.place(path), &self.stop).map_err(|error| explained(path, error))
    }

    fn weights_elsewhere(&self, from: &str) -> Result<WeightMap> {
        let place = self.place(from);
        read_weights(place.to_str().unwrap_or(from)).map_err(|error| explained(from, error))
    }

    /// Where `path` is: as it is written, or else from where the experiment was begun.
    fn place(&self, path: &str) -> std::path::PathBuf {
        let given = crate::home::at_home(path);
        match &self.folder {
            Some(folder) if given.is_relative() && !given.exists() => {
                let there = std::path::Path::new(folder).join(&given);
                if there.exists() { there } else { given }
            }
            _ => given,
        }
    }
}

/// The same error with what is likely where `path` has characters that nobody types.
#[cfg(not(target_family = "wasm"))]
fn explained(path: &str, error: Error) -> Error {
    match error {
        Error::File { path: place, reason } if path.contains(char::is_control) => {
            let hint = "a \\ in double quotes begins an escape: single quotes keep it";
            Error::file(place, format!("{reason}; {hint}"))
        }
        other => other,
    }
}

/// A page has no disk.
#[cfg(target_family = "wasm")]
impl Inputs {
    fn bytes_elsewhere(&self, path: &str, _: &str) -> Result<Vec<u8>> {
        Err(Error::file(path, "a page has no files of its own: open that run here, and choose its φ under Learning φ"))
    }

    fn data_elsewhere(&self, path: &str) -> Result<DataSource> {
        Err(Error::file(path, "a page has no files of its own: drop the pictures on it"))
    }

    fn weights_elsewhere(&self, from: &str) -> Result<WeightMap> {
        read_weights(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_over_comes_before_what_lies_on_disk() {
        let mut inputs = Inputs::default();
        let weights = read_weights("embedded").unwrap();
        inputs.insert("gone.safetensors", weights.to_safetensors());
        assert!(inputs.weights("gone.safetensors").is_ok_and(|read| read.names().eq(weights.names())));
        assert!(Inputs::default().weights("gone.safetensors").is_err());
        assert!(inputs.weights("embedded:textures-resnet20").is_ok(), "what is carried needs no file");

        let record = |label: u8| [vec![label], vec![7; 3072]].concat();
        let batch = |labels: &[u8]| labels.iter().flat_map(|label| record(*label)).collect::<Vec<u8>>();
        inputs.insert_all(
            "dropped files",
            vec![("data_batch_1.bin".into(), batch(&[0, 1, 2])), ("test_batch.bin".into(), batch(&[4]))],
        );
        let splits = inputs.data("dropped files").unwrap().load_splits(32, crate::seed::Seed(0)).unwrap();
        assert_eq!((splits.train.len(), splits.test.map(|test| test.len())), (3, Some(1)));
        let missing = Inputs::default().data("dropped files").map(drop).unwrap_err().to_string();
        assert!(missing.starts_with("dropped files"), "{missing}");
    }

    #[test]
    fn a_relative_path_is_found_from_where_the_run_was_begun() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.safetensors"), read_weights("embedded").unwrap().to_safetensors())
            .unwrap();
        let begun = Inputs::begun_in(folder.path().to_str().map(String::from));
        assert!(begun.weights("own.safetensors").is_ok());
        assert!(begun.weights("embedded").is_ok() && begun.weights("untrained-resnet8").is_ok());
        assert!(Inputs::default().weights("own.safetensors").is_err());
        let missing = begun.weights("gone.safetensors").unwrap_err().to_string();
        assert!(missing.starts_with("gone.safetensors: "), "as it was written: {missing}");
    }

    #[test]
    fn a_path_with_a_tab_is_explained() {
        let error = Inputs::default().data("C:\temp\new").map(drop).unwrap_err().to_string();
        assert!(error.starts_with(r"C:\temp\new: ") && error.ends_with("single quotes keep it"), "{error}");
        assert!(!error.contains(char::is_control));
    }
}
