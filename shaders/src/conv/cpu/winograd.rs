//! 3 × 3 convolution of stride 1 by Winograd's minimal filtering F(2 × 2, 3 × 3) (Lavin and Gray, *Fast Algorithms for
//! Convolutional Neural Networks*, 2016).
//!
//! The output is cut into tiles of 2 × 2 pixels, each of which sees 4 × 4 pixels `d` of the input:
//!
//! - value: `y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`, summed over the channels: 16 matrix products of `filters × channels` for a tile,
//!   where patches take 36
//! - gradient in the input: the same with the flipped kernel
//! - gradient in the kernel: `ḡ = Gᵀ[(A ȳ Aᵀ) ⊙ (Bᵀ d B)]G`, summed over the tiles
//!
//! All three maps are exact in the reals, and have no constants but ½; rounding errors are about those of the direct sum.

use std::ops::Range;

use rayon::prelude::*;

use super::lines::{Frame, Lines, Rows, pitch};
use super::{Kernels, Sizes, blocks};
use crate::cpu::{Linear, Map, Matrix, MatrixMut, Real, gemm, map_lines, resized, zeros};

/// Pixels of a tile in the transformed domain, each of which has a matrix product of its own.
const POINTS: usize = 16;
/// Pixels of a tile's output.
const OUTPUTS: usize = 4;
/// Taps of a kernel.
const TAPS: usize = 9;
/// Fewer channels or filters than this are not worth the transforms.
const LEAST_CHANNELS: usize = 16;
/// Numbers of a block's transformed tiles and products, about: what a processor's own cache holds.
const IN_CACHE: usize = 1 << 19;

/// Whether a convolution is faster this way.
pub fn pays(sizes: &Sizes) -> bool {
    suits(sizes) && sizes.channels.min(sizes.filters) >= LEAST_CHANNELS && sizes.out_area() >= OUTPUTS * OUTPUTS
}

/// Whether a convolution can be done this way.
fn suits(sizes: &Sizes) -> bool {
    sizes.kernel == 3 && sizes.geometry.stride == 1
}

/// A map of one dimension of a square.
trait Side<const I: usize, const O: usize> {
    fn of<N: Linear>(x: [N; I]) -> [N; O];
}

/// Both dimensions: the columns, then the rows.
#[inline(always)]
fn both<F: Side<I, O>, N: Linear, const I: usize, const O: usize, const II: usize, const OO: usize>(
    x: [N; II],
) -> [N; OO] {
    let mut columns = [[x[0]; I]; O];
    for c in 0..I {
        let mut column = [x[0]; I];
        for r in 0..I {
            column[r] = x[r * I + c];
        }
        let column = F::of(column);
        for r in 0..O {
            columns[r][c] = column[r];
        }
    }
    let mut y = [x[0]; OO];
    for r in 0..O {
        let row = F::of(columns[r]);
        for c in 0..O {
            y[r * O + c] = row[c];
        }
    }
    y
}

