//! Drawn shapes: a source task and a related target task that need no download.
//!
//! A class is a shape with a texture. Position, size, rotation, colours, background and clutter are random and carry no
//! label. The source task has ten shapes, solid or striped; the target task has five other shapes, solid or checked:
//! no class is shared, but edges, corners and textures are.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::data::dataset::{Dataset, PixelBox, Split};
use crate::data::parallel;
use crate::data::random::{below, unit};
use crate::data::shapes::{Shape, TURN, Texture, direction};
use crate::error::{Error, Result};
use crate::seed::Seed;

/// Which of the two tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyntheticTask {
    /// 20 classes, to train the source network on.
    Source,
    /// 10 other classes, to transfer to.
    Target,
}

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticConfig {
    /// Which classes.
    pub task: SyntheticTask,
    /// Rows and columns of an image; 16 to 256.
    pub size: usize,
    /// Images of each class in the training part.
    pub train_per_class: usize,
    /// Images of each class in the test part.
    pub test_per_class: usize,
}

impl Default for SyntheticConfig {
    /// The target task at the size of CIFAR, with enough images for a small network to learn it in a minute.
    fn default() -> Self {
        Self { task: SyntheticTask::Target, size: 32, train_per_class: 100, test_per_class: 50 }
    }
}

/// Most images of one class: every image is kept in memory.
const MAX_PER_CLASS: usize = 10_000;

impl SyntheticConfig {
    /// Whether these images can be drawn.
    ///
    /// # Errors
    /// Names the key that is out of range.
    pub fn check(&self) -> Result<()> {
        let ranges = [
            ("size", self.size, 16, 256),
            ("train_per_class", self.train_per_class, 1, MAX_PER_CLASS),
            ("test_per_class", self.test_per_class, 1, MAX_PER_CLASS),
        ];
        match ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            Some((key, value, least, most)) => Err(Error::config(key, format!("{value} is not in {least} to {most}"))),
            None => Ok(()),
        }
    }
}

impl SyntheticTask {
    fn name(self) -> &'static str {
        match self {
            Self::Source => "synthetic-source",
            Self::Target => "synthetic-target",
        }
    }

    /// All classes, in order of their label.
    fn classes(self) -> Vec<(Shape, Texture)> {
        use Shape::*;
        let (shapes, textures): (&[Shape], _) = match self {
            Self::Source => (
                &[Disc, Square, Triangle, Ring, Plus, Bar, HalfDisc, Diamond, Crescent, Ell],
                [Texture::Solid, Texture::Stripes],
            ),
            Self::Target => (&[Star, Arrow, Chevron, Hourglass, Frame], [Texture::Solid, Texture::Checks]),
        };
        shapes.iter().flat_map(|&shape| textures.map(|texture| (shape, texture))).collect()
    }
}

/// Draws one part of a task; `boxes` hold the drawn object's extent.
///
/// Image i is of class i mod (number of classes) and depends on (seed, task, split, i) alone, bit for bit the same on
/// every platform: asking for more images adds to the ones there are.
///
/// # Panics
/// If [`SyntheticConfig::check`] would refuse `config`.
pub fn synthetic(config: &SyntheticConfig, split: Split, seed: Seed) -> Dataset {
    config.check().expect("a configuration that was checked");
    let classes = config.task.classes();
    let (per_class, part) = match split {
        Split::Train => (config.train_per_class, "train"),
        Split::Test => (config.test_per_class, "test"),
    };
    let labels: Vec<usize> = (0..per_class * classes.len()).map(|index| index % classes.len()).collect();
    let indices: Vec<usize> = (0..labels.len()).collect();
    let stream = format!("{} {part}", config.task.name());
    let drawn = parallel::map(&indices, |&index| {
        let (shape, texture) = classes[labels[index]];
        draw(config.size, shape, texture, &mut seed.stream(&stream, index as u64))
    });
    let mut pixels = Vec::with_capacity(drawn.len() * 3 * config.size * config.size);
    let mut boxes = Vec::with_capacity(drawn.len());
    for (image, item) in drawn {
        pixels.extend_from_slice(&image);
        boxes.push(Some(item));
    }
    Dataset {
        name: config.task.name().into(),
        class_names: classes.iter().map(|(shape, texture)| format!("{} {}", texture.name(), shape.name())).collect(),
        height: config.size,
        width: config.size,
        pixels,
        labels,
        boxes: Some(boxes),
        notes: Vec::new(),
    }
}

