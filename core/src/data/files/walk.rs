//! What lies in a folder on disk.

use std::path::Path;

use crate::data::files::store::io_reason;
use crate::data::files::{Limits, Listing};
use crate::error::{Error, Result};
use crate::stop::Stop;

/// Folders deeper than this are not looked into; no data set's are, and a link to a parent would never end.
pub(super) const MAX_DEPTH: usize = 8;

/// All files and folders below `root`, without what systems leave behind.
///
/// # Errors
/// If a folder or a link cannot be followed, a name is not UTF-8, or there are more than `limits` allow; [`Error::Stopped`].
pub(super) fn walk(root: &Path, limits: Limits, stop: &Stop) -> Result<Listing> {
    let (mut listing, mut open) = (Listing::default(), vec![(String::new(), 1)]);
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
                let target = std::fs::metadata(entry.path());
                kind = target.map_err(|error| Error::file(entry.path(), io_reason(&error)))?.file_type();
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
    Ok(listing)
}
