//! Named bytes: the files of a folder, of a zip archive, or handed over in memory, seen through one interface.
//!
//! Names are relative, with `/` between their parts, and sorted, so that a data set comes out the same whichever way
//! it was stored and whatever order the file system lists it in.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zip::ZipArchive;

use crate::archive::{self, Limit, is_zip};
use crate::error::{Error, Result};

/// Bounds on what is read, so that a hostile or mistaken input ends in a message and not in a full memory.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Files and folders together.
    entries: usize,
    /// One file, unpacked.
    file_bytes: u64,
    /// All files of a zip together, unpacked.
    total_bytes: u64,
    /// Unpacked bytes per packed byte in a zip. Photographs have 1, text about 5.
    ratio: u64,
    /// Up to this many unpacked bytes any ratio is fine: small drawings pack very well.
    ratio_free_bytes: u64,
}

const LIMITS: Limits =
    Limits { entries: 2_000_000, file_bytes: 1 << 30, total_bytes: 8 << 30, ratio: 100, ratio_free_bytes: 64 << 20 };

/// What a zip is read from.
trait ReadSeek: Read + Seek + Send {}
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
    Memory(BTreeMap<String, Vec<u8>>),
    /// One file, which is the root itself.
    Single(Vec<u8>),
}

/// The files of one folder or archive.
pub(super) struct Files {
    /// The folder or archive as the user would write it.
    root: PathBuf,
    /// What names are relative to, inside the store: empty, or a folder with its `/`.
    prefix: String,
    names: Vec<String>,
    folders: Vec<String>,
    store: Store,
    watch: Option<Watch>,
}

/// Hears how many images of a part were read, and of how many.
pub(super) type Watch = std::sync::Arc<dyn Fn(usize, usize) + Send + Sync>;

impl Files {
    /// The same files, with somebody to hear of progress.
    pub(super) fn watched(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Tells whoever listens that `done` of `of` images were read.
    pub(super) fn tell(&self, done: usize, of: usize) {
        if let Some(watch) = &self.watch {
            watch(done, of);
        }
    }

    /// The folder, zip archive or single file at `path`.
    ///
    /// # Errors
    /// If it is missing, unreadable, or an archive that is broken or goes beyond [`LIMITS`].
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn open(path: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(|error| Error::file(path, io_reason(&error)))?;
        if metadata.is_dir() {
            let (names, folders) = walk(path, LIMITS)?;
            return Ok(Self {
                root: path.into(),
                prefix: String::new(),
                names,
                folders,
                store: Store::Folder,
                watch: None,
            });
        }
        if !metadata.is_file() {
            return Err(Error::file(path, "is neither a file nor a folder"));
        }
        let mut start = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| Error::file(path, io_reason(&error)))?;
        let read = (&file).take(4).read_to_end(&mut start);
        read.map_err(|error| Error::file(path, io_reason(&error)))?;
        if is_zip(&start) {
            return Self::from_zip(path, Box::new(std::io::BufReader::new(file)), metadata.len(), LIMITS);
        }
        refuse_other_archives(path, &start)?;
        Ok(Self::single(path, read_whole(path, LIMITS.file_bytes)?))
    }

    /// A zip archive, or a single data file, that was read or dropped as bytes; `name` is its file name.
    ///
    /// # Errors
    /// If it is an archive that is broken or goes beyond [`LIMITS`].
    pub(super) fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self> {
        if is_zip(&bytes) {
            let packed = bytes.len() as u64;
            return Self::from_zip(Path::new(name), Box::new(Cursor::new(bytes)), packed, LIMITS);
        }
        refuse_other_archives(Path::new(name), &bytes)?;
        Ok(Self::single(Path::new(name), bytes))
    }

    fn single(path: &Path, bytes: Vec<u8>) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (names, folders) = (vec![name], Vec::new());
        Self { root: path.into(), prefix: String::new(), names, folders, store: Store::Single(bytes), watch: None }
    }

    /// Files that are in memory already, as (name, bytes).
    pub(super) fn from_memory(root: &Path, files: Vec<(String, Vec<u8>)>) -> Self {
        let files: BTreeMap<_, _> = files.into_iter().collect();
        let names: Vec<_> = files.keys().cloned().collect();
        let folders = parents(&names);
        Self { root: root.into(), prefix: String::new(), names, folders, store: Store::Memory(files), watch: None }
    }

    fn from_zip(root: &Path, reader: Box<dyn ReadSeek>, packed_bytes: u64, limits: Limits) -> Result<Self> {
        let broken = |error: &dyn std::fmt::Display| Error::file(root, format!("not a readable zip archive: {error}"));
        let archive = archive::open(reader).map_err(|error| broken(&error))?;
        if archive.len() > limits.entries {
            return Err(Error::file(root, format!("holds more than {} files", limits.entries)));
        }
        let (mut index, mut folders, mut unpacked_bytes) = (BTreeMap::new(), BTreeSet::new(), 0u64);
        for number in 0..archive.len() {
            let entry = archive.by_index_data(number).map_err(|error| broken(&error))?;
            let name = entry.name().map_err(|error| broken(&error))?;
            let Some(name) = safe_name(&name) else {
                return Err(Error::file(root, format!("holds {name:?}, a name that leads out of the archive")));
            };
            unpacked_bytes = unpacked_bytes.saturating_add(entry.size());
            if is_hidden(&name) || name.is_empty() {
                continue;
            }
            if entry.is_dir() {
                folders.insert(name);
            } else {
                index.insert(name, number);
            }
        }
        check_unpacked(root, unpacked_bytes, packed_bytes, limits)?;
        let names: Vec<_> = index.keys().cloned().collect();
        folders.extend(parents(&names));
        let folders = folders.into_iter().collect();
        let store = Store::Zip { archive: Mutex::new(archive), index };
        Ok(Self { root: root.into(), prefix: String::new(), names, folders, store, watch: None })
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
        let children = self.folders.iter().filter_map(move |name| name.strip_prefix(&prefix));
        children.filter(|name| !name.contains('/'))
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
            Store::Zip { archive, index } => {
                let number = *index.get(&stored).ok_or_else(|| Error::file(&path, MISSING))?;
                // A panic elsewhere leaves nothing half-done in here: every read seeks first.
                let mut zip = archive.lock().unwrap_or_else(PoisonError::into_inner);
                archive::unpack(&mut zip, number, FILE).map_err(|reason| Error::file(path, reason))
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

const MISSING: &str = "no such file or folder";

#[cfg(not(target_family = "wasm"))]
fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => MISSING.into(),
        std::io::ErrorKind::PermissionDenied => "may not be read (permission denied)".into(),
        _ => error.to_string(),
    }
}

