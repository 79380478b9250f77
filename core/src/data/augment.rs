//! What chance does to an image in training: torchvision's `RandomCrop(size, padding)` or `RandomResizedCrop(size)`, then
//! `RandomHorizontalFlip`.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::data::random::{below, unit};
use crate::data::resample::Rect;
use crate::data::view::View;
use crate::seed::Seed;

/// What happens to an image between the data set and the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Augmentation {
    /// Nothing; for measuring.
    #[default]
    None,
    /// A crop of the image's own size out of the image with a border, then a flip with probability one half.
    CropFlip {
        /// Pixels of border on every side. They are black *before* normalisation, so they enter the network as
        /// (0 − mean) / standard deviation, not as zero. The paper's value is 4.
        pad: usize,
    },
    /// A crop of 8 to 100 % of the image's area, of a shape between 3 : 4 and 4 : 3, brought to the wanted size without keeping
    /// its shape, then a flip with probability one half: what the paper has for 224 × 224.
    ResizedCropFlip,
}

/// Crops that are drawn before the centre is taken: they have to lie inside of the picture.
const TRIES: usize = 10;

/// The share of the picture's area that a resized crop has.
const AREA: [f64; 2] = [0.08, 1.0];

/// Its width over its height.
const ASPECT: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0];

impl Augmentation {
    /// How the sample at `position` of the order of `epoch` is seen: a picture of this width and height, of which `plain` is
    /// seen without any chance.
    ///
    /// A pure function: no sample depends on how many were drawn before it, nor on which thread draws it.
    pub(super) fn view(self, seed: Seed, epoch: u64, position: usize, size: (usize, usize), plain: View) -> View {
        match self {
            Self::None => plain,
            Self::CropFlip { pad } => {
                let mut rng = sample(seed, "augment", epoch, position, 3);
                let range = u32::try_from(2 * pad + 1).expect("the border is smaller than the image");
                let down = below(&mut rng, range) as isize - pad as isize;
                let right = below(&mut rng, range) as isize - pad as isize;
                View { left: plain.left + right, top: plain.top + down, flip: rng.next_u32() >> 31 == 1, ..plain }
            }
            Self::ResizedCropFlip => {
                // Two words a try for its area and shape, two for its place, one for the flip.
                let mut rng = sample(seed, "resized crop", epoch, position, 2 * TRIES as u128 + 3);
                let flip = rng.next_u32() >> 31 == 1;
                let cut = resized_crop(size, &mut rng);
                View { cut, resized: plain.size, left: 0, top: 0, size: plain.size, flip }
            }
        }
    }
}

/// The random numbers of one sample, which has `words` of 32 bits of them.
fn sample(seed: Seed, stream: &str, epoch: u64, position: usize, words: u128) -> impl Rng {
    let mut rng = seed.stream(stream, epoch);
    rng.set_word_pos(position as u128 * words);
    rng
}

/// The rectangle that torchvision's `RandomResizedCrop` cuts out.
fn resized_crop((width, height): (usize, usize), rng: &mut impl Rng) -> Rect {
    let area = (width * height) as f64;
    for _ in 0..TRIES {
        let share = f64::from(unit(rng)) * (AREA[1] - AREA[0]) + AREA[0];
        let logarithm = f64::from(unit(rng)) * (ASPECT[1].ln() - ASPECT[0].ln()) + ASPECT[0].ln();
        let (crop, aspect) = (area * share, logarithm.exp());
        let sides = [(crop * aspect).sqrt(), (crop / aspect).sqrt()].map(|side| side.round_ties_even() as usize);
        if (1..=width).contains(&sides[0]) && (1..=height).contains(&sides[1]) {
            let top = below(rng, (height - sides[1] + 1) as u32) as usize;
            let left = below(rng, (width - sides[0] + 1) as u32) as usize;
            return Rect { left, top, width: sides[0], height: sides[1] };
        }
    }
    centre((width, height))
}

/// The largest rectangle in the middle whose shape is allowed.
fn centre((width, height): (usize, usize)) -> Rect {
    let aspect = width as f64 / height as f64;
    let of = |length: f64| (length.round_ties_even() as usize).max(1);
    let (cut_width, cut_height) = match aspect {
        aspect if aspect < ASPECT[0] => (width, of(width as f64 / ASPECT[0]).min(height)),
        aspect if aspect > ASPECT[1] => (of(height as f64 * ASPECT[1]).min(width), height),
        _ => (width, height),
    };
    Rect { left: (width - cut_width) / 2, top: (height - cut_height) / 2, width: cut_width, height: cut_height }
}

#[cfg(test)]
#[path = "augment_tests.rs"]
mod tests;
