//! One part of a data set as it lies on disk: what every format is read into, before images get their final size.

use crate::data::dataset::{Dataset, PixelBox};
use crate::data::decode::{self, Conversions, Picture};
use crate::data::files::Files;
use crate::data::parallel;
use crate::data::unread::Unread;
use crate::error::{Error, Result};

/// The parts that a data set can have on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Train,
    Validation,
    Test,
}

impl Section {
    pub(super) const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Labelled images, decoded or not.
#[derive(Debug)]
pub(super) struct Part {
    pub class_names: Vec<String>,
    pub images: Images,
    pub labels: Vec<usize>,
    /// In pixels of the image as stored.
    pub boxes: Option<Vec<Option<PixelBox>>>,
    pub notes: Vec<String>,
    /// Files that should be images and are none, as far as it is known before decoding.
    pub unread: Unread,
}

/// Where the pixels are.
#[derive(Debug)]
pub(super) enum Images {
    /// N × 3 × height × width, planar.
    Raw { height: usize, width: usize, pixels: Vec<u8> },
    /// Names of image files.
    Encoded(Vec<String>),
}

/// Images decoded before it is asked whether too many cannot be: that is then soon reported.
const BLOCK: usize = 1024;

/// Most memory that the pixels of one part may take.
const MAX_PIXEL_BYTES: u64 = if cfg!(target_family = "wasm") { 1 << 30 } else { 16 << 30 };

/// Largest side that images are resized to.
const MAX_SIZE: usize = 1024;

impl Part {
    /// Decodes all images and resizes them to `size` × `size`. Those that cannot be decoded are left out and noted.
    ///
    /// # Errors
    /// If most images of a class cannot be decoded (naming the first), or the images would not fit the memory.
    pub(super) fn into_dataset(mut self, name: &str, files: &Files, size: usize) -> Result<Dataset> {
        check_memory(files, self.labels.len(), size)?;
        let pixels = match std::mem::replace(&mut self.images, Images::Encoded(Vec::new())) {
            Images::Raw { height, width, pixels } if (height, width) == (size, size) => pixels,
            Images::Raw { height, width, pixels } => {
                let images: Vec<&[u8]> = pixels.chunks_exact(3 * height * width).collect();
                let resized = parallel::map(&images, |image| {
                    files.stop().check()?;
                    Ok(decode::planar(&decode::from_planar(image, height, width), size))
                });
                resized.into_iter().collect::<Result<Vec<_>>>()?.concat()
            }
            Images::Encoded(names) => self.decode_all(files, &names, size)?,
        };
        let Self { class_names, labels, boxes, notes, .. } = self;
        Ok(Dataset {
            name: name.into(),
            class_names,
            height: size,
            width: size,
            pixels,
            labels,
            boxes,
            masks: None,
            notes,
        })
    }

    /// Images of each class, decoded or not.
    pub(super) fn class_counts(&self) -> Vec<usize> {
        let mut counts = self.unread.class_counts(self.class_names.len());
        self.labels.iter().for_each(|&label| counts[label] += 1);
        counts
    }

    /// The pixels of the image files; scales the boxes along with them and notes what was converted and left out.
    fn decode_all(&mut self, files: &Files, names: &[String], size: usize) -> Result<Vec<u8>> {
        let all = self.class_counts();
        let upright = self.boxes.is_none();
        let mut pixels = Vec::with_capacity(names.len() * 3 * size * size);
        let (mut conversions, mut kept) = (Conversions::default(), vec![true; names.len()]);
        for (block, some) in names.chunks(BLOCK).enumerate() {
            let decoded = parallel::map(some, |name| {
                files.stop().check()?;
                let picture = read_picture(files, name, upright)?;
                Ok::<_, Error>(picture.map(|picture| (decode::planar(&picture.rgb, size), picture.facts)))
            });
            files.tell(block * BLOCK + decoded.len(), names.len());
            for (place, decoded) in (block * BLOCK..).zip(decoded) {
                let (image, facts) = match decoded? {
                    Ok(decoded) => decoded,
                    Err(reason) => {
                        self.unread.push(self.labels[place], &names[place], reason);
                        kept[place] = false;
                        continue;
                    }
                };
                pixels.extend_from_slice(&image);
                conversions.add(&facts);
                if let Some(item) = self.boxes.as_mut().and_then(|boxes| boxes[place].as_mut()) {
                    let size = size as f32;
                    *item = item.scaled(size / facts.width as f32, size / facts.height as f32);
                }
            }
            self.unread.check(files, &self.class_names, &all)?;
        }
        self.keep(&kept);
        self.notes.extend(conversions.notes());
        self.notes.extend(self.unread.notes());
        Ok(pixels)
    }

