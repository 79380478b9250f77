//! The rules as WGSL kernels, one launch each for a batch in one tensor: composed of Burn's operations each is a dozen or two. Of
//! several chunks every kernel is launched once a chunk to take its sums, which are added up from one launch to the next, and once more
//! for what follows from them.

use burn_tensor::Tensor;
use burn_wgpu::CubeTensor;

use super::{Affine, Cotangent, Direction, Evaluated, Moments, TangentMoments};
use crate::gpu::{Arguments, Gpu, Wgsl, allocate, launch_elementwise, launch_into, row_pitch, tensor};
use crate::vector::part;

/// The phases of a kernel, as its text knows them too.
const PHASES: &str = include_str!("../../wgsl/shared/phases.wgsl");
const FORWARD: Wgsl =
    Wgsl::new("batch_norm_forward", include_str!("../../wgsl/batch_norm_forward.wgsl")).summing("f32").sharing(PHASES);
const FIXED: Wgsl = Wgsl::new("batch_norm_fixed", include_str!("../../wgsl/batch_norm_fixed.wgsl"));
const GRADIENT: Wgsl = Wgsl::new("batch_norm_gradient", include_str!("../../wgsl/batch_norm_gradient.wgsl"))
    .summing("vec2<f32>")
    .sharing(PHASES);
const TANGENT: Wgsl = Wgsl::new("batch_norm_tangent", include_str!("../../wgsl/batch_norm_tangent.wgsl"))
    .summing("vec2<f32>")
    .sharing(PHASES);
const GRADIENT_TANGENT: Wgsl =
    Wgsl::new("batch_norm_gradient_tangent", include_str!("../../wgsl/batch_norm_gradient_tangent.wgsl"))
        .summing("vec4<f32>")
        .sharing(PHASES);

/// The sums of a chunk; squares about the mean, which the value alone has; what follows from the sums; and whether the chunk is
/// the first, or the last.
const SUMS: usize = 1;
const SQUARES: usize = 2;
const VALUES: usize = 4;
const FIRST: usize = 8;
const LAST: usize = 16;

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![FORWARD, FIXED, GRADIENT, TANGENT, GRADIENT_TANGENT]
}

/// Launches a kernel on the chunks of a batch: `launch(chunk, phases)`, at once where there is only one.
fn in_phases(chunks: usize, sums: &[usize], launch: impl Fn(usize, usize)) {
    if chunks == 1 {
        return launch(0, SUMS | SQUARES | VALUES | FIRST | LAST);
    }
    let place = |nth: usize| FIRST * usize::from(nth == 0) + LAST * usize::from(nth + 1 == chunks);
    for phase in sums {
        (0..chunks).for_each(|nth| launch(nth, phase | place(nth)));
    }
    (0..chunks).for_each(|nth| launch(nth, VALUES));
}

/// How many numbers a channel has in a chunk.
fn count(x: &Tensor<4>) -> usize {
    let [batch, _, height, width] = x.dims();
    batch * height * width
}

/// One workgroup a channel of the chunk `x` of a batch that has `count` numbers a channel.
fn run(kernel: Wgsl, inputs: &[&Gpu], outputs: &[CubeTensor], x: &Tensor<4>, told: [usize; 3], numbers: &[f64]) {
    let [batch, channels, height, width] = x.dims();
    let [relu, phases, count] = told;
    let sizes = [batch, channels, height * width, relu, row_pitch(channels), phases, count];
    launch_into(kernel, inputs, outputs, Arguments { groups: [channels, 1, 1], sizes: &sizes, numbers });
}

/// Memory for `rows` vectors with a number a channel, each where a kernel may begin to read.
fn rows(rows: usize, x: &Tensor<4>) -> CubeTensor {
    allocate(&gpu(x), &[rows * row_pitch(x.dims()[1])])
}

/// The `nth` of vectors that lie so.
fn row(vectors: &Tensor<1>, nth: usize, x: &Tensor<4>) -> Tensor<1> {
    let (channels, pitch) = (x.dims()[1], row_pitch(x.dims()[1]));
    part(vectors, nth * pitch..nth * pitch + channels)
}

/// The first two of vectors that lie so.
fn affine(vectors: CubeTensor, x: &Tensor<4>) -> Affine {
    let vectors = tensor(vectors);
    Affine { gamma: row(&vectors, 0, x), beta: row(&vectors, 1, x) }
}

fn gpu<const D: usize>(x: &Tensor<D>) -> Gpu {
    Gpu::of(x).expect("one normalisation's tensors are on one device")
}

/// Memory for a map of the shape of each chunk.
fn maps_like<'a>(chunks: impl Iterator<Item = &'a Tensor<4>>) -> Vec<CubeTensor> {
    chunks.map(|x| allocate(&gpu(x), &x.dims())).collect()
}

fn tensors(maps: Vec<CubeTensor>) -> Vec<Tensor<4>> {
    maps.into_iter().map(tensor).collect()
}

