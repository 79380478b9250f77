//! Batch normalisation, with the ReLU that usually follows it.
//!
//! `y = ρ(γ x̂ + β)`, `x̂ = (x − m) s`, `s = 1/√(v + ε)`, where `ρ` is ReLU or the identity and `m`, `v` are the mean and
//! the biased variance of each channel: of the batch ([`evaluate`]), so that derivatives go through them, or given
//! ([`evaluate_fixed`]), as in a frozen network. Nothing is remembered between calls: moments are results and arguments.
//!
//! A batch may be in several chunks, tensors that a device holds one of at a time: then `⟨·⟩` and `Σ` go over all of them,
//! and everything is as it is for one tensor of the whole batch.
//!
//! With `⟨·⟩` the mean of a channel over batch and pixels, `g = ȳ` where `ρ` is active and 0 elsewhere:
//!
//! - gradient: `β̄ = Σ g`, `γ̄ = Σ g x̂`, `x̄ = γ s (g − ⟨g⟩ − x̂ ⟨g x̂⟩)`
//! - tangent: `x̂̇ = s (ẋ − ⟨ẋ⟩ − x̂ ⟨x̂ ẋ⟩)`, `ṡ = −s² ⟨x̂ ẋ⟩`, `ẏ = γ̇ x̂ + γ x̂̇ + β̇` where `ρ` is active
//! - tangent of the gradient: the product rule on the above, `ġ = ȳ̇` where `ρ` is active

mod cpu;
mod gpu;
mod reference;

use burn_tensor::Tensor;

#[cfg(test)]
pub(crate) use gpu::kernels;

use crate::cpu::Cpu;
use crate::gpu::Gpu;

/// Mean and biased variance of each channel, `[C]`.
#[derive(Debug, Clone)]
pub struct Moments {
    /// `m_c = ⟨x_c⟩`.
    pub mean: Tensor<1>,
    /// `v_c = ⟨(x_c − m_c)²⟩`.
    pub variance: Tensor<1>,
}

/// The learned scale `γ` and shift `β`, `[C]` (or their derivatives).
#[derive(Debug, Clone)]
pub struct Affine {
    /// `γ`, called `weight` in PyTorch's checkpoints.
    pub gamma: Tensor<1>,
    /// `β`, called `bias` in PyTorch's checkpoints.
    pub beta: Tensor<1>,
}

/// One evaluated normalisation: everything that its derivatives need.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// Input, `[B, C, H, W]`.
    pub x: Tensor<4>,
    /// Output, `[B, C, H, W]`.
    pub y: Tensor<4>,
    /// `m_c`, `[C]`.
    pub mean: Tensor<1>,
    /// `s_c = 1/√(v_c + ε)`, `[C]`.
    pub inv_std: Tensor<1>,
    /// Whether ReLU follows.
    pub relu: bool,
    /// `m, v, s, γ, β`, five rows, as a GPU's kernels read them, where the moments are the batch's; absent elsewhere.
    vectors: Option<Tensor<1>>,
}

/// What a derivative along a direction leaves for the gradient's: `⟨ẋ⟩` and `⟨x̂ ẋ⟩`, `[C]`.
#[derive(Debug, Clone)]
pub struct TangentMoments {
    mean: Tensor<1>,
    correlation: Tensor<1>,
    /// `⟨ẋ⟩, ⟨x̂ ẋ⟩, m, s, γ, γ̇`, six rows, as a GPU's kernel reads them; absent elsewhere.
    vectors: Option<Tensor<1>>,
}

/// Normalises `x` (`[B, C, H, W]`) by its own moments, which are returned too.
pub fn evaluate(x: Tensor<4>, affine: &Affine, epsilon: f64, relu: bool) -> (Evaluated, Moments) {
    let (at, moments) = evaluate_chunks(vec![x], affine, epsilon, relu);
    (only(at), moments)
}

/// Normalises the chunks of one batch (`[B_i, C, H, W]` each) by the moments of them all, which are returned too.
pub fn evaluate_chunks(xs: Vec<Tensor<4>>, affine: &Affine, epsilon: f64, relu: bool) -> (Vec<Evaluated>, Moments) {
    if Gpu::holds(&xs[0]) {
        return gpu::evaluate(xs, affine, epsilon, relu);
    }
    let moments = if Cpu::holds(&xs[0]) { cpu::moments(&xs) } else { reference::moments(&xs) };
    let at = xs.into_iter().map(|x| evaluate_fixed(x, &moments, affine, epsilon, relu));
    (at.collect(), moments)
}

/// Normalises `x` (`[B, C, H, W]`) by given moments, which are constants to its derivatives.
pub fn evaluate_fixed(x: Tensor<4>, moments: &Moments, affine: &Affine, epsilon: f64, relu: bool) -> Evaluated {
    if Gpu::holds(&x) {
        return gpu::evaluate_fixed(x, moments, affine, epsilon, relu);
    }
    let inv_std = (moments.variance.clone() + epsilon).sqrt().recip();
    let y = if Cpu::holds(&x) {
        cpu::normalise(&x, &moments.mean, &inv_std, affine, relu)
    } else {
        reference::normalise(&x, &moments.mean, &inv_std, affine, relu)
    };
    Evaluated { x, y, mean: moments.mean.clone(), inv_std, relu, vectors: None }
}

