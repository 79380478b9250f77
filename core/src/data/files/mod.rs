//! Named bytes: the files of a folder, of an archive, or handed over in memory, seen through one interface.
//!
//! Names are relative, with `/` between their parts, and sorted, so that a data set comes out the same whichever way
//! it was stored and whatever order the file system lists it in.
//!
//! `opening` (what there is) → `walk`, `tarball`, `gzip` (what lies in a folder or an archive) → `store` (where the bytes are);
//! `limits` and `names` say what is let in.

#[cfg(not(target_family = "wasm"))]
mod gzip;
mod limits;
mod names;
mod opening;
mod store;
#[cfg(not(target_family = "wasm"))]
mod tarball;
#[cfg(not(target_family = "wasm"))]
mod walk;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use limits::{FILE, LIMITS, Limits, check_unpacked};
pub(super) use names::join;
use names::parents;
use store::{MISSING, Store, layer_of};

use crate::data::leftovers::Leftovers;
use crate::error::{Error, Result};
use crate::stop::Stop;

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

/// The files of one folder or archive. Clones read from the same place.
#[derive(Clone)]
pub(super) struct Files {
    /// The folder or archive as the user would write it.
    root: PathBuf,
    /// What names are relative to, inside the store: empty, or a folder with its `/`.
    prefix: String,
    names: Vec<String>,
    folders: Vec<String>,
    notes: Vec<String>,
    store: Arc<Store>,
    watch: Option<Watch>,
    stop: Stop,
}

/// Hears how many images of a part were read, and of how many.
pub(super) type Watch = Arc<dyn Fn(usize, usize) + Send + Sync>;

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

    /// What lies in `store`, as it was listed.
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
            store: Arc::new(store),
            watch: None,
            stop: Stop::default(),
        }
    }

    /// What the user called the whole.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// How messages call the file or folder `name` (`""` for the top).
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        let inside = format!("{}{name}", self.prefix);
        match (&*self.store, inside.trim_end_matches('/')) {
            (Store::Single(_), _) | (_, "") => self.root.clone(),
            (Store::Layers(layers), inside) => match layer_of(layers, inside) {
                Some((files, name)) => files.path_of(name),
                None => self.root.join(inside),
            },
            (_, inside) => self.root.join(inside),
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
        self.store.is_packed()
    }

    /// Whether a file is a link to what is not there.
    pub(super) fn leads_nowhere(&self, name: &str) -> bool {
        let path = self.path_of(name);
        path.is_symlink() && !path.exists()
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
        if matches!(*self.store, Store::Single(_)) && !self.has(name) {
            return Err(Error::file(self.root.join(name), MISSING));
        }
        self.store.read(&format!("{}{name}", self.prefix), &self.path_of(name))
    }

    /// As many first bytes of a file as [`sniff`](crate::data::sniff::sniff) can make use of; none where it cannot be read.
    pub(super) fn start(&self, name: &str) -> Vec<u8> {
        self.store.start(&format!("{}{name}", self.prefix), &self.path_of(name))
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

#[cfg(test)]
mod tests;
