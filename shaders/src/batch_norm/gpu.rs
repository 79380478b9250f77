//! The rules as WGSL kernels, one launch each: composed of Burn's operations each is a dozen or two.

use burn_tensor::Tensor;

use super::{Affine, Direction, Evaluated, Moments, TangentMoments};
use crate::gpu::{Arguments, Gpu, Wgsl, launch, launch_elementwise, tensor};
use crate::vector;

const FORWARD: Wgsl =
    Wgsl::new("batch_norm_forward", include_str!("../../wgsl/batch_norm_forward.wgsl")).summing("f32");
const FIXED: Wgsl = Wgsl::new("batch_norm_fixed", include_str!("../../wgsl/batch_norm_fixed.wgsl"));
const GRADIENT: Wgsl =
    Wgsl::new("batch_norm_gradient", include_str!("../../wgsl/batch_norm_gradient.wgsl")).summing("vec2<f32>");
const TANGENT: Wgsl =
    Wgsl::new("batch_norm_tangent", include_str!("../../wgsl/batch_norm_tangent.wgsl")).summing("vec2<f32>");
const GRADIENT_TANGENT: Wgsl =
    Wgsl::new("batch_norm_gradient_tangent", include_str!("../../wgsl/batch_norm_gradient_tangent.wgsl"))
        .summing("vec4<f32>");

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![FORWARD, FIXED, GRADIENT, TANGENT, GRADIENT_TANGENT]
}

/// Sizes as the kernels read them: B, C, A, relu.
fn sizes(x: &Tensor<4>, relu: bool) -> [usize; 4] {
    let [batch, channels, height, width] = x.dims();
    [batch, channels, height * width, usize::from(relu)]
}

/// One workgroup a channel.
fn per_channel(sizes: &[usize; 4]) -> Arguments<'_> {
    Arguments { groups: [sizes[1], 1, 1], sizes, numbers: &[] }
}

/// Per-channel vectors one after another.
fn rows(vectors: &[&Tensor<1>]) -> Tensor<1> {
    vector::concatenate(vectors)
}

/// Row `nth` of `[rows, C]`.
fn row(vectors: &Tensor<2>, nth: usize) -> Tensor<1> {
    let channels = vectors.dims()[1];
    vectors.clone().narrow(0, nth, 1).reshape([channels])
}

fn gpu<const D: usize>(x: &Tensor<D>) -> Gpu {
    Gpu::of(x).expect("one normalisation's tensors are on one device")
}

pub fn evaluate(x: Tensor<4>, affine: &Affine, epsilon: f64, relu: bool) -> (Evaluated, Moments) {
    let dims = x.dims();
    let channels = dims[1];
    let [y, moments] = launch(
        FORWARD,
        &[&gpu(&x), &gpu(&rows(&[&affine.gamma, &affine.beta]))],
        [&dims, &[3, channels]],
        Arguments { groups: [channels, 1, 1], sizes: &sizes(&x, relu), numbers: &[epsilon] },
    );
    let moments: Tensor<2> = tensor(moments);
    let (mean, variance, inv_std) = (row(&moments, 0), row(&moments, 1), row(&moments, 2));
    let at = Evaluated { x, y: tensor(y), mean: mean.clone(), inv_std, relu };
    (at, Moments { mean, variance })
}

pub fn evaluate_fixed(x: Tensor<4>, moments: &Moments, affine: &Affine, epsilon: f64, relu: bool) -> Evaluated {
    let dims = x.dims();
    let [_, channels, area, relu_size] = sizes(&x, relu);
    let vectors = [&affine.gamma, &affine.beta, &moments.mean, &moments.variance].map(gpu);
    let [y, inv_std] = launch_elementwise(
        FIXED,
        &[&gpu(&x), &vectors[0], &vectors[1], &vectors[2], &vectors[3]],
        [&dims, &[channels]],
        &[channels, area, relu_size],
        &[epsilon],
    );
    Evaluated { x, y: tensor(y), mean: moments.mean.clone(), inv_std: tensor(inv_std), relu }
}

pub fn gradient(at: &Evaluated, gamma: &Tensor<1>, y_bar: &Tensor<4>) -> (Tensor<4>, Affine) {
    let dims = y_bar.dims();
    let [x_bar, affine_bar] = launch(
        GRADIENT,
        &[&gpu(&at.x), &gpu(&at.y), &gpu(y_bar), &gpu(&rows(&[&at.mean, &at.inv_std, gamma]))],
        [&dims, &[2, dims[1]]],
        per_channel(&sizes(&at.x, at.relu)),
    );
    let affine_bar: Tensor<2> = tensor(affine_bar);
    (tensor(x_bar), Affine { gamma: row(&affine_bar, 0), beta: row(&affine_bar, 1) })
}

pub fn tangent(
    at: &Evaluated,
    gamma: &Tensor<1>,
    x_dot: &Tensor<4>,
    affine_dot: &Affine,
) -> (Tensor<4>, TangentMoments) {
    let dims = x_dot.dims();
    let vectors = rows(&[&at.mean, &at.inv_std, gamma, &affine_dot.gamma, &affine_dot.beta]);
    let [y_dot, moments] = launch(
        TANGENT,
        &[&gpu(&at.x), &gpu(&at.y), &gpu(x_dot), &gpu(&vectors)],
        [&dims, &[2, dims[1]]],
        per_channel(&sizes(&at.x, at.relu)),
    );
    let moments: Tensor<2> = tensor(moments);
    (tensor(y_dot), TangentMoments { mean: row(&moments, 0), correlation: row(&moments, 1) })
}

pub fn gradient_tangent(
    at: &Evaluated,
    along: &Direction<'_>,
    y_bar: &Tensor<4>,
    y_bar_dot: &Tensor<4>,
) -> (Tensor<4>, Affine) {
    let dims = y_bar.dims();
    let moments = along.moments;
    let vectors = rows(&[&at.mean, &at.inv_std, along.gamma, along.gamma_dot, &moments.mean, &moments.correlation]);
    let [x_bar_dot, affine_bar] = launch(
        GRADIENT_TANGENT,
        &[&gpu(&at.x), &gpu(&at.y), &gpu(along.x_dot), &gpu(y_bar), &gpu(y_bar_dot), &gpu(&vectors)],
        [&dims, &[2, dims[1]]],
        per_channel(&sizes(&at.x, at.relu)),
    );
    let affine_bar: Tensor<2> = tensor(affine_bar);
    (tensor(x_bar_dot), Affine { gamma: row(&affine_bar, 0), beta: row(&affine_bar, 1) })
}