macro_rules! map {
    ($(#[$doc:meta])* $name:ident: $i:literal => $o:literal, |$x:pat_param| $y:expr) => {
        $(#[$doc])*
        struct $name;
        impl Side<$i, $o> for $name {
            #[inline(always)]
            fn of<N: Linear>($x: [N; $i]) -> [N; $o] {
                $y
            }
        }
        impl Map<{ $i * $i }, { $o * $o }> for $name {
            #[inline(always)]
            fn of<N: Linear>(x: [N; $i * $i]) -> [N; $o * $o] {
                both::<Self, N, $i, $o, { $i * $i }, { $o * $o }>(x)
            }
        }
    };
}

map!(/// `Bᵀ d B`.
    Input: 4 => 4, |[a, b, c, d]| [a - c, b + c, c - b, b - d]);
map!(/// `G g Gᵀ`.
    Kernel: 3 => 4, |[a, b, c]| [a, (a + c + b) * 0.5, (a + c - b) * 0.5, c]);
map!(/// `Gᵀ u G`, the adjoint of [`Kernel`].
    KernelAdjoint: 4 => 3, |[a, b, c, d]| [a + (b + c) * 0.5, (b - c) * 0.5, (b + c) * 0.5 + d]);
map!(/// `Aᵀ m A`.
    Output: 4 => 2, |[a, b, c, d]| [a + b + c, b - c - d]);
map!(/// `A ȳ Aᵀ`, the adjoint of [`Output`].
    OutputAdjoint: 2 => 4, |[a, b]| [a, a + b, a - b, -b]);

/// How the output of an image is cut into tiles.
#[derive(Clone, Copy)]
struct Tiling {
    rows: usize,
    columns: usize,
}

impl Tiling {
    fn of(sizes: &Sizes) -> Self {
        Self { rows: sizes.out_height.div_ceil(2), columns: sizes.out_width.div_ceil(2) }
    }

    fn count(self) -> usize {
        self.rows * self.columns
    }

    /// Of the tile `nth` of several images: the image, and the tile's row and column.
    #[inline(always)]
    fn place(self, nth: usize) -> (usize, usize, usize) {
        let row = nth / self.columns;
        (row / self.rows, row % self.rows, nth % self.columns)
    }

    /// What the tiles of an image see of the input.
    fn input(self, padding: usize) -> Frame {
        Frame { height: 2 * self.rows + 2, width: 2 * self.columns + 2, border: padding }
    }

    /// What they cover of the output.
    fn output(self) -> Frame {
        Frame { height: 2 * self.rows, width: 2 * self.columns, border: 0 }
    }

    /// Tiles that are done at once.
    fn at_once(self, sizes: &Sizes) -> usize {
        (IN_CACHE / (POINTS * (sizes.channels + sizes.filters))).clamp(64, 256)
    }
}

/// `Bᵀ d B` of the tiles of `range`: `[tiles, 16, channels]`.
fn transform_input<'a, T: Real>(
    x: &Lines<T>,
    tiling: Tiling,
    range: Range<usize>,
    pitch: usize,
    buffer: &'a mut Vec<T>,
) -> &'a [T] {
    let v = resized(buffer, range.len() * POINTS * pitch);
    map_lines::<T, Input, POINTS, POINTS>(v, pitch, |nth, at| {
        let (image, row, column) = tiling.place(range.start + nth);
        x.at(image, 2 * row + at / 4, 2 * column + at % 4)
    });
    v
}

/// `G g Gᵀ` of every kernel: `[channels, 16, filters]`.
fn transform_kernels<T: Real>(w: &[T], which: Kernels, sizes: &Sizes) -> Vec<T> {
    const CHANNELS_AT_ONCE: usize = 8;
    let (channels, filters) = (sizes.channels, sizes.filters);
    let pitch = pitch(filters);
    let mut u = zeros(channels * POINTS * pitch);
    u.par_chunks_mut(CHANNELS_AT_ONCE * POINTS * pitch).enumerate().for_each_init(Vec::new, |taps, (block, u)| {
        let count = u.len() / (POINTS * pitch);
        // A line of filters for every tap of every channel.
        let taps = resized(taps, count * TAPS * pitch);
        for (nth, lines) in taps.chunks_exact_mut(TAPS * pitch).enumerate() {
            let channel = block * CHANNELS_AT_ONCE + nth;
            let (first, stride) = match which {
                Kernels::AsTheyAre => (channel * TAPS, channels * TAPS),
                Kernels::Flipped => (channel * filters * TAPS, TAPS),
            };
            Rows { values: &w[first..], stride, rows: filters, columns: TAPS }.transpose(lines, pitch);
        }
        map_lines::<T, Kernel, TAPS, POINTS>(u, pitch, |nth, tap| {
            let tap = if which == Kernels::Flipped { TAPS - 1 - tap } else { tap };
            &taps[(nth * TAPS + tap) * pitch..][..pitch]
        });
    });
    u
}

/// Lines of transformed tiles as a matrix for each point: `[tiles, channels]`.
fn at_point<T>(values: &[T], point: usize, pitch: usize, tiles: usize, channels: usize) -> Matrix<'_, T> {
    Matrix { values: &values[point * pitch..], rows: tiles, cols: channels, row_stride: POINTS * pitch, col_stride: 1 }
}

/// The same to write to.
fn at_point_mut<T>(values: &mut [T], point: usize, pitch: usize, tiles: usize, channels: usize) -> MatrixMut<'_, T> {
    MatrixMut { values: &mut values[point * pitch..], rows: tiles, cols: channels, row_stride: POINTS * pitch }
}