/// What there is but one of.
fn only<T>(mut of_chunks: Vec<T>) -> T {
    assert_eq!(of_chunks.len(), 1, "one chunk gives one result");
    of_chunks.remove(0)
}

/// `(x̄, γ̄, β̄)` from `ȳ`, through the moments of the batch whose chunks are given as (evaluation, `ȳ`); `gamma` is that of the
/// evaluation. One `x̄` a chunk.
pub fn gradient(chunks: &[(&Evaluated, &Tensor<4>)], gamma: &Tensor<1>) -> (Vec<Tensor<4>>, Affine) {
    match chunks {
        [(at, _), ..] if Cpu::holds(&at.x) => cpu::gradient(chunks, gamma),
        [(at, _), ..] if Gpu::holds(&at.x) => gpu::gradient(chunks),
        _ => reference::gradient(chunks, gamma),
    }
}

/// `ẏ` from `ẋ` and `(γ̇, β̇)`, of a batch whose chunks are given as (evaluation, `ẋ`); `gamma` is that of the evaluation. One
/// `ẏ` a chunk.
pub fn tangent(
    chunks: &[(&Evaluated, &Tensor<4>)],
    gamma: &Tensor<1>,
    affine_dot: &Affine,
) -> (Vec<Tensor<4>>, TangentMoments) {
    match chunks {
        [(at, _), ..] if Cpu::holds(&at.x) => cpu::tangent(chunks, gamma, affine_dot),
        [(at, _), ..] if Gpu::holds(&at.x) => gpu::tangent(chunks, affine_dot),
        _ => reference::tangent(chunks, gamma, affine_dot),
    }
}

/// `(x̄̇, γ̄̇, β̄̇)`: the derivative of [`gradient`] along the direction of a [`tangent`]. One `x̄̇` a chunk.
pub fn gradient_tangent(chunks: &[Cotangent<'_>], along: &Direction<'_>) -> (Vec<Tensor<4>>, Affine) {
    match chunks {
        [chunk, ..] if Cpu::holds(&chunk.at.x) => cpu::gradient_tangent(chunks, along),
        [chunk, ..] if Gpu::holds(&chunk.at.x) => gpu::gradient_tangent(chunks, along),
        _ => reference::gradient_tangent(chunks, along),
    }
}

impl Evaluated {
    /// [`gradient`] of a batch that is one chunk.
    pub fn gradient(&self, gamma: &Tensor<1>, y_bar: &Tensor<4>) -> (Tensor<4>, Affine) {
        let (x_bar, affine_bar) = gradient(&[(self, y_bar)], gamma);
        (only(x_bar), affine_bar)
    }

    /// `x̄` from `ȳ` with the moments constant: `x̄ = γ s g`.
    pub fn gradient_fixed(&self, gamma: &Tensor<1>, y_bar: &Tensor<4>) -> Tensor<4> {
        let scale = (gamma.clone() * self.inv_std.clone()).reshape([1, -1, 1, 1]);
        reference::active(self, y_bar) * scale
    }

    /// [`tangent`] of a batch that is one chunk.
    pub fn tangent(&self, gamma: &Tensor<1>, x_dot: &Tensor<4>, affine_dot: &Affine) -> (Tensor<4>, TangentMoments) {
        let (y_dot, moments) = tangent(&[(self, x_dot)], gamma, affine_dot);
        (only(y_dot), moments)
    }

    /// [`gradient_tangent`] of a batch that is one chunk.
    pub fn gradient_tangent(
        &self,
        along: &Direction<'_>,
        x_dot: &Tensor<4>,
        y_bar: &Tensor<4>,
        y_bar_dot: &Tensor<4>,
    ) -> (Tensor<4>, Affine) {
        let (x_bar_dot, affine_bar) = gradient_tangent(&[Cotangent { at: self, x_dot, y_bar, y_bar_dot }], along);
        (only(x_bar_dot), affine_bar)
    }
}

/// The direction along which a gradient is differentiated, and what the tangent pass found on the way.
#[derive(Debug, Clone, Copy)]
pub struct Direction<'a> {
    /// `γ`.
    pub gamma: &'a Tensor<1>,
    /// `γ̇`.
    pub gamma_dot: &'a Tensor<1>,
    /// From [`tangent`].
    pub moments: &'a TangentMoments,
}

/// What a chunk of a batch has for the derivative of a gradient.
#[derive(Debug, Clone, Copy)]
pub struct Cotangent<'a> {
    /// The evaluation.
    pub at: &'a Evaluated,
    /// `ẋ`.
    pub x_dot: &'a Tensor<4>,
    /// `ȳ`.
    pub y_bar: &'a Tensor<4>,
    /// `ȳ̇`.
    pub y_bar_dot: &'a Tensor<4>,
}

#[cfg(test)]
mod tests;
