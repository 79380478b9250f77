//! From one part of a data set on disk to images in memory, or to a store of pictures that are decoded as they are looked at.

use image::RgbImage;

use crate::data::dataset::{Dataset, PixelBox};
use crate::data::decode::{self, Conversions, plural};
use crate::data::files::Files;
use crate::data::outside::Outside;
use crate::data::parallel;
use crate::data::part::{Images, Part, read_picture};
use crate::data::stored::{Budget, Store, Stored, mask};
use crate::data::view::View;
use crate::error::{Error, Result};

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
#[path = "loading_tests.rs"]
mod tests;
