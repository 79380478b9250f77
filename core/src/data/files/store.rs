//! Where the bytes of files are.

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use zip::ZipArchive;

use crate::archive;
#[cfg(not(target_family = "wasm"))]
use crate::data::files::limits::{LIMITS, read_at_most};
#[cfg(not(target_family = "wasm"))]
use crate::data::files::tarball;
use crate::data::files::{FILE, Files};
use crate::data::sniff::SNIFFED_BYTES;
use crate::error::{Error, Result};

/// What an archive is read from.
pub(in crate::data) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// Where the bytes are. The keys are whole names, with the prefix of [`Files`].
pub(super) enum Store {
    #[cfg(not(target_family = "wasm"))]
    Folder,
    /// One archive for all threads: unpacking is a small part of decoding an image.
    Zip {
        archive: Mutex<ZipArchive<Box<dyn ReadSeek>>>,
        index: BTreeMap<String, usize>,
    },
    #[cfg(not(target_family = "wasm"))]
    Tar(tarball::Tarball),
    Memory(BTreeMap<String, Vec<u8>>),
    /// One file, which is the root itself.
    Single(Vec<u8>),
    /// Other files, each seen from the folder that it is called by here, empty or with its `/`.
    Layers(Vec<(String, Files)>),
}

impl Store {
    /// The bytes of the file called `stored`, which messages call `path`.
    ///
    /// # Errors
    /// If it is missing, unreadable, larger than 1 GiB, or damaged in its archive.
    pub(super) fn read(&self, stored: &str, path: &Path) -> Result<Vec<u8>> {
        let missing = || Error::file(path, MISSING);
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder => read_whole(path, LIMITS.file_bytes),
            Self::Memory(files) => files.get(stored).cloned().ok_or_else(missing),
            Self::Single(bytes) => Ok(bytes.clone()),
            #[cfg(not(target_family = "wasm"))]
            Self::Tar(tarball) => {
                let bytes = tarball.read(stored, LIMITS.file_bytes).ok_or_else(missing)?;
                bytes.map_err(|reason| Error::file(path, reason))
            }
            Self::Zip { archive, index } => {
                let number = *index.get(stored).ok_or_else(missing)?;
                // A panic elsewhere leaves nothing half-done in here: every read seeks first.
                let mut zip = archive.lock().unwrap_or_else(PoisonError::into_inner);
                archive::unpack(&mut zip, number, FILE).map_err(|reason| Error::file(path, reason))
            }
            Self::Layers(layers) => {
                let (files, name) = layer_of(layers, stored).ok_or_else(missing)?;
                files.read(name)
            }
        }
    }

    /// The first bytes of the file called `stored`; none where it cannot be read.
    #[cfg_attr(
        target_family = "wasm",
        expect(unused_variables, reason = "a page has no folder, whose files go by their path")
    )]
    pub(super) fn start(&self, stored: &str, path: &Path) -> Vec<u8> {
        let first = |bytes: &[u8]| bytes[..bytes.len().min(SNIFFED_BYTES)].to_vec();
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder => {
                let mut start = Vec::new();
                let read = std::fs::File::open(path);
                let read = read.and_then(|file| file.take(SNIFFED_BYTES as u64).read_to_end(&mut start));
                read.map(|_| start).unwrap_or_default()
            }
            #[cfg(not(target_family = "wasm"))]
            Self::Tar(tarball) => tarball.start(stored, SNIFFED_BYTES as u64),
            Self::Memory(files) => files.get(stored).map(|bytes| first(bytes)).unwrap_or_default(),
            Self::Single(bytes) => first(bytes),
            Self::Zip { archive, index } => {
                let Some(number) = index.get(stored) else { return Vec::new() };
                let mut zip = archive.lock().unwrap_or_else(PoisonError::into_inner);
                archive::unpack_start(&mut zip, *number, SNIFFED_BYTES as u64)
            }
            Self::Layers(layers) => layer_of(layers, stored).map(|(files, name)| files.start(name)).unwrap_or_default(),
        }
    }

    /// Whether the files lie in an archive.
    pub(super) fn is_packed(&self) -> bool {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Tar(_) => true,
            Self::Zip { .. } => true,
            Self::Layers(layers) => layers.iter().any(|(_, files)| files.are_packed()),
            _ => false,
        }
    }
}

/// The first of `layers` that has the file called `stored`, and what it is called there.
pub(super) fn layer_of<'a>(layers: &'a [(String, Files)], stored: &'a str) -> Option<(&'a Files, &'a str)> {
    let inside = |(place, files): &'a (String, Files)| Some((files, stored.strip_prefix(place.as_str())?));
    layers.iter().filter_map(inside).find(|(files, name)| files.has(name))
}

/// What is said of what is not there.
pub(in crate::data) const MISSING: &str = "no such file or folder";

/// An error of the file system in words.
#[cfg(not(target_family = "wasm"))]
pub(in crate::data) fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => MISSING.into(),
        std::io::ErrorKind::PermissionDenied => "may not be read (permission denied)".into(),
        _ => error.to_string(),
    }
}

#[cfg(not(target_family = "wasm"))]
pub(super) fn read_whole(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(|error| Error::file(path, io_reason(&error)))?;
    read_at_most(file, limit).map_err(|reason| Error::file(path, reason))
}
