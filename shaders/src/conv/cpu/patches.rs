//! Convolution as a matrix product over patches ("im2col"), a few images at a time.
//!
//! With the patch matrix `P` of `C·K²` rows and one column per output pixel, `y = W P`, `W̄ = ȳ Pᵀ`, and for stride 1
//! `x̄` is again a convolution, of `ȳ` with the flipped and transposed kernel. Where feature maps are small, several
//! images share one product: a product with four columns would spend its time packing `W`.

use rayon::prelude::*;

use super::super::Geometry;
use super::{Sizes, blocks};
use crate::cpu::{Matrix, MatrixMut, Real, gemm, resized, zeros};

/// Columns of one matrix product, about: enough to amortise the packing of `W`, few enough to stay in cache.
const COLUMNS: usize = 512;

/// Images that share one matrix product: [`COLUMNS`] columns, but work for every thread.
fn images_per_product(sizes: &Sizes) -> usize {
    let for_columns = (COLUMNS / sizes.out_area()).max(1);
    for_columns.min(sizes.batch.div_ceil(rayon::current_num_threads()))
}

/// `Σ Wᵀ ∗ ȳ` over the terms `(ȳ, W)`.
pub fn input_gradient<T: Real>(terms: &[(&[T], &[T])], sizes: Sizes) -> Vec<T> {
    let Some(transposed) = sizes.transposed() else { return scattered_input_gradient(terms, sizes) };
    let flipped: Vec<Vec<T>> = terms.iter().map(|(_, w)| flip(w, &sizes)).collect();
    let terms: Vec<_> = terms.iter().zip(&flipped).map(|((y, _), w)| (*y, w.as_slice())).collect();
    convolve(&terms, transposed)
}

/// `Σ W P(x)` over the terms `(x, W)`.
pub fn convolve<T: Real>(terms: &[(&[T], &[T])], sizes: Sizes) -> Vec<T> {
    let (in_image, out_image) = (sizes.channels * sizes.in_area(), sizes.filters * sizes.out_area());
    let group = images_per_product(&sizes);
    let mut y = zeros(sizes.batch * out_image);
    y.par_chunks_mut(group * out_image).enumerate().for_each_init(
        || (Vec::new(), Vec::new()),
        |(patches, product), (index, out)| {
            let images = out.len() / out_image;
            let columns = images * sizes.out_area();
            for (nth, (x, w)) in terms.iter().enumerate() {
                let x = &x[index * group * in_image..][..images * in_image];
                let w = Matrix::row_major(w, sizes.filters, sizes.patch());
                let p = gather_patches(x, images, 0..sizes.channels, &sizes, patches);
                let p = Matrix::row_major(p, sizes.patch(), columns);
                let target = if images == 1 { &mut *out } else { resized(product, sizes.filters * columns) };
                gemm(
                    MatrixMut { values: target, rows: sizes.filters, cols: columns, row_stride: columns },
                    nth > 0,
                    w,
                    p,
                );
            }
            if images > 1 {
                swap_leading(product, sizes.filters, images, sizes.out_area(), out);
            }
        },
    );
    y
}

/// `W̄ = Σ ȳ P(x)ᵀ` over the terms `(x, ȳ)`, split over the threads by input channels, or by images where there are too
/// few channels to split.
pub fn correlate<T: Real>(terms: &[(&[T], &[T])], sizes: Sizes) -> Vec<T> {
    let taps = sizes.kernel * sizes.kernel;
    let blocks = blocks(&sizes, sizes.channels >= 4 * rayon::current_num_threads());
    let parts: Vec<Vec<T>> = blocks
        .par_iter()
        .map(|(channels, images)| correlate_block(terms, &sizes, channels.clone(), images.clone()))
        .collect();
    let mut w_bar = vec![T::ZERO; sizes.filters * sizes.patch()];
    for ((channels, _), part) in blocks.iter().zip(parts) {
        let width = part.len() / sizes.filters;
        for (row, values) in w_bar.chunks_mut(sizes.patch()).zip(part.chunks(width)) {
            for (sum, &value) in row[channels.start * taps..][..width].iter_mut().zip(values) {
                *sum += value;
            }
        }
    }
    w_bar
}

