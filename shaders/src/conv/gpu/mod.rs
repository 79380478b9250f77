//! Convolution as a matrix product whose patches are gathered inside the kernel ("implicit GEMM").
//!
//! Burn's own convolution needs its autotuner to be fast, and the autotuner needs minutes. There are two families of kernels here
//! ([`Family`]), and which of them computes a product is a function of the adapter and of the product's shape ([`family()`]), so that
//! nothing is tuned at run time.

mod family;
mod registers;
mod tiled;

use burn_tensor::Tensor;

use super::Geometry;
use crate::gpu::{Arguments, Gpu, Wgsl, launch, tensor};

pub use family::{Family, choose, family};
pub use registers::{LARGEST, Tiles, Variant};
pub use tiled::Tile;

/// Workgroups along one dimension at most, in WebGPU.
const MOST_BESIDE: usize = 65_535;
/// Workgroups that keep a large GPU busy.
const ENOUGH_GROUPS: usize = 256;

/// All of them, in some of their variants.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    [registers::kernels(), tiled::kernels()].concat()
}

/// The matrix product that a convolution or one of its gradients is: `[rows, depth] · [depth, columns]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result.
    pub columns: usize,
    /// Terms of every sum.
    pub depth: usize,
}

impl Shape {
    /// Of [`crate::conv::convolve`]: filters by output pixels.
    pub fn of_convolve(x: [usize; 4], w: [usize; 4], geometry: Geometry) -> Self {
        let [filters, channels, size, _] = w;
        Self { rows: filters, columns: output_pixels(x, size, geometry), depth: channels * size * size }
    }

    /// Of [`crate::conv::input_gradient`]: channels by input pixels.
    pub fn of_input_gradient(x: [usize; 4], w: [usize; 4]) -> Self {
        let ([batch, channels, height, width], [filters, _, size, _]) = (x, w);
        Self { rows: channels, columns: batch * height * width, depth: filters * size * size }
    }

    /// Of [`crate::conv::weight_gradient`]: filters by taps of the kernel.
    pub fn of_weight_gradient(x: [usize; 4], w: [usize; 4], geometry: Geometry) -> Self {
        let [filters, channels, size, _] = w;
        Self { rows: filters, columns: channels * size * size, depth: output_pixels(x, size, geometry) }
    }
}

fn output_pixels([batch, _, height, width]: [usize; 4], size: usize, geometry: Geometry) -> usize {
    batch * geometry.output(height, size) * geometry.output(width, size)
}

/// A kernel with how many workgroups it is launched on, the length of the runs that a weight gradient's sum is cut into, and how many
/// invocations of a workgroup lie above each other where it multiplies in registers.
struct Launched {
    kernel: Wgsl,
    groups: [usize; 3],
    run: usize,
    row_lanes: usize,
}

/// A product's operands on a GPU, and what its kernels are told.
struct Product {
    operands: [Gpu; 4],
    /// Of the value alone.
    bias: Option<Gpu>,
    shape: Shape,
    /// Elements of the larger operand.
    largest: usize,
    sizes: [usize; 9],
    /// Side of the convolution's kernel.
    size: usize,
    terms: usize,
}

impl Product {
    /// The terms on the GPU; where there is only one it is named twice, and the kernel does not read the second. `None` where the tensors
    /// are elsewhere.
    fn of(terms: &[(&Tensor<4>, &Tensor<4>)], shape: Shape, sizes: [usize; 9], size: usize) -> Option<Self> {
        let (first, last) = (terms[0], terms[terms.len() - 1]);
        let operands = [Gpu::of(first.0)?, Gpu::of(first.1)?, Gpu::of(last.0)?, Gpu::of(last.1)?];
        let largest = first.0.dims().iter().product::<usize>().max(first.1.dims().iter().product());
        Some(Self { operands, bias: None, shape, largest, sizes, size, terms: terms.len() })
    }

    /// The tiled kernel where that is the family for this product, which is `asked` for or chosen; otherwise the one in registers.
    fn launched(&self, asked: Option<Family>, tiled: Wgsl, registers: Option<Variant>) -> Option<Launched> {
        match asked.unwrap_or_else(|| family::on(&self.operands[0], self.shape)) {
            Family::Tiled => tiled::launched(tiled, self.shape, self.largest, self.size),
            Family::Registers => None,
        }
        .or_else(|| registers.map(|variant| variant.launched(self.terms)))
    }

