//! One part of a data set as it lies on disk: what every format is read into, before images get their final size.

use image::RgbImage;

use crate::data::dataset::{Dataset, PixelBox};
use crate::data::decode::{self, Conversions, Picture, plural};
use crate::data::files::Files;
use crate::data::outside::Outside;
use crate::data::parallel;
use crate::data::stored::{Budget, Store, Stored, mask};
use crate::data::unread::Unread;
use crate::data::view::View;
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
#[derive(Debug, Default)]
pub(super) struct Part {
    pub class_names: Vec<String>,
    pub images: Images,
    pub labels: Vec<usize>,
    /// In pixels of the image as stored.
    pub boxes: Option<Vec<Option<PixelBox>>>,
    /// Names of pictures that are white where the object is, as large as the images.
    pub masks: Option<Vec<Option<String>>>,
    /// Whether images are shown as their files have them, whatever those say of how the camera was held.
    pub as_stored: bool,
    /// For a training part: whether each image is one of those that the authors of the paper chose the best epoch on.
    pub validation: Option<Vec<bool>>,
    /// Images of the official part, where there is one.
    pub official: Option<usize>,
    pub notes: Vec<String>,
    /// Files that should be images and are none, as far as it is known before decoding.
    pub unread: Unread,
}

/// Where the pixels are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Images {
    /// N × 3 × height × width, planar.
    Raw { height: usize, width: usize, pixels: Vec<u8> },
    /// Names of image files.
    Encoded(Vec<String>),
}

impl Default for Images {
    fn default() -> Self {
        Self::Encoded(Vec::new())
    }
}

/// Images decoded before it is asked whether too many cannot be: that is then soon reported.
const BLOCK: usize = 256;

/// Most memory that the pixels of one part may take.
const MAX_PIXEL_BYTES: u64 = if cfg!(target_family = "wasm") { 1 << 30 } else { 16 << 30 };

/// Largest side that images are resized to.
const MAX_SIZE: usize = 1024;

impl Part {
    /// All images, decoded now or as they are looked at. Those that cannot be decoded are left out and noted; so all are decoded
    /// once. With it come the places of the images that the paper's authors chose the best epoch on, where that is known.
    ///
    /// # Errors
    /// If most images of a class cannot be decoded (naming the first), or the images would not fit the memory.
    pub(super) fn into_dataset(
        mut self,
        name: &str,
        files: &Files,
        seen: Seen,
        budget: &Budget,
    ) -> Result<(Dataset, Option<Vec<usize>>)> {
        let (stays, size) = (matches!((seen, &self.images), (Seen::Cropped(_), Images::Encoded(_))), seen.size());
        check_memory(files, if stays { 0 } else { self.labels.len() }, size)?;
        let (mut pixels, mut masks, mut stored) = (Vec::new(), None, None);
        match std::mem::take(&mut self.images) {
            Images::Raw { height, width, pixels: raw } => pixels = stretch(files, raw, (height, width), size)?,
            Images::Encoded(names) if stays => stored = Some(self.store(files, names, size, budget)?),
            Images::Encoded(names) => {
                pixels = self.decode_all(files, &names, size)?;
                masks = self.stretched_masks(files, size)?;
            }
        }
        let deviation = self.deviation(self.labels.len());
        let Self { class_names, labels, boxes, mut notes, validation, .. } = self;
        notes.extend(deviation);
        let places = |chosen: Vec<bool>| (0..chosen.len()).filter(|place| chosen[*place]).collect();
        let name = name.into();
        let data =
            Dataset { name, class_names, height: size, width: size, pixels, stored, labels, boxes, masks, notes };
        Ok((data, validation.map(places)))
    }

    /// The pictures in their files, with their boxes as they are measured.
    fn store(&mut self, files: &Files, names: Vec<String>, side: usize, budget: &Budget) -> Result<Stored> {
        let mut sizes = Vec::with_capacity(names.len());
        let kept = self.decode_each(
            files,
            &names,
            |rgb| (rgb.width() as usize, rgb.height() as usize),
            |size, stored, item| {
                sizes.push(size);
                let [x, y] = [size.0 as f32 / stored.0, size.1 as f32 / stored.1];
                item.and_then(|item| View::test(size, side).seen_box(item.scaled(x, y)))
            },
        )?;
        let names = names.into_iter().zip(kept).filter_map(|(name, kept)| kept.then_some(name)).collect();
        let mut store = Store::new(files.clone(), names, sizes, side, budget.clone());
        store.upright = self.upright();
        store.masks = self.masks.take().unwrap_or_default();
        Ok(Stored::all(store))
    }