pub fn evaluate(xs: Vec<Tensor<4>>, affine: &Affine, epsilon: f64, relu: bool) -> (Vec<Evaluated>, Moments) {
    let all = xs.iter().map(count).sum();
    let (vectors, ys) = (rows(5, &xs[0]), maps_like(xs.iter()));
    let (gamma, beta) = (gpu(&affine.gamma), gpu(&affine.beta));
    in_phases(xs.len(), &[SUMS, SQUARES], |nth, phases| {
        let outputs = [ys[nth].clone(), vectors.clone()];
        let told = [usize::from(relu), phases, all];
        run(FORWARD, &[&gpu(&xs[nth]), &gamma, &beta], &outputs, &xs[nth], told, &[epsilon]);
    });
    let vectors: Tensor<1> = tensor(vectors);
    let [mean, variance, inv_std] = [0, 1, 2].map(|nth| row(&vectors, nth, &xs[0]));
    let at = xs.into_iter().zip(tensors(ys)).map(|(x, y)| {
        let (mean, inv_std, vectors) = (mean.clone(), inv_std.clone(), Some(vectors.clone()));
        Evaluated { x, y, mean, inv_std, relu, vectors }
    });
    (at.collect(), Moments { mean: mean.clone(), variance })
}

pub fn evaluate_fixed(x: Tensor<4>, moments: &Moments, affine: &Affine, epsilon: f64, relu: bool) -> Evaluated {
    let dims = x.dims();
    let [_, channels, height, width] = dims;
    let vectors = [&affine.gamma, &affine.beta, &moments.mean, &moments.variance].map(gpu);
    let [y, inv_std] = launch_elementwise(
        FIXED,
        &[&gpu(&x), &vectors[0], &vectors[1], &vectors[2], &vectors[3]],
        [&dims, &[channels]],
        &[channels, height * width, usize::from(relu)],
        &[epsilon],
    );
    Evaluated { x, y: tensor(y), mean: moments.mean.clone(), inv_std: tensor(inv_std), relu, vectors: None }
}

/// m, v, s, γ, β as [`evaluate`] left them.
fn vectors(at: &Evaluated) -> Gpu {
    gpu(at.vectors.as_ref().expect("derivatives go through the moments of the batch that was evaluated"))
}

/// Numbers a channel that a batch has.
fn all<'a>(chunks: impl Iterator<Item = &'a Evaluated>) -> usize {
    chunks.map(|at| count(&at.x)).sum()
}

pub fn gradient(chunks: &[(&Evaluated, &Tensor<4>)]) -> (Vec<Tensor<4>>, Affine) {
    let all = all(chunks.iter().map(|(at, _)| *at));
    let (first, relu) = (chunks[0].1, usize::from(chunks[0].0.relu));
    let (affine_bar, x_bars) = (rows(2, first), maps_like(chunks.iter().map(|(_, y_bar)| *y_bar)));
    in_phases(chunks.len(), &[SUMS], |nth, phases| {
        let (at, y_bar) = chunks[nth];
        let inputs = [gpu(&at.x), gpu(&at.y), gpu(y_bar), vectors(at)];
        let outputs = [x_bars[nth].clone(), affine_bar.clone()];
        run(GRADIENT, &inputs.each_ref(), &outputs, y_bar, [relu, phases, all], &[]);
    });
    (tensors(x_bars), affine(affine_bar, first))
}

pub fn tangent(chunks: &[(&Evaluated, &Tensor<4>)], affine_dot: &Affine) -> (Vec<Tensor<4>>, TangentMoments) {
    let all = all(chunks.iter().map(|(at, _)| *at));
    let (first, relu) = (chunks[0].1, usize::from(chunks[0].0.relu));
    let (found, y_dots) = (rows(6, first), maps_like(chunks.iter().map(|(_, x_dot)| *x_dot)));
    in_phases(chunks.len(), &[SUMS], |nth, phases| {
        let (at, x_dot) = chunks[nth];
        let [gamma_dot, beta_dot] = [&affine_dot.gamma, &affine_dot.beta].map(gpu);
        let inputs = [gpu(&at.x), gpu(&at.y), gpu(x_dot), vectors(at), gamma_dot, beta_dot];
        let outputs = [y_dots[nth].clone(), found.clone()];
        run(TANGENT, &inputs.each_ref(), &outputs, x_dot, [relu, phases, all], &[]);
    });
    let found: Tensor<1> = tensor(found);
    let [mean, correlation] = [0, 1].map(|nth| row(&found, nth, first));
    (tensors(y_dots), TangentMoments { mean, correlation, vectors: Some(found) })
}

pub fn gradient_tangent(chunks: &[Cotangent<'_>], along: &Direction<'_>) -> (Vec<Tensor<4>>, Affine) {
    let all = all(chunks.iter().map(|chunk| chunk.at));
    let (first, relu) = (chunks[0].y_bar, usize::from(chunks[0].at.relu));
    let found = gpu(along.moments.vectors.as_ref().expect("the tangent was taken on the same device"));
    // Two rows besides for the sums that are no result.
    let (sums, x_bar_dots) = (rows(4, first), maps_like(chunks.iter().map(|chunk| chunk.y_bar)));
    in_phases(chunks.len(), &[SUMS], |nth, phases| {
        let Cotangent { at, x_dot, y_bar, y_bar_dot } = chunks[nth];
        let [x, y, x_dot, bar, bar_dot] = [&at.x, &at.y, x_dot, y_bar, y_bar_dot].map(gpu);
        let outputs = [x_bar_dots[nth].clone(), sums.clone()];
        let inputs = [&x, &y, &x_dot, &bar, &bar_dot, &found];
        run(GRADIENT_TANGENT, &inputs, &outputs, y_bar, [relu, phases, all], &[]);
    });
    (tensors(x_bar_dots), affine(sums, first))
}