    fn run(&self, launched: Launched, output: &[usize], more: &[&Gpu]) -> burn_wgpu::CubeTensor {
        let [a, b, c, d] = &self.operands;
        let rest = [self.size, self.terms, usize::from(self.bias.is_some()), launched.run, launched.row_lanes];
        let sizes = [&self.sizes[..], &rest].concat();
        let arguments = Arguments { groups: launched.groups, sizes: &sizes, ..Arguments::default() };
        let [out] = launch(launched.kernel, &[&[a, b, c, d], more].concat(), [output], arguments);
        out
    }
}

fn sizes(x: [usize; 4], w: [usize; 4], y: [usize; 4], geometry: Geometry) -> [usize; 9] {
    let ([batch, channels, height, width], [filters, _, _, _], [_, _, out_height, out_width]) = (x, w, y);
    [batch, channels, height, width, filters, out_height, out_width, geometry.stride, geometry.padding]
}

/// [`crate::conv::convolve`] on a GPU, with a bias or without, by the family that is `asked` for or else the one for its shape; `None`
/// elsewhere, and for kernels that there is none for.
pub fn convolve(
    asked: Option<Family>,
    terms: &[(&Tensor<4>, &Tensor<4>)],
    bias: Option<&Tensor<1>>,
    geometry: Geometry,
) -> Option<Tensor<4>> {
    let (x, w) = (terms[0].0.dims(), terms[0].1.dims());
    let y = [x[0], w[0], geometry.output(x[2], w[2]), geometry.output(x[3], w[2])];
    let mut product = Product::of(terms, Shape::of_convolve(x, w, geometry), sizes(x, w, y, geometry), w[2])?;
    product.bias = bias.map(|bias| Gpu::of(bias).expect("a convolution's tensors are on one device"));
    let registers = Variant::of_convolve(x, w, geometry);
    let launched = product.launched(asked, tiled::CONVOLVE, registers)?;
    // Where there is none, the kernel is given something that it does not read.
    let bias = product.bias.as_ref().unwrap_or(&product.operands[1]);
    Some(tensor(product.run(launched, &y, &[bias])))
}

/// [`crate::conv::input_gradient`] on a GPU, as [`convolve`].
pub fn input_gradient(
    asked: Option<Family>,
    terms: &[(&Tensor<4>, &Tensor<4>)],
    x: [usize; 4],
    geometry: Geometry,
) -> Option<Tensor<4>> {
    let (y, w) = (terms[0].0.dims(), terms[0].1.dims());
    let product = Product::of(terms, Shape::of_input_gradient(x, w), sizes(x, w, y, geometry), w[2])?;
    let registers = Variant::of_input_gradient(x, w);
    let launched = product.launched(asked, tiled::INPUT_GRADIENT, registers)?;
    Some(tensor(product.run(launched, &x, &[])))
}

/// [`crate::conv::weight_gradient_rows`] on a GPU, as [`convolve`]: a row for every run.
pub fn weight_gradient(
    asked: Option<Family>,
    terms: &[(&Tensor<4>, &Tensor<4>)],
    w: [usize; 4],
    geometry: Geometry,
) -> Option<Tensor<2>> {
    let (x, y) = (terms[0].0.dims(), terms[0].1.dims());
    let product = Product::of(terms, Shape::of_weight_gradient(x, w, geometry), sizes(x, w, y, geometry), w[2])?;
    let registers = Variant::of_weight_gradient(x, w, geometry);
    let launched = product.launched(asked, tiled::WEIGHT_GRADIENT, registers)?;
    let rows = [launched.groups[2], w.iter().product()];
    Some(tensor(product.run(launched, &rows, &[])))
}

/// Length and number of the runs that a sum over `pixels` is cut into, none shorter than `shortest`, for a result of `tiles` workgroups.
fn runs_of(pixels: usize, tiles: usize, shortest: usize) -> (usize, usize) {
    let wanted = ENOUGH_GROUPS.div_ceil(tiles).min(pixels.div_ceil(shortest)).max(1);
    let run = pixels.div_ceil(wanted).next_multiple_of(64);
    (run, pixels.div_ceil(run))
}