type Colour = [u8; 3];

/// Sum of the differences of the channels.
fn distance(a: Colour, b: Colour) -> u32 {
    a.iter().zip(b).map(|(&a, b)| u32::from(a.abs_diff(b))).sum()
}

/// A random colour at least `least` away from each of `others`, or the farthest of 32 tries.
fn colour_away_from(others: &[Colour], least: u32, rng: &mut impl Rng) -> Colour {
    let nearest = |colour| others.iter().map(|&other| distance(colour, other)).min().unwrap_or(u32::MAX);
    let mut best = [0; 3];
    for _ in 0..32 {
        let colour = std::array::from_fn(|_| below(rng, 256) as u8);
        if nearest(colour) > nearest(best) || best == [0; 3] {
            best = colour;
        }
        if nearest(best) >= least {
            break;
        }
    }
    best
}

/// Something drawn over what is there.
struct Item {
    shape: Shape,
    texture: Texture,
    colours: [Colour; 2],
    centre: (f32, f32),
    /// Pixels per unit of the shape, along u and along v.
    scale: (f32, f32),
    /// Cosine and sine of the rotation.
    direction: (f32, f32),
    /// Stripes or checks per unit.
    cells: f32,
}

/// Samples per pixel and axis: edges have 17 shades.
const SAMPLES: usize = 4;

impl Item {
    /// Of the 16 samples of a pixel, how many are covered with the first and with the second colour.
    fn coverage(&self, row: usize, column: usize) -> [u32; 2] {
        let (dx, dy) = (column as f32 + 0.5 - self.centre.0, row as f32 + 0.5 - self.centre.1);
        // A shape ends within √2 units, a pixel within one pixel.
        let reach = 1.5 * self.scale.0.max(self.scale.1) + 1.0;
        if dx * dx + dy * dy > reach * reach {
            return [0; 2];
        }
        let offset = |sample: usize| (2 * sample + 1) as f32 / (2 * SAMPLES) as f32 - 0.5;
        let mut counts = [0; 2];
        for sample in 0..SAMPLES * SAMPLES {
            let (x, y) = (dx + offset(sample % SAMPLES), dy + offset(sample / SAMPLES));
            let (cos, sin) = self.direction;
            let (u, v) = ((x * cos + y * sin) / self.scale.0, (y * cos - x * sin) / self.scale.1);
            if self.shape.contains(u, v) {
                counts[usize::from(self.texture.is_second(u, v, self.cells))] += 1;
            }
        }
        counts
    }
}

/// Draws one image, 3 × size × size, and says where the object is.
fn draw(size: usize, shape: Shape, texture: Texture, rng: &mut impl Rng) -> (Vec<u8>, PixelBox) {
    let (mut image, base) = background(size, rng);
    for _ in 0..3 + below(rng, 4) {
        paint(&mut image, size, &clutter(size, base, rng));
    }
    let object = object(size, base, shape, texture, rng);
    let extent = paint(&mut image, size, &object);
    for byte in &mut image {
        *byte = (i32::from(*byte) + below(rng, 17) as i32 - 8).clamp(0, 255) as u8;
    }
    (image, extent)
}

/// Points per axis between which the background changes smoothly.
const LATTICE: usize = 4;

