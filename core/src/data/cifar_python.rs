//! CIFAR-10 and CIFAR-100, python versions: what torchvision and Keras download.
//!
//! A batch is a pickled dictionary of `data`, N × 3072 bytes, each image's red, green and blue planes row by row, and of
//! its labels (CIFAR-100: `coarse_labels` and `fine_labels`; the fine ones are used, as of the binary version).

use crate::data::cifar::{Cifar, PIXEL_BYTES, SIDE};
use crate::data::copies::{self, Chosen};
use crate::data::files::Files;
use crate::data::part::{Images, Part, Section};
use crate::error::{Error, Result};
use crate::pickle::{self, Id, Machine, Pickle};

/// Whether the files in `base` are those of the python version: their names are plain words, so they must be pickles.
pub(super) fn detect(files: &Files, base: &str) -> Option<Cifar> {
    let is_pickled = |(_, name): &(String, String)| is_pickle(&files.start(name));
    let has = |kind, section| batches(files, base, kind, section).files.iter().any(is_pickled);
    [Cifar::Ten, Cifar::Hundred].into_iter().find(|kind| has(*kind, Section::Train) || has(*kind, Section::Test))
}

/// Whether a file begins as a pickled dictionary: with the number of its protocol, or as protocols 0 and 1 do.
fn is_pickle(start: &[u8]) -> bool {
    matches!(start, [0x80, 2..=5, ..] | [b'(', b'd', ..] | [b'}', b'q' | b'(' | b'p', ..])
}

fn batches(files: &Files, base: &str, kind: Cifar, section: Section) -> Chosen {
    copies::choose(files, base, |name| kind.is_batch(section, name))
}

/// One part, or `None` where none of its files is present.
///
/// # Errors
/// If a file is no such pickle, has more or fewer labels than images, or a label out of range, or the list of names is not
/// complete.
pub(super) fn read(files: &Files, kind: Cifar, section: Section) -> Result<Option<Part>> {
    let Chosen { files: names, notes } = batches(files, "", kind, section);
    if names.is_empty() {
        return Ok(None);
    }
    let class_names = class_names(files, kind)?;
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (_, name) in names {
        let bytes = files.read(&name)?;
        let batch = unpickled(&bytes).and_then(|pickle| add(&pickle, kind, &mut pixels, &mut labels));
        batch.map_err(|reason| Error::file(files.path_of(&name), reason))?;
    }
    let images = Images::Raw { height: SIDE, width: SIDE, pixels };
    Ok(Some(Part { class_names, images, labels, notes, ..Part::default() }))
}

fn unpickled(bytes: &[u8]) -> Result<Pickle<'_>, String> {
    Machine::new(bytes).object().map_err(|reason| format!("is not a readable pickle: {reason}"))
}

/// Adds the images of a batch with their labels.
fn add(pickle: &Pickle<'_>, kind: Cifar, pixels: &mut Vec<u8>, labels: &mut Vec<usize>) -> Result<(), String> {
    let title = kind.title();
    let key = match kind {
        Cifar::Ten => "labels",
        Cifar::Hundred => "fine_labels",
    };
    let missing = |key: &str| format!("holds no `{key}`, as a batch of {title} does");
    let data = pickle.get(pickle.root(), "data").ok_or_else(|| missing("data"))?;
    let data = pickle::array(pickle, data).filter(|array| array.dtype == "U8" && !array.shape.is_empty());
    let data = data.ok_or("has `data` that is no array of bytes")?;
    let given = pickle.get(pickle.root(), key).ok_or_else(|| missing(key))?;
    let given = numbers(pickle, given).ok_or_else(|| format!("has `{key}` that are no list of numbers"))?;
    if given.is_empty() || data.shape[0] != given.len() || data.bytes.len() != given.len() * PIXEL_BYTES {
        let (bytes, count) = (data.bytes.len(), given.len());
        return Err(format!("{bytes} bytes are not the {count} images of {PIXEL_BYTES} bytes that it has labels for"));
    }
    if let Some(place) = given.iter().position(|label| *label >= kind.classes()) {
        let (label, last) = (given[place], kind.classes() - 1);
        return Err(format!("label {place} is {label}; the labels of {title} are 0 to {last}"));
    }
    labels.extend(given);
    pixels.extend_from_slice(&data.bytes);
    Ok(())
}

/// A list of numbers, or an array of them.
fn numbers(pickle: &Pickle<'_>, id: Id) -> Option<Vec<usize>> {
    let Some(array) = pickle::array(pickle, id) else { return pickle.indices(id) };
    let size = match array.dtype {
        "U8" | "I8" => 1,
        "U16" | "I16" => 2,
        "U32" | "I32" => 4,
        "U64" | "I64" => 8,
        _ => return None,
    };
    // Little-endian; one that is negative is far out of range.
    let number = |bytes: &[u8]| {
        bytes.iter().rev().try_fold(0usize, |number, byte| Some(number.checked_mul(256)? + usize::from(*byte)))
    };
    array.bytes.chunks_exact(size).map(number).collect()
}

fn class_names(files: &Files, kind: Cifar) -> Result<Vec<String>> {
    let (file, key) = match kind {
        Cifar::Ten => ("batches.meta", "label_names"),
        Cifar::Hundred => ("meta", "fine_label_names"),
    };
    let chosen = copies::choose(files, "", |name| name == file).files;
    let Some((_, file)) = chosen.first() else { return Ok(kind.usual_names()) };
    let bytes = files.read(file)?;
    let names = unpickled(&bytes).and_then(|pickle| {
        let list = pickle.get(pickle.root(), key).ok_or_else(|| format!("holds no `{key}`"))?;
        let names = pickle.items(list).unwrap_or_default().iter().map(|id| pickle.text(*id).map(String::from));
        let names: Vec<String> =
            names.collect::<Option<_>>().ok_or_else(|| format!("has `{key}` that are no texts"))?;
        if names.len() != kind.classes() {
            return Err(format!("holds {} names; {} has {} classes", names.len(), kind.title(), kind.classes()));
        }
        Ok(names)
    });
    names.map_err(|reason| Error::file(files.path_of(file), reason))
}

#[cfg(test)]
#[path = "cifar_python_tests.rs"]
mod tests;
