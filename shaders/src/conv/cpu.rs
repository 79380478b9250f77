//! Convolution as a matrix product over patches ("im2col"), a few images at a time.
//!
//! With the patch matrix `P` of `C·K²` rows and one column per output pixel, `y = W P`, `W̄ = ȳ Pᵀ`, and for stride 1
//! `x̄` is again a convolution, of `ȳ` with the flipped and transposed kernel. Where feature maps are small, several
//! images share one product: a product with four columns would spend its time packing `W`.

use burn_tensor::Tensor;
use rayon::prelude::*;

use super::Geometry;
use crate::cpu::{Cpu, Matrix, MatrixMut, Real, by_dtype, gemm};

/// Columns of one matrix product, about: enough to amortise the packing of `W`, few enough to stay in cache.
const COLUMNS: usize = 512;

/// All sizes of one convolution of `[batch, channels, height, width]` to `[batch, filters, out_height, out_width]`.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    channels: usize,
    height: usize,
    width: usize,
    filters: usize,
    kernel: usize,
    out_height: usize,
    out_width: usize,
    geometry: Geometry,
}

impl Sizes {
    fn new(x: [usize; 4], weight: [usize; 4], geometry: Geometry) -> Self {
        let [batch, channels, height, width] = x;
        let [filters, weight_channels, kernel, kernel_width] = weight;
        assert_eq!((channels, kernel), (weight_channels, kernel_width), "input {x:?} does not fit kernel {weight:?}");
        Self {
            batch,
            channels,
            height,
            width,
            filters,
            kernel,
            out_height: geometry.output(height, kernel),
            out_width: geometry.output(width, kernel),
            geometry,
        }
    }

    fn in_area(&self) -> usize {
        self.height * self.width
    }

    fn out_area(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Rows of the patch matrix.
    fn patch(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// A 1×1 kernel needs no patches: the feature map is the patch matrix.
    fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.geometry.stride == 1 && self.geometry.padding == 0
    }

    /// Images that share one matrix product: [`COLUMNS`] columns, but work for every thread.
    fn images_per_product(&self) -> usize {
        let for_columns = (COLUMNS / self.out_area()).max(1);
        for_columns.min(self.batch.div_ceil(rayon::current_num_threads()))
    }
}

pub fn convolve(terms: &[(&Tensor<4>, &Tensor<4>)], geometry: Geometry) -> Tensor<4> {
    let sizes = Sizes::new(terms[0].0.dims(), terms[0].1.dims(), geometry);
    let terms: Vec<_> = terms.iter().filter_map(|(x, w)| Some((Cpu::of(x)?, Cpu::of(w)?))).collect();
    by_dtype!(terms[0].0.dtype(), T => {
        let slices: Vec<_> = terms.iter().map(|(x, w)| (x.slice::<T>(), w.slice::<T>())).collect();
        let shape = [sizes.batch, sizes.filters, sizes.out_height, sizes.out_width];
        Cpu::tensor(sum_of_products(&slices, sizes), shape)
    })
}

pub fn input_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], x: [usize; 4], geometry: Geometry) -> Tensor<4> {
    let sizes = Sizes::new(x, terms[0].1.dims(), geometry);
    let terms: Vec<_> = terms.iter().filter_map(|(y, w)| Some((Cpu::of(y)?, Cpu::of(w)?))).collect();
    by_dtype!(terms[0].0.dtype(), T => {
        let slices: Vec<_> = terms.iter().map(|(y, w)| (y.slice::<T>(), w.slice::<T>())).collect();
        let values = if geometry.stride == 1 && geometry.padding < sizes.kernel {
            let flipped: Vec<Vec<T>> = slices.iter().map(|(_, w)| flip(w, &sizes)).collect();
            let slices: Vec<_> = slices.iter().zip(&flipped).map(|((y, _), w)| (*y, w.as_slice())).collect();
            let transposed = Sizes::new(
                [sizes.batch, sizes.filters, sizes.out_height, sizes.out_width],
                [sizes.channels, sizes.filters, sizes.kernel, sizes.kernel],
                Geometry { stride: 1, padding: sizes.kernel - 1 - geometry.padding },
            );
            sum_of_products(&slices, transposed)
        } else {
            scattered_input_gradient(&slices, sizes)
        };
        Cpu::tensor(values, x)
    })
}