/// `Σ W ∗ x` over the terms `(x, W)`.
pub fn convolve<T: Real>(terms: &[(&[T], &[T])], which: Kernels, sizes: Sizes) -> Vec<T> {
    let Sizes { batch, channels, filters, .. } = sizes;
    let tiling = Tiling::of(&sizes);
    let (in_pitch, out_pitch) = (pitch(channels), pitch(filters));
    let (in_image, out_image) = (channels * sizes.in_area(), filters * sizes.out_area());
    let kernels: Vec<_> = terms.iter().map(|(_, w)| transform_kernels(w, which, &sizes)).collect();
    let at_once = tiling.at_once(&sizes);
    let images = (at_once / tiling.count()).clamp(1, batch.div_ceil(rayon::current_num_threads()));
    let mut y = zeros(batch * out_image);
    let tasks = y.par_chunks_mut(images * out_image).enumerate();
    let tasks_of_a_thread = tasks.len().div_ceil(rayon::current_num_threads());
    // A thread's buffers are made once for all of its tasks.
    tasks.with_min_len(tasks_of_a_thread.div_ceil(2)).for_each_init(
        || {
            let inputs: Vec<_> =
                terms.iter().map(|_| Lines::new(tiling.input(sizes.geometry.padding), channels)).collect();
            (inputs, Vec::new(), Vec::new(), Vec::new())
        },
        |(inputs, v, m, outputs), (nth, y)| {
            let count = y.len() / out_image;
            for (input, (x, _)) in inputs.iter_mut().zip(terms) {
                let x = &x[nth * images * in_image..][..count * in_image];
                input.fill(x, channels, 0..channels, [sizes.height, sizes.width]);
            }
            let tiles = count * tiling.count();
            let outputs = resized(outputs, tiles * OUTPUTS * out_pitch);
            for (block, outputs) in outputs.chunks_mut(at_once * OUTPUTS * out_pitch).enumerate() {
                let count = outputs.len() / (OUTPUTS * out_pitch);
                let range = block * at_once..block * at_once + count;
                let m = resized(m, count * POINTS * out_pitch);
                for (nth, (input, u)) in inputs.iter().zip(&kernels).enumerate() {
                    let v = transform_input(input, tiling, range.clone(), in_pitch, v);
                    for point in 0..POINTS {
                        let out = at_point_mut(m, point, out_pitch, count, filters);
                        let v = at_point(v, point, in_pitch, count, channels);
                        gemm(out, nth > 0, v, at_point(u, point, out_pitch, channels, filters));
                    }
                }
                map_lines::<T, Output, POINTS, OUTPUTS>(outputs, out_pitch, |nth, point| {
                    &m[(nth * POINTS + point) * out_pitch..][..out_pitch]
                });
            }
            let images = outputs.chunks_exact(tiling.count() * OUTPUTS * out_pitch);
            for (outputs, y) in images.zip(y.chunks_exact_mut(out_image)) {
                write_maps(outputs, tiling, &sizes, y);
            }
        },
    );
    y
}

/// Lines of an image's tiles, `[tiles, 4, filters]` → its maps, `[filters, H', W']`.
fn write_maps<T: Real>(outputs: &[T], tiling: Tiling, sizes: &Sizes, y: &mut [T]) {
    const FILTERS_AT_ONCE: usize = 16;
    let pitch = pitch(sizes.filters);
    let area = sizes.out_area();
    for (block, maps) in y.chunks_mut(FILTERS_AT_ONCE * area).enumerate() {
        for row in 0..sizes.out_height {
            for column in 0..sizes.out_width {
                let tile = row / 2 * tiling.columns + column / 2;
                let line = (tile * OUTPUTS + row % 2 * 2 + column % 2) * pitch + block * FILTERS_AT_ONCE;
                let line = &outputs[line..][..FILTERS_AT_ONCE];
                let pixels = maps[row * sizes.out_width + column..].iter_mut().step_by(area);
                for (pixel, value) in pixels.zip(line) {
                    *pixel = *value;
                }
            }
        }
    }
}

