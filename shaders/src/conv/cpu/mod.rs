//! Convolution on the CPU. Two ways lead to the same products: over patches of the input ([`patches`]), and for 3 × 3
//! kernels of stride 1 by Winograd's minimal filtering ([`winograd`]), which multiplies 2.25 times less.

mod lines;
mod patches;
mod winograd;

use std::ops::Range;

use burn_tensor::Tensor;

use super::Geometry;
use crate::cpu::{Cpu, Real, by_dtype};

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

    /// Those of the convolution that is the gradient in the input where the stride is 1: of `ȳ` with the flipped and
    /// transposed kernel. `None` for other strides.
    fn transposed(&self) -> Option<Self> {
        let Self { batch, channels, filters, kernel, geometry, .. } = *self;
        let padding = (kernel - 1).checked_sub(geometry.padding).filter(|_| geometry.stride == 1)?;
        let y = [batch, filters, self.out_height, self.out_width];
        Some(Self::new(y, [channels, filters, kernel, kernel], Geometry { stride: 1, padding }))
    }

    /// A 1×1 kernel needs no patches: the feature map is the patch matrix.
    fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.geometry.stride == 1 && self.geometry.padding == 0
    }
}

/// Which weights a convolution takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kernels {
    /// `W`, `[filters, channels, K, K]`.
    AsTheyAre,
    /// `W'_{cokl} = W_{oc(K−1−k)(K−1−l)}`, from `W` of `[channels, filters, K, K]`: those of the gradient in the input.
    Flipped,
}

/// The blocks (channels, images) that threads share a kernel's gradient in: of some channels and all images, or of all channels
/// and some images, whose results are to be added up.
fn blocks(sizes: &Sizes, by_channels: bool) -> Vec<(Range<usize>, Range<usize>)> {
    let (count, threads) = (if by_channels { sizes.channels } else { sizes.batch }, rayon::current_num_threads());
    let share = count.div_ceil(threads);
    let shares = (0..count).step_by(share).map(|first| first..(first + share).min(count));
    shares.map(|share| if by_channels { (share, 0..sizes.batch) } else { (0..sizes.channels, share) }).collect()
}

/// The tensors of the terms in CPU memory.
fn operands(terms: &[(&Tensor<4>, &Tensor<4>)]) -> Vec<(Cpu, Cpu)> {
    let cpu = |x: &Tensor<4>| Cpu::of(x).expect("one convolution's tensors are on one device");
    terms.iter().map(|(a, b)| (cpu(a), cpu(b))).collect()
}

fn slices<T: Real>(terms: &[(Cpu, Cpu)]) -> Vec<(&[T], &[T])> {
    terms.iter().map(|(a, b)| (a.slice::<T>(), b.slice::<T>())).collect()
}

pub fn convolve(terms: &[(&Tensor<4>, &Tensor<4>)], geometry: Geometry) -> Tensor<4> {
    let sizes = Sizes::new(terms[0].0.dims(), terms[0].1.dims(), geometry);
    let terms = operands(terms);
    by_dtype!(terms[0].0.dtype(), T => {
        let values = if winograd::pays(&sizes) {
            winograd::convolve(&slices::<T>(&terms), Kernels::AsTheyAre, sizes)
        } else {
            patches::convolve(&slices::<T>(&terms), sizes)
        };
        Cpu::tensor(values, [sizes.batch, sizes.filters, sizes.out_height, sizes.out_width])
    })
}

pub fn input_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], x: [usize; 4], geometry: Geometry) -> Tensor<4> {
    let sizes = Sizes::new(x, terms[0].1.dims(), geometry);
    let terms = operands(terms);
    by_dtype!(terms[0].0.dtype(), T => {
        let values = match sizes.transposed() {
            Some(sizes) if winograd::pays(&sizes) => {
                winograd::convolve(&slices::<T>(&terms), Kernels::Flipped, sizes)
            }
            _ => patches::input_gradient(&slices::<T>(&terms), sizes),
        };
        Cpu::tensor(values, x)
    })
}

pub fn weight_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], weight: [usize; 4], geometry: Geometry) -> Tensor<4> {
    let sizes = Sizes::new(terms[0].0.dims(), weight, geometry);
    let terms = operands(terms);
    by_dtype!(terms[0].0.dtype(), T => {
        let values = if winograd::pays(&sizes) {
            winograd::correlate(&slices::<T>(&terms), sizes)
        } else {
            patches::correlate(&slices::<T>(&terms), sizes)
        };
        Cpu::tensor(values, weight)
    })
}
