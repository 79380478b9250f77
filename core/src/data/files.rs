//! Named bytes: the files of a folder, of a zip archive, or handed over in memory, seen through one interface.
//!
//! Names are relative, with `/` between their parts, and sorted, so that a data set comes out the same whichever way
//! it was stored and whatever order the file system lists it in.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zip::ZipArchive;

use crate::archive::{self, Limit};
use crate::data::leftovers::Leftovers;
use crate::data::sniff::{Kind, SNIFFED_BYTES, sniff};
#[cfg(not(target_family = "wasm"))]
use crate::data::{gzip, tarball, walk};
use crate::error::{Error, Result};
use crate::stop::Stop;

/// Bounds on what is read, so that a hostile or mistaken input ends in a message and not in a full memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Files and folders together. ImageNet has two million with its boxes, all 21,000 classes of it fourteen.
    pub entries: usize,
    /// One file, unpacked.
    pub file_bytes: u64,
    /// All files of an archive together, unpacked: they are read one at a time. ImageNet has 160 GB.
    pub total_bytes: u64,
    /// Unpacked bytes per packed byte in an archive. Photographs have 1, text about 5.
    pub ratio: u64,
    /// Up to this many unpacked bytes any ratio is fine: small drawings pack very well.
    pub ratio_free_bytes: u64,
}

pub(super) const LIMITS: Limits =
    Limits { entries: 20_000_000, file_bytes: 1 << 30, total_bytes: 2 << 40, ratio: 100, ratio_free_bytes: 64 << 20 };

/// What an archive is read from.
pub(super) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// Where the bytes are. The keys are whole names, with the prefix of [`Files`].
enum Store {
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
}

/// What lies in a folder or an archive, by name, as it is found.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub names: Vec<String>,
    /// Also those without a file in them; the folders that names lie in need not be here.
    pub folders: BTreeSet<String>,
    pub leftovers: Leftovers,
    /// What else was left out.
    pub notes: Vec<String>,
}

/// The files of one folder or archive.
pub(super) struct Files {
    /// The folder or archive as the user would write it.
    root: PathBuf,
    /// What names are relative to, inside the store: empty, or a folder with its `/`.
    prefix: String,
    names: Vec<String>,
    folders: Vec<String>,
    notes: Vec<String>,
    store: Store,
    watch: Option<Watch>,
    stop: Stop,
}

/// Hears how many images of a part were read, and of how many.
pub(super) type Watch = std::sync::Arc<dyn Fn(usize, usize) + Send + Sync>;