/// `W̄ = Σ ȳ P(x)ᵀ` over the terms `(x, ȳ)`, split over the threads by input channels where these are many and tiles are few,
/// otherwise by images: a block of channels needs all of `A ȳ Aᵀ`, a block of images sums of its own for all channels.
pub fn correlate<T: Real>(terms: &[(&[T], &[T])], sizes: Sizes) -> Vec<T> {
    let Sizes { batch, channels, filters, .. } = sizes;
    let threads = rayon::current_num_threads();
    let by_channels = channels >= 4 * threads && batch * Tiling::of(&sizes).count() < 2 * channels;
    let blocks = blocks(&sizes, by_channels);
    let pitch = pitch(filters);
    let parts: Vec<Vec<T>> = blocks
        .par_iter()
        .map(|(channels, images)| correlate_block(terms, &sizes, channels.clone(), images.clone()))
        .collect();
    // Taps of every channel as lines of filters.
    let mut taps = zeros::<T>(channels * TAPS * pitch);
    let in_a_block = blocks[0].0.len() * TAPS * pitch;
    taps.par_chunks_mut(in_a_block).enumerate().for_each(|(nth, sums)| {
        // Blocks of channels have one part each, blocks of images all of them.
        for part in if by_channels { &parts[nth..=nth] } else { &parts[..] } {
            sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += *value);
        }
    });
    let mut w_bar = zeros(filters * channels * TAPS);
    let filters_at_once = 16;
    w_bar.par_chunks_mut(filters_at_once * channels * TAPS).enumerate().for_each(|(block, w_bar)| {
        let count = w_bar.len() / (channels * TAPS);
        let values = &taps[block * filters_at_once..];
        Rows { values, stride: pitch, rows: channels * TAPS, columns: count }.transpose(w_bar, channels * TAPS);
    });
    w_bar
}

/// What `images` add to the taps of `channels`: `[channels, 9, filters]`.
fn correlate_block<T: Real>(
    terms: &[(&[T], &[T])],
    sizes: &Sizes,
    channels: Range<usize>,
    images: Range<usize>,
) -> Vec<T> {
    let tiling = Tiling::of(sizes);
    let filters = sizes.filters;
    let (in_pitch, out_pitch) = (pitch(channels.len()), pitch(filters));
    let (in_image, out_image) = (sizes.channels * sizes.in_area(), filters * sizes.out_area());
    let at_once = tiling.at_once(sizes);
    let group = (at_once / tiling.count()).max(1);
    let mut input = Lines::new(tiling.input(sizes.geometry.padding), channels.len());
    let mut output = Lines::new(tiling.output(), filters);
    let (mut v, mut m) = (Vec::new(), Vec::new());
    let mut u_bar = vec![T::ZERO; channels.len() * POINTS * out_pitch];
    for (x, y_bar) in terms {
        for first in images.clone().step_by(group) {
            let count = group.min(images.end - first);
            let x = &x[first * in_image..][..count * in_image];
            input.fill(x, sizes.channels, channels.clone(), [sizes.height, sizes.width]);
            let y_bar = &y_bar[first * out_image..][..count * out_image];
            output.fill(y_bar, filters, 0..filters, [sizes.out_height, sizes.out_width]);
            let tiles = count * tiling.count();
            for begin in (0..tiles).step_by(at_once) {
                let range = begin..tiles.min(begin + at_once);
                let v = transform_input(&input, tiling, range.clone(), in_pitch, &mut v);
                let m = resized(&mut m, range.len() * POINTS * out_pitch);
                map_lines::<T, OutputAdjoint, OUTPUTS, POINTS>(m, out_pitch, |nth, at| {
                    let (image, row, column) = tiling.place(range.start + nth);
                    output.at(image, 2 * row + at / 2, 2 * column + at % 2)
                });
                for point in 0..POINTS {
                    let out = at_point_mut(&mut u_bar, point, out_pitch, channels.len(), filters);
                    let v = at_point(v, point, in_pitch, range.len(), channels.len()).transposed();
                    gemm(out, true, v, at_point(m, point, out_pitch, range.len(), filters));
                }
            }
        }
    }
    let mut taps = vec![T::ZERO; channels.len() * TAPS * out_pitch];
    map_lines::<T, KernelAdjoint, POINTS, TAPS>(&mut taps, out_pitch, |nth, point| {
        &u_bar[(nth * POINTS + point) * out_pitch..][..out_pitch]
    });
    taps
}

