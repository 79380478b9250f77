//! Columns of a matrix `[B, N]` that belong together, as the channels of one pair do: softmax within each segment, and products of
//! a segment with a number of its own.
//!
//! With `seg(c)` the segment of column c:
//!
//! - [`softmax`]: `w_bc = exp z_bc / Σ_{e ∈ seg(c)} exp z_be`; its gradient is also its tangent, `z̄ = w (w̄ − Σ_{e ∈ seg(c)} w_e w̄_e)`
//!   ([`softmax_gradient`]), since the Jacobian is symmetric
//! - [`products`]: `y_bc = f k_{b, seg(c)} a_bc` and `s_bk = f Σ_{c ∈ k} a_bc e_bc`: with `f = 1` the weights λ w of channels, and with
//!   D for `a` and w for `e` the gradients of `f Σ λ w D` in w and in λ

mod gpu;
mod reference;

use std::ops::Range;

use burn_tensor::Tensor;

use crate::cpu::{Cpu, Real, by_dtype, lane_sums, map_images};
use crate::vector::part;
#[cfg(test)]
pub(crate) use gpu::kernels;

/// Which columns of `[B, N]` belong to which of K segments: disjoint ranges that cover all columns, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segments(Vec<Range<usize>>);

impl Segments {
    /// Segments of these columns.
    ///
    /// # Panics
    /// Where two of them overlap, or a column belongs to none.
    pub fn new(ranges: Vec<Range<usize>>) -> Self {
        let mut sorted = ranges.clone();
        sorted.sort_by_key(|range| range.start);
        sorted.iter().fold(0, |end, range| {
            assert_eq!(range.start, end, "segments lie one after another: {ranges:?}");
            range.end
        });
        Self(ranges)
    }

    /// Segments of these lengths, one after another.
    pub fn consecutive(lengths: &[usize]) -> Self {
        let mut end = 0;
        let ranges = lengths.iter().map(|length| {
            end += length;
            end - length..end
        });
        Self(ranges.collect())
    }

    /// The columns of every segment.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.0
    }

    /// N.
    pub fn columns(&self) -> usize {
        self.0.iter().map(Range::len).sum()
    }

    /// The columns of the `nth` segment, `[B, n]`.
    pub fn part(&self, x: &Tensor<2>, nth: usize) -> Tensor<2> {
        x.clone().narrow(1, self.0[nth].start, self.0[nth].len())
    }
}

/// `w`, `[B, N]`, from `z`, `[B, N]`.
pub fn softmax(z: &Tensor<2>, segments: &Segments) -> Tensor<2> {
    if let Some(w) = gpu::softmax(z, segments) {
        return w;
    }
    let Some(values) = Cpu::of(z) else { return reference::softmax(z, segments) };
    let [batch, columns] = z.dims();
    by_dtype!(values.dtype(), T => {
        let z = values.slice::<T>();
        let w = map_images(batch, columns, |b, w: &mut [T]| {
            let z = &z[b * columns..][..columns];
            for range in segments.ranges() {
                let highest = z[range.clone()].iter().map(|z| z.wide()).fold(f64::NEG_INFINITY, f64::max);
                let powers = z[range.clone()].iter().map(|z| (z.wide() - highest).exp());
                let sum: f64 = powers.clone().sum();
                w[range.clone()].iter_mut().zip(powers).for_each(|(w, power)| *w = T::narrow(power / sum));
            }
        });
        Cpu::tensor(w, [batch, columns])
    })
}

/// `f w (w̄ − Σ w w̄)`, `[B, N]`, from `w` and `w̄`, `[B, N]` each.
pub fn softmax_gradient(w: &Tensor<2>, w_bar: &Tensor<2>, segments: &Segments, factor: f64) -> Tensor<2> {
    if let Some(z_bar) = gpu::softmax_gradient(w, w_bar, segments, factor) {
        return z_bar;
    }
    let (Some(left), Some(right)) = (Cpu::of(w), Cpu::of(w_bar)) else {
        return reference::softmax_gradient(w, w_bar, segments, factor);
    };
    let [batch, columns] = w.dims();
    by_dtype!(left.dtype(), T => {
        let (w, w_bar) = (left.slice::<T>(), right.slice::<T>());
        let z_bar = map_images(batch, columns, |b, z_bar: &mut [T]| {
            let (w, w_bar) = (&w[b * columns..][..columns], &w_bar[b * columns..][..columns]);
            for range in segments.ranges() {
                let (w, w_bar) = (&w[range.clone()], &w_bar[range.clone()]);
                let [mean] = lane_sums(w.len(), |i| [w[i] * w_bar[i]]);
                for (z_bar, (w, w_bar)) in z_bar[range.clone()].iter_mut().zip(w.iter().zip(w_bar)) {
                    *z_bar = T::narrow(factor * w.wide() * (w_bar.wide() - mean));
                }
            }
        });
        Cpu::tensor(z_bar, [batch, columns])
    })
}

