//! Folders, archives and bytes, opened to be read by name.

use std::collections::BTreeMap;
use std::io::Cursor;
#[cfg(not(target_family = "wasm"))]
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Mutex;

use crate::archive;
#[cfg(not(target_family = "wasm"))]
use crate::data::files::limits::read_at_most;
#[cfg(not(target_family = "wasm"))]
use crate::data::files::names::without_gz;
use crate::data::files::names::{leads_out, safe_name, without_empty_parts};
use crate::data::files::store::{ReadSeek, Store};
#[cfg(not(target_family = "wasm"))]
use crate::data::files::store::{io_reason, read_whole};
use crate::data::files::{Files, LIMITS, Limits, Listing, check_unpacked};
#[cfg(not(target_family = "wasm"))]
use crate::data::files::{gzip, tarball, walk};
use crate::data::kind::Kind;
#[cfg(not(target_family = "wasm"))]
use crate::data::sniff::SNIFFED_BYTES;
use crate::data::sniff::sniff;
use crate::error::{Error, Result};
#[cfg(not(target_family = "wasm"))]
use crate::stop::Stop;

impl Files {
    /// The folder, archive or single file at `path`.
    ///
    /// # Errors
    /// If it is missing, unreadable, or an archive that is broken, not read or beyond [`LIMITS`]; [`Error::Stopped`].
    #[cfg(not(target_family = "wasm"))]
    pub(in crate::data) fn open(path: &Path, stop: &Stop) -> Result<Self> {
        let opened = Self::find(path, stop);
        // Whatever it was that ended the search.
        stop.check()?;
        opened.map(|files| files.until(stop))
    }

