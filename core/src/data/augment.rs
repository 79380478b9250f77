//! Random crop and horizontal flip, as torchvision's `RandomCrop(size, padding)` then `RandomHorizontalFlip`.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::data::random::below;
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
}

/// One way to look at an image: which crop of it, and whether mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    /// Rows that the crop moves down; negative shows border at the top.
    pub down: isize,
    /// Columns that the crop moves right; negative shows border at the left of the unmirrored image.
    pub right: isize,
    /// Whether left and right are swapped, after cropping.
    pub flip: bool,
}

/// 32-bit words of the stream that one sample uses, whatever they are used for.
const WORDS_PER_SAMPLE: u128 = 3;

impl Augmentation {
    /// How the sample at `position` of the order of `epoch` is seen.
    ///
    /// A pure function: no sample depends on how many were drawn before it, nor on which thread draws it.
    pub(super) fn view(self, seed: Seed, epoch: u64, position: usize) -> View {
        let Self::CropFlip { pad } = self else { return View { down: 0, right: 0, flip: false } };
        let mut rng = seed.stream("augment", epoch);
        rng.set_word_pos(position as u128 * WORDS_PER_SAMPLE);
        let range = u32::try_from(2 * pad + 1).expect("the border is smaller than the image");
        let down = below(&mut rng, range) as isize - pad as isize;
        let right = below(&mut rng, range) as isize - pad as isize;
        View { down, right, flip: rng.next_u32() >> 31 == 1 }
    }
}

impl View {
    /// Writes the view of `image`, normalised by `table`, to `out`.
    ///
    /// # Shapes
    /// `image` and `out`: 3 × height × width, planar.
    pub(super) fn write(self, image: &[u8], (height, width): (usize, usize), table: &[[f32; 256]; 3], out: &mut [f32]) {
        let plane = height * width;
        let planes = image.chunks_exact(plane).zip(out.chunks_exact_mut(plane)).zip(table);
        for ((image, out), table) in planes {
            for (row, out) in out.chunks_exact_mut(width).enumerate() {
                let source_row = row.checked_add_signed(self.down).filter(|&row| row < height);
                let source = source_row.map(|row| &image[row * width..][..width]);
                for (column, value) in out.iter_mut().enumerate() {
                    let column = if self.flip { width - 1 - column } else { column };
                    let source_column = column.checked_add_signed(self.right).filter(|&column| column < width);
                    let byte = source.zip(source_column).map_or(0, |(source, column)| source[column]);
                    *value = table[usize::from(byte)];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::normalise::{denormalised, normalised, table};

    /// 2 rows × 3 columns; red 1-6, green 11-16, blue 21-26.
    const IMAGE: [u8; 18] = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 21, 22, 23, 24, 25, 26];

    /// The view of [`IMAGE`] as bytes again.
    fn seen(view: View) -> Vec<u8> {
        let mut out = [f32::NAN; 18];
        view.write(&IMAGE, (2, 3), &table(), &mut out);
        out.iter().enumerate().map(|(index, &value)| denormalised(value, index / 6)).collect()
    }

    #[test]
    fn views_match_hand_computed_crops() {
        assert_eq!(seen(View { down: 0, right: 0, flip: false }), IMAGE);
        let mirrored = [3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14, 23, 22, 21, 26, 25, 24];
        assert_eq!(seen(View { down: 0, right: 0, flip: true }), mirrored);
        let down_left = [0, 4, 5, 0, 0, 0, 0, 14, 15, 0, 0, 0, 0, 24, 25, 0, 0, 0];
        assert_eq!(seen(View { down: 1, right: -1, flip: false }), down_left);
        // The crop comes first: the border that was at its left is mirrored to its right.
        let down_left_mirrored = [5, 4, 0, 0, 0, 0, 15, 14, 0, 0, 0, 0, 25, 24, 0, 0, 0, 0];
        assert_eq!(seen(View { down: 1, right: -1, flip: true }), down_left_mirrored);
        let up_right = [0, 0, 0, 3, 0, 0, 0, 0, 0, 13, 0, 0, 0, 0, 0, 23, 0, 0];
        assert_eq!(seen(View { down: -1, right: 2, flip: false }), up_right);
    }

    #[test]
    fn the_border_is_black_before_normalisation() {
        let mut out = [f32::NAN; 18];
        View { down: 2, right: 0, flip: false }.write(&IMAGE, (2, 3), &table(), &mut out);
        for (channel, plane) in out.chunks(6).enumerate() {
            assert_eq!(plane, [normalised(0, channel); 6]);
        }
    }

    #[test]
    fn every_offset_and_both_directions_come_up_evenly() {
        let augmentation = Augmentation::CropFlip { pad: 2 };
        let (mut down, mut right, mut flips) = ([0; 5], [0; 5], 0);
        for position in 0..5_000 {
            let view = augmentation.view(Seed(3), 1, position);
            down[(view.down + 2) as usize] += 1;
            right[(view.right + 2) as usize] += 1;
            flips += i32::from(view.flip);
        }
        assert!(down.iter().chain(&right).all(|count| (900..1100).contains(count)), "{down:?} {right:?}");
        assert!((2400..2600).contains(&flips), "{flips}");
    }

    #[test]
    fn a_view_depends_on_seed_epoch_and_position_alone() {
        let augmentation = Augmentation::CropFlip { pad: 4 };
        let views = |seed, epoch| (0..40).map(|k| augmentation.view(Seed(seed), epoch, k)).collect::<Vec<_>>();
        let backwards: Vec<_> = (0..40).rev().map(|k| augmentation.view(Seed(1), 7, k)).collect();
        assert_eq!(views(1, 7), backwards.into_iter().rev().collect::<Vec<_>>());
        assert_ne!(views(1, 7), views(1, 8));
        assert_ne!(views(1, 7), views(2, 7));
        let plain = View { down: 0, right: 0, flip: false };
        assert!((0..40).all(|k| Augmentation::None.view(Seed(1), 7, k) == plain));
    }
}
