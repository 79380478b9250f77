//! The rules by Burn's tensor operations, as the module's formulas state them.

use burn_tensor::Tensor;

use super::{Affine, Cotangent, Direction, Evaluated, Moments, TangentMoments};

/// `[C]` as `[1, C, 1, 1]`.
fn per_channel(v: &Tensor<1>) -> Tensor<4> {
    v.clone().reshape([1, -1, 1, 1])
}

/// `⟨·⟩`: mean over the chunks of a batch and their pixels, `[B, C, H, W]` each → `[C]`.
fn mean(xs: impl Iterator<Item = Tensor<4>>) -> Tensor<1> {
    let sums = xs.map(|x| {
        let (channels, count) = (x.dims()[1], count(&x));
        (x.mean_dim(3).mean_dim(2).mean_dim(0).reshape([channels]) * count, count)
    });
    let (sum, count) = sums.reduce(|(a, n), (b, m)| (a + b, n + m)).expect("a batch has a chunk");
    sum / count
}

/// Number of values per channel.
fn count(x: &Tensor<4>) -> f64 {
    let [b, _, h, w] = x.dims();
    (b * h * w) as f64
}

/// `g`: `ȳ` where ReLU is active.
pub fn active(at: &Evaluated, y_bar: &Tensor<4>) -> Tensor<4> {
    if at.relu { y_bar.clone().mask_fill(at.y.clone().lower_equal_elem(0.0), 0.0) } else { y_bar.clone() }
}

fn normalised(at: &Evaluated) -> Tensor<4> {
    (at.x.clone() - per_channel(&at.mean)) * per_channel(&at.inv_std)
}

pub fn moments(xs: &[Tensor<4>]) -> Moments {
    let m = mean(xs.iter().cloned());
    let centred = |x: &Tensor<4>| x.clone() - per_channel(&m);
    let variance = mean(xs.iter().map(|x| centred(x).square()));
    Moments { mean: m, variance }
}

pub fn normalise(x: &Tensor<4>, m: &Tensor<1>, inv_std: &Tensor<1>, affine: &Affine, relu: bool) -> Tensor<4> {
    let y = (x.clone() - per_channel(m)) * per_channel(&(inv_std.clone() * affine.gamma.clone()))
        + per_channel(&affine.beta);
    if relu { y.clamp_min(0.0) } else { y }
}

/// What a chunk has for its gradient: `g` and `x̂`.
fn parts(&(at, y_bar): &(&Evaluated, &Tensor<4>)) -> (Tensor<4>, Tensor<4>) {
    (active(at, y_bar), normalised(at))
}

pub fn gradient(chunks: &[(&Evaluated, &Tensor<4>)], gamma: &Tensor<1>) -> (Vec<Tensor<4>>, Affine) {
    let n: f64 = chunks.iter().map(|(at, _)| count(&at.x)).sum();
    let a = mean(chunks.iter().map(|chunk| parts(chunk).0));
    let b = mean(chunks.iter().map(|chunk| {
        let (g, x_hat) = parts(chunk);
        g * x_hat
    }));
    let x_bars = chunks.iter().map(|chunk| {
        let (g, x_hat) = parts(chunk);
        (g - per_channel(&a) - x_hat * per_channel(&b)) * per_channel(&(gamma.clone() * chunk.0.inv_std.clone()))
    });
    (x_bars.collect(), Affine { gamma: b * n, beta: a * n })
}

/// `x̂̇ = s (ẋ − ⟨ẋ⟩ − x̂ ⟨x̂ ẋ⟩)`.
fn normalised_tangent(at: &Evaluated, x_hat: &Tensor<4>, x_dot: &Tensor<4>, moments: &TangentMoments) -> Tensor<4> {
    (x_dot.clone() - per_channel(&moments.mean) - x_hat.clone() * per_channel(&moments.correlation))
        * per_channel(&at.inv_std)
}

pub fn tangent(
    chunks: &[(&Evaluated, &Tensor<4>)],
    gamma: &Tensor<1>,
    affine_dot: &Affine,
) -> (Vec<Tensor<4>>, TangentMoments) {
    let moments = TangentMoments {
        mean: mean(chunks.iter().map(|(_, x_dot)| (*x_dot).clone())),
        correlation: mean(chunks.iter().map(|(at, x_dot)| normalised(at) * (*x_dot).clone())),
        vectors: None,
    };
    let y_dots = chunks.iter().map(|(at, x_dot)| {
        let x_hat = normalised(at);
        let x_hat_dot = normalised_tangent(at, &x_hat, x_dot, &moments);
        let moved = x_hat * per_channel(&affine_dot.gamma) + x_hat_dot * per_channel(gamma);
        active(at, &(moved + per_channel(&affine_dot.beta)))
    });
    (y_dots.collect(), moments)
}

pub fn gradient_tangent(chunks: &[Cotangent<'_>], along: &Direction<'_>) -> (Vec<Tensor<4>>, Affine) {
    let n: f64 = chunks.iter().map(|chunk| count(&chunk.at.x)).sum();
    let g = |chunk: &Cotangent<'_>| active(chunk.at, chunk.y_bar);
    let g_dot = |chunk: &Cotangent<'_>| active(chunk.at, chunk.y_bar_dot);
    let x_hat_dot =
        |chunk: &Cotangent<'_>, x_hat: &Tensor<4>| normalised_tangent(chunk.at, x_hat, chunk.x_dot, along.moments);
    let a = mean(chunks.iter().map(g));
    let b = mean(chunks.iter().map(|chunk| g(chunk) * normalised(chunk.at)));
    let a_dot = mean(chunks.iter().map(g_dot));
    let b_dot = mean(chunks.iter().map(|chunk| {
        let x_hat = normalised(chunk.at);
        let moved = x_hat_dot(chunk, &x_hat);
        g_dot(chunk) * x_hat + g(chunk) * moved
    }));
    let s = chunks[0].at.inv_std.clone();
    let scale = along.gamma.clone() * s.clone();
    let scale_dot =
        along.gamma_dot.clone() * s.clone() - along.gamma.clone() * s.clone() * s * along.moments.correlation.clone();
    let x_bar_dots = chunks.iter().map(|chunk| {
        let x_hat = normalised(chunk.at);
        let moved = x_hat_dot(chunk, &x_hat);
        let inner = g(chunk) - per_channel(&a) - x_hat.clone() * per_channel(&b);
        let inner_dot = g_dot(chunk) - per_channel(&a_dot) - moved * per_channel(&b) - x_hat * per_channel(&b_dot);
        inner * per_channel(&scale_dot) + inner_dot * per_channel(&scale)
    });
    (x_bar_dots.collect(), Affine { gamma: b_dot * n, beta: a_dot * n })
}
