//! Which files below a folder are pictures: what their contents are decides, not what they are called.

use crate::data::files::Files;
use crate::data::kind::{Kind, refusal};
use crate::data::parallel;
use crate::data::sniff::sniff;

/// Endings, in lower case, of what people and programs put beside pictures: lists, labels, boxes, masks as numbers, code.
const COMPANIONS: [&str; 46] = [
    "txt", "text", "csv", "tsv", "json", "jsonl", "ndjson", "geojson", "xml", "yaml", "yml", "toml", "ini", "cfg",
    "md", "rst", "log", "names", "data", "lst", "list", "html", "htm", "css", "js", "pdf", "doc", "docx", "xls",
    "xlsx", "ods", "py", "ipynb", "sh", "bat", "m", "mat", "npy", "npz", "pkl", "pickle", "h5", "hdf5", "db",
    "parquet", "url",
];

/// Files without a telling name that are looked into before a folder counts as one without pictures.
const MOST_SNIFFED: usize = 32;

/// What lies below a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What is or should be a picture, to be decoded.
    pub pictures: Vec<String>,
    /// What is no picture and none of what is put beside them, with what stands behind its name in a message.
    pub others: Vec<(String, String)>,
}

/// Whether a file of this name should be a picture.
pub(super) fn promises_picture(name: &str) -> bool {
    Kind::promised_by(file_name(name)).is_some()
}

fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn is_companion_name(name: &str) -> bool {
    let ending = file_name(name).rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| COMPANIONS.contains(&ending.as_str()))
}

/// Whether a file is a picture, by its name or else by its contents.
fn is_picture(files: &Files, name: &str) -> bool {
    promises_picture(name) || sniff(&files.start(name)).is_some_and(Kind::is_picture)
}

/// Whether there is a picture among `names`. Of files that promise none only a few are looked into.
pub(super) fn any<'a>(files: &Files, mut names: impl Iterator<Item = &'a str> + Clone) -> bool {
    let untold = names.clone().filter(|name| !promises_picture(name) && !is_companion_name(name));
    names.any(promises_picture) || untold.take(MOST_SNIFFED).any(|name| is_picture(files, name))
}

/// Sorts what `names` are.
pub(super) fn find<'a>(files: &Files, names: impl Iterator<Item = &'a str>) -> Found {
    let names: Vec<&str> = names.collect();
    let kinds = parallel::map(&names, |name| verdict(files, name));
    let mut found = Found::default();
    for (name, verdict) in names.into_iter().zip(kinds) {
        match verdict {
            Verdict::Picture => found.pictures.push(name.into()),
            Verdict::Beside => {}
            Verdict::Other(reason) => found.others.push((name.into(), reason)),
        }
    }
    found
}

enum Verdict {
    Picture,
    Beside,
    Other(String),
}

fn verdict(files: &Files, name: &str) -> Verdict {
    if promises_picture(name) {
        return Verdict::Picture;
    }
    let start = files.start(name);
    match sniff(&start) {
        Some(kind) if kind.is_picture() => Verdict::Picture,
        _ if is_companion_name(name) => Verdict::Beside,
        Some(kind) if kind.is_companion() => Verdict::Beside,
        Some(kind) => Verdict::Other(refusal(kind)),
        None if is_text(&start) => Verdict::Beside,
        None => Verdict::Other("is not an image".into()),
    }
}

/// Whether these are the first bytes of a text, or of nothing: `LICENSE`, `README`, `.gitkeep` and the like.
fn is_text(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // A letter that is cut off at the end is none the less one.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|character| character.is_control() && !character.is_whitespace())
}

#[cfg(test)]
#[path = "pictures_tests.rs"]
mod tests;
