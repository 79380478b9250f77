//! Tar archives: where in them every file lies.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use tar::{Archive, EntryType};

use crate::archive::Limit;
use crate::data::decode::plural;
use crate::data::files::names::{leads_out, safe_name};
use crate::data::files::store::ReadSeek;
use crate::data::files::{FILE, Limits, Listing};

/// The first byte of a file and how many there are.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: u64,
    bytes: u64,
}

/// An archive whose files can be read in any order.
pub(super) struct Tarball {
    reader: Mutex<Box<dyn ReadSeek>>,
    index: BTreeMap<String, Place>,
}

impl Tarball {
    /// Lists an archive.
    ///
    /// # Errors
    /// In words, if it is damaged, cut off or beyond `limits`, or a name leads out of it.
    pub(super) fn open(mut reader: Box<dyn ReadSeek>, limits: Limits) -> Result<(Self, Listing), String> {
        let end = reader.seek(SeekFrom::End(0)).map_err(broken)?;
        reader.rewind().map_err(broken)?;
        let mut archive = Archive::new(reader);
        let (mut index, mut links, mut listing, mut others) = (BTreeMap::new(), Vec::new(), Listing::default(), 0);
        for (number, entry) in archive.entries_with_seek().map_err(broken)?.enumerate() {
            if number >= limits.entries {
                return Err(format!("holds more than {} files", limits.entries));
            }
            let entry = entry.map_err(broken)?;
            let (given, kind) = (text(&entry.path_bytes()), entry.header().entry_type());
            if kind == EntryType::XGlobalHeader {
                continue;
            }
            let name = safe_name(&given).ok_or_else(|| leads_out(&given))?;
            if name.is_empty() || listing.leftovers.takes(&name, kind.is_dir()) {
                continue;
            }
            let place = Place { at: entry.raw_file_position(), bytes: entry.size() };
            match kind {
                EntryType::Directory => drop(listing.folders.insert(name)),
                EntryType::Regular | EntryType::Continuous => {
                    if place.at.checked_add(place.bytes).is_none_or(|last| last > end) {
                        return Err(format!("is cut off within {name}"));
                    }
                    index.insert(name, place);
                }
                EntryType::Link | EntryType::Symlink => {
                    let to = entry.link_name_bytes().map(|bytes| text(&bytes)).unwrap_or_default();
                    links.push((target(&name, &to, kind), name));
                }
                _ => others += 1,
            }
        }
        others += follow(links, &mut index);
        listing.names = index.keys().cloned().collect();
        if others > 0 {
            let what = plural(others, "thing");
            let note = format!("left out {others} {what} in the archive, such as links to nowhere, without contents");
            listing.notes.push(note);
        }
        Ok((Self { reader: Mutex::new(archive.into_inner()), index }, listing))
    }

    /// The bytes of a file, if there is one of this name.
    pub(super) fn read(&self, name: &str, limit: u64) -> Option<Result<Vec<u8>, String>> {
        let place = *self.index.get(name)?;
        if place.bytes > limit {
            return Some(Err(Limit { bytes: limit, ..FILE }.words()));
        }
        Some(self.bytes_at(place).map_err(|error| format!("cannot be unpacked: {error}")))
    }

    /// The first bytes of a file, at most `bytes`; none where it cannot be read.
    pub(super) fn start(&self, name: &str, bytes: u64) -> Vec<u8> {
        let place = self.index.get(name).map(|place| Place { bytes: place.bytes.min(bytes), ..*place });
        place.and_then(|place| self.bytes_at(place).ok()).unwrap_or_default()
    }

    fn bytes_at(&self, place: Place) -> std::io::Result<Vec<u8>> {
        // A panic elsewhere leaves nothing half-done in here: every read seeks first.
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.seek(SeekFrom::Start(place.at))?;
        let mut bytes = Vec::new();
        (&mut *reader).take(place.bytes).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Gives links, as (target, name), the place of the file that they lead to; how many lead to none.
fn follow(links: Vec<(Option<String>, String)>, index: &mut BTreeMap<String, Place>) -> usize {
    let mut lost = 0;
    for (target, name) in links {
        match target.and_then(|target| index.get(&target).copied()) {
            Some(place) => drop(index.insert(name, place)),
            None => lost += 1,
        }
    }
    lost
}

fn broken(error: impl fmt::Display) -> String {
    format!("is not a readable tar archive: {error}")
}

/// A name as text; what is not UTF-8 comes from old systems, whose letters were single bytes.
fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect())
}

/// The file that the link `name` leads to: a hard link by its name in the archive, another from where it lies.
fn target(name: &str, to: &str, kind: EntryType) -> Option<String> {
    if kind == EntryType::Link {
        return safe_name(to);
    }
    if to.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
#[path = "tarball_tests.rs"]
mod tests;
