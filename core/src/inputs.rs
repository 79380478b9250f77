//! The files that a run reads: those that were handed over in memory, and on a desktop those on disk.
//!
//! An experiment names its pictures and weights by path. Where a file of that name was handed over (dropped on a page,
//! fetched from a server), its bytes are read; otherwise the path is one of this machine, which a page does not have.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::DataSource;
use crate::embedded;
use crate::error::Result;
use crate::network::weights::WeightMap;
use crate::source::read_weights;

/// One file or several that belong together, as (name, bytes).
type Handed = Arc<Vec<(String, Vec<u8>)>>;

/// Files in memory by the name that an experiment has for them. Clones share the bytes.
#[derive(Debug, Clone, Default)]
pub struct Inputs(BTreeMap<String, Handed>);

impl Inputs {
    /// Hands over a file.
    pub fn insert(&mut self, name: impl Into<String>, bytes: Vec<u8>) {
        let name = name.into();
        self.0.insert(name.clone(), Arc::new(vec![(name, bytes)]));
    }

    /// Hands over files that belong together, such as `data_batch_1.bin` and `test_batch.bin`, under one name.
    pub fn insert_all(&mut self, name: impl Into<String>, files: Vec<(String, Vec<u8>)>) {
        self.0.insert(name.into(), Arc::new(files));
    }

    /// Takes everything that `other` has.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(name, files)| (name.clone(), files.clone())));
    }

    /// Whether there is a file of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// All files, as (name, files that belong together).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[(String, Vec<u8>)])> {
        self.0.iter().map(|(name, files)| (name.as_str(), &files[..]))
    }

    /// The data set called `path`.
    ///
    /// # Errors
    /// Where it is missing or nothing known; names `path`.
    pub fn data(&self, path: &str) -> Result<DataSource> {
        match self.0.get(path).map(|files| &files[..]) {
            Some([(name, bytes)]) => DataSource::from_bytes(name, bytes.clone()),
            Some(files) => DataSource::from_files(files.to_vec()),
            None => elsewhere(path),
        }
    }

    /// The weights called `from`; those that the program carries or makes need no file, see [`read_weights`].
    ///
    /// # Errors
    /// Where they are missing or of no known format; names `from`.
    pub fn weights(&self, from: &str) -> Result<WeightMap> {
        let carried = embedded::file(from)?;
        match (self.0.get(carried.unwrap_or(from)).map(|files| &files[..]), carried) {
            (Some([(_, bytes), ..]), Some(_)) => WeightMap::from_safetensors(from, bytes),
            (Some([(_, bytes), ..]), None) => WeightMap::from_bytes(from, bytes),
            _ => read_weights(from),
        }
    }
}

#[cfg(not(target_family = "wasm"))]
fn elsewhere(path: &str) -> Result<DataSource> {
    DataSource::open(std::path::Path::new(path))
}

#[cfg(target_family = "wasm")]
fn elsewhere(path: &str) -> Result<DataSource> {
    Err(crate::error::Error::file(path, "a page has no files of its own: drop the pictures on it"))
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
}
