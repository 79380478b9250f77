//! Stochastic gradient descent with momentum and weight decay, as PyTorch has it, and Adam for φ: pure functions.

use burn_tensor::Tensor;
use l2t_shaders::adam;
use l2t_shaders::vector::combine;
use serde::{Deserialize, Serialize};

/// `v ← μ v + g + wd θ`, `θ ← θ − η v`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sgd {
    /// η.
    pub lr: f64,
    /// μ.
    pub momentum: f64,
    /// wd.
    pub weight_decay: f64,
}

/// θ and its velocity v.
#[derive(Debug, Clone)]
pub struct Moving {
    /// θ.
    pub theta: Tensor<1>,
    /// v, zero before the first step.
    pub velocity: Tensor<1>,
}

impl Moving {
    /// θ at rest.
    pub fn at_rest(theta: Tensor<1>) -> Self {
        let velocity = theta.zeros_like();
        Self { theta, velocity }
    }
}

impl Sgd {
    /// One step along the negative `gradient`. A weight that the loss does not touch has a zero gradient, and momentum
    /// and weight decay move it all the same.
    #[must_use]
    pub fn step(&self, at: &Moving, gradient: &Tensor<1>) -> Moving {
        let velocity = combine(&[(self.momentum, &at.velocity), (1.0, gradient), (self.weight_decay, &at.theta)]);
        let theta = combine(&[(1.0, &at.theta), (-self.lr, &velocity)]);
        Moving { theta, velocity }
    }
}

/// Adam with the weight decay added to the gradient, as the authors use it for φ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Step size.
    pub lr: f64,
    /// Decay of the first and the second moment.
    pub betas: (f64, f64),
    /// Added to the root of the second moment. PyTorch's 1e-8; Burn's optimiser has 1e-5.
    pub epsilon: f64,
    /// Added to the gradient times φ.
    pub weight_decay: f64,
}

impl Adam {
    /// The authors' meta-optimiser but for its step size and weight decay.
    pub fn new(lr: f64, weight_decay: f64) -> Self {
        Self { lr, betas: (0.9, 0.999), epsilon: 1e-8, weight_decay }
    }
}

/// φ with Adam's moments.
#[derive(Debug, Clone)]
pub struct AdamState {
    /// φ.
    pub phi: Tensor<1>,
    /// Running mean of the gradient.
    pub first: Tensor<1>,
    /// Running mean of the squared gradient.
    pub second: Tensor<1>,
    /// Steps taken.
    pub steps: u32,
}

impl AdamState {
    /// φ before the first step.
    pub fn new(phi: Tensor<1>) -> Self {
        Self { first: phi.zeros_like(), second: phi.zeros_like(), phi, steps: 0 }
    }
}

impl Adam {
    /// One step against `gradient`, with bias-corrected moments.
    #[must_use]
    pub fn step(&self, at: &AdamState, gradient: &Tensor<1>) -> AdamState {
        self.step_at(at, gradient, None)
    }

    /// [`Adam::step`] with the step of every entry multiplied by one of `rates`.
    #[must_use]
    pub fn step_at(&self, at: &AdamState, gradient: &Tensor<1>, rates: Option<&Tensor<1>>) -> AdamState {
        let Self { lr, betas, epsilon, weight_decay } = *self;
        let steps = at.steps + 1;
        let vectors = adam::Adam { phi: &at.phi, first: &at.first, second: &at.second, rates };
        let rule = adam::Rule { lr, betas, epsilon, weight_decay, step: steps };
        let [phi, first, second] = vectors.step(gradient, &rule);
        AdamState { phi, first, second, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_tensor::{DType, Device, TensorData, Tolerance};

    fn vector(values: &[f64]) -> Tensor<1> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), (&Device::flex(), DType::F64))
    }

    fn assert_close(a: &Tensor<1>, expected: &[f64]) {
        let expected = TensorData::new(expected.to_vec(), [expected.len()]);
        a.to_data().assert_approx_eq::<f64>(&expected, Tolerance::absolute(1e-12));
    }

    /// Two steps with constant gradients, worked out by hand; the second entry has no gradient and still moves.
    #[test]
    fn sgd_moves_weights_without_gradient_by_momentum_and_decay() {
        let sgd = Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.5 };
        let start = Moving { theta: vector(&[1.0, 2.0]), velocity: vector(&[0.0, 1.0]) };
        let one = sgd.step(&start, &vector(&[3.0, 0.0]));
        assert_close(&one.velocity, &[3.5, 1.9]);
        assert_close(&one.theta, &[0.65, 1.81]);
        let two = sgd.step(&one, &vector(&[3.0, 0.0]));
        assert_close(&two.velocity, &[6.475, 2.615]);
        assert_close(&two.theta, &[0.0025, 1.5485]);
    }

    /// The first step of Adam is `lr · sign(gradient)` up to ε; the second by hand.
    #[test]
    fn adam_corrects_its_bias() {
        let adam = Adam::new(0.1, 0.0);
        let one = adam.step(&AdamState::new(vector(&[1.0, -2.0])), &vector(&[4.0, -0.5]));
        assert_close(&one.phi, &[1.0 - 0.1 * 4.0 / (4.0 + 1e-8), -2.0 + 0.1 * 0.5 / (0.5 + 1e-8)]);
        let two = adam.step(&one, &vector(&[0.0, -0.5]));
        let first: f64 = 0.9 * 0.4 / (1.0 - 0.81);
        let second: f64 = 0.999 * 0.016 / (1.0 - 0.998_001);
        let expected = 1.0 - 0.1 * 4.0 / (4.0 + 1e-8) - 0.1 * first / (second.sqrt() + 1e-8);
        assert_close(&two.phi.slice([0..1]), &[expected]);
        // A rate of its own moves an entry so much further, and leaves the moments alone.
        let start = AdamState::new(vector(&[1.0, -2.0]));
        let faster = adam.step_at(&start, &vector(&[4.0, -0.5]), Some(&vector(&[3.0, 0.0])));
        assert_close(&faster.phi, &[1.0 - 0.3 * 4.0 / (4.0 + 1e-8), -2.0]);
        assert_close(&faster.first, &[0.4, -0.05]);
    }
}