/// A smooth change of colours around a base colour, which is returned too.
fn background(size: usize, rng: &mut impl Rng) -> (Vec<u8>, Colour) {
    let base: Colour = std::array::from_fn(|_| 20 + below(rng, 216) as u8);
    let lattice: [[Colour; LATTICE]; LATTICE] = std::array::from_fn(|_| {
        std::array::from_fn(|_| base.map(|value| (i32::from(value) + below(rng, 81) as i32 - 40).clamp(0, 255) as u8))
    });
    let value = |channel: usize, row: usize, column: usize| {
        // Place on the lattice in units of 1 / size; integers, so that the result is exact.
        let ((y, dy), (x, dx)) = (split(row, size), split(column, size));
        let corner = |down: usize, right: usize| usize::from(lattice[y + down][x + right][channel]);
        let top = corner(0, 0) * (size - dx) + corner(0, 1) * dx;
        let bottom = corner(1, 0) * (size - dx) + corner(1, 1) * dx;
        ((top * (size - dy) + bottom * dy + size * size / 2) / (size * size)) as u8
    };
    let plane = size * size;
    let image = (0..3 * plane).map(|place| value(place / plane, place / size % size, place % size)).collect();
    (image, base)
}

/// The lattice cell of a row or column, and how far into it, in 1 / size.
fn split(place: usize, size: usize) -> (usize, usize) {
    let scaled = place * (LATTICE - 1);
    (scaled / size, scaled % size)
}

/// A thin line or a small blob, behind the object and near the background's colour as often as not.
fn clutter(size: usize, base: Colour, rng: &mut impl Rng) -> Item {
    let size = size as f32;
    let is_line = below(rng, 2) == 1;
    let colour = colour_away_from(&[base], 60, rng);
    let scale = if is_line {
        (size * (0.15 + 0.25 * unit(rng)), size * 0.06)
    } else {
        let radius = size * (0.04 + 0.06 * unit(rng));
        (radius, radius)
    };
    Item {
        shape: if is_line { Shape::Bar } else { Shape::Disc },
        texture: Texture::Solid,
        colours: [colour; 2],
        centre: (size * unit(rng), size * unit(rng)),
        scale,
        direction: direction(below(rng, TURN)),
        cells: 1.0,
    }
}

/// The object: 50-80 % of the image wide, wholly inside it, turned by at most 28°.
fn object(size: usize, base: Colour, shape: Shape, texture: Texture, rng: &mut impl Rng) -> Item {
    let size = size as f32;
    let radius = size * (0.25 + 0.15 * unit(rng));
    let first = colour_away_from(&[base], 220, rng);
    let second = colour_away_from(&[first, base], 180, rng);
    let mut place = || radius + (size - 2.0 * radius) * unit(rng);
    let centre = (place(), place());
    Item {
        shape,
        texture,
        colours: [first, second],
        centre,
        scale: (radius, radius),
        direction: direction(TURN - 20 + below(rng, 41)),
        // Stripes and checks of 3/32 of the image, 3 pixels at the size of CIFAR, whatever the object's size.
        cells: radius / (size * 3.0 / 32.0),
    }
}

/// Draws an item, and returns the box around the pixels of which it covers at least half.
fn paint(image: &mut [u8], size: usize, item: &Item) -> PixelBox {
    const FULL: u32 = (SAMPLES * SAMPLES) as u32;
    let (mut first, mut last) = ((size, size), (0, 0));
    for row in 0..size {
        for column in 0..size {
            let counts = item.coverage(row, column);
            let covered = counts[0] + counts[1];
            if covered == 0 {
                continue;
            }
            for channel in 0..3 {
                let byte = &mut image[(channel * size + row) * size + column];
                let under = u32::from(*byte) * (FULL - covered);
                let over = (0..2).map(|colour| u32::from(item.colours[colour][channel]) * counts[colour]).sum::<u32>();
                *byte = ((under + over + FULL / 2) / FULL) as u8;
            }
            if 2 * covered >= FULL {
                first = (first.0.min(column), first.1.min(row));
                last = (last.0.max(column + 1), last.1.max(row + 1));
            }
        }
    }
    PixelBox { x0: first.0 as f32, y0: first.1 as f32, x1: last.0 as f32, y1: last.1 as f32 }
}

#[cfg(test)]
#[path = "synthetic_tests.rs"]
mod tests;
