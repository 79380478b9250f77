//! Reverse-HG (Franceschi et al., 2017): ∇_φ L_org(θ_{T+1}) through the virtual steps.
//!
//! A step is `v_{t+1} = μ v_t + ∇_θ L_t(θ_t, φ) + wd θ_t`, `θ_{t+1} = θ_t − η v_{t+1}`. With the adjoints
//! `a = ∂L_org(θ_{T+1})/∂θ_{t+1}` and `b = ∂L_org(θ_{T+1})/∂v_{t+1}` (through later steps), start `a = ∇L_org(θ_{T+1})`,
//! `b = 0`, and for t = T, …, 0:
//!
//! ```text
//! u = b − η a
//! φ̃ += (∂²L_t/∂φ∂θ) u        a ← a + wd·u + H_t u        b ← μ u
//! ```
//!
//! φ enters only through w and λ, which are the same in every step, so the sum is taken over `w̄` and `λ̄` and pulled back
//! to φ once at the end. The step on L_org has no mixed product; the first step needs only that, not H_0 u.

use burn_tensor::Tensor;
use l2t_shaders::vector::combine;

use super::scheme::HypergradientMethod;
use super::sgd::Sgd;
use super::trajectory::{InnerStep, Trajectory};
use crate::meta::{MetaCotangents, MetaNetworks};
use crate::objective::{Batch, SecondDerivatives, TargetModel};

/// Second derivatives of one step's loss times u.
#[derive(Debug, Clone)]
pub struct Products<M> {
    /// `(∂²L_t/∂φ∂θ) u`; `None` where the step's loss does not depend on φ.
    pub mixed: Option<M>,
    /// `H_t u`, where it was asked for; `None` stands for zero.
    pub hessian_vector: Option<Tensor<1>>,
}

/// The reverse pass under way, with the sum of the mixed products so far.
#[derive(Debug, Clone)]
pub struct ReversePass<M> {
    a: Tensor<1>,
    b: Option<Tensor<1>>,
    /// Steps that are still to be gone back over.
    remaining: usize,
    sum: Option<M>,
}

impl<M> ReversePass<M> {
    /// Over `steps` steps, from the gradient `a` of the outer loss at the end of the last one.
    pub fn begin(steps: usize, a: Tensor<1>) -> Self {
        Self { a, b: None, remaining: steps, sum: None }
    }

    /// Goes back over one step, whose number t it returns; `None` before the first.
    ///
    /// `products(t, u, with_hessian)` gives step t's second derivatives times u.
    pub fn advance(
        &mut self,
        rule: &Sgd,
        products: impl FnOnce(usize, &Tensor<1>, bool) -> Products<M>,
        plus: impl FnOnce(M, M) -> M,
    ) -> Option<usize> {
        let t = self.remaining.checked_sub(1)?;
        self.remaining = t;
        let u = match &self.b {
            Some(b) => combine(&[(1.0, b), (-rule.lr, &self.a)]),
            None => combine(&[(-rule.lr, &self.a)]),
        };
        let found = products(t, &u, t > 0);
        self.sum = match (self.sum.take(), found.mixed) {
            (Some(sum), Some(mixed)) => Some(plus(sum, mixed)),
            (sum, mixed) => sum.or(mixed),
        };
        if t > 0 {
            let mut terms = vec![(1.0, &self.a), (rule.weight_decay, &u)];
            terms.extend(found.hessian_vector.as_ref().map(|hu| (1.0, hu)));
            self.a = combine(&terms);
            self.b = Some(combine(&[(rule.momentum, &u)]));
        }
        Some(t)
    }

    /// The sum of the mixed products; `None` where no step depends on φ.
    pub fn finish(self) -> Option<M> {
        self.sum
    }
}

impl ReversePass<MetaCotangents> {
    /// [`ReversePass::advance`] over the virtual steps of a trajectory.
    pub fn advance_over(
        &mut self,
        model: &TargetModel,
        rule: &Sgd,
        trajectory: &Trajectory,
        batch: &Batch,
        method: HypergradientMethod,
    ) -> Option<usize> {
        self.advance(
            rule,
            |t, u, with_hessian| second_order_products(model, &trajectory.steps[t], u, batch, method, with_hessian),
            MetaCotangents::plus,
        )
    }

    /// ∇_φ L_org(θ_{T+1}) behind the last step; zero where no virtual step depends on φ (T = 0).
    pub fn hypergradient(self, meta: &MetaNetworks, phi: &Tensor<1>, batch: &Batch) -> Tensor<1> {
        self.finish().and_then(|sum| batch.pull_back(meta, &sum)).unwrap_or_else(|| phi.zeros_like())
    }
}

/// ∇_φ L_org(θ_{T+1}) by a whole reverse pass.
pub fn hypergradient(
    model: &TargetModel,
    meta: &MetaNetworks,
    phi: &Tensor<1>,
    rule: &Sgd,
    trajectory: &Trajectory,
    batch: &Batch,
    method: HypergradientMethod,
) -> Tensor<1> {
    let mut pass = ReversePass::begin(trajectory.steps.len(), trajectory.gradient.clone());
    while pass.advance_over(model, rule, trajectory, batch, method).is_some() {}
    pass.hypergradient(meta, phi, batch)
}

fn second_order_products(
    model: &TargetModel,
    step: &InnerStep,
    u: &Tensor<1>,
    batch: &Batch,
    method: HypergradientMethod,
    with_hessian: bool,
) -> Products<MetaCotangents> {
    let InnerStep { theta, pass } = step;
    if method == HypergradientMethod::CentralDifferences {
        return central_differences(model, step, u, batch);
    }
    let with_hessian = with_hessian && method == HypergradientMethod::Exact;
    if !with_hessian && pass.matching_loss.is_none() {
        // A step on L_org whose H u is not asked for: nothing to evaluate.
        return Products { mixed: None, hessian_vector: None };
    }
    let SecondDerivatives { mixed, hessian_vector } = model.second_derivatives(pass, theta, u, batch, with_hessian);
    Products { mixed, hessian_vector }
}

/// `(g(θ + εu) − g(θ − εu)) / 2ε` for both products. ε‖u‖ is a tenth of what DARTS (Liu et al., 2019) takes: on small
/// networks their 1/100 crosses the kinks of ReLU and max-pooling often enough to be off by a fifth, and in single
/// precision 1/1000 still leaves four digits.
fn central_differences(
    model: &TargetModel,
    step: &InnerStep,
    u: &Tensor<1>,
    batch: &Batch,
) -> Products<MetaCotangents> {
    const LENGTH: f64 = 1e-3;
    let norm = u.clone().square().sum().sqrt().clamp_min(f64::from(f32::MIN_POSITIVE));
    let shift = u.clone() / norm.clone() * LENGTH;
    let at = |sign: f64| {
        let theta = combine(&[(1.0, &step.theta), (sign, &shift)]);
        model.evaluate(step.pass.objective, &theta, batch)
    };
    let ((plus, plus_gradient), (minus, minus_gradient)) = (at(1.0), at(-1.0));
    let scale = norm / (2.0 * LENGTH);
    let difference = |plus: Tensor<2>, minus: Tensor<2>| (plus - minus) * scale.clone().reshape([1, 1]);
    let mixed =
        model.meta_gradient(&plus, batch).zip(model.meta_gradient(&minus, batch)).map(|(plus, minus)| MetaCotangents {
            channel_weights: difference(plus.channel_weights, minus.channel_weights),
            pair_weights: difference(plus.pair_weights, minus.pair_weights),
        });
    Products { mixed, hessian_vector: Some((plus_gradient - minus_gradient) * scale) }
}