    /// Takes away the labels and boxes of the images that were not decoded.
    fn keep(&mut self, kept: &[bool]) {
        let mut which = kept.iter();
        self.labels.retain(|_| which.next().is_none_or(|kept| *kept));
        let mut which = kept.iter();
        self.boxes.iter_mut().for_each(|boxes| boxes.retain(|_| which.next().is_none_or(|kept| *kept)));
    }
}

/// Decodes an image file; inside, what stands behind the name of one that cannot be.
///
/// # Errors
/// If the file cannot be read from where it lies: that is to be mended there. In an archive it is damaged like any other.
/// [`Error::Stopped`].
pub(super) fn read_picture(files: &Files, name: &str, upright: bool) -> Result<Result<Picture, String>> {
    let reason = |error| match error {
        Error::File { reason, .. } => reason,
        other => other.to_string(),
    };
    match files.read(name) {
        Ok(bytes) => Ok(decode::decode(&bytes, &files.path_of(name), upright).map_err(reason)),
        Err(error) if files.are_packed() => {
            // Nor can it be read where the reading was ended.
            files.stop().check()?;
            Ok(Err(reason(error)))
        }
        Err(error) => Err(error),
    }
}

fn check_memory(files: &Files, images: usize, size: usize) -> Result<()> {
    if size == 0 || size > MAX_SIZE {
        return Err(Error::config("size", format!("images of {size}x{size} are not in 1 to {MAX_SIZE}")));
    }
    let bytes = 3 * (size * size) as u64 * images as u64;
    if bytes > MAX_PIXEL_BYTES {
        let reason =
            format!("{images} images of {size}x{size} take {} GiB; choose a smaller size", bytes.div_ceil(1 << 30));
        return Err(Error::file(files.root(), reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn raw(height: usize, width: usize, pixels: Vec<u8>) -> Part {
        let labels = vec![0; pixels.len() / (3 * height * width)];
        let images = Images::Raw { height, width, pixels };
        let class_names = vec!["only".into()];
        Part { class_names, images, labels, boxes: None, notes: Vec::new(), unread: Unread::default() }
    }

    fn no_files() -> Files {
        Files::from_memory(Path::new("some folder"), Vec::new())
    }

    #[test]
    fn raw_images_are_kept_or_resized_plane_by_plane() {
        // 2 rows × 4 columns in each of three planes, shrunk to 2 × 2: every pair of columns mixes.
        let image = [0, 0, 90, 90, 10, 10, 50, 50].map(|value: u8| [value, value + 1, value + 2]);
        let planar: Vec<u8> = (0..3).flat_map(|channel| image.map(|pixel| pixel[channel])).collect();
        let data = raw(2, 4, planar).into_dataset("raw", &no_files(), 2).unwrap();
        // The triangle reaches 3 of the 4 columns, with weights 3/7, 3/7, 1/7 for the left column of the result.
        let red = [13, 77, 16, 44];
        let expected: Vec<u8> = (0..3).flat_map(|channel| red.map(|value| value + channel)).collect();
        assert_eq!((data.height, data.width, data.pixels), (2, 2, expected));

        let square: Vec<u8> = (0..24).collect();
        assert_eq!(raw(2, 2, square.clone()).into_dataset("raw", &no_files(), 2).unwrap().pixels, square);
    }

    #[test]
    fn sizes_that_cannot_fit_are_refused_before_allocating() {
        for size in [0, 1025] {
            let error = raw(1, 1, vec![0; 3]).into_dataset("raw", &no_files(), size).unwrap_err();
            assert_eq!(error.to_string(), format!("size: images of {size}x{size} are not in 1 to 1024"));
        }
        let names = vec![String::new(); 10_000];
        let part = Part { labels: vec![0; 10_000], images: Images::Encoded(names), ..raw(1, 1, Vec::new()) };
        let error = part.into_dataset("raw", &no_files(), 1024).unwrap_err();
        assert_eq!(error.to_string(), "some folder: 10000 images of 1024x1024 take 30 GiB; choose a smaller size");
    }

    #[test]
    fn boxes_scale_with_their_images_and_conversions_are_noted() {
        let mut png = std::io::Cursor::new(Vec::new());
        image::GrayImage::from_pixel(8, 4, image::Luma([77])).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let files = Files::from_memory(Path::new(""), vec![("a.png".into(), png.into_inner())]);
        let item = PixelBox { x0: 2.0, y0: 1.0, x1: 8.0, y1: 4.0 };
        let part = Part {
            images: Images::Encoded(vec!["a.png".into(), "a.png".into()]),
            labels: vec![0, 0],
            boxes: Some(vec![None, Some(item)]),
            ..raw(1, 1, Vec::new())
        };
        let data = part.into_dataset("boxed", &files, 2).unwrap();
        assert_eq!(data.boxes.unwrap(), [None, Some(PixelBox { x0: 0.5, y0: 0.5, x1: 2.0, y1: 2.0 })]);
        assert_eq!((data.pixels, data.notes), (vec![77; 24], vec!["2 greyscale images converted to RGB".into()]));
    }
}
