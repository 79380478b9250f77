//! Value and derivatives of an objective on one part of a batch.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use super::{Objective, Part, TargetModel};
use crate::matching::{AlongMatching, MatchingPass};
use crate::network::{Activations, Cotangents, GradientParts, Mode, Tangents};

/// What an evaluation computed that second derivatives need.
#[derive(Debug, Clone)]
pub(super) struct PartPass {
    /// The target's values, in the order of its nodes.
    pub activations: Activations,
    bars: Cotangents,
    /// softmax of the logits, `[B, K]`.
    pub probabilities: Option<Tensor<2>>,
    pub matching: Option<MatchingPass>,
}

/// The losses of an evaluation, `[1]` each.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub task: Option<Tensor<1>>,
    pub matching: Option<Tensor<1>>,
    /// As many as the model has, or none.
    pub auxiliary: Vec<Tensor<1>>,
}

/// The derivative along a direction.
#[derive(Debug, Clone)]
pub(super) struct PartAlong {
    dots: Tangents,
    pub matching: Option<AlongMatching>,
}

/// L_org: mean cross-entropy of logits `[B, K, 1, 1]` with one-hot labels, `[1]`, and the probabilities, `[B, K]`.
pub fn cross_entropy(logits: &Tensor<4>, y: &Tensor<2>) -> (Tensor<1>, Tensor<2>) {
    let [batch, classes] = y.dims();
    let log_p = log_softmax(logits.clone().reshape([batch, classes]), 1);
    let loss = (log_p.clone() * y.clone()).sum() / -(batch as f64);
    (loss, log_p.exp())
}

impl TargetModel {
    /// What [`TargetModel::evaluate`] needs of one part; losses and gradient are means over its images.
    pub(super) fn evaluate_part(
        &self,
        objective: Objective,
        theta: &Tensor<1>,
        batch: &Part,
    ) -> (PartPass, Losses, Tensor<1>) {
        let mut losses = Losses::default();
        let activations = self.network.forward(theta, &batch.x, Mode::Train, self.last_node(objective));
        let mut bars = Cotangents::default();
        let mut probabilities = None;
        if objective.has_task() {
            let output = self.network.output();
            let (loss, p) = cross_entropy(activations.get(output), &batch.y);
            let [count, classes] = p.dims();
            let z_bar = (p.clone() - batch.y.clone()) / count as f64;
            bars.add(output, z_bar.reshape([count, classes, 1, 1]));
            (losses.task, probabilities) = (Some(loss), Some(p));
        }
        let mut matching = None;
        let mut added = GradientParts::default();
        if self.has_matching(objective) {
            let (terms, transfer) = (self.matching(), batch.transfer());
            let mut pass = terms.evaluate(&self.layout, theta, &activations, transfer);
            losses.matching = Some(terms.loss(&pass, transfer));
            added = terms.gradient(&self.layout, theta, &activations, transfer, &mut pass, &mut bars);
            matching = Some(pass);
        }
        if objective == Objective::Total {
            losses.auxiliary = self.auxiliary_losses(theta, &activations, batch, &mut bars, &mut added);
        }
        let mut parts = self.network.backward(theta, &activations, &mut bars, false);
        parts.extend(added);
        let gradient = parts.assemble(&self.layout, theta);
        (PartPass { activations, bars, probabilities, matching }, losses, gradient)
    }

    fn auxiliary_losses(
        &self,
        theta: &Tensor<1>,
        at: &Activations,
        batch: &Part,
        bars: &mut Cotangents,
        gradient: &mut GradientParts,
    ) -> Vec<Tensor<1>> {
        assert_eq!(self.auxiliary.len(), batch.auxiliary.len(), "a batch carries what every auxiliary loss asks for");
        let losses = self.auxiliary.iter().zip(&batch.auxiliary).map(|(auxiliary, taught)| {
            let (loss, parts) = auxiliary.evaluate(&self.layout, theta, at, taught, bars);
            gradient.extend(parts);
            loss
        });
        losses.collect()
    }

    /// What [`TargetModel::along`] needs of one part.
    pub(super) fn along_part(&self, pass: &PartPass, theta: &Tensor<1>, u: &Tensor<1>) -> PartAlong {
        let dots = self.network.tangent(theta, u, &pass.activations);
        let matching = pass
            .matching
            .as_ref()
            .map(|matching| self.matching().along(&self.layout, theta, u, &pass.activations, &dots, matching));
        PartAlong { dots, matching }
    }

    /// What [`TargetModel::hessian_vector`] needs of one part.
    pub(super) fn hessian_vector_part(
        &self,
        pass: &PartPass,
        theta: &Tensor<1>,
        u: &Tensor<1>,
        along: &PartAlong,
        batch: &Part,
    ) -> Tensor<1> {
        let mut bar_dots = Cotangents::default();
        if let Some(p) = &pass.probabilities {
            // z̄ = (p − y)/B and ṗ = p (ż − Σ_k p_k ż_k).
            let output = self.network.output();
            let [count, classes] = p.dims();
            let z_dot = along.dots.get(output).expect("logits depend on θ").clone().reshape([count, classes]);
            let p_dot = p.clone() * (z_dot.clone() - (p.clone() * z_dot).sum_dim(1));
            bar_dots.add(output, (p_dot / count as f64).reshape([count, classes, 1, 1]));
        }
        let mut regressors = Default::default();
        if let (Some(matching), Some(found)) = (&pass.matching, &along.matching) {
            regressors = self.matching().gradient_along(
                &self.layout,
                theta,
                u,
                &pass.activations,
                &along.dots,
                batch.transfer(),
                matching,
                found,
                &mut bar_dots,
            );
        }
        let mut parts = self.network.backward_tangent(theta, u, &pass.activations, &pass.bars, &along.dots, bar_dots);
        parts.extend(regressors);
        parts.assemble(&self.layout, theta)
    }
}
