//! Batch normalisation, with the ReLU that usually follows it.
//!
//! `y = ρ(γ x̂ + β)`, `x̂ = (x − m) s`, `s = 1/√(v + ε)`, where `ρ` is ReLU or the identity and `m`, `v` are the mean and
//! the biased variance of each channel: of the batch ([`evaluate`]), so that derivatives go through them, or given
//! ([`evaluate_fixed`]), as in a frozen network. Nothing is remembered between calls: moments are results and arguments.
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
    /// `m, v, s, γ, β`, `[5, C]`, as a GPU's kernels read them, where the moments are the batch's; absent elsewhere.
    vectors: Option<Tensor<2>>,
}

/// What a derivative along a direction leaves for the gradient's: `⟨ẋ⟩` and `⟨x̂ ẋ⟩`, `[C]`.
#[derive(Debug, Clone)]
pub struct TangentMoments {
    mean: Tensor<1>,
    correlation: Tensor<1>,
    /// `⟨ẋ⟩, ⟨x̂ ẋ⟩, m, s, γ, γ̇`, `[6, C]`, as a GPU's kernel reads them; absent elsewhere.
    vectors: Option<Tensor<2>>,
}

/// Normalises `x` (`[B, C, H, W]`) by its own moments, which are returned too.
pub fn evaluate(x: Tensor<4>, affine: &Affine, epsilon: f64, relu: bool) -> (Evaluated, Moments) {
    if Gpu::holds(&x) {
        return gpu::evaluate(x, affine, epsilon, relu);
    }
    let moments = if Cpu::holds(&x) { cpu::moments(&x) } else { reference::moments(&x) };
    (evaluate_fixed(x, &moments, affine, epsilon, relu), moments)
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

impl Evaluated {
    /// `(x̄, γ̄, β̄)` from `ȳ`, through the batch's moments; `gamma` is that of the evaluation.
    pub fn gradient(&self, gamma: &Tensor<1>, y_bar: &Tensor<4>) -> (Tensor<4>, Affine) {
        if Cpu::holds(&self.x) {
            cpu::gradient(self, gamma, y_bar)
        } else if Gpu::holds(&self.x) {
            gpu::gradient(self, y_bar)
        } else {
            reference::gradient(self, gamma, y_bar)
        }
    }

    /// `x̄` from `ȳ` with the moments constant: `x̄ = γ s g`.
    pub fn gradient_fixed(&self, gamma: &Tensor<1>, y_bar: &Tensor<4>) -> Tensor<4> {
        let scale = (gamma.clone() * self.inv_std.clone()).reshape([1, -1, 1, 1]);
        reference::active(self, y_bar) * scale
    }

    /// `ẏ` from `ẋ` and `(γ̇, β̇)`; `gamma` is that of the evaluation.
    pub fn tangent(&self, gamma: &Tensor<1>, x_dot: &Tensor<4>, affine_dot: &Affine) -> (Tensor<4>, TangentMoments) {
        if Cpu::holds(&self.x) {
            cpu::tangent(self, gamma, x_dot, affine_dot)
        } else if Gpu::holds(&self.x) {
            gpu::tangent(self, x_dot, affine_dot)
        } else {
            reference::tangent(self, gamma, x_dot, affine_dot)
        }
    }

    /// `(x̄̇, γ̄̇, β̄̇)`: the derivative of [`Evaluated::gradient`] along the direction of a [`Evaluated::tangent`].
    pub fn gradient_tangent(
        &self,
        along: &Direction<'_>,
        y_bar: &Tensor<4>,
        y_bar_dot: &Tensor<4>,
    ) -> (Tensor<4>, Affine) {
        if Cpu::holds(&self.x) {
            cpu::gradient_tangent(self, along, y_bar, y_bar_dot)
        } else if Gpu::holds(&self.x) {
            gpu::gradient_tangent(self, along, y_bar, y_bar_dot)
        } else {
            reference::gradient_tangent(self, along, y_bar, y_bar_dot)
        }
    }
}

/// The direction along which a gradient is differentiated, and what the tangent pass found on the way.
#[derive(Debug, Clone, Copy)]
pub struct Direction<'a> {
    /// `γ`.
    pub gamma: &'a Tensor<1>,
    /// `γ̇`.
    pub gamma_dot: &'a Tensor<1>,
    /// `ẋ`.
    pub x_dot: &'a Tensor<4>,
    /// From [`Evaluated::tangent`].
    pub moments: &'a TangentMoments,
}

#[cfg(test)]
mod tests;
