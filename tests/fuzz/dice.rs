//! Choices for grammars and mutations, drawn from random bytes by `arbitrary`.
//!
//! The bytes of an input's choices are a function of (seed, reader, number), so an input needs only its number to be
//! made again.

use arbitrary::{Arbitrary, Unstructured};
use l2t_core::seed::Seed;
use rand::Rng;

/// Random bytes for one input; choices beyond them are all the first one.
pub const ENTROPY: usize = 4096;

/// The random bytes of input `number` of the reader called `name`.
pub fn entropy(seed: u64, name: &str, number: u64) -> [u8; ENTROPY] {
    let mut bytes = [0; ENTROPY];
    Seed(seed).stream(name, number).fill_bytes(&mut bytes);
    bytes
}

/// Draws choices.
pub struct Dice<'a>(Unstructured<'a>);

impl<'a> Dice<'a> {
    /// From the bytes of [`entropy`].
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// A number below `count`; 0 where that is 0.
    pub fn below(&mut self, count: usize) -> usize {
        self.0.int_in_range(0..=count.saturating_sub(1)).unwrap_or(0)
    }

    /// True once in `count` times.
    pub fn once_in(&mut self, count: usize) -> bool {
        self.below(count) + 1 == count
    }

    /// One of `from`, which is not empty.
    pub fn choose<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// A value of any type that `arbitrary` knows.
    pub fn any<T: Arbitrary<'a> + Default>(&mut self) -> T {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Up to `most` random bytes.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1).min(self.0.len());
        self.0.bytes(length).map(<[u8]>::to_vec).unwrap_or_default()
    }

    /// A small number mostly, a large one at times: 0 to 3, then ever rarer up to `most`.
    pub fn few(&mut self, most: usize) -> usize {
        let bound = match self.below(16) {
            0..=11 => 4,
            12..=14 => 17,
            _ => most + 1,
        };
        self.below(bound.min(most + 1))
    }

    /// A number at which readers go wrong: around zero, powers of two, and the ends of the types.
    pub fn edge(&mut self) -> u64 {
        let bit = 1u64 << self.below(64);
        match self.below(8) {
            0 => self.below(20) as u64,
            1 => bit,
            2 => bit.wrapping_sub(1),
            3 => bit.wrapping_add(1),
            4 => bit.wrapping_neg(),
            5 => u64::MAX - self.below(8) as u64,
            6 => u64::from(self.any::<u16>()),
            _ => self.any(),
        }
    }
}