/// The columns of `W̄` that belong to `channels`, from `images` alone.
fn correlate_block<T: Real>(
    terms: &[(&[T], &[T])],
    sizes: &Sizes,
    channels: std::ops::Range<usize>,
    images: std::ops::Range<usize>,
) -> Vec<T> {
    let (in_image, out_image) = (sizes.channels * sizes.in_area(), sizes.filters * sizes.out_area());
    let rows = channels.len() * sizes.kernel * sizes.kernel;
    let group = (COLUMNS / sizes.out_area()).max(1);
    let mut w_bar = vec![T::ZERO; sizes.filters * rows];
    let (mut patches, mut swapped) = (Vec::new(), Vec::new());
    for (x, y) in terms {
        for first in images.clone().step_by(group) {
            let count = group.min(images.end - first);
            let columns = count * sizes.out_area();
            let x = &x[first * in_image..][..count * in_image];
            let y = &y[first * out_image..][..count * out_image];
            let y = if count == 1 {
                y
            } else {
                let target = resized(&mut swapped, y.len());
                swap_leading(y, count, sizes.filters, sizes.out_area(), target);
                &*target
            };
            let p = gather_patches(x, count, channels.clone(), sizes, &mut patches);
            gemm(
                MatrixMut { values: &mut w_bar, rows: sizes.filters, cols: rows, row_stride: rows },
                true,
                Matrix::row_major(y, sizes.filters, columns),
                Matrix::row_major(p, rows, columns).transposed(),
            );
        }
    }
    w_bar
}

/// `x̄ = Σ Pᵀ(Wᵀ ȳ)` for strides above 1: the patches' gradients added back to the pixels that they were taken from.
fn scattered_input_gradient<T: Real>(terms: &[(&[T], &[T])], sizes: Sizes) -> Vec<T> {
    let out_image = sizes.filters * sizes.out_area();
    crate::cpu::map_images(sizes.batch, sizes.channels * sizes.in_area(), |image, x_bar| {
        let mut patches = vec![T::ZERO; sizes.patch() * sizes.out_area()];
        for (nth, (y, w)) in terms.iter().enumerate() {
            gemm(
                MatrixMut {
                    values: &mut patches,
                    rows: sizes.patch(),
                    cols: sizes.out_area(),
                    row_stride: sizes.out_area(),
                },
                nth > 0,
                Matrix::row_major(w, sizes.filters, sizes.patch()).transposed(),
                Matrix::row_major(&y[image * out_image..][..out_image], sizes.filters, sizes.out_area()),
            );
        }
        for (row, values) in patches.chunks(sizes.out_area()).enumerate() {
            let (channel, ky, kx) = tap(row, &sizes);
            let plane = &mut x_bar[channel * sizes.in_area()..][..sizes.in_area()];
            let (columns, first) = columns(kx, &sizes);
            for (i, line) in values.chunks(sizes.out_width).enumerate() {
                let Some(y) = input_coordinate(i, ky, sizes.height, sizes.geometry) else { continue };
                let row = plane[y * sizes.width..][..sizes.width][first..].iter_mut();
                row.step_by(sizes.geometry.stride).zip(&line[columns.clone()]).for_each(|(sum, &value)| *sum += value);
            }
        }
    })
}

/// The patch matrix `[channels · K², images · H'W']` of a run of images.
fn gather_patches<'a, T: Real>(
    x: &'a [T],
    images: usize,
    channels: std::ops::Range<usize>,
    sizes: &Sizes,
    buffer: &'a mut Vec<T>,
) -> &'a [T] {
    let (in_area, out_area) = (sizes.in_area(), sizes.out_area());
    if sizes.is_pointwise() && images == 1 {
        return &x[channels.start * in_area..channels.end * in_area];
    }
    let columns = images * out_area;
    let first_row = channels.start * sizes.kernel * sizes.kernel;
    let patches = resized(buffer, channels.len() * sizes.kernel * sizes.kernel * columns);
    for (row, values) in patches.chunks_mut(columns).enumerate() {
        let (channel, ky, kx) = tap(first_row + row, sizes);
        for (image, values) in values.chunks_mut(out_area).enumerate() {
            let plane = &x[(image * sizes.channels + channel) * in_area..][..in_area];
            gather_plane(plane, ky, kx, sizes, values);
        }
    }
    patches
}

