//! Labelled images of one size, in memory.

use serde::{Deserialize, Serialize};

use crate::data::choose::chosen_per_class;
use crate::data::parallel;
use crate::data::stored::Stored;
use crate::error::Result;
use crate::seed::Seed;

/// Which part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The images to learn from.
    Train,
    /// The images to choose on.
    Validation,
    /// The images to measure on. For TinyImageNet this is `val/`, whose labels are public.
    Test,
}

/// Where an object lies: columns `x0..x1` and rows `y0..y1`, measured in pixels from the top-left *corner* of the image.
///
/// The far edges are exclusive, so that width = x1 − x0; a box over a whole 32 × 32 image is (0, 0, 32, 32).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PixelBox {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge, exclusive.
    pub x1: f32,
    /// Bottom edge, exclusive.
    pub y1: f32,
}

impl PixelBox {
    /// The same box after the image was resized by these factors.
    pub fn scaled(self, horizontal: f32, vertical: f32) -> Self {
        Self { x0: self.x0 * horizontal, y0: self.y0 * vertical, x1: self.x1 * horizontal, y1: self.y1 * vertical }
    }
}

/// N labelled RGB images, seen at one size.
///
/// # Shapes
/// - `pixels`: N × 3 × height × width, planar (all red, all green, all blue of one image), 0-255; empty where images are `stored`
/// - `labels`: N, each below `class_names.len()`
/// - `boxes`: N where given, in pixels of the images as they are here, that is, after resizing
/// - `masks`: N × height × width where given, 1 on the object and 0 beside it; none where images are `stored`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// What to call it in messages and tables.
    pub name: String,
    /// One name per class; a label is an index into this.
    pub class_names: Vec<String>,
    /// Rows of each image.
    pub height: usize,
    /// Columns of each image.
    pub width: usize,
    /// All images, one after the other.
    #[serde(with = "serde_bytes")]
    pub pixels: Vec<u8>,
    /// Where the images are decoded as they are looked at; [`decoded`](Self::decoded) are what goes over a wire.
    #[serde(skip)]
    pub stored: Option<Stored>,
    /// The class of each image.
    pub labels: Vec<usize>,
    /// The object's box in each image, where the data set has boxes at all.
    pub boxes: Option<Vec<Option<PixelBox>>>,
    /// 1 in each pixel at least half of which shows the object, otherwise 0, where the data set has masks; an object that
    /// is cut off or covered has its visible part.
    #[serde(with = "serde_bytes")]
    pub masks: Option<Vec<u8>>,
    /// What a reader of the results should know, for example "3 greyscale images converted to RGB".
    pub notes: Vec<String>,
}

/// The parts of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Splits {
    /// The images to learn from.
    pub train: Dataset,
    /// Images set apart for choosing the best epoch, where the data set brings them *besides* a test part.
    pub validation: Option<Dataset>,
    /// The images to measure on. `None` only where there is no test part and no class has two images to hold one out.
    pub test: Option<Dataset>,
    /// Images of each class that were held out of the training part to be the test part; none where there is one on disk.
    pub held_out: Vec<usize>,
}

impl Splits {
    /// [`Dataset::per_class`] of the training part.
    ///
    /// # Errors
    /// If a class has fewer than `n` images; the message names the class and counts what is held out of it.
    pub fn train_per_class(&self, n: usize, seed: Seed) -> Result<Dataset> {
        let Dataset { name, class_names, labels, .. } = &self.train;
        Ok(self.train.select(&chosen_per_class(name, class_names, labels, &self.held_out, n, seed)?))
    }
}

