//! On a GPU: one workgroup for every segment and image, segments along x.

use burn_tensor::Tensor;

use super::Segments;
use crate::gpu::{Arguments, Gpu, Wgsl, launch, places_for, tensor};

const SOFTMAX: Wgsl =
    Wgsl::new("segment_softmax", include_str!("../../wgsl/segment_softmax.wgsl")).summing("f32").in_small_groups();
const SOFTMAX_GRADIENT: Wgsl =
    Wgsl::new("segment_softmax_gradient", include_str!("../../wgsl/segment_softmax_gradient.wgsl"))
        .summing("f32")
        .in_small_groups();
const PRODUCTS: Wgsl =
    Wgsl::new("segment_products", include_str!("../../wgsl/segment_products.wgsl")).summing("f32").in_small_groups();

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    let two = Segments::consecutive(&[3, 4]);
    [SOFTMAX, SOFTMAX_GRADIENT, PRODUCTS].map(|kernel| with(kernel, &two)).to_vec()
}

fn with(mut kernel: Wgsl, segments: &Segments) -> Wgsl {
    kernel.constants = vec![("places", places_for(segments.ranges().len()) as u32)];
    kernel
}

fn run<const N: usize>(
    kernel: Wgsl,
    inputs: &[&Gpu],
    outputs: [&[usize]; N],
    segments: &Segments,
    factor: f64,
) -> [burn_wgpu::CubeTensor; N] {
    let batch = outputs[0][0];
    // WebGPU wants 16 bytes an element of an array, and so does whatever such an array is a member of.
    let count = segments.ranges().len();
    let mut sizes = vec![segments.columns(), count, 0, 0];
    sizes.extend(segments.ranges().iter().flat_map(|range| [range.start, range.len(), 0, 0]));
    sizes.resize(4 * (1 + places_for(count)), 0);
    let arguments = Arguments { groups: [count, batch, 1], sizes: &sizes, numbers: &[factor, 0.0, 0.0, 0.0] };
    launch(with(kernel, segments), inputs, outputs, arguments)
}

pub fn softmax(z: &Tensor<2>, segments: &Segments) -> Option<Tensor<2>> {
    let [w] = run(SOFTMAX, &[&Gpu::of(z)?], [&z.dims()], segments, 1.0);
    Some(tensor(w))
}

pub fn softmax_gradient(w: &Tensor<2>, w_bar: &Tensor<2>, segments: &Segments, factor: f64) -> Option<Tensor<2>> {
    let inputs = [Gpu::of(w)?, Gpu::of(w_bar)?];
    let [z_bar] = run(SOFTMAX_GRADIENT, &[&inputs[0], &inputs[1]], [&w.dims()], segments, factor);
    Some(tensor(z_bar))
}

pub fn products(
    a: &Tensor<2>,
    e: &Tensor<2>,
    k: &Tensor<2>,
    segments: &Segments,
    factor: f64,
) -> Option<(Tensor<2>, Tensor<2>)> {
    let inputs = [Gpu::of(a)?, Gpu::of(e)?, Gpu::of(k)?];
    let outputs: [&[usize]; 2] = [&a.dims(), &k.dims()];
    let [scaled, sums] = run(PRODUCTS, &[&inputs[0], &inputs[1], &inputs[2]], outputs, segments, factor);
    Some((tensor(scaled), tensor(sums)))
}
