//! A data set that comes in several archives, which lie in one folder as they were downloaded.

use crate::data::files::Files;
use crate::data::format::{Format, Set};
use crate::data::kind::Kind;
use crate::data::sniff::sniff;
use crate::error::Result;

/// Archives that are opened together; the most that a data set comes in is three, with lists of each.
const MOST: usize = 8;

/// The data set in the archives among `files`, if they make one together.
pub(super) fn found_in(files: &Files) -> Option<(Files, Set)> {
    let is_archive = |name: &&str| sniff(&files.start(name)).is_some_and(Kind::is_opened);
    let archives: Vec<String> = files.files_in("").take(4 * MOST).filter(is_archive).map(String::from).collect();
    // One inside another is not looked for.
    if archives.is_empty() || archives.len() > MOST || files.are_packed() {
        return None;
    }
    let opened: Result<Vec<Files>> = archives.iter().map(|name| files.open_inside(name)).collect();
    let (root, stop) = (files.root().to_path_buf(), files.stop().clone());
    // What lies unpacked among them, such as single lists, is part of it.
    let layers = [files.clone()].into_iter().chain(opened.ok()?).map(|files| (String::new(), files)).collect();
    let together = Files::together(&root, layers).until(&stop);
    let set = Format::find(&together).ok()?;
    Some((together, set))
}
