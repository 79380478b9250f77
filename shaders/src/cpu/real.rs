use burn_backend::Element;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use super::Lanes;

/// The floating-point types of the CPU device: `f32` to train, `f64` to prove.
pub(crate) trait Real:
    Element
    + Lanes
    + Pod
    + Send
    + Sync
    + PartialOrd
    + Default
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
    + AddAssign
{
    const ZERO: Self;
    const ONE: Self;
    fn wide(self) -> f64;
    fn narrow(value: f64) -> Self;
}

pub(crate) use bytemuck::Pod;

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounding to single precision is the purpose")]
    fn narrow(value: f64) -> Self {
        value as f32
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn wide(self) -> f64 {
        self
    }
    fn narrow(value: f64) -> Self {
        value
    }
}

/// `buffer` with exactly `len` elements of unspecified value.
pub(crate) fn resized<T: Real>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    if buffer.len() < len {
        buffer.resize(len, T::ZERO);
    }
    &mut buffer[..len]
}