impl Files {
    /// The same files, with somebody to hear of progress.
    pub(super) fn watched(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// The same files, which are read until `stop` is asked for.
    pub(super) fn until(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// What ends their reading.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Tells whoever listens that `done` of `of` images were read.
    pub(super) fn tell(&self, done: usize, of: usize) {
        if let Some(watch) = &self.watch {
            watch(done, of);
        }
    }

    /// The folder, archive or single file at `path`.
    ///
    /// # Errors
    /// If it is missing, unreadable, or an archive that is broken, not read or beyond [`LIMITS`]; [`Error::Stopped`].
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn open(path: &Path, stop: &Stop) -> Result<Self> {
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
    pub(super) fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self> {
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

    fn of(root: &Path, listing: Listing, store: Store) -> Self {
        let Listing { mut names, mut folders, leftovers, mut notes } = listing;
        names.sort_unstable();
        names.dedup();
        folders.extend(parents(&names));
        notes.extend(leftovers.note());
        let folders = folders.into_iter().collect();
        Self {
            root: root.into(),
            prefix: String::new(),
            names,
            folders,
            notes,
            store,
            watch: None,
            stop: Stop::default(),
        }
    }

    fn single(path: &Path, bytes: Vec<u8>) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self::of(path, Listing { names: vec![name], ..Listing::default() }, Store::Single(bytes))
    }

    /// Files that are in memory already, as (name, bytes).
    pub(super) fn from_memory(root: &Path, files: Vec<(String, Vec<u8>)>) -> Self {
        let mut listing = Listing::default();
        let files = files.into_iter().map(|(name, bytes)| (without_empty_parts(&name), bytes));
        let files: BTreeMap<_, _> = files.filter(|(name, _)| !listing.leftovers.takes(name, false)).collect();
        listing.names = files.keys().cloned().collect();
        Self::of(root, listing, Store::Memory(files))
    }

    fn from_zip(root: &Path, reader: Box<dyn ReadSeek>, packed_bytes: u64, limits: Limits) -> Result<Self> {
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

    /// What the user called the whole.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// How messages call the file or folder `name` (`""` for the top).
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        let inside = format!("{}{name}", self.prefix);
        match inside.trim_end_matches('/') {
            _ if matches!(self.store, Store::Single(_)) => self.root.clone(),
            "" => self.root.clone(),
            inside => self.root.join(inside),
        }
    }

    /// All names below `folder` (`""` for everything), at any depth, sorted.
    pub(super) fn below(&self, folder: &str) -> &[String] {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start = self.names.partition_point(|name| *name < prefix);
        let count = self.names[start..].partition_point(|name| name.starts_with(&prefix));
        &self.names[start..start + count]
    }

    /// Names of the files directly in `folder` (`""` for the top), sorted, without the folder.
    pub(super) fn files_in(&self, folder: &str) -> impl Iterator<Item = &str> {
        let start = if folder.is_empty() { 0 } else { folder.len() + 1 };
        self.below(folder).iter().map(move |name| &name[start..]).filter(|name| !name.contains('/'))
    }

    /// Names of the folders directly in `folder` (`""` for the top), sorted, without the folder.
    pub(super) fn folders_in(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start = self.folders.partition_point(|name| *name < prefix);
        let children = self.folders[start..].iter().map_while(move |name| name.strip_prefix(&prefix));
        children.filter(|name| !name.contains('/'))
    }

    /// What was left out of the listing, for whoever reads about the data set.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether the files lie in an archive, where one that cannot be read is a damaged one.
    pub(super) fn are_packed(&self) -> bool {
        match self.store {
            #[cfg(not(target_family = "wasm"))]
            Store::Tar(_) => true,
            Store::Zip { .. } => true,
            _ => false,
        }
    }

    /// Whether there is a file of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.binary_search_by(|other| other.as_str().cmp(name)).is_ok()
    }

    /// The same files seen from inside `folder`; what lies outside is left out.
    pub(super) fn enter(mut self, folder: &str) -> Self {
        let inside = format!("{folder}/");
        let strip = |names: Vec<String>| -> Vec<String> {
            names.iter().filter_map(|name| name.strip_prefix(&inside)).map(String::from).collect()
        };
        self.names = strip(self.names);
        self.folders = strip(self.folders);
        self.prefix.push_str(&inside);
        self
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// If it is missing, unreadable, larger than 1 GiB, or damaged in its archive.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.path_of(name);
        let stored = format!("{}{name}", self.prefix);
        match &self.store {
            #[cfg(not(target_family = "wasm"))]
            Store::Folder => read_whole(&path, LIMITS.file_bytes),
            Store::Memory(files) => files.get(&stored).cloned().ok_or_else(|| Error::file(path, MISSING)),
            Store::Single(bytes) if self.has(name) => Ok(bytes.clone()),
            Store::Single(_) => Err(Error::file(path.join(name), MISSING)),
            #[cfg(not(target_family = "wasm"))]
            Store::Tar(tarball) => {
                let bytes = tarball.read(&stored, LIMITS.file_bytes).ok_or_else(|| Error::file(&path, MISSING))?;
                bytes.map_err(|reason| Error::file(path, reason))
            }
            Store::Zip { archive, index } => {
                let number = *index.get(&stored).ok_or_else(|| Error::file(&path, MISSING))?;
                // A panic elsewhere leaves nothing half-done in here: every read seeks first.
                let mut zip = archive.lock().unwrap_or_else(PoisonError::into_inner);
                archive::unpack(&mut zip, number, FILE).map_err(|reason| Error::file(path, reason))
            }
        }
    }

    /// As many first bytes of a file as [`sniff`] can make use of; none where it cannot be read.
    pub(super) fn start(&self, name: &str) -> Vec<u8> {
        let stored = format!("{}{name}", self.prefix);
        let first = |bytes: &[u8]| bytes[..bytes.len().min(SNIFFED_BYTES)].to_vec();
        match &self.store {
            #[cfg(not(target_family = "wasm"))]
            Store::Folder => {
                let mut start = Vec::new();
                let read = std::fs::File::open(self.path_of(name));
                let read = read.and_then(|file| file.take(SNIFFED_BYTES as u64).read_to_end(&mut start));
                read.map(|_| start).unwrap_or_default()
            }
            #[cfg(not(target_family = "wasm"))]
            Store::Tar(tarball) => tarball.start(&stored, SNIFFED_BYTES as u64),
            Store::Memory(files) => files.get(&stored).map(|bytes| first(bytes)).unwrap_or_default(),
            Store::Single(bytes) => first(bytes),
            Store::Zip { archive, index } => {
                let Some(number) = index.get(&stored) else { return Vec::new() };
                let mut zip = archive.lock().unwrap_or_else(PoisonError::into_inner);
                archive::unpack_start(&mut zip, *number, SNIFFED_BYTES as u64)
            }
        }
    }

    /// The lines of a text file that hold anything, without the space around them.
    ///
    /// # Errors
    /// As [`read`](Self::read), or if it is not UTF-8.
    pub(super) fn lines(&self, name: &str) -> Result<Vec<String>> {
        let text = String::from_utf8(self.read(name)?);
        let text = text.map_err(|_| Error::file(self.path_of(name), "is not UTF-8 text"))?;
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(lines.map(String::from).collect())
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

/// The name of what is called `name` in `folder` (`""` for the top).
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.into() } else { format!("{folder}/{name}") }
}

/// What is said of what is not there.
pub(super) const MISSING: &str = "no such file or folder";

/// An error of the file system in words.
#[cfg(not(target_family = "wasm"))]
pub(super) fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => MISSING.into(),
        std::io::ErrorKind::PermissionDenied => "may not be read (permission denied)".into(),
        _ => error.to_string(),
    }
}

