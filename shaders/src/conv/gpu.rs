//! Convolution as a matrix product whose patches are gathered inside the kernel ("implicit GEMM").
//!
//! Burn's own convolution needs its autotuner to be fast, and the autotuner needs minutes. These three kernels have one
//! way to go about it and few variants: two sizes of tile in up to four shapes, the kernel's size, one or two terms.

use burn::tensor::Tensor;

use super::Geometry;
use crate::gpu::{Arguments, Gpu, Wgsl, launch, tensor};

/// What the two kernels share that gather patches for pixels.
const PATCHES: &str =
    concat!(include_str!("../../wgsl/shared/blocks.wgsl"), include_str!("../../wgsl/shared/patches.wgsl"));
const BLOCKS: &str = include_str!("../../wgsl/shared/blocks.wgsl");
const CONVOLVE: Wgsl = Wgsl::new("convolve", include_str!("../../wgsl/convolve.wgsl")).sharing(PATCHES);
const INPUT_GRADIENT: Wgsl =
    Wgsl::new("convolve_input_gradient", include_str!("../../wgsl/convolve_input_gradient.wgsl")).sharing(PATCHES);
const WEIGHT_GRADIENT: Wgsl =
    Wgsl::new("convolve_weight_gradient", include_str!("../../wgsl/convolve_weight_gradient.wgsl")).sharing(BLOCKS);

/// Invocations of a workgroup.
const LANES: usize = 64;
/// With fewer workgroups than this, smaller tiles: a device with idle processors is slower than one that reads more often.
/// Found on a software driver with two processors; a large GPU may want more.
const FEW_GROUPS: usize = 4;
/// Workgroups that keep a large GPU busy.
const ENOUGH_GROUPS: usize = 256;
/// Least output pixels in a run of the weight gradient: sixteen of each invocation.
const SHORTEST_RUN: usize = 16 * LANES;
/// Least output pixels of an invocation where others share its sum.
const LONG_ENOUGH: usize = 16;
/// Largest kernel: which of its taps lie inside the image is kept in 32 bits.
const LARGEST: usize = 5;

/// All of them, in some of their variants.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    let tiles = [(1, 4), (2, 8), (2, 2), (1, 1)].map(|(blocks, row_lanes)| Tiles { blocks, row_lanes });
    [CONVOLVE, INPUT_GRADIENT, WEIGHT_GRADIENT]
        .into_iter()
        .flat_map(|kernel| {
            let sizes = [(1, 1), (3, 2), (5, 1), (3, 1)].into_iter().zip(tiles);
            sizes.map(move |((size, terms), tiles)| variant(kernel.clone(), size, terms, tiles))
        })
        .collect()
}

/// How workgroups cover a matrix.
#[derive(Debug, Clone, Copy)]
struct Tiles {
    /// Blocks of 4 × 4 elements along either side of what an invocation computes.
    blocks: usize,
    /// Of a workgroup's invocations, how many lie above each other.
    row_lanes: usize,
}

impl Tiles {
    /// The shape that covers `rows` × `columns` with the fewest workgroups: every shape of one size has the same area.
    /// Of equals the one that was fastest.
    fn covering(rows: usize, columns: usize) -> Self {
        let shape = |blocks: usize| {
            let shapes = [4, 8, 2, 1].map(|row_lanes| Self { blocks, row_lanes });
            let count = |tiles: &Self| tiles.count(rows, columns).iter().product::<usize>();
            shapes.into_iter().min_by_key(count).map(|tiles| (count(&tiles), tiles)).expect("there are shapes")
        };
        let (groups, tiles) = shape(2);
        if groups < FEW_GROUPS { shape(1).1 } else { tiles }
    }

    /// Workgroups along x and y.
    fn count(self, rows: usize, columns: usize) -> [usize; 2] {
        let side = 4 * self.blocks;
        [columns.div_ceil(side * LANES / self.row_lanes), rows.div_ceil(side * self.row_lanes)]
    }
}

/// The variant for `size` × `size` kernels, a number of terms, and a way to cover the result.
fn variant(mut kernel: Wgsl, size: usize, terms: usize, tiles: Tiles) -> Wgsl {
    let constants = [("kernel", size), ("terms", terms), ("blocks", tiles.blocks), ("row_lanes", tiles.row_lanes)];
    kernel.constants = constants.map(|(name, value)| (name, value as u32)).to_vec();
    kernel
}