#[cfg(test)]
mod tests {
    use super::super::super::Geometry;
    use super::super::patches;
    use super::*;

    fn values(count: usize, phase: f64) -> Vec<f64> {
        (0..count).map(|i| (i as f64 * 1.234 + phase).sin()).collect()
    }

    fn assert_close(a: &[f64], b: &[f64], what: &str) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            // Sums of at most 9 · 35 products of numbers below one, twice, in double precision.
            assert!((a - b).abs() < 1e-11, "{what}: {a} against {b}");
        }
    }

    /// The same as over patches, whatever the padding, for maps with odd sides, one pixel, more tiles than are done at once,
    /// and channels that are no whole vectors.
    #[test]
    fn agrees_with_patches() {
        for (x, filters, padding) in [
            ([3, 17, 7, 6], 19, 1),
            ([2, 35, 1, 1], 3, 1),
            ([5, 2, 4, 4], 33, 2),
            ([2, 5, 9, 3], 4, 0),
            ([1, 3, 41, 37], 16, 1),
        ] {
            let geometry = Geometry { stride: 1, padding };
            let sizes = Sizes::new(x, [filters, x[1], 3, 3], geometry);
            assert!(suits(&sizes));
            let (inputs, outputs) = (x.iter().product(), x[0] * filters * sizes.out_area());
            let weights = filters * x[1] * TAPS;
            let (x1, x2) = (values(inputs, 0.1), values(inputs, 0.2));
            let (w1, w2) = (values(weights, 0.3), values(weights, 0.4));
            let (y1, y2) = (values(outputs, 0.5), values(outputs, 0.6));
            let terms: [(&[f64], &[f64]); 2] = [(&x1, &w1), (&x2, &w2)];
            let found = convolve(&terms, Kernels::AsTheyAre, sizes);
            assert_close(&found, &patches::convolve(&terms, sizes), "value");
            let terms: [(&[f64], &[f64]); 2] = [(&y1, &w1), (&y2, &w2)];
            let found = convolve(&terms, Kernels::Flipped, sizes.transposed().expect("of stride 1"));
            assert_close(&found, &patches::input_gradient(&terms, sizes), "gradient in the input");
            let terms: [(&[f64], &[f64]); 2] = [(&x1, &y1), (&x2, &y2)];
            assert_close(&correlate(&terms, sizes), &patches::correlate(&terms, sizes), "gradient in the kernel");
        }
    }

    /// In single precision the rounding error stays within three times that of the direct sums: the transforms add up four
    /// numbers and halve them, nothing more.
    #[test]
    fn rounds_about_as_the_direct_sums_do() {
        let sizes = Sizes::new([3, 67, 9, 8], [33, 67, 3, 3], Geometry { stride: 1, padding: 1 });
        let (x, w) = (values(3 * 67 * 72, 0.1), values(33 * 67 * TAPS, 0.3));
        let y_bar = values(3 * 33 * 72, 0.7);
        let single = |values: &[f64]| values.iter().map(|x| *x as f32).collect::<Vec<f32>>();
        let double = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
        let (x32, w32, y32) = (single(&x), single(&w), single(&y_bar));
        // The exact result is that of the rounded arguments.
        let (x, w, y_bar) = (double(&x32), double(&w32), double(&y32));
        let error = |found: &[f32], exact: &[f64]| {
            let squares = found.iter().zip(exact).map(|(a, b)| (f64::from(*a) - b).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let exact = patches::convolve(&[(&x, &w)], sizes);
        let direct = error(&patches::convolve(&[(&x32[..], &w32[..])], sizes), &exact);
        let ours = error(&convolve(&[(&x32[..], &w32[..])], Kernels::AsTheyAre, sizes), &exact);
        assert!(direct > 0.0 && ours < 3.0 * direct, "value: {ours} against {direct}");
        let exact = patches::correlate(&[(&x, &y_bar)], sizes);
        let direct = error(&patches::correlate(&[(&x32[..], &y32[..])], sizes), &exact);
        let ours = error(&correlate(&[(&x32[..], &y32[..])], sizes), &exact);
        assert!(direct > 0.0 && ours < 3.0 * direct, "gradient in the kernel: {ours} against {direct}");
    }
}