    /// The masks of all images in one size, where there are masks; empty where one cannot be read, which is noted.
    fn stretched_masks(&mut self, files: &Files, size: usize) -> Result<Option<Vec<u8>>> {
        let Some(names) = self.masks.take() else { return Ok(None) };
        let masks = parallel::map(&names, |name| {
            files.stop().check()?;
            let name = name.as_ref();
            Ok(name.map(|name| mask(files, name, |whole| View::stretched(whole, (size, size)))))
        });
        let masks = masks.into_iter().collect::<Result<Vec<_>>>()?;
        let broken = masks.iter().filter(|mask| matches!(mask, Some(Err(_)))).count();
        if broken > 0 {
            self.notes.push(format!("{broken} object {} cannot be read", plural(broken, "mask")));
        }
        let empty = || vec![0; size * size];
        Ok(Some(masks.into_iter().flat_map(|mask| mask.and_then(Result::ok).unwrap_or_else(empty)).collect()))
    }

    fn upright(&self) -> bool {
        self.boxes.is_none() && !self.as_stored
    }

    /// Images of each class, decoded or not.
    pub(super) fn class_counts(&self) -> Vec<usize> {
        let mut counts = self.unread.class_counts(self.class_names.len());
        self.labels.iter().for_each(|&label| counts[label] += 1);
        counts
    }

    /// The pixels of the image files; scales the boxes along with them and notes what was converted and left out.
    fn decode_all(&mut self, files: &Files, names: &[String], size: usize) -> Result<Vec<u8>> {
        let mut pixels = Vec::with_capacity(names.len() * 3 * size * size);
        self.decode_each(
            files,
            names,
            |rgb| decode::planar(rgb, size),
            |image, stored, item| {
                pixels.extend_from_slice(&image);
                item.map(|item| item.scaled(size as f32 / stored.0, size as f32 / stored.1))
            },
        )?;
        Ok(pixels)
    }

    /// Decodes all image files, `made` of each and then, one after another, `taken` with its stored width and height and its
    /// box, which becomes the one that is given back. Whether each was kept: what cannot be read is taken away and noted.
    fn decode_each<T: Send>(
        &mut self,
        files: &Files,
        names: &[String],
        made: impl Fn(&RgbImage) -> T + Sync,
        mut taken: impl FnMut(T, (f32, f32), Option<PixelBox>) -> Option<PixelBox>,
    ) -> Result<Vec<bool>> {
        let (all, upright) = (self.class_counts(), self.upright());
        let (mut conversions, mut outside) = (Conversions::default(), Outside::default());
        let mut kept = vec![true; names.len()];
        for (block, some) in names.chunks(BLOCK).enumerate() {
            let decoded = parallel::map(some, |name| {
                files.stop().check()?;
                let picture = read_picture(files, name, upright)?;
                Ok::<_, Error>(picture.map(|picture| (made(&picture.rgb), picture.facts)))
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
                conversions.add(&facts);
                let stored = (facts.width as f32, facts.height as f32);
                let item = self.boxes.as_ref().and_then(|boxes| boxes[place]);
                let item = item.and_then(|item| outside.cut(&names[place], stored, item));
                let item = taken(image, stored, item);
                self.boxes.iter_mut().for_each(|boxes| boxes[place] = item);
            }
            self.unread.check(files, &self.class_names, &all)?;
        }
        self.keep(&kept);
        self.notes.extend(conversions.notes());
        self.notes.extend(self.unread.notes());
        self.notes.extend(outside.note());
        Ok(kept)
    }

    /// Takes away what is known of the images that were not decoded.
    fn keep(&mut self, kept: &[bool]) {
        fn retain<T>(all: &mut Vec<T>, kept: &[bool]) {
            let mut which = kept.iter();
            all.retain(|_| which.next().is_none_or(|kept| *kept));
        }
        retain(&mut self.labels, kept);
        self.boxes.iter_mut().for_each(|boxes| retain(boxes, kept));
        self.masks.iter_mut().for_each(|masks| retain(masks, kept));
        self.validation.iter_mut().for_each(|validation| retain(validation, kept));
    }

    /// Which images the paper's authors chose the best epoch on, where that is known.
    pub(super) fn validation_note(&self) -> Option<String> {
        let count = self.validation.as_ref()?.iter().filter(|chosen| **chosen).count();
        Some(format!("{count} of the images are those that the paper's authors held out for validation"))
    }

    /// How many images have a mask, where there are masks.
    pub(super) fn masks_note(&self) -> Option<String> {
        let count = self.masks.as_ref()?.iter().flatten().count();
        Some(format!("{count} object {}", plural(count, "mask")))
    }

    /// That `images` are not as many as the official part has, where that is so.
    pub(super) fn deviation(&self, images: usize) -> Option<String> {
        let official = self.official.filter(|official| *official != images)?;
        Some(format!("{images} {} where the official part has {official}", plural(images, "image")))
    }
}

/// Decodes an image file; inside, what stands behind the name of one that cannot be.
///
/// # Errors
/// If the file cannot be read from where it lies: that is to be mended there. In an archive, or as a link that leads nowhere, it
/// is damaged like any other.
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
        Err(_) if files.leads_nowhere(name) => Ok(Err("is a link to a file that is not there".into())),
        Err(error) => Err(error),
    }
}

