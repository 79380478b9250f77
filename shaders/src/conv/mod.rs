//! Two-dimensional convolution without bias: `y = W ∗ x`, linear in `x` and in `W`.
//!
//! `y_{boij} = Σ_{c,k,l} W_{ockl} x_{b, c, i·s + k − p, j·s + l − p}` with stride `s` and zero padding `p`.
//!
//! Because it is bilinear, every derivative is a sum of three products, [`convolve`], [`input_gradient`] and
//! [`weight_gradient`]. All three take a list of terms and add them up, so that a tangent such as
//! `ẏ = W ∗ ẋ + Ẇ ∗ x` is one call.

mod cpu;
mod gpu;
pub mod reference;

use burn_tensor::Tensor;

use crate::channels;
use crate::cpu::Cpu;
#[cfg(test)]
pub(crate) use gpu::kernels;
pub use gpu::{Family, LARGEST, Shape, Tile, Tiles, Variant, choose, family};

/// Stride and zero padding, the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Distance between neighbouring outputs, in input pixels.
    pub stride: usize,
    /// Zeros added on each side, in input pixels.
    pub padding: usize,
}

impl Geometry {
    /// Output length for an input of `length` pixels and a kernel of `kernel` pixels.
    pub fn output(self, length: usize, kernel: usize) -> usize {
        (length + 2 * self.padding - kernel) / self.stride + 1
    }
}

/// `Σ W ∗ x` over the terms `(x, W)`.
///
/// # Shapes
/// `x`: `[B, C, H, W]`, `W`: `[O, C, K, K]`, result: `[B, O, H', W']` with `H' = (H + 2p − K)/s + 1`.
///
/// # Panics
/// When the terms are empty or of different shapes.
pub fn convolve(terms: &[(&Tensor<4>, &Tensor<4>)], geometry: Geometry) -> Tensor<4> {
    with_bias(terms, None, geometry)
}

/// [`convolve`] with the bias `b`, `[O]`: `y_{boij} += b_o`.
pub fn convolve_biased(terms: &[(&Tensor<4>, &Tensor<4>)], bias: &Tensor<1>, geometry: Geometry) -> Tensor<4> {
    with_bias(terms, Some(bias), geometry)
}

fn with_bias(terms: &[(&Tensor<4>, &Tensor<4>)], bias: Option<&Tensor<1>>, geometry: Geometry) -> Tensor<4> {
    check(terms.iter().map(|(x, w)| [x.dims(), w.dims()]));
    let y = if Cpu::holds(terms[0].0) {
        cpu::convolve(terms, geometry)
    } else if let Some(y) = gpu::convolve(None, terms, bias, geometry) {
        return y;
    } else {
        reference::convolve(terms, geometry)
    };
    match bias {
        Some(bias) => channels::add_bias(&y, bias, None),
        None => y,
    }
}

/// `x̄ = Σ Wᵀ ∗ ȳ` over the terms `(ȳ, W)`: the gradient of [`convolve`] in its input.
///
/// # Shapes
/// `ȳ`: `[B, O, H', W']`, `W`: `[O, C, K, K]`, `x` (only its shape matters) and result: `[B, C, H, W]`.
pub fn input_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], x: &Tensor<4>, geometry: Geometry) -> Tensor<4> {
    check(terms.iter().map(|(y, w)| [y.dims(), w.dims()]));
    if Cpu::holds(terms[0].0) {
        cpu::input_gradient(terms, x.dims(), geometry)
    } else {
        gpu::input_gradient(None, terms, x.dims(), geometry)
            .unwrap_or_else(|| reference::input_gradient(terms, x, geometry))
    }
}

/// `W̄_{ockl} = Σ Σ_{bij} ȳ_{boij} x_{b, c, i·s + k − p, j·s + l − p}` over the terms `(x, ȳ)`: the gradient of
/// [`convolve`] in its weight.
///
/// # Shapes
/// `x`: `[B, C, H, W]`, `ȳ`: `[B, O, H', W']`, `weight` (only its shape matters) and result: `[O, C, K, K]`.
pub fn weight_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], weight: &Tensor<4>, geometry: Geometry) -> Tensor<4> {
    added_up(weight_gradient_rows(terms, weight, geometry)).reshape(weight.dims())
}

/// [`weight_gradient`] as rows that add up to it, `[R, O·C·K²]`: a GPU cuts its sums into runs, which cost no launch of their own to add up
/// where [`crate::vector::assemble`] does it.
pub fn weight_gradient_rows(terms: &[(&Tensor<4>, &Tensor<4>)], weight: &Tensor<4>, geometry: Geometry) -> Tensor<2> {
    check(terms.iter().map(|(x, y)| [x.dims(), y.dims()]));
    let as_row = |whole: Tensor<4>| whole.reshape([1, weight.dims().iter().product::<usize>()]);
    if Cpu::holds(terms[0].0) {
        return as_row(cpu::weight_gradient(terms, weight.dims(), geometry));
    }
    match gpu::weight_gradient(None, terms, weight.dims(), geometry) {
        Some(rows) if rows.dims().iter().product::<usize>() <= FEW => rows,
        Some(rows) => added_up(rows),
        None => as_row(reference::weight_gradient(terms, weight, geometry)),
    }
}

/// Elements of rows that may wait until they are added up: a megabyte.
const FEW: usize = 1 << 18;

/// One row.
fn added_up(rows: Tensor<2>) -> Tensor<2> {
    if rows.dims()[0] == 1 { rows } else { rows.sum_dim(0) }
}

/// [`convolve`] by one family of a GPU's kernels; `None` where it has none for this, and on the CPU.
pub fn convolve_by(family: Family, terms: &[(&Tensor<4>, &Tensor<4>)], geometry: Geometry) -> Option<Tensor<4>> {
    gpu::convolve(Some(family), terms, None, geometry)
}

/// [`input_gradient`] by one family of a GPU's kernels, as [`convolve_by`].
pub fn input_gradient_by(
    family: Family,
    terms: &[(&Tensor<4>, &Tensor<4>)],
    x: &Tensor<4>,
    geometry: Geometry,
) -> Option<Tensor<4>> {
    gpu::input_gradient(Some(family), terms, x.dims(), geometry)
}

/// [`weight_gradient`] by one family of a GPU's kernels, as [`convolve_by`].
pub fn weight_gradient_by(
    family: Family,
    terms: &[(&Tensor<4>, &Tensor<4>)],
    weight: &Tensor<4>,
    geometry: Geometry,
) -> Option<Tensor<4>> {
    let rows = gpu::weight_gradient(Some(family), terms, weight.dims(), geometry)?;
    Some(added_up(rows).reshape(weight.dims()))
}

/// At most two terms are ever added up: a product rule has two.
fn check(mut shapes: impl Iterator<Item = [[usize; 4]; 2]>) {
    let first = shapes.next().expect("a sum of convolutions has at least one term");
    let rest: Vec<_> = shapes.collect();
    assert!(rest.len() < 2 && rest.iter().all(|shape| *shape == first), "one or two terms of one shape");
}

#[cfg(test)]
pub(crate) mod tests;
