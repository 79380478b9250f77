//! Names of files: relative, with single `/` between their parts.

use std::collections::BTreeSet;

/// The name of what is called `name` in `folder` (`""` for the top).
pub(in crate::data) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.into() } else { format!("{folder}/{name}") }
}

/// What is said of an archive with such a name in it.
pub(in crate::data) fn leads_out(name: &str) -> String {
    format!("holds {name:?}, a name that leads out of the archive")
}

/// The name with single `/` between its parts, or `None` if it is absolute or climbs with `..`.
pub(in crate::data) fn safe_name(name: &str) -> Option<String> {
    // Some archives made on Windows hold backslashes.
    let name = name.replace('\\', "/");
    let drive = name.as_bytes().get(1) == Some(&b':');
    if drive || name.starts_with('/') || name.contains('\0') || name.split('/').any(|part| part == "..") {
        return None;
    }
    Some(without_empty_parts(&name))
}

/// The name with single `/` between its parts: every folder has a name.
pub(super) fn without_empty_parts(name: &str) -> String {
    let parts: Vec<_> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

/// The name of what was packed with gzip.
#[cfg(not(target_family = "wasm"))]
pub(super) fn without_gz(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) if ending.eq_ignore_ascii_case("gz") => stem.into(),
        _ => name.into(),
    }
}

/// All folders that the names lie in, sorted.
pub(super) fn parents(names: &[String]) -> BTreeSet<String> {
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