    #[cfg(not(target_family = "wasm"))]
    fn find(path: &Path, stop: &Stop) -> Result<Self> {
        let failed = |error: std::io::Error| Error::file(path, io_reason(&error));
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Ok(Self::of(path, walk::walk(path, LIMITS, stop)?, Store::Folder));
        }
        if !metadata.is_file() {
            return Err(Error::file(path, "is neither a file nor a folder"));
        }
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let mut start = Vec::new();
        (&file).take(SNIFFED_BYTES as u64).read_to_end(&mut start).map_err(failed)?;
        file.rewind().map_err(failed)?;
        if let Some(kind) = sniff(&start).filter(|kind| kind.is_archive()) {
            let reader = Box::new(std::io::BufReader::new(Until { file, stop: stop.clone() }));
            return Self::from_archive(path, kind, reader, metadata.len());
        }
        Ok(Self::single(path, read_whole(path, LIMITS.file_bytes)?))
    }

    /// An archive, or a single data file, that was read or dropped as bytes; `name` is its file name.
    ///
    /// # Errors
    /// If it is an archive that is broken, not read or beyond [`LIMITS`].
    pub(in crate::data) fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self> {
        match sniff(&bytes).filter(|kind| kind.is_archive()) {
            Some(kind) => {
                let packed = bytes.len() as u64;
                Self::from_archive(Path::new(name), kind, Box::new(Cursor::new(bytes)), packed)
            }
            None => Ok(Self::single(Path::new(name), bytes)),
        }
    }

    fn from_archive(path: &Path, kind: Kind, reader: Box<dyn ReadSeek>, packed: u64) -> Result<Self> {
        match kind {
            Kind::Zip => Self::from_zip(path, reader, packed, LIMITS),
            #[cfg(not(target_family = "wasm"))]
            Kind::Tar => Self::from_tar(path, reader, LIMITS),
            #[cfg(not(target_family = "wasm"))]
            Kind::Gzip => Self::from_gzip(path, reader, packed, LIMITS),
            other => {
                let page = cfg!(target_family = "wasm");
                let then = if page { "drop its files, or a zip of them" } else { "give its folder" };
                Err(Error::file(path, format!("is {}, which is not read: unpack it first and {then}", other.words())))
            }
        }
    }

    /// What is in a tar archive.
    #[cfg(not(target_family = "wasm"))]
    fn from_tar(path: &Path, reader: Box<dyn ReadSeek>, limits: Limits) -> Result<Self> {
        let (tarball, listing) = tarball::Tarball::open(reader, limits).map_err(|reason| Error::file(path, reason))?;
        Ok(Self::of(path, listing, Store::Tar(tarball)))
    }

    /// What was packed with gzip: a tar archive, or a single file.
    #[cfg(not(target_family = "wasm"))]
    fn from_gzip(path: &Path, packed: impl Read, packed_bytes: u64, limits: Limits) -> Result<Self> {
        let failed = |reason: String| Error::file(path, reason);
        let mut file = gzip::unpack(packed, packed_bytes, limits).map_err(failed)?;
        let in_words = |error: std::io::Error| failed(io_reason(&error));
        let mut start = Vec::new();
        (&file).take(SNIFFED_BYTES as u64).read_to_end(&mut start).map_err(in_words)?;
        file.rewind().map_err(in_words)?;
        match sniff(&start) {
            Some(Kind::Tar) => Self::from_tar(path, Box::new(std::io::BufReader::new(file)), limits),
            _ => {
                let bytes = read_at_most(&file, limits.file_bytes).map_err(failed)?;
                let mut files = Self::single(path, bytes);
                files.names = files.names.iter().map(|name| without_gz(name)).collect();
                Ok(files)
            }
        }
    }

    fn single(path: &Path, bytes: Vec<u8>) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self::of(path, Listing { names: vec![name], ..Listing::default() }, Store::Single(bytes))
    }

    /// Files that are in memory already, as (name, bytes).
    pub(in crate::data) fn from_memory(root: &Path, files: Vec<(String, Vec<u8>)>) -> Self {
        let mut listing = Listing::default();
        let files = files.into_iter().map(|(name, bytes)| (without_empty_parts(&name), bytes));
        let files: BTreeMap<_, _> = files.filter(|(name, _)| !listing.leftovers.takes(name, false)).collect();
        listing.names = files.keys().cloned().collect();
        Self::of(root, listing, Store::Memory(files))
    }

    pub(super) fn from_zip(root: &Path, reader: Box<dyn ReadSeek>, packed_bytes: u64, limits: Limits) -> Result<Self> {
        let broken = |error: &dyn std::fmt::Display| Error::file(root, format!("not a readable zip archive: {error}"));
        let archive = archive::open(reader).map_err(|error| broken(&error))?;
        if archive.len() > limits.entries {
            return Err(Error::file(root, format!("holds more than {} files", limits.entries)));
        }
        let (mut index, mut listing, mut unpacked_bytes) = (BTreeMap::new(), Listing::default(), 0u64);
        for number in 0..archive.len() {
            let entry = archive.by_index_data(number).map_err(|error| broken(&error))?;
            let name = entry.name().map_err(|error| broken(&error))?;
            let name = safe_name(&name).ok_or_else(|| Error::file(root, leads_out(&name)))?;
            unpacked_bytes = unpacked_bytes.saturating_add(entry.size());
            if name.is_empty() || listing.leftovers.takes(&name, entry.is_dir()) {
                continue;
            }
            if entry.is_dir() {
                listing.folders.insert(name);
            } else {
                index.insert(name, number);
            }
        }
        check_unpacked(unpacked_bytes, packed_bytes, limits).map_err(|reason| Error::file(root, reason))?;
        listing.names = index.keys().cloned().collect();
        Ok(Self::of(root, listing, Store::Zip { archive: Mutex::new(archive), index }))
    }

    /// The archive called `name` among these.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(in crate::data) fn open_inside(&self, name: &str) -> Result<Self> {
        #[cfg(not(target_family = "wasm"))]
        if matches!(*self.store, Store::Folder) {
            return Self::open(&self.path_of(name), self.stop());
        }
        Self::from_bytes(name, self.read(name)?)
    }

    /// All of these as one: each `(place, files)` seen from the folder `place` of `root` (`""` for the top). Where two have a
    /// file of one name, it is that of the first.
    pub(in crate::data) fn together(root: &Path, layers: Vec<(String, Self)>) -> Self {
        let mut listing = Listing::default();
        let at = |place: String| if place.is_empty() { place } else { format!("{place}/") };
        let layers: Vec<(String, Self)> = layers.into_iter().map(|(place, files)| (at(place), files)).collect();
        for (place, files) in &layers {
            listing.names.extend(files.names.iter().map(|name| format!("{place}{name}")));
            listing.folders.extend(files.folders.iter().map(|name| format!("{place}{name}")));
            listing.notes.extend(files.notes.iter().cloned());
        }
        Self::of(root, listing, Store::Layers(layers))
    }
}

/// A file that can be read until an end is asked for: archives are unpacked and listed by crates.
#[cfg(not(target_family = "wasm"))]
struct Until {
    file: std::fs::File,
    stop: Stop,
}

#[cfg(not(target_family = "wasm"))]
impl Read for Until {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stop.check().map_err(std::io::Error::other)?;
        self.file.read(buffer)
    }
}

#[cfg(not(target_family = "wasm"))]
impl Seek for Until {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}
