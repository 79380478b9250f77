//! CIFAR-10 and CIFAR-100, binary versions.
//!
//! A record is the label (CIFAR-100: coarse label, then fine label; the fine one is used), then 1024 bytes each of
//! red, green and blue, row by row.

use crate::data::copies::{self, Chosen};
use crate::data::files::Files;
use crate::data::kind::Kind;
use crate::data::part::{Images, Part, Section};
use crate::data::sniff::sniff;
use crate::error::{Error, Result};

/// Rows and columns of an image.
pub(super) const SIDE: usize = 32;
pub(super) const PIXEL_BYTES: usize = 3 * SIDE * SIDE;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cifar {
    Ten,
    Hundred,
}

const TEN_NAMES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

impl Cifar {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Ten => "CIFAR-10",
            Self::Hundred => "CIFAR-100",
        }
    }

    pub(super) fn classes(self) -> usize {
        match self {
            Self::Ten => 10,
            Self::Hundred => 100,
        }
    }

    /// Bytes of labels at the start of a record; the last of them is the one used.
    fn label_bytes(self) -> usize {
        match self {
            Self::Ten => 1,
            Self::Hundred => 2,
        }
    }

    fn record_bytes(self) -> usize {
        self.label_bytes() + PIXEL_BYTES
    }

    /// Whether a part has an official file of this name, without its ending.
    pub(super) fn is_batch(self, section: Section, name: &str) -> bool {
        let number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        match (self, section) {
            (_, Section::Validation) => false,
            (Self::Ten, Section::Train) => name.strip_prefix("data_batch_").is_some_and(number),
            (Self::Ten, Section::Test) => name == "test_batch",
            (Self::Hundred, section) => name == section.name(),
        }
    }

    /// What classes are called where no file says so.
    pub(super) fn usual_names(self) -> Vec<String> {
        match self {
            Self::Ten => TEN_NAMES.map(String::from).to_vec(),
            Self::Hundred => (0..100).map(|class| format!("class {class}")).collect(),
        }
    }

    fn names_file(self) -> &'static str {
        match self {
            Self::Ten => "batches.meta.txt",
            Self::Hundred => "fine_label_names.txt",
        }
    }
}

/// Whether the files in `base` are CIFAR's. A single `.bin` file of another name is judged by its length.
pub(super) fn detect(files: &Files, base: &str) -> Result<Option<Cifar>> {
    for kind in [Cifar::Ten, Cifar::Hundred] {
        if [Section::Train, Section::Test].iter().any(|section| !batches(files, base, kind, *section).files.is_empty())
        {
            return Ok(Some(kind));
        }
    }
    let Some(name) = lone_bin(files, base) else { return Ok(None) };
    let length = files.read(name)?.len();
    let fits = |kind: &Cifar| length > 0 && length.is_multiple_of(kind.record_bytes());
    Ok([Cifar::Ten, Cifar::Hundred].into_iter().find(fits))
}

/// The files of a part in `base`, each once.
fn batches(files: &Files, base: &str, kind: Cifar, section: Section) -> Chosen {
    copies::choose(files, base, |name| kind.is_batch(section, name.strip_suffix(".bin").unwrap_or_default()))
}

/// The name of the only file, where that is a `.bin`.
fn lone_bin<'a>(files: &'a Files, base: &str) -> Option<&'a str> {
    match files.below(base) {
        [name] if name.ends_with(".bin") => Some(name),
        _ => None,
    }
}

/// One part, or `None` where none of its files is present.
///
/// # Errors
/// If a file is empty, ends within a record, or holds a label out of range, or the list of names is not complete.
pub(super) fn read(files: &Files, kind: Cifar, section: Section) -> Result<Option<Part>> {
    let Chosen { files: mut names, notes } = batches(files, "", kind, section);
    let official = Section::ALL.iter().any(|section| !batches(files, "", kind, *section).files.is_empty());
    if let (Section::Train, false, Some(name)) = (section, official, lone_bin(files, "")) {
        names.push((name.into(), name.into()));
    }
    if names.is_empty() {
        return Ok(None);
    }
    let class_names = class_names(files, kind)?;
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (_, name) in names {
        read_records(files, &name, kind, &mut pixels, &mut labels)?;
    }
    let images = Images::Raw { height: SIDE, width: SIDE, pixels };
    Ok(Some(Part { class_names, images, labels, notes, ..Part::default() }))
}

