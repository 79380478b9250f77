//! What lies in a folder on disk.

use std::path::Path;

use crate::data::files::store::io_reason;
use crate::data::files::{Limits, Listing};
use crate::data::pictures::promises_picture;
use crate::error::{Error, Result};
use crate::stop::Stop;

/// Folders deeper than this are not looked into; no data set's are, and a link to a parent would never end.
pub(super) const MAX_DEPTH: usize = 8;

/// All files and folders below `root`, without what systems leave behind. A link that leads nowhere counts as a file where its
/// name is that of a picture, which is then one that cannot be read, and is noted otherwise.
///
/// # Errors
/// If a folder cannot be read, a name is not UTF-8, or there are more than `limits` allow; [`Error::Stopped`].
pub(super) fn walk(root: &Path, limits: Limits, stop: &Stop) -> Result<Listing> {
    let (mut listing, mut open) = (Listing::default(), vec![(String::new(), 1)]);
    let mut nowhere = Vec::new();
    while let Some((folder, depth)) = open.pop() {
        let path = root.join(&folder);
        let failed = |error: std::io::Error| Error::file(&path, io_reason(&error));
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            stop.check()?;
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(Error::file(entry.path(), "has a name that is not UTF-8"));
            };
            let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let mut kind = entry.file_type().map_err(failed)?;
            if listing.leftovers.takes(&name, kind.is_dir()) {
                continue;
            }
            if kind.is_symlink() {
                let Ok(target) = std::fs::metadata(entry.path()) else {
                    let to = if promises_picture(&name) { &mut listing.names } else { &mut nowhere };
                    to.push(name);
                    continue;
                };
                kind = target.file_type();
            }
            if kind.is_file() {
                listing.names.push(name);
            } else if kind.is_dir() {
                if depth < MAX_DEPTH {
                    open.push((name.clone(), depth + 1));
                }
                listing.folders.insert(name);
            }
            if listing.names.len() + listing.folders.len() > limits.entries {
                return Err(Error::file(root, format!("holds more than {} files", limits.entries)));
            }
        }
    }
    listing.notes.extend(note(nowhere));
    Ok(listing)
}

/// Links that a note names; the rest is counted.
const MAX_NAMED: usize = 3;

/// That these links were left out, where there are some.
fn note(mut nowhere: Vec<String>) -> Option<String> {
    nowhere.sort_unstable();
    let named = nowhere.iter().take(MAX_NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match nowhere.len() {
        0 => None,
        1 => Some(format!("left out {named}, a link to what is not there")),
        count if count > MAX_NAMED => {
            Some(format!("left out {named} and {} more links to what is not there", count - MAX_NAMED))
        }
        _ => Some(format!("left out {named}, links to what is not there")),
    }
}
