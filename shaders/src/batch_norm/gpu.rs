//! The rules as WGSL kernels, one launch each: composed of Burn's operations each is a dozen or two.

use burn_tensor::Tensor;

use super::{Affine, Cotangent, Direction, Evaluated, Moments, TangentMoments};
use crate::gpu::{Arguments, Gpu, Wgsl, launch, launch_elementwise, tensor};

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
    let [y, vectors] = launch(
        FORWARD,
        &[&gpu(&x), &gpu(&affine.gamma), &gpu(&affine.beta)],
        [&dims, &[5, channels]],
        Arguments { groups: [channels, 1, 1], sizes: &sizes(&x, relu), numbers: &[epsilon] },
    );
    let vectors: Tensor<2> = tensor(vectors);
    let (mean, variance, inv_std) = (row(&vectors, 0), row(&vectors, 1), row(&vectors, 2));
    let at = Evaluated { x, y: tensor(y), mean: mean.clone(), inv_std, relu, vectors: Some(vectors) };
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
    Evaluated { x, y: tensor(y), mean: moments.mean.clone(), inv_std: tensor(inv_std), relu, vectors: None }
}

/// m, v, s, γ, β as [`evaluate`] left them.
fn vectors(at: &Evaluated) -> Gpu {
    gpu(at.vectors.as_ref().expect("derivatives go through the moments of the batch that was evaluated"))
}

pub fn gradient(at: &Evaluated, y_bar: &Tensor<4>) -> (Tensor<4>, Affine) {
    let dims = y_bar.dims();
    let [x_bar, affine_bar] = launch(
        GRADIENT,
        &[&gpu(&at.x), &gpu(&at.y), &gpu(y_bar), &vectors(at)],
        [&dims, &[2, dims[1]]],
        per_channel(&sizes(&at.x, at.relu)),
    );
    let affine_bar: Tensor<2> = tensor(affine_bar);
    (tensor(x_bar), Affine { gamma: row(&affine_bar, 0), beta: row(&affine_bar, 1) })
}

pub fn tangent(at: &Evaluated, x_dot: &Tensor<4>, affine_dot: &Affine) -> (Tensor<4>, TangentMoments) {
    let dims = x_dot.dims();
    let (gamma_dot, beta_dot) = (gpu(&affine_dot.gamma), gpu(&affine_dot.beta));
    let [y_dot, found] = launch(
        TANGENT,
        &[&gpu(&at.x), &gpu(&at.y), &gpu(x_dot), &vectors(at), &gamma_dot, &beta_dot],
        [&dims, &[6, dims[1]]],
        per_channel(&sizes(&at.x, at.relu)),
    );
    let found: Tensor<2> = tensor(found);
    let (mean, correlation) = (row(&found, 0), row(&found, 1));
    (tensor(y_dot), TangentMoments { mean, correlation, vectors: Some(found) })
}

pub fn gradient_tangent(chunk: &Cotangent<'_>, along: &Direction<'_>) -> (Tensor<4>, Affine) {
    let Cotangent { at, x_dot, y_bar, y_bar_dot } = *chunk;
    let dims = y_bar.dims();
    let vectors = along.moments.vectors.as_ref().expect("the tangent was taken on the same device");
    let [x_bar_dot, affine_bar] = launch(
        GRADIENT_TANGENT,
        &[&gpu(&at.x), &gpu(&at.y), &gpu(x_dot), &gpu(y_bar), &gpu(y_bar_dot), &gpu(vectors)],
        [&dims, &[2, dims[1]]],
        per_channel(&sizes(&at.x, at.relu)),
    );
    let affine_bar: Tensor<2> = tensor(affine_bar);
    (tensor(x_bar_dot), Affine { gamma: row(&affine_bar, 0), beta: row(&affine_bar, 1) })
}
