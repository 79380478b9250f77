//! The rules by Burn's tensor operations, as the module's formulas state them.

use burn_tensor::Tensor;

use super::{Affine, Direction, Evaluated, Moments, TangentMoments};

/// `[C]` as `[1, C, 1, 1]`.
fn per_channel(v: &Tensor<1>) -> Tensor<4> {
    v.clone().reshape([1, -1, 1, 1])
}

/// `⟨·⟩`: mean over batch and pixels, `[B, C, H, W]` → `[C]`.
fn mean(x: Tensor<4>) -> Tensor<1> {
    let channels = x.dims()[1];
    x.mean_dim(3).mean_dim(2).mean_dim(0).reshape([channels])
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

pub fn moments(x: &Tensor<4>) -> Moments {
    let m = mean(x.clone());
    let centred = x.clone() - per_channel(&m);
    Moments { mean: m, variance: mean(centred.clone() * centred) }
}

pub fn normalise(x: &Tensor<4>, m: &Tensor<1>, inv_std: &Tensor<1>, affine: &Affine, relu: bool) -> Tensor<4> {
    let y = (x.clone() - per_channel(m)) * per_channel(&(inv_std.clone() * affine.gamma.clone()))
        + per_channel(&affine.beta);
    if relu { y.clamp_min(0.0) } else { y }
}

pub fn gradient(at: &Evaluated, gamma: &Tensor<1>, y_bar: &Tensor<4>) -> (Tensor<4>, Affine) {
    let (g, x_hat, n) = (active(at, y_bar), normalised(at), count(y_bar));
    let (a, b) = (mean(g.clone()), mean(g.clone() * x_hat.clone()));
    let x_bar = (g - per_channel(&a) - x_hat * per_channel(&b)) * per_channel(&(gamma.clone() * at.inv_std.clone()));
    (x_bar, Affine { gamma: b * n, beta: a * n })
}

/// `x̂̇ = s (ẋ − ⟨ẋ⟩ − x̂ ⟨x̂ ẋ⟩)`.
fn normalised_tangent(at: &Evaluated, x_hat: &Tensor<4>, x_dot: &Tensor<4>, moments: &TangentMoments) -> Tensor<4> {
    (x_dot.clone() - per_channel(&moments.mean) - x_hat.clone() * per_channel(&moments.correlation))
        * per_channel(&at.inv_std)
}

pub fn tangent(
    at: &Evaluated,
    gamma: &Tensor<1>,
    x_dot: &Tensor<4>,
    affine_dot: &Affine,
) -> (Tensor<4>, TangentMoments) {
    let x_hat = normalised(at);
    let moments =
        TangentMoments { mean: mean(x_dot.clone()), correlation: mean(x_hat.clone() * x_dot.clone()), vectors: None };
    let x_hat_dot = normalised_tangent(at, &x_hat, x_dot, &moments);
    let y_dot = x_hat * per_channel(&affine_dot.gamma) + x_hat_dot * per_channel(gamma) + per_channel(&affine_dot.beta);
    (active(at, &y_dot), moments)
}

pub fn gradient_tangent(
    at: &Evaluated,
    along: &Direction<'_>,
    y_bar: &Tensor<4>,
    y_bar_dot: &Tensor<4>,
) -> (Tensor<4>, Affine) {
    let (g, g_dot, x_hat, n) = (active(at, y_bar), active(at, y_bar_dot), normalised(at), count(y_bar));
    let x_hat_dot = normalised_tangent(at, &x_hat, along.x_dot, along.moments);
    let (a, b) = (mean(g.clone()), mean(g.clone() * x_hat.clone()));
    let a_dot = mean(g_dot.clone());
    let b_dot = mean(g_dot.clone() * x_hat.clone() + g.clone() * x_hat_dot.clone());
    let s = at.inv_std.clone();
    let scale = along.gamma.clone() * s.clone();
    let scale_dot =
        along.gamma_dot.clone() * s.clone() - along.gamma.clone() * s.clone() * s * along.moments.correlation.clone();
    let inner = g - per_channel(&a) - x_hat.clone() * per_channel(&b);
    let inner_dot = g_dot - per_channel(&a_dot) - x_hat_dot * per_channel(&b) - x_hat * per_channel(&b_dot);
    let x_bar_dot = inner * per_channel(&scale_dot) + inner_dot * per_channel(&scale);
    (x_bar_dot, Affine { gamma: b_dot * n, beta: a_dot * n })
}