#[cfg(not(target_family = "wasm"))]
fn read_whole(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(|error| Error::file(path, io_reason(&error)))?;
    read_at_most(file, limit).map_err(|reason| Error::file(path, reason))
}

#[cfg(not(target_family = "wasm"))]
fn read_at_most(file: impl Read, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| io_reason(&error))?;
    if bytes.len() as u64 > limit { Err(Limit { bytes: limit, ..FILE }.words()) } else { Ok(bytes) }
}

/// What is said of a file that is too large, in an archive or not.
pub(super) const FILE: Limit = Limit { bytes: LIMITS.file_bytes, of: "a file of a data set" };

/// Refuses to unpack what no data set is.
///
/// # Errors
/// In words.
pub(super) fn check_unpacked(unpacked: u64, packed: u64, limits: Limits) -> Result<(), String> {
    if unpacked > limits.total_bytes {
        return Err(format!("would unpack to {unpacked} bytes, more than {} are refused", limits.total_bytes));
    }
    if unpacked > limits.ratio_free_bytes && unpacked / packed.max(1) > limits.ratio {
        return Err(format!("would unpack from {packed} to {unpacked} bytes, as no pictures do"));
    }
    Ok(())
}

/// What is said of an archive with such a name in it.
pub(super) fn leads_out(name: &str) -> String {
    format!("holds {name:?}, a name that leads out of the archive")
}

/// The name with single `/` between its parts, or `None` if it is absolute or climbs with `..`.
pub(super) fn safe_name(name: &str) -> Option<String> {
    // Some archives made on Windows hold backslashes.
    let name = name.replace('\\', "/");
    let drive = name.as_bytes().get(1) == Some(&b':');
    if drive || name.starts_with('/') || name.contains('\0') || name.split('/').any(|part| part == "..") {
        return None;
    }
    Some(without_empty_parts(&name))
}

/// The name with single `/` between its parts: every folder has a name.
fn without_empty_parts(name: &str) -> String {
    let parts: Vec<_> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

/// The name of what was packed with gzip.
#[cfg(not(target_family = "wasm"))]
fn without_gz(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) if ending.eq_ignore_ascii_case("gz") => stem.into(),
        _ => name.into(),
    }
}

/// All folders that the names lie in, sorted.
fn parents(names: &[String]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for name in names {
        for (end, _) in name.rmatch_indices('/') {
            // The folders around one that is known are known.
            if all.contains(&name[..end]) {
                break;
            }
            all.insert(name[..end].to_string());
        }
    }
    all
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