#[cfg(not(target_family = "wasm"))]
fn read_whole(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(|error| Error::file(path, io_reason(&error)))?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| Error::file(path, io_reason(&error)))?;
    if bytes.len() as u64 > limit { Err(Error::file(path, Limit { bytes: limit, ..FILE }.words())) } else { Ok(bytes) }
}

/// What is said of a file that is too large, in an archive or not.
const FILE: Limit = Limit { bytes: LIMITS.file_bytes, of: "a file of a data set" };

fn check_unpacked(root: &Path, unpacked: u64, packed: u64, limits: Limits) -> Result<()> {
    if unpacked > limits.total_bytes {
        let reason = format!("would unpack to {unpacked} bytes, more than {} are refused", limits.total_bytes);
        return Err(Error::file(root, reason));
    }
    if unpacked > limits.ratio_free_bytes && unpacked / packed.max(1) > limits.ratio {
        let reason = format!("would unpack from {packed} to {unpacked} bytes, as no pictures do");
        return Err(Error::file(root, reason));
    }
    Ok(())
}

fn refuse_other_archives(path: &Path, bytes: &[u8]) -> Result<()> {
    if bytes.starts_with(b"\x1f\x8b") {
        return Err(Error::file(path, "is a gzip archive: unpack it first and give its folder"));
    }
    Ok(())
}

/// The name with single `/` between its parts, or `None` if it is absolute or climbs with `..`.
fn safe_name(name: &str) -> Option<String> {
    // Some archives made on Windows hold backslashes.
    let name = name.replace('\\', "/");
    let drive = name.as_bytes().get(1) == Some(&b':');
    if drive || name.starts_with('/') || name.contains('\0') || name.split('/').any(|part| part == "..") {
        return None;
    }
    let parts: Vec<_> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    Some(parts.join("/"))
}

/// Whether some part of the name is one that operating systems leave behind, such as `.DS_Store` or `__MACOSX`.
fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX" || part == "Thumbs.db")
}

/// All folders that the names lie in, sorted.
fn parents(names: &[String]) -> Vec<String> {
    let slashes = names.iter().flat_map(|name| name.match_indices('/').map(|(end, _)| name[..end].to_string()));
    slashes.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Folders deeper than this are not looked into; no data set's are, and a link to a parent would never end.
#[cfg(not(target_family = "wasm"))]
const MAX_DEPTH: usize = 8;

/// The sorted names of all files and of all folders below `root`.
#[cfg(not(target_family = "wasm"))]
fn walk(root: &Path, limits: Limits) -> Result<(Vec<String>, Vec<String>)> {
    let (mut names, mut folders, mut open) = (Vec::new(), Vec::new(), vec![(String::new(), 1)]);
    while let Some((folder, depth)) = open.pop() {
        let path = root.join(&folder);
        let failed = |error: std::io::Error| Error::file(&path, io_reason(&error));
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(Error::file(entry.path(), "has a name that is not UTF-8"));
            };
            if is_hidden(&name) {
                continue;
            }
            let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let mut kind = entry.file_type().map_err(failed)?;
            if kind.is_symlink() {
                let target = std::fs::metadata(entry.path());
                kind = target.map_err(|error| Error::file(entry.path(), io_reason(&error)))?.file_type();
            }
            if kind.is_file() {
                names.push(name);
            } else if kind.is_dir() {
                if depth < MAX_DEPTH {
                    open.push((name.clone(), depth + 1));
                }
                folders.push(name);
            }
            if names.len() + folders.len() > limits.entries {
                return Err(Error::file(root, format!("holds more than {} files", limits.entries)));
            }
        }
    }
    names.sort_unstable();
    folders.sort_unstable();
    Ok((names, folders))
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
