//! STL-10, binary version.
//!
//! An image is 96 × 96 bytes each of red, green and blue, every plane **column by column**; labels are 1 to 10.

use crate::data::copies::{self, Chosen};
use crate::data::files::Files;
use crate::data::kind::Kind;
use crate::data::part::{Images, Part, Section};
use crate::data::sniff::sniff;
use crate::error::{Error, Result};

/// Rows and columns of an image.
const SIDE: usize = 96;
const PLANE: usize = SIDE * SIDE;

const NAMES: [&str; 10] = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"];

/// Whether the files in `base` are STL-10's.
pub(super) fn detect(files: &Files, base: &str) -> bool {
    !copies::choose(files, base, |name| name == "train_X.bin" || name == "test_X.bin").files.is_empty()
}

/// One part, or `None` where its images are not present. The unlabelled images and the ten folds are not used.
///
/// # Errors
/// If there are more or fewer images than labels, or a label is out of range.
pub(super) fn read(files: &Files, section: Section) -> Result<Option<Part>> {
    let [images_file, labels_file] = ["X", "y"].map(|half| format!("{}_{half}.bin", section.name()));
    let Chosen { files: names, notes } = copies::choose(files, "", |name| name == images_file || name == labels_file);
    let named = |official: &String| names.iter().find(|(name, _)| name == official).map(|(_, file)| file.clone());
    let (Some(images_file), true) = (named(&images_file), section != Section::Validation) else { return Ok(None) };
    let labels_file = named(&labels_file).unwrap_or(labels_file);
    let labels = read_labels(files, &labels_file)?;
    let mut pixels = files.read(&images_file)?;
    if labels.is_empty() || pixels.len() != labels.len() * 3 * PLANE {
        if let Some(reason) = sniff(&pixels).and_then(Kind::went_wrong) {
            return Err(Error::file(files.path_of(&images_file), reason));
        }
        let reason = format!(
            "{} bytes are not the {} images of {} bytes that {labels_file} has labels for",
            pixels.len(),
            labels.len(),
            3 * PLANE
        );
        return Err(Error::file(files.path_of(&images_file), reason));
    }
    pixels.chunks_exact_mut(PLANE).for_each(transpose);
    let images = Images::Raw { height: SIDE, width: SIDE, pixels };
    Ok(Some(Part { class_names: class_names(files)?, images, labels, notes, ..Part::default() }))
}

/// Labels counted from 0.
fn read_labels(files: &Files, file: &str) -> Result<Vec<usize>> {
    let bytes = files.read(file)?;
    if let Some(place) = bytes.iter().position(|label| !(1..=10).contains(label)) {
        let reason = format!("label {place} is {}; the labels of STL-10 are 1 to 10", bytes[place]);
        return Err(Error::file(files.path_of(file), reason));
    }
    Ok(bytes.into_iter().map(|label| usize::from(label) - 1).collect())
}

fn class_names(files: &Files) -> Result<Vec<String>> {
    const FILE: &str = "class_names.txt";
    if !files.has(FILE) {
        return Ok(NAMES.map(String::from).to_vec());
    }
    let names = files.lines(FILE)?;
    if names.len() != NAMES.len() {
        return Err(Error::file(files.path_of(FILE), format!("holds {} names; STL-10 has 10 classes", names.len())));
    }
    Ok(names)
}

/// Pixel (r, c) lies at c · 96 + r and goes to r · 96 + c.
fn transpose(plane: &mut [u8]) {
    for row in 0..SIDE {
        for column in row + 1..SIDE {
            plane.swap(row * SIDE + column, column * SIDE + row);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn folder(files: &[(&str, Vec<u8>)]) -> Files {
        let files = files.iter().map(|(name, bytes)| (name.to_string(), bytes.clone())).collect();
        Files::from_memory(Path::new("stl10_binary"), files)
    }

    /// What pixel (r, c) of `channel` is in the image that [`stored`] stores.
    fn value(channel: usize, row: usize, column: usize) -> u8 {
        ((100 * channel + 2 * row + 7 * column) % 256) as u8
    }

    /// One image in STL-10's order: planes, then columns, then rows.
    fn stored() -> Vec<u8> {
        let places = (0..3).flat_map(|channel| (0..96).flat_map(move |c| (0..96).map(move |r| (channel, r, c))));
        places.map(|(channel, row, column)| value(channel, row, column)).collect()
    }

    #[test]
    fn planes_are_turned_to_rows_and_labels_count_from_zero() {
        let files = folder(&[
            ("train_X.bin", [stored(), vec![0; 27_648], stored()].concat()),
            ("train_y.bin", vec![1, 10, 4]),
            ("fold_indices.txt", b"0 1 2".to_vec()),
        ]);
        assert!(detect(&files, ""));
        let train = read(&files, Section::Train).unwrap().unwrap();
        assert_eq!((train.labels, train.class_names[9].as_str()), (vec![0, 9, 3], "truck"));
        let Images::Raw { height: 96, width: 96, pixels } = train.images else { panic!("raw images expected") };
        for image in [0, 2] {
            for (channel, row, column) in [(0, 0, 0), (0, 0, 95), (0, 95, 0), (1, 3, 50), (2, 80, 11)] {
                let place = ((image * 3 + channel) * 96 + row) * 96 + column;
                assert_eq!(pixels[place], value(channel, row, column), "{channel} {row} {column}");
            }
        }
        assert!(read(&files, Section::Test).unwrap().is_none());
        assert!(read(&files, Section::Validation).unwrap().is_none());
    }

    #[test]
    fn names_on_disk_win_over_the_built_in_ones() {
        let mut content = vec![("test_X.bin", stored()), ("test_y.bin", vec![2])];
        content.push(("class_names.txt", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n".to_vec()));
        let test = read(&folder(&content), Section::Test).unwrap().unwrap();
        assert_eq!((test.labels[0], test.class_names[1].as_str()), (1, "b"));
    }

    #[test]
    fn bad_files_are_named() {
        let x = |labels: usize| {
            format!("27648 bytes are not the {labels} images of 27648 bytes that test_y.bin has labels for")
        };
        let cases = [
            (vec![("test_X.bin", stored()), ("test_y.bin", vec![1, 2])], "test_X.bin", x(2)),
            (vec![("test_X.bin", stored()), ("test_y.bin", vec![])], "test_X.bin", x(0)),
            (
                vec![("test_X.bin", stored()), ("test_y.bin", vec![0])],
                "test_y.bin",
                "label 0 is 0; the labels of STL-10 are 1 to 10".into(),
            ),
            (
                vec![("test_X.bin", stored()), ("test_y.bin", vec![11])],
                "test_y.bin",
                "label 0 is 11; the labels of STL-10 are 1 to 10".into(),
            ),
            (vec![("test_X.bin", stored())], "test_y.bin", "no such file or folder".into()),
            (
                vec![("test_X.bin", stored()), ("test_y.bin", vec![1]), ("class_names.txt", b"one".to_vec())],
                "class_names.txt",
                "holds 1 names; STL-10 has 10 classes".into(),
            ),
        ];
        for (content, file, reason) in cases {
            let error = read(&folder(&content), Section::Test).unwrap_err();
            assert_eq!(error, Error::file(Path::new("stl10_binary").join(file), reason));
        }
    }
}