fn sizes(x: [usize; 4], w: [usize; 4], y: [usize; 4], geometry: Geometry) -> [usize; 9] {
    let ([batch, channels, height, width], [filters, _, _, _], [_, _, out_height, out_width]) = (x, w, y);
    [batch, channels, height, width, filters, out_height, out_width, geometry.stride, geometry.padding]
}

/// The terms on the GPU; where there is only one it is named twice, and the kernel does not read the second. `None` where
/// kernels of `size` pixels are too large, or the tensors elsewhere.
fn operands(terms: &[(&Tensor<4>, &Tensor<4>)], size: usize) -> Option<[Gpu; 4]> {
    if size > LARGEST {
        return None;
    }
    let (first, last) = (terms[0], terms[terms.len() - 1]);
    Some([Gpu::of(first.0)?, Gpu::of(first.1)?, Gpu::of(last.0)?, Gpu::of(last.1)?])
}

pub fn convolve(terms: &[(&Tensor<4>, &Tensor<4>)], geometry: Geometry) -> Option<Tensor<4>> {
    let [a, b, c, d] = operands(terms, terms[0].1.dims()[2])?;
    let (x, w) = (terms[0].0.dims(), terms[0].1.dims());
    let [batch, _, height, width] = x;
    let [filters, _, size, _] = w;
    let y = [batch, filters, geometry.output(height, size), geometry.output(width, size)];
    let tiles = Tiles::covering(filters, batch * y[2] * y[3]);
    let [columns, rows] = tiles.count(filters, batch * y[2] * y[3]);
    let arguments = Arguments { groups: [columns, rows, 1], sizes: &sizes(x, w, y, geometry), ..Arguments::default() };
    let [out] = launch(variant(CONVOLVE, size, terms.len(), tiles), &[&a, &b, &c, &d], [&y], arguments);
    Some(tensor(out))
}

pub fn input_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], x: [usize; 4], geometry: Geometry) -> Option<Tensor<4>> {
    let [a, b, c, d] = operands(terms, terms[0].1.dims()[2])?;
    let (y, w) = (terms[0].0.dims(), terms[0].1.dims());
    let [batch, channels, height, width] = x;
    let tiles = Tiles::covering(channels, batch * height * width);
    let [columns, rows] = tiles.count(channels, batch * height * width);
    let arguments = Arguments { groups: [columns, rows, 1], sizes: &sizes(x, w, y, geometry), ..Arguments::default() };
    let [out] = launch(variant(INPUT_GRADIENT, w[2], terms.len(), tiles), &[&a, &b, &c, &d], [&x], arguments);
    Some(tensor(out))
}

pub fn weight_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], w: [usize; 4], geometry: Geometry) -> Option<Tensor<4>> {
    let [a, b, c, d] = operands(terms, w[2])?;
    let (x, y) = (terms[0].0.dims(), terms[0].1.dims());
    let [filters, channels, size, _] = w;
    let pixels = y[0] * y[2] * y[3];
    let tiles = Tiles { blocks: 2, row_lanes: LANES / sharing(pixels) };
    let (columns, rows) = ((channels * size * size).div_ceil(8 * tiles.row_lanes), filters.div_ceil(8));
    let (run, runs) = runs(pixels, columns * rows);
    let shape = [runs, filters, channels * size * size];
    let mut sizes = sizes(x, w, y, geometry).to_vec();
    sizes.push(run);
    let arguments = Arguments { groups: [columns, rows, runs], sizes: &sizes, ..Arguments::default() };
    let [out] = launch(variant(WEIGHT_GRADIENT, size, terms.len(), tiles), &[&a, &b, &c, &d], [&shape], arguments);
    let parts: Tensor<3> = tensor(out);
    Some(if runs == 1 { parts.reshape(w) } else { parts.sum_dim(0).reshape(w) })
}

/// How many invocations share the sum over `pixels` for an element of the weight gradient: as many as have a long enough
/// sum of their own to make up for adding theirs up.
fn sharing(pixels: usize) -> usize {
    [64, 16].into_iter().find(|lanes| pixels >= LONG_ENOUGH * lanes).unwrap_or(4)
}

/// Length and number of the runs that `pixels` are cut into, for a result of `tiles` workgroups.
fn runs(pixels: usize, tiles: usize) -> (usize, usize) {
    let wanted = ENOUGH_GROUPS.div_ceil(tiles).min(pixels.div_ceil(SHORTEST_RUN)).max(1);
    let run = pixels.div_ceil(wanted).next_multiple_of(LANES);
    (run, pixels.div_ceil(run))
}
