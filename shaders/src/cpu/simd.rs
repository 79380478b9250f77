//! The processor's widest vectors, found out at run time: AVX-512, AVX2, NEON, SIMD of WebAssembly, or one number at a time.

use std::marker::PhantomData;
use std::ops::{Add, Mul, Neg, Sub};

use bytemuck::Pod;
use pulp::{Arch, Simd, WithSimd};

use super::Real;

/// Runs a closure, written out in place, compiled for the widest vectors of this processor: its loops over slices become vector
/// instructions where they can.
///
/// A macro, because the compiler takes a closure into code for a wider processor only where it is called nowhere else: here
/// each processor has a closure of its own.
macro_rules! vectorised {
    ($work:expr) => {{
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(wide) = pulp::x86::V4::try_new() {
                wide.vectorize($work)
            } else if let Some(wide) = pulp::x86::V3::try_new() {
                wide.vectorize($work)
            } else {
                ($work)()
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        ($work)()
    }};
}
pub(crate) use vectorised;

/// Numbers that fill vectors.
pub(crate) trait Lanes: Sized {
    /// As many of them as the processor takes at once.
    type Vector<S: Simd>: Pod;
    fn splat<S: Simd>(simd: S, x: f64) -> Self::Vector<S>;
    fn add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn sub<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn mul<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn neg<S: Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
}

macro_rules! lanes {
    ($T:ty, $vector:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $neg:ident) => {
        impl Lanes for $T {
            type Vector<S: Simd> = S::$vector;
            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: f64) -> S::$vector {
                simd.$splat(Self::narrow(x))
            }
            #[inline(always)]
            fn add<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn sub<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn mul<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn neg<S: Simd>(simd: S, a: S::$vector) -> S::$vector {
                simd.$neg(a)
            }
        }
    };
}
lanes!(f32, f32s, splat_f32s, add_f32s, sub_f32s, mul_f32s, neg_f32s);
lanes!(f64, f64s, splat_f64s, add_f64s, sub_f64s, mul_f64s, neg_f64s);

/// A vector with the right to compute with it.
pub(crate) struct Lane<S: Simd, T: Lanes> {
    simd: S,
    values: T::Vector<S>,
}

impl<S: Simd, T: Lanes> Clone for Lane<S, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Simd, T: Lanes> Copy for Lane<S, T> {}

macro_rules! operator {
    ($Trait:ident, $method:ident) => {
        impl<S: Simd, T: Lanes> $Trait for Lane<S, T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self { simd: self.simd, values: T::$method(self.simd, self.values, other.values) }
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);

impl<S: Simd, T: Lanes> Neg for Lane<S, T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { simd: self.simd, values: T::neg(self.simd, self.values) }
    }
}

impl<S: Simd, T: Lanes> Mul<f64> for Lane<S, T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, factor: f64) -> Self {
        Self { simd: self.simd, values: T::mul(self.simd, self.values, T::splat(self.simd, factor)) }
    }
}

/// Numbers that can be added up, and so can whole vectors of them.
pub(crate) trait Linear:
    Copy + Add<Output = Self> + Sub<Output = Self> + Neg<Output = Self> + Mul<f64, Output = Self>
{
}
impl<N: Copy + Add<Output = N> + Sub<Output = N> + Neg<Output = N> + Mul<f64, Output = N>> Linear for N {}

/// A linear map of `I` numbers to `O`, of which lines of numbers are mapped at once.
pub(crate) trait Map<const I: usize, const O: usize> {
    fn of<N: Linear>(x: [N; I]) -> [N; O];
}

/// Numbers that a line's length is a multiple of: a vector of the widest, so that none is left over.
pub(crate) const LINE: usize = 16;

/// Fills `out`, consecutive groups of `O` lines of `pitch` numbers, with `F` of `I` lines each: `from(group, i)` is one of them.
#[inline(always)]
pub(crate) fn map_lines<'a, T: Real, F: Map<I, O>, const I: usize, const O: usize>(
    out: &mut [T],
    pitch: usize,
    from: impl Fn(usize, usize) -> &'a [T],
) {
    assert!(pitch.is_multiple_of(LINE), "lines are whole vectors");
    Arch::new().dispatch(MapLines::<T, F, _, I, O> { out, pitch, from, map: PhantomData });
}

struct MapLines<'a, T, F, G, const I: usize, const O: usize> {
    out: &'a mut [T],
    pitch: usize,
    from: G,
    map: PhantomData<F>,
}

impl<'b, T: Real, F: Map<I, O>, G: Fn(usize, usize) -> &'b [T], const I: usize, const O: usize> WithSimd
    for MapLines<'_, T, F, G, I, O>
{
    type Output = ();

    // Loops, and no adapters of arrays: what is not inlined here is compiled for the least processor.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { out, pitch, from, .. } = self;
        let vectors = pitch / (size_of::<T::Vector<S>>() / size_of::<T>());
        let out: &mut [T::Vector<S>] = bytemuck::cast_slice_mut(out);
        for (group, out) in out.chunks_exact_mut(O * vectors).enumerate() {
            let mut lines: [&[T::Vector<S>]; I] = [&[]; I];
            for (nth, line) in lines.iter_mut().enumerate() {
                *line = &bytemuck::cast_slice(from(group, nth))[..vectors];
            }
            for at in 0..vectors {
                let mut x = [Lane::<S, T> { simd, values: lines[0][at] }; I];
                for nth in 1..I {
                    x[nth].values = lines[nth][at];
                }
                let y = F::of(x);
                for nth in 0..O {
                    out[nth * vectors + at] = y[nth].values;
                }
            }
        }
    }
}