pub fn weight_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], weight: [usize; 4], geometry: Geometry) -> Tensor<4> {
    let sizes = Sizes::new(terms[0].0.dims(), weight, geometry);
    let terms: Vec<_> = terms.iter().filter_map(|(x, y)| Some((Cpu::of(x)?, Cpu::of(y)?))).collect();
    by_dtype!(terms[0].0.dtype(), T => {
        let slices: Vec<_> = terms.iter().map(|(x, y)| (x.slice::<T>(), y.slice::<T>())).collect();
        Cpu::tensor(correlate(&slices, sizes), weight)
    })
}

/// `Σ W P(x)` over the terms `(x, W)`.
fn sum_of_products<T: Real>(terms: &[(&[T], &[T])], sizes: Sizes) -> Vec<T> {
    let (in_image, out_image) = (sizes.channels * sizes.in_area(), sizes.filters * sizes.out_area());
    let group = sizes.images_per_product();
    let mut y = vec![T::ZERO; sizes.batch * out_image];
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
fn correlate<T: Real>(terms: &[(&[T], &[T])], sizes: Sizes) -> Vec<T> {
    let threads = rayon::current_num_threads();
    let taps = sizes.kernel * sizes.kernel;
    let by_channels = sizes.channels >= 4 * threads;
    let (channel_block, image_block) = if by_channels {
        (sizes.channels.div_ceil(threads), sizes.batch)
    } else {
        (sizes.channels, sizes.batch.div_ceil(threads))
    };
    let blocks: Vec<_> = (0..sizes.channels)
        .step_by(channel_block)
        .flat_map(|c| (0..sizes.batch).step_by(image_block).map(move |b| (c, b)))
        .collect();
    let parts: Vec<Vec<T>> = blocks
        .par_iter()
        .map(|&(c, b)| {
            let channels = c..(c + channel_block).min(sizes.channels);
            correlate_block(terms, &sizes, channels, b..(b + image_block).min(sizes.batch))
        })
        .collect();
    let mut w_bar = vec![T::ZERO; sizes.filters * sizes.patch()];
    for (&(c, _), part) in blocks.iter().zip(parts) {
        let width = part.len() / sizes.filters;
        for (row, values) in w_bar.chunks_mut(sizes.patch()).zip(part.chunks(width)) {
            for (sum, &value) in row[c * taps..][..width].iter_mut().zip(values) {
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
            for (i, line) in values.chunks(sizes.out_width).enumerate() {
                let Some(y) = input_coordinate(i, ky, sizes.height, sizes.geometry) else { continue };
                for (j, &value) in line.iter().enumerate() {
                    if let Some(x) = input_coordinate(j, kx, sizes.width, sizes.geometry) {
                        plane[y * sizes.width + x] += value;
                    }
                }
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
            for (j, value) in line.iter_mut().enumerate() {
                *value = input_coordinate(j, kx, sizes.width, sizes.geometry).map_or(T::ZERO, |x| row[x]);
            }
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

/// `W'_{cokl} = W_{oc(K−1−k)(K−1−l)}`.
fn flip<T: Real>(w: &[T], sizes: &Sizes) -> Vec<T> {
    let taps = sizes.kernel * sizes.kernel;
    let mut flipped = vec![T::ZERO; w.len()];
    for (o, filter) in w.chunks(sizes.patch()).enumerate() {
        for (c, kernel) in filter.chunks(taps).enumerate() {
            let target = &mut flipped[(c * sizes.filters + o) * taps..][..taps];
            for (value, &weight) in target.iter_mut().rev().zip(kernel) {
                *value = weight;
            }
        }
    }
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

/// `buffer` with exactly `len` elements of unspecified value.
fn resized<T: Real>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    if buffer.len() < len {
        buffer.resize(len, T::ZERO);
    }
    &mut buffer[..len]
}