/// One row of the patch matrix for one image: the plane shifted by the kernel's tap `(ky, kx)`.
fn gather_plane<T: Real>(plane: &[T], ky: usize, kx: usize, sizes: &Sizes, values: &mut [T]) {
    let Geometry { stride, padding } = sizes.geometry;
    let (columns, first) = columns(kx, sizes);
    for (i, line) in values.chunks_mut(sizes.out_width).enumerate() {
        let Some(y) = input_coordinate(i, ky, sizes.height, sizes.geometry) else {
            line.fill(T::ZERO);
            continue;
        };
        let row = &plane[y * sizes.width..][..sizes.width];
        if stride == 1 {
            // Output j reads input j + kx − padding: a shifted copy with zeros at its ends.
            let left = padding.saturating_sub(kx).min(line.len());
            let start = kx.saturating_sub(padding).min(row.len());
            let count = (line.len() - left).min(row.len() - start);
            line[..left].fill(T::ZERO);
            line[left..left + count].copy_from_slice(&row[start..start + count]);
            line[left + count..].fill(T::ZERO);
        } else {
            line[..columns.start].fill(T::ZERO);
            line[columns.end..].fill(T::ZERO);
            let read = row[first..].iter().step_by(stride);
            line[columns.clone()].iter_mut().zip(read).for_each(|(value, &x)| *value = x);
        }
    }
}

/// Row of the patch matrix → (input channel, kernel row, kernel column).
fn tap(row: usize, sizes: &Sizes) -> (usize, usize, usize) {
    let taps = sizes.kernel * sizes.kernel;
    (row / taps, row % taps / sizes.kernel, row % sizes.kernel)
}

/// The input pixel under tap `tap` of output `out`, or `None` in the padding.
fn input_coordinate(out: usize, tap: usize, length: usize, geometry: Geometry) -> Option<usize> {
    (out * geometry.stride + tap).checked_sub(geometry.padding).filter(|&at| at < length)
}

/// The output columns whose pixel under tap `kx` lies in the image, and that pixel of the first of them.
fn columns(kx: usize, sizes: &Sizes) -> (std::ops::Range<usize>, usize) {
    let Geometry { stride, padding } = sizes.geometry;
    let end = (sizes.width + padding).saturating_sub(kx).div_ceil(stride).min(sizes.out_width);
    let start = padding.saturating_sub(kx).div_ceil(stride).min(end);
    (start..end, (start * stride + kx).saturating_sub(padding).min(sizes.width))
}

/// `W'_{cokl} = W_{oc(K−1−k)(K−1−l)}`.
fn flip<T: Real>(w: &[T], sizes: &Sizes) -> Vec<T> {
    let taps = sizes.kernel * sizes.kernel;
    let mut flipped = zeros::<T>(w.len());
    flipped.par_chunks_mut(sizes.filters * taps).enumerate().for_each(|(c, kernels)| {
        for (o, kernel) in kernels.chunks_exact_mut(taps).enumerate() {
            let weights = &w[(o * sizes.channels + c) * taps..][..taps];
            kernel.iter_mut().rev().zip(weights).for_each(|(value, &weight)| *value = weight);
        }
    });
    flipped
}

/// `[outer, inner, area]` → `[inner, outer, area]`.
fn swap_leading<T: Real>(from: &[T], outer: usize, inner: usize, area: usize, to: &mut [T]) {
    for (i, values) in to.chunks_mut(outer * area).enumerate() {
        for (o, values) in values.chunks_mut(area).enumerate() {
            values.copy_from_slice(&from[(o * inner + i) * area..][..area]);
        }
    }
}