/// `(f k a, f Σ a e)`, `[B, N]` and `[B, K]`, from `a` and `e`, `[B, N]` each, and `k`, `[B, K]`.
pub fn products(
    a: &Tensor<2>,
    e: &Tensor<2>,
    k: &Tensor<2>,
    segments: &Segments,
    factor: f64,
) -> (Tensor<2>, Tensor<2>) {
    if let Some(found) = gpu::products(a, e, k, segments, factor) {
        return found;
    }
    let (Some(a_values), Some(e_values), Some(k_values)) = (Cpu::of(a), Cpu::of(e), Cpu::of(k)) else {
        return reference::products(a, e, k, segments, factor);
    };
    let ([batch, columns], [_, count]) = (a.dims(), k.dims());
    by_dtype!(a_values.dtype(), T => {
        let (a, e, k) = (a_values.slice::<T>(), e_values.slice::<T>(), k_values.slice::<T>());
        let scaled = map_images(batch, columns, |b, out: &mut [T]| {
            let a = &a[b * columns..][..columns];
            for (range, k) in segments.ranges().iter().zip(&k[b * count..]) {
                let k = T::narrow(factor * k.wide());
                out[range.clone()].iter_mut().zip(&a[range.clone()]).for_each(|(out, &a)| *out = a * k);
            }
        });
        let sums = map_images(batch, count, |b, out: &mut [T]| {
            let (a, e) = (&a[b * columns..][..columns], &e[b * columns..][..columns]);
            for (range, out) in segments.ranges().iter().zip(out) {
                let (a, e) = (&a[range.clone()], &e[range.clone()]);
                let [sum] = lane_sums(a.len(), |i| [a[i] * e[i]]);
                *out = T::narrow(factor * sum);
            }
        });
        (Cpu::tensor(scaled, [batch, columns]), Cpu::tensor(sums, [batch, count]))
    })
}

/// `Σ a e` of two matrices of one shape, `[1]`: they are one segment of one image.
pub fn inner(a: &Tensor<2>, e: &Tensor<2>) -> Tensor<1> {
    let count = a.dims().iter().product();
    let [a, e] = [a, e].map(|x| x.clone().reshape([1, count]));
    // What the columns are multiplied by is of no interest.
    let one = part(&a.clone().reshape([count]), 0..1).reshape([1, 1]);
    products(&a, &e, &one, &Segments::consecutive(&[count]), 1.0).1.reshape([1])
}

#[cfg(test)]
mod tests {
    use burn_tensor::{Device, Tolerance};

    use super::*;
    use crate::conv::tests::values;

    /// Of several lengths, one of a single column, not in the order of their columns.
    fn segments() -> Segments {
        Segments::new(vec![5..22, 0..5, 22..23, 23..40])
    }

    #[test]
    fn agrees_with_burns_operations() {
        let (device, segments) = (Device::flex(), segments());
        let [a, e] = [0.1, 0.9].map(|phase| values([3, 40], phase, &device) * 3.0);
        let k = values([3, 4], 1.7, &device);
        let close = |found: &Tensor<2>, expected: &Tensor<2>| {
            // Sums of at most 17 numbers below ten, in another order.
            found.to_data().assert_approx_eq::<f64>(&expected.to_data(), Tolerance::absolute(1e-13));
        };
        let w = softmax(&a, &segments);
        close(&w, &reference::softmax(&a, &segments));
        close(&softmax_gradient(&w, &e, &segments, 0.7), &reference::softmax_gradient(&w, &e, &segments, 0.7));
        let (found, expected) = (products(&a, &e, &k, &segments, 0.3), reference::products(&a, &e, &k, &segments, 0.3));
        close(&found.0, &expected.0);
        close(&found.1, &expected.1);
        let sum = inner(&a, &e).into_scalar::<f64>() - (a * e).sum().into_scalar::<f64>();
        assert!(sum.abs() < 1e-12, "{sum}");
    }

    #[test]
    fn softmax_of_large_numbers_is_finite_and_its_gradient_that_of_differences() {
        let (device, segments) = (Device::flex(), segments());
        let (z, w_bar, u) =
            (values([3, 40], 0.1, &device), values([3, 40], 2.1, &device), values([3, 40], 4.2, &device));
        let far = softmax(&(z.clone() + 1e4), &segments);
        // 1e4 leaves twelve digits of the numbers behind it.
        far.to_data().assert_approx_eq::<f64>(&softmax(&z, &segments).to_data(), Tolerance::absolute(1e-11));
        let value = |z: Tensor<2>| (softmax(&z, &segments) * w_bar.clone()).sum().into_scalar::<f64>();
        let step = 1e-5;
        let expected = (value(z.clone() + u.clone() * step) - value(z.clone() - u.clone() * step)) / (2.0 * step);
        let z_bar = softmax_gradient(&softmax(&z, &segments), &w_bar, &segments, 1.0);
        let found = (z_bar * u).sum().into_scalar::<f64>();
        // step² and 1e-16/step are both about 1e-10.
        assert!(found.abs() > 1e-3 && (found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    #[should_panic(expected = "segments lie one after another")]
    fn a_column_of_no_segment_is_refused() {
        let _ = Segments::new(vec![0..3, 4..7]);
    }
}