/// How images are seen, and on which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Whole, whatever their shape; decoded once.
    Stretched(usize),
    /// In their middle, or where chance has it; decoded as they are looked at.
    Cropped(usize),
}

impl Seen {
    fn size(self) -> usize {
        match self {
            Self::Stretched(size) | Self::Cropped(size) => size,
        }
    }
}

/// Images of one size in another.
fn stretch(files: &Files, pixels: Vec<u8>, (height, width): (usize, usize), size: usize) -> Result<Vec<u8>> {
    if (height, width) == (size, size) {
        return Ok(pixels);
    }
    let images: Vec<&[u8]> = pixels.chunks_exact(3 * height * width).collect();
    let resized = parallel::map(&images, |image| {
        files.stop().check()?;
        Ok(decode::planar(&decode::from_planar(image, height, width), size))
    });
    Ok(resized.into_iter().collect::<Result<Vec<_>>>()?.concat())
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
        Part { class_names, images, labels, ..Part::default() }
    }

    fn stretched(part: Part, files: &Files, size: usize) -> Result<Dataset> {
        part.into_dataset("some", files, Seen::Stretched(size), &Budget::new(0)).map(|(data, _)| data)
    }

    fn no_files() -> Files {
        Files::from_memory(Path::new("some folder"), Vec::new())
    }

    #[test]
    fn raw_images_are_kept_or_resized_plane_by_plane() {
        // 2 rows × 4 columns in each of three planes, shrunk to 2 × 2: every pair of columns mixes.
        let image = [0, 0, 90, 90, 10, 10, 50, 50].map(|value: u8| [value, value + 1, value + 2]);
        let planar: Vec<u8> = (0..3).flat_map(|channel| image.map(|pixel| pixel[channel])).collect();
        let data = stretched(raw(2, 4, planar), &no_files(), 2).unwrap();
        // The triangle reaches 3 of the 4 columns, with weights 3/7, 3/7, 1/7 for the left column of the result.
        let red = [13, 77, 16, 44];
        let expected: Vec<u8> = (0..3).flat_map(|channel| red.map(|value| value + channel)).collect();
        assert_eq!((data.height, data.width, data.pixels), (2, 2, expected));

        let square: Vec<u8> = (0..24).collect();
        assert_eq!(stretched(raw(2, 2, square.clone()), &no_files(), 2).unwrap().pixels, square);
    }

    #[test]
    fn sizes_that_cannot_fit_are_refused_before_allocating() {
        for size in [0, 1025] {
            let error = stretched(raw(1, 1, vec![0; 3]), &no_files(), size).unwrap_err();
            assert_eq!(error.to_string(), format!("size: images of {size}x{size} are not in 1 to 1024"));
        }
        let names = vec![String::new(); 10_000];
        let part = Part { labels: vec![0; 10_000], images: Images::Encoded(names), ..raw(1, 1, Vec::new()) };
        let error = stretched(part, &no_files(), 1024).unwrap_err();
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
        let data = stretched(part, &files, 2).unwrap();
        assert_eq!(data.boxes.unwrap(), [None, Some(PixelBox { x0: 0.5, y0: 0.5, x1: 2.0, y1: 2.0 })]);
        assert_eq!((data.pixels, data.notes), (vec![77; 24], vec!["2 greyscale images converted to RGB".into()]));
    }
}
