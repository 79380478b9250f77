use rayon::prelude::*;

use super::Real;

/// Numbers below which a thread's share is not cut up further: handing it to another takes as long as reading so many.
const SHARE: usize = 1 << 14;

/// Images whose maps of `stride` numbers make up a share.
fn share(stride: usize) -> usize {
    (SHARE / stride.max(1)).max(1)
}

/// `[batch, channels, area]`: a batch of feature maps whose planes are flat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaneShape {
    pub batch: usize,
    pub channels: usize,
    pub area: usize,
}

impl PlaneShape {
    pub fn of([batch, channels, height, width]: [usize; 4]) -> Self {
        Self { batch, channels, area: height * width }
    }

    /// The plane of `(image, channel)` in `values`.
    pub fn plane<T>(self, values: &[T], image: usize, channel: usize) -> &[T] {
        let start = (image * self.channels + channel) * self.area;
        &values[start..start + self.area]
    }
}

/// `len` zeros, written by as many threads as there are where they are many.
pub(crate) fn zeros<T: Copy + Send + Sync + Default>(len: usize) -> Vec<T> {
    if len <= 2 * SHARE {
        return vec![T::default(); len];
    }
    (0..len).into_par_iter().with_min_len(SHARE).map(|_| T::default()).collect()
}

/// Per-channel sums over the batch of the `K` numbers that `f(image, channel)` gives, added up in a fixed order so that
/// the result does not depend on the number of threads.
pub(crate) fn channel_sums<const K: usize>(
    shape: PlaneShape,
    f: impl Fn(usize, usize) -> [f64; K] + Sync,
) -> Vec<[f64; K]> {
    let images: Vec<Vec<[f64; K]>> = (0..shape.batch)
        .into_par_iter()
        .with_min_len(share(shape.channels * shape.area))
        .map(|image| (0..shape.channels).map(|c| f(image, c)).collect())
        .collect();
    let mut totals = vec![[0.0; K]; shape.channels];
    for image in images {
        for (total, part) in totals.iter_mut().zip(image) {
            for (sum, value) in total.iter_mut().zip(part) {
                *sum += value;
            }
        }
    }
    totals
}

/// A new `[batch, channels, area]` buffer, plane by plane: `f(image, channel, plane)`.
pub(crate) fn map_planes<T: Real>(shape: PlaneShape, f: impl Fn(usize, usize, &mut [T]) + Sync) -> Vec<T> {
    map_images(shape.batch, shape.channels * shape.area, |image, values| {
        for (channel, plane) in values.chunks_mut(shape.area.max(1)).enumerate() {
            f(image, channel, plane);
        }
    })
}

/// A new buffer of `images · stride` elements, image by image.
pub(crate) fn map_images<T: Copy + Send + Sync + Default>(
    images: usize,
    stride: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    map_images_reading(images, stride, stride, f)
}

/// [`map_images`] where `read` numbers are read for those that are written of an image.
pub(crate) fn map_images_reading<T: Copy + Send + Sync + Default>(
    images: usize,
    stride: usize,
    read: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    let mut values = zeros(images * stride);
    if stride > 0 {
        let images = values.par_chunks_mut(stride).enumerate().with_min_len(share(read));
        images.for_each(|(image, chunk)| f(image, chunk));
    }
    values
}

/// Sums of the `K` numbers `f(i)` over `i < len`: sixteen partial sums each, so that the compiler can use vector
/// registers and rounding errors grow with `len / 16`.
#[inline(always)]
pub(crate) fn lane_sums<T: Real, const K: usize>(len: usize, f: impl Fn(usize) -> [T; K]) -> [f64; K] {
    const LANES: usize = 16;
    let mut lanes = [[T::ZERO; LANES]; K];
    let whole = len / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        #[expect(clippy::needless_range_loop, reason = "the lane indexes the second dimension, inside the loop over k")]
        for lane in 0..LANES {
            let values = f(start + lane);
            for k in 0..K {
                lanes[k][lane] += values[k];
            }
        }
    }
    let mut sums = lanes.map(|lanes| lanes.iter().map(|lane| lane.wide()).sum::<f64>());
    for i in whole..len {
        let values = f(i);
        for k in 0..K {
            sums[k] += values[k].wide();
        }
    }
    sums
}
