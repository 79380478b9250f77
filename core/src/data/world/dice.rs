//! Random choices of a picture, from one stream.

use rand_chacha::ChaCha8Rng;

use crate::data::random::{below, unit};

/// The stream that one picture is drawn from.
pub(super) struct Dice(pub ChaCha8Rng);

impl Dice {
    /// An integer in `0..n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        below(&mut self.0, u32::try_from(n).expect("a small number")) as usize
    }

    /// A number from `low` to `high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * unit(&mut self.0)
    }

    /// A number from −`reach` to `reach`.
    pub(super) fn around(&mut self, reach: f32) -> f32 {
        self.between(-reach, reach)
    }

    /// `value`, longer or shorter by at most an eighth: the proportions of one exemplar.
    pub(super) fn about(&mut self, value: f32) -> f32 {
        value * self.between(0.875, 1.125)
    }

    /// Whether something of this probability happens.
    pub(super) fn chance(&mut self, probability: f32) -> bool {
        unit(&mut self.0) < probability
    }

    /// One of `items`.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A seed for a texture that is noise.
    pub(super) fn word(&mut self) -> u32 {
        self.below(0xffff_ffff) as u32
    }
}
