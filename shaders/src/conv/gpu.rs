//! Convolution as a matrix product whose patches are gathered inside the kernel ("implicit GEMM").
//!
//! Burn's own convolution needs its autotuner to be fast, and the autotuner needs minutes. These three kernels have one
//! way to go about it and few variants: four shapes of tile, the kernel's size, one or two terms.

use burn::tensor::Tensor;

use super::Geometry;
use crate::gpu::{Arguments, Gpu, Wgsl, launch, tensor};

const TILE: &str = include_str!("../../wgsl/shared/tile.wgsl");
const CONVOLVE: Wgsl = Wgsl::new("convolve", include_str!("../../wgsl/convolve.wgsl"));
const INPUT_GRADIENT: Wgsl =
    Wgsl::new("convolve_input_gradient", include_str!("../../wgsl/convolve_input_gradient.wgsl"));
const WEIGHT_GRADIENT: Wgsl =
    Wgsl::new("convolve_weight_gradient", include_str!("../../wgsl/convolve_weight_gradient.wgsl"));

/// Invocations of a workgroup.
const LANES: usize = 64;
/// Workgroups that keep a large GPU busy.
const ENOUGH_GROUPS: usize = 256;
/// Least output pixels in a run of the weight gradient: 32 steps of the tile.
const SHORTEST_RUN: usize = 256;

/// All of them, in some of their variants.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    [CONVOLVE, INPUT_GRADIENT, WEIGHT_GRADIENT]
        .into_iter()
        .flat_map(|kernel| {
            [(1, 1, 2), (3, 2, 4), (7, 1, 8), (3, 1, 16)]
                .map(|(size, terms, lanes)| variant(kernel.clone(), size, terms, lanes))
        })
        .collect()
}

/// The variant for `size` × `size` kernels, a number of terms, and a shape of tile.
fn variant(mut kernel: Wgsl, size: usize, terms: usize, row_lanes: usize) -> Wgsl {
    kernel.shared = Some(TILE);
    kernel.constants = vec![("kernel", size as u32), ("terms", terms as u32), ("row_lanes", row_lanes as u32)];
    kernel
}

/// The shape of the tiles of a matrix: of a workgroup's invocations, how many lie above each other. Each computes 8 × 8
/// elements, so a tile is as large whatever its shape, and the shape that covers the matrix with the fewest wins; of
/// equals the squarest, which gathers least.
fn row_lanes(rows: usize, columns: usize) -> usize {
    let cover = |row_lanes: usize| {
        let [x, y] = tiles(rows, columns, row_lanes);
        x * y
    };
    [8, 4, 16, 2].into_iter().min_by_key(|&row_lanes| cover(row_lanes)).expect("there are shapes to choose from")
}

/// The tiles that cover a matrix of `rows` × `columns`, along x and y.
fn tiles(rows: usize, columns: usize, row_lanes: usize) -> [usize; 2] {
    [columns.div_ceil(8 * LANES / row_lanes), rows.div_ceil(8 * row_lanes)]
}

fn sizes(x: [usize; 4], w: [usize; 4], y: [usize; 4], geometry: Geometry) -> [usize; 9] {
    let ([batch, channels, height, width], [filters, _, _, _], [_, _, out_height, out_width]) = (x, w, y);
    [batch, channels, height, width, filters, out_height, out_width, geometry.stride, geometry.padding]
}

/// The terms on the GPU; where there is only one it is named twice, and the kernel does not read the second.
fn operands(terms: &[(&Tensor<4>, &Tensor<4>)]) -> Option<[Gpu; 4]> {
    let (first, last) = (terms[0], terms[terms.len() - 1]);
    Some([Gpu::of(first.0)?, Gpu::of(first.1)?, Gpu::of(last.0)?, Gpu::of(last.1)?])
}

pub fn convolve(terms: &[(&Tensor<4>, &Tensor<4>)], geometry: Geometry) -> Option<Tensor<4>> {
    let [a, b, c, d] = operands(terms)?;
    let (x, w) = (terms[0].0.dims(), terms[0].1.dims());
    let [batch, _, height, width] = x;
    let [filters, _, size, _] = w;
    let y = [batch, filters, geometry.output(height, size), geometry.output(width, size)];
    let lanes = row_lanes(filters, batch * y[2] * y[3]);
    let [columns, rows] = tiles(filters, batch * y[2] * y[3], lanes);
    let arguments = Arguments { groups: [columns, rows, 1], sizes: &sizes(x, w, y, geometry), ..Arguments::default() };
    let [out] = launch(variant(CONVOLVE, size, terms.len(), lanes), &[&a, &b, &c, &d], [&y], arguments);
    Some(tensor(out))
}

pub fn input_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], x: [usize; 4], geometry: Geometry) -> Option<Tensor<4>> {
    let [a, b, c, d] = operands(terms)?;
    let (y, w) = (terms[0].0.dims(), terms[0].1.dims());
    let [batch, channels, height, width] = x;
    let lanes = row_lanes(channels, batch * height * width);
    let [columns, rows] = tiles(channels, batch * height * width, lanes);
    let arguments = Arguments { groups: [columns, rows, 1], sizes: &sizes(x, w, y, geometry), ..Arguments::default() };
    let [out] = launch(variant(INPUT_GRADIENT, w[2], terms.len(), lanes), &[&a, &b, &c, &d], [&x], arguments);
    Some(tensor(out))
}

pub fn weight_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], w: [usize; 4], geometry: Geometry) -> Option<Tensor<4>> {
    let [a, b, c, d] = operands(terms)?;
    let (x, y) = (terms[0].0.dims(), terms[0].1.dims());
    let [filters, channels, size, _] = w;
    let lanes = row_lanes(filters, channels * size * size);
    let [columns, rows] = tiles(filters, channels * size * size, lanes);
    let pixels = y[0] * y[2] * y[3];
    let (run, runs) = runs(pixels, columns * rows);
    let shape = [runs, filters, channels * size * size];
    let mut sizes = sizes(x, w, y, geometry).to_vec();
    sizes.push(run);
    let arguments = Arguments { groups: [columns, rows, runs], sizes: &sizes, ..Arguments::default() };
    let [out] = launch(variant(WEIGHT_GRADIENT, size, terms.len(), lanes), &[&a, &b, &c, &d], [&shape], arguments);
    let parts: Tensor<3> = tensor(out);
    Some(if runs == 1 { parts.reshape(w) } else { parts.sum_dim(0).reshape(w) })
}

/// Length and number of the runs that `pixels` are cut into, for a result of `tiles` tiles.
fn runs(pixels: usize, tiles: usize) -> (usize, usize) {
    let wanted = ENOUGH_GROUPS.div_ceil(tiles).min(pixels.div_ceil(SHORTEST_RUN)).max(1);
    let run = pixels.div_ceil(wanted).next_multiple_of(8);
    (run, pixels.div_ceil(run))
}