fn read_records(files: &Files, name: &str, kind: Cifar, pixels: &mut Vec<u8>, labels: &mut Vec<usize>) -> Result<()> {
    let bytes = files.read(name)?;
    let fail = |reason: String| Err(Error::file(files.path_of(name), reason));
    let (length, record_bytes) = (bytes.len(), kind.record_bytes());
    if length == 0 || !length.is_multiple_of(record_bytes) {
        if let Some(reason) = sniff(&bytes).and_then(Kind::went_wrong) {
            return fail(reason);
        }
        let title = kind.title();
        return fail(format!("{length} bytes are not a whole number of {title} records of {record_bytes} bytes"));
    }
    pixels.reserve(length);
    for (number, record) in bytes.chunks_exact(record_bytes).enumerate() {
        let (label, image) = record.split_at(kind.label_bytes());
        let label = usize::from(label[kind.label_bytes() - 1]);
        if label >= kind.classes() {
            let last = kind.classes() - 1;
            return fail(format!("record {number} has label {label}; the labels of {} are 0 to {last}", kind.title()));
        }
        labels.push(label);
        pixels.extend_from_slice(image);
    }
    Ok(())
}

fn class_names(files: &Files, kind: Cifar) -> Result<Vec<String>> {
    let file = kind.names_file();
    if !files.has(file) {
        return Ok(kind.usual_names());
    }
    let names = files.lines(file)?;
    if names.len() != kind.classes() {
        let reason = format!("holds {} names; {} has {} classes", names.len(), kind.title(), kind.classes());
        return Err(Error::file(files.path_of(file), reason));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A record whose red, green and blue planes count up from `start`, `start + 1` and `start + 2`, row by row.
    fn record(labels: &[u8], start: usize) -> Vec<u8> {
        let planes = (0..3).flat_map(|plane| (0..1024).map(move |place| ((start + plane + place) % 251) as u8));
        labels.iter().copied().chain(planes).collect()
    }

    fn folder(files: &[(&str, Vec<u8>)]) -> Files {
        let files = files.iter().map(|(name, bytes)| (name.to_string(), bytes.clone())).collect();
        Files::from_memory(Path::new("cifar"), files)
    }

    fn ten_names() -> Vec<u8> {
        "plane\nauto\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n".into()
    }

    fn pixels(part: &Part) -> &[u8] {
        match &part.images {
            Images::Raw { height: 32, width: 32, pixels } => pixels,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_data_batches_are_the_training_part() {
        let files = folder(&[
            ("data_batch_2.bin", record(&[9], 40)),
            ("data_batch_1.bin", [record(&[3], 0), record(&[0], 20)].concat()),
            ("test_batch.bin", record(&[7], 60)),
            ("batches.meta.txt", ten_names()),
            ("readme.html", Vec::new()),
        ]);
        assert_eq!(detect(&files, "").unwrap(), Some(Cifar::Ten));
        let train = read(&files, Cifar::Ten, Section::Train).unwrap().unwrap();
        assert_eq!((train.labels.clone(), train.class_names[0].as_str()), (vec![3, 0, 9], "plane"));
        let expected = [record(&[], 0), record(&[], 20), record(&[], 40)].concat();
        assert_eq!(pixels(&train), expected);
        let test = read(&files, Cifar::Ten, Section::Test).unwrap().unwrap();
        assert_eq!((test.labels.clone(), pixels(&test)), (vec![7], record(&[], 60).as_slice()));
        assert!(read(&files, Cifar::Ten, Section::Validation).unwrap().is_none());
    }

    #[test]
    fn of_cifar_100_the_fine_label_is_used() {
        let files = folder(&[("train.bin", [record(&[19, 77], 5), record(&[2, 99], 6)].concat())]);
        assert_eq!(detect(&files, "").unwrap(), Some(Cifar::Hundred));
        let train = read(&files, Cifar::Hundred, Section::Train).unwrap().unwrap();
        assert_eq!((train.labels.clone(), train.class_names[77].as_str()), (vec![77, 99], "class 77"));
        assert_eq!(pixels(&train)[..4], [5, 6, 7, 8]);
        assert!(read(&files, Cifar::Hundred, Section::Test).unwrap().is_none());
    }

    #[test]
    fn a_single_file_is_judged_by_its_name_then_by_its_length() {
        let ten = folder(&[("renamed.bin", record(&[4], 0).repeat(3))]);
        assert_eq!(detect(&ten, "").unwrap(), Some(Cifar::Ten));
        let train = read(&ten, Cifar::Ten, Section::Train).unwrap().unwrap();
        assert_eq!((train.labels, train.class_names[4].as_str()), (vec![4; 3], "deer"));
        assert_eq!(detect(&folder(&[("renamed.bin", record(&[4, 4], 0))]), "").unwrap(), Some(Cifar::Hundred));
        assert_eq!(detect(&folder(&[("renamed.bin", vec![0; 3072])]), "").unwrap(), None);
        assert_eq!(detect(&folder(&[("empty.bin", Vec::new())]), "").unwrap(), None);
        let test = folder(&[("test_batch.bin", record(&[4], 0))]);
        assert!(read(&test, Cifar::Ten, Section::Train).unwrap().is_none());
        assert_eq!(read(&test, Cifar::Ten, Section::Test).unwrap().unwrap().labels, [4]);
    }

    #[test]
    fn a_batch_that_was_downloaded_twice_counts_once() {
        let files = folder(&[
            ("data_batch_1 (1).bin", record(&[3], 0)),
            ("data_batch_1.bin", record(&[3], 0)),
            ("data_batch_2 - Kopie.bin", record(&[5], 0)),
            ("test_batch copy 2.bin", record(&[7], 0)),
        ]);
        assert_eq!(detect(&files, "").unwrap(), Some(Cifar::Ten));
        let train = read(&files, Cifar::Ten, Section::Train).unwrap().unwrap();
        assert_eq!(train.labels, [3, 5]);
        let notes = [
            "left out `data_batch_1 (1).bin`: a copy of `data_batch_1.bin`",
            "`data_batch_2 - Kopie.bin` is taken for `data_batch_2.bin`, which is not there",
        ];
        assert_eq!(train.notes, notes);
        assert_eq!(read(&files, Cifar::Ten, Section::Test).unwrap().unwrap().labels, [7]);
        let twice = folder(&[("train.bin", record(&[1, 9], 0)), ("train (1).bin", record(&[1, 9], 0))]);
        assert_eq!(read(&twice, Cifar::Hundred, Section::Train).unwrap().unwrap().labels, [9]);
    }

    #[test]
    fn bad_files_are_named() {
        let batch = "data_batch_1.bin";
        let cut = "3072 bytes are not a whole number of CIFAR-10 records of 3073 bytes";
        let empty = "0 bytes are not a whole number of CIFAR-10 records of 3073 bytes";
        let label = "record 1 has label 10; the labels of CIFAR-10 are 0 to 9";
        let cases = [
            (vec![(batch, vec![0; 3072])], batch, cut),
            (vec![(batch, Vec::new())], batch, empty),
            (vec![(batch, b"<html>gone".to_vec())], batch, "is a web page: download it again"),
            (vec![(batch, [record(&[9], 0), record(&[10], 0)].concat())], batch, label),
            (
                vec![(batch, record(&[0], 0)), ("batches.meta.txt", b"one\ntwo\n".to_vec())],
                "batches.meta.txt",
                "holds 2 names; CIFAR-10 has 10 classes",
            ),
        ];
        for (content, file, reason) in cases {
            let error = read(&folder(&content), Cifar::Ten, Section::Train).unwrap_err();
            assert_eq!(error, Error::file(Path::new("cifar").join(file), reason));
        }
    }
}