impl Dataset {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The bytes of image `index`, 3 × height × width, of images that are in memory.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len), or the images are stored: [`decoded`](Self::decoded) ones are not.
    pub fn image(&self, index: usize) -> &[u8] {
        let bytes = 3 * self.height * self.width;
        &self.pixels[index * bytes..][..bytes]
    }

    /// The object mask of image `index`, height × width, where the data set has masks.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    pub fn mask(&self, index: usize) -> Option<&[u8]> {
        let plane = self.height * self.width;
        self.masks.as_ref().map(|masks| &masks[index * plane..][..plane])
    }

    /// The images with these indices, in this order; an index may come more than once.
    ///
    /// # Panics
    /// If an index is not below [`len`](Self::len).
    pub fn select(&self, indices: &[usize]) -> Dataset {
        let in_memory = if self.stored.is_some() { &[] } else { indices };
        let mut pixels = Vec::with_capacity(in_memory.len() * 3 * self.height * self.width);
        in_memory.iter().for_each(|&index| pixels.extend_from_slice(self.image(index)));
        Dataset {
            name: self.name.clone(),
            class_names: self.class_names.clone(),
            height: self.height,
            width: self.width,
            pixels,
            stored: self.stored.as_ref().map(|stored| stored.select(indices)),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
            boxes: self.boxes.as_ref().map(|boxes| indices.iter().map(|&index| boxes[index]).collect()),
            masks: self.masks.is_some().then(|| {
                indices.iter().flat_map(|&index| self.mask(index).expect("there are masks")).copied().collect()
            }),
            notes: self.notes.clone(),
        }
    }

    /// [`select`](Self::select), with the images and masks in memory as they are measured: nothing of them is drawn by lot.
    ///
    /// # Errors
    /// If the file of a stored image can no longer be read; the message names it.
    ///
    /// # Panics
    /// If an index is not below [`len`](Self::len).
    pub fn decoded(&self, indices: &[usize]) -> Result<Dataset> {
        let mut selected = self.select(indices);
        let Some(stored) = selected.stored.take() else { return Ok(selected) };
        let all: Vec<usize> = (0..indices.len()).collect();
        let images = parallel::map(&all, |&index| stored.seen(index, |_, view| view));
        selected.pixels = images.into_iter().collect::<Result<Vec<_>>>()?.concat();
        if stored.has_masks() {
            let none = || vec![0; self.height * self.width];
            let masks = parallel::map(&all, |&index| stored.mask(index).unwrap_or_else(none));
            selected.masks = Some(masks.concat());
        }
        Ok(selected)
    }

    /// Whether it is known where the object of image `index` is.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    pub fn has_object(&self, index: usize) -> bool {
        let boxed = self.boxes.as_ref().is_some_and(|boxes| boxes[index].is_some());
        let masked = self.mask(index).is_some_and(|mask| mask.contains(&1));
        boxed || masked || self.stored.as_ref().is_some_and(|stored| stored.has_mask(index))
    }

    /// Number of images of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.class_names.len()];
        for &label in &self.labels {
            counts[label] += 1;
        }
        counts
    }
}

#[cfg(test)]
pub(in crate::data) mod tests {
    use super::*;

    /// Images of 2 rows × 3 columns; every byte of image i is i.
    pub(in crate::data) fn numbered(labels: &[usize], classes: usize) -> Dataset {
        Dataset {
            name: "numbered".into(),
            class_names: (0..classes).map(|class| format!("class {class}")).collect(),
            height: 2,
            width: 3,
            pixels: (0..labels.len()).flat_map(|index| vec![index as u8; 18]).collect(),
            stored: None,
            labels: labels.to_vec(),
            boxes: Some(
                (0..labels.len() as u8)
                    .map(|index| {
                        (index % 2 == 0).then_some(PixelBox { x0: f32::from(index), y0: 0.0, x1: 40.0, y1: 1.0 })
                    })
                    .collect(),
            ),
            masks: Some((0..labels.len()).flat_map(|index| vec![(index % 2) as u8; 6]).collect()),
            notes: vec!["drawn for a test".into()],
        }
    }

    /// The number of each image, read back from its pixels.
    pub(in crate::data) fn numbers(dataset: &Dataset) -> Vec<usize> {
        (0..dataset.len()).map(|index| usize::from(dataset.image(index)[17])).collect()
    }

    #[test]
    fn select_keeps_pixels_labels_and_boxes_together() {
        let data = numbered(&[0, 1, 2, 1], 3);
        let selected = data.select(&[2, 1, 2]);
        assert_eq!(numbers(&selected), [2, 1, 2]);
        assert_eq!(selected.labels, [2, 1, 2]);
        let left_edges: Vec<_> = selected.boxes.iter().flatten().map(|item| item.map(|item| item.x0)).collect();
        assert_eq!(left_edges, [Some(2.0), None, Some(2.0)]);
        assert_eq!([0, 1, 2].map(|nth| selected.mask(nth).unwrap()), [&[0; 6], &[1; 6], &[0; 6]]);
        assert_eq!(selected.notes, data.notes);
        assert_eq!((data.len(), data.is_empty(), data.select(&[]).is_empty()), (4, false, true));
        assert_eq!(data.class_counts(), [1, 2, 1]);
    }

    #[test]
    fn a_box_scales_with_its_image() {
        let scaled = PixelBox { x0: 2.0, y0: 4.0, x1: 64.0, y1: 32.0 }.scaled(0.5, 0.25);
        assert_eq!(scaled, PixelBox { x0: 1.0, y0: 1.0, x1: 32.0, y1: 8.0 });
    }
}
