//! What systems leave behind among people's files: thumbnails, bins, settings. It is never a class and never looked into.

use std::collections::{BTreeMap, BTreeSet};

/// Names of folders and files, in lower case, that no person gives. What begins with a dot is left out besides.
const NAMES: [&str; 27] = [
    // Network disks: thumbnails, bins, snapshots.
    "@eadir",
    "@tmp",
    "@recycle",
    "@recently-snapshot",
    "@__thumb",
    "#recycle",
    "#snapshot",
    "network trash folder",
    "temporary items",
    "thevolumesettingsfolder",
    // Windows.
    "system volume information",
    "$recycle.bin",
    "$extend",
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "_vti_cnf",
    // macOS, whose folders with an icon of their own hold a file with a return in its name.
    "__macosx",
    "icon\r",
    // Linux.
    "lost+found",
    "aquota.user",
    "aquota.group",
    // Programs.
    "__pycache__",
    "picasa.ini",
    "zbthumbnail.info",
    "pspbrwse.jbf",
];

/// Whether a file or folder of this name, without its folder, is one that a system leaves behind.
pub(super) fn is_left_behind(name: &str) -> bool {
    // What Windows' disk checks make of lost pieces: FOUND.000.
    let lost =
        |name: &str| name.strip_prefix("FOUND.").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    // All in capitals: a class may be called so otherwise.
    let bin = ["RECYCLER", "RECYCLED"].contains(&name);
    name.starts_with('.') || bin || lost(name) || NAMES.contains(&name.to_ascii_lowercase().as_str())
}

/// Folders that were left out, to be told of. Those that every archive and every editor makes are not worth a word.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    places: BTreeSet<String>,
}

impl Leftovers {
    /// Whether some part of `name` is that of something left behind; remembers the folder that is.
    ///
    /// `is_folder` tells whether `name` is that of a folder itself.
    pub(super) fn takes(&mut self, name: &str, is_folder: bool) -> bool {
        let mut end = 0;
        for part in name.split('/') {
            end += part.len();
            if is_left_behind(part) {
                if is_folder || end < name.len() {
                    self.add(&name[..end], part);
                }
                return true;
            }
            end += 1;
        }
        false
    }

    fn add(&mut self, place: &str, part: &str) {
        if !part.starts_with('.') && !["__MACOSX", "__pycache__"].contains(&part) {
            self.places.insert(place.into());
        }
    }

    /// In words, if there is anything to tell: "`@eaDir` in 3 places".
    pub(super) fn note(&self) -> Option<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for place in &self.places {
            *counts.entry(place.rsplit('/').next().unwrap_or(place)).or_default() += 1;
        }
        let words = counts.iter().map(|(name, count)| match count {
            1 => format!("`{name}`"),
            count => format!("`{name}` in {count} places"),
        });
        let words: Vec<String> = words.collect();
        (!words.is_empty()).then(|| format!("left out what a system left behind: {}", words.join(", ")))
    }
}

#[cfg(test)]
#[path = "leftovers_tests.rs"]
mod tests;
