//! A step of Adam over a whole vector, with the weight decay added to the gradient and moments corrected for having begun at zero.

use burn_tensor::Tensor;

use crate::gpu::{Gpu, Wgsl, launch_elementwise, tensor};
use crate::vector::combine;

const ADAM: Wgsl = Wgsl::new("adam", include_str!("../wgsl/adam.wgsl"));

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![ADAM]
}

/// φ with Adam's moments, `[N]` each.
#[derive(Debug, Clone, Copy)]
pub struct Adam<'a> {
    /// φ.
    pub phi: &'a Tensor<1>,
    /// m, the running mean of the gradient.
    pub first: &'a Tensor<1>,
    /// v, that of its square.
    pub second: &'a Tensor<1>,
    /// A factor on the step of every entry.
    pub rates: Option<&'a Tensor<1>>,
}

/// How long a step is.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// η.
    pub lr: f64,
    /// β₁ and β₂.
    pub betas: (f64, f64),
    /// ε.
    pub epsilon: f64,
    /// wd.
    pub weight_decay: f64,
    /// t, from 1.
    pub step: u32,
}

impl Adam<'_> {
    /// φ, m and v behind a step against `gradient`:
    /// `d = g + wd φ`, `m ← β₁ m + (1 − β₁) d`, `v ← β₂ v + (1 − β₂) d²`, `φ ← φ − η m̂ / (√v̂ + ε)`, `m̂ = m / (1 − β₁ᵗ)`, `v̂ = v / (1 − β₂ᵗ)`.
    pub fn step(self, gradient: &Tensor<1>, rule: &Rule) -> [Tensor<1>; 3] {
        self.on_gpu(gradient, rule).unwrap_or_else(|| self.composed(gradient, rule))
    }

    fn on_gpu(self, gradient: &Tensor<1>, rule: &Rule) -> Option<[Tensor<1>; 3]> {
        let [g, phi, first, second] = [gradient, self.phi, self.first, self.second].map(Gpu::of);
        let rates = Gpu::of(self.rates.unwrap_or(gradient));
        let inputs = [g?, phi?, first?, second?, rates?];
        let (Rule { epsilon, weight_decay, .. }, (b1, b2)) = (*rule, rule.betas);
        let numbers =
            [weight_decay, b1, b2, rule.correction(b2), epsilon, rule.lr / rule.correction(b1), 1.0 - b1, 1.0 - b2];
        let dims = gradient.dims();
        let sizes = [usize::from(self.rates.is_some())];
        let next = launch_elementwise(ADAM, &inputs.each_ref(), [&dims[..]; 3], &sizes, &numbers);
        Some(next.map(tensor))
    }

    fn composed(self, gradient: &Tensor<1>, rule: &Rule) -> [Tensor<1>; 3] {
        let (b1, b2) = rule.betas;
        let decayed = combine(&[(1.0, gradient), (rule.weight_decay, self.phi)]);
        let first = combine(&[(b1, self.first), (1.0 - b1, &decayed)]);
        let second = combine(&[(b2, self.second), (1.0 - b2, &(decayed.clone() * decayed))]);
        let root = (second.clone() / rule.correction(b2)).sqrt() + rule.epsilon;
        let mut direction = first.clone() / root;
        if let Some(rates) = self.rates {
            direction = direction * rates.clone();
        }
        let phi = combine(&[(1.0, self.phi), (-rule.lr / rule.correction(b1), &direction)]);
        [phi, first, second]
    }
}

impl Rule {
    /// `1 − βᵗ`.
    fn correction(&self, beta: f64) -> f64 {
        1.0 - beta.powi(self.step.cast_signed())
    }
}
