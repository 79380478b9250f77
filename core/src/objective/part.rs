//! Value and derivatives of an objective on one part of a batch.

use burn_tensor::Tensor;
use burn_tensor::activation::log_softmax;
use l2t_shaders::batch_norm::Moments;

use super::{Keep, Objective, Part, TargetModel};
use crate::matching::{AlongMatching, MatchingPass, Mismatches};
use crate::network::{Activations, Cotangents, GradientParts, Mode, Tangents};

/// What an evaluation leaves: a few numbers an image, and the values of all nodes where they are kept.
#[derive(Debug, Clone)]
pub(super) struct PartPass {
    /// Of the normalisations that were reached.
    pub moments: Vec<Moments>,
    /// softmax of the logits, `[B, K]`.
    pub probabilities: Option<Tensor<2>>,
    pub mismatches: Option<Mismatches>,
    pub values: Option<Values>,
}

/// What second derivatives need besides θ.
#[derive(Debug, Clone)]
pub(super) struct Values {
    /// The target's values, in the order of its nodes.
    activations: Activations,
    /// softmax of the logits, `[B, K]`.
    probabilities: Option<Tensor<2>>,
    matching: Option<MatchingPass>,
    /// The cotangents of the nodes; only those that losses put in where the gradient was not gone back for.
    bars: Cotangents,
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
    /// What [`TargetModel::evaluate_keeping`] needs of one part; losses and gradient are means over its images.
    pub(super) fn evaluate_part(
        &self,
        objective: Objective,
        theta: &Tensor<1>,
        batch: &Part,
        keep: Keep,
    ) -> (PartPass, Losses, Tensor<1>) {
        let (mut values, task) = self.forward_part(objective, theta, batch);
        let mut losses = Losses { task, ..Losses::default() };
        let mut added = self.matching_gradient(theta, batch, &mut values, true);
        if let Some(matching) = &values.matching {
            losses.matching = Some(self.matching().loss(matching.mismatches(), batch.transfer()));
        }
        if objective == Objective::Total {
            let Values { activations, bars, .. } = &mut values;
            losses.auxiliary = self.auxiliary_losses(theta, activations, batch, bars, &mut added);
        }
        let mut pass = PartPass {
            moments: values.activations.moments.clone(),
            probabilities: values.probabilities.clone(),
            mismatches: values.matching.as_ref().map(|matching| matching.mismatches().clone()),
            values: None,
        };
        let mut parts = match keep {
            Keep::Values => self.network.backward(theta, &values.activations, &mut values.bars),
            Keep::Nothing => {
                // The regressors' maps are not needed any more either.
                values.matching = None;
                self.network.gradient(theta, &values.activations, std::mem::take(&mut values.bars))
            }
        };
        parts.extend(added);
        let gradient = parts.assemble(&self.layout, theta);
        pass.values = (keep == Keep::Values).then_some(values);
        (pass, losses, gradient)
    }

    /// What second derivatives need of one part, from θ anew: the numbers that [`TargetModel::evaluate_part`] had. Without
    /// `cotangents` only the way forward, which is enough for mixed products.
    pub(super) fn values_again(
        &self,
        objective: Objective,
        theta: &Tensor<1>,
        batch: &Part,
        cotangents: bool,
    ) -> Values {
        let (mut values, _) = self.forward_part(objective, theta, batch);
        if cotangents {
            self.matching_gradient(theta, batch, &mut values, false);
            self.network.complete(theta, &values.activations, &mut values.bars);
        }
        values
    }

    /// The way forward, with the cotangent that L_org puts in at the logits; and L_org.
    fn forward_part(&self, objective: Objective, theta: &Tensor<1>, batch: &Part) -> (Values, Option<Tensor<1>>) {
        let activations = self.network.forward(theta, &batch.x, Mode::Train, self.last_node(objective));
        let mut bars = Cotangents::default();
        let (mut task, mut probabilities) = (None, None);
        if objective.has_task() {
            let output = self.network.output();
            let (loss, p) = cross_entropy(activations.get(output), &batch.y);
            let [count, classes] = p.dims();
            let z_bar = (p.clone() - batch.y.clone()) / count as f64;
            bars.add(output, z_bar.reshape([count, classes, 1, 1]));
            (task, probabilities) = (Some(loss), Some(p));
        }
        let matching = self.has_matching(objective).then(|| {
            let terms = self.matching();
            let beta = if objective == Objective::Matching { terms.inner_beta() } else { terms.beta() };
            terms.evaluate(beta, &self.layout, theta, &activations, batch.transfer())
        });
        (Values { activations, probabilities, matching, bars }, task)
    }

    /// The cotangents that matching puts in at the taps, if anything is matched; its parts of the gradient only with
    /// `weights`.
    fn matching_gradient(&self, theta: &Tensor<1>, batch: &Part, values: &mut Values, weights: bool) -> GradientParts {
        let Values { activations, matching, bars, .. } = values;
        let Some(pass) = matching else { return GradientParts::default() };
        self.matching().gradient(&self.layout, theta, activations, batch.transfer(), pass, bars, weights)
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

    /// The derivative of the values along `u`.
    pub(super) fn along_part(&self, values: &Values, theta: &Tensor<1>, u: &Tensor<1>) -> PartAlong {
        let at = &values.activations;
        let dots = self.network.tangent(theta, u, at);
        let matching = values.matching.as_ref();
        let matching = matching.map(|pass| self.matching().along(&self.layout, theta, u, at, &dots, pass));
        PartAlong { dots, matching }
    }

    /// `H u` of one part, from the values with all their cotangents.
    pub(super) fn hessian_vector_part(
        &self,
        pass: &Values,
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
