//! The losses of the paper as functions of θ: value, gradient, and derivatives of the gradient along a direction.
//!
//! `L_org` is cross-entropy, `L_total = L_org + β L_wfm`, plus the auxiliary losses of the baselines (which have no part
//! in Algorithm 1, hence a value and a gradient only).

use std::sync::Arc;

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use crate::matching::{AlongMatching, Matching, MatchingPass, Transfer};
use crate::meta::MetaCotangents;
use crate::method::{Auxiliary, AuxiliaryKind};
use crate::network::{Activations, Cotangents, GradientParts, Mode, Network, ParamLayout, Tangents};
use crate::source::SourceOutputs;

/// What a step minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// L_org alone.
    Task,
    /// β L_wfm alone; nothing above the last matched layer is evaluated.
    Matching,
    /// L_total.
    Total,
}

impl Objective {
    fn has_task(self) -> bool {
        self != Self::Matching
    }
}

/// One batch, with what the sources say about it.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Normalised images, `[B, 3, H, W]`.
    pub x: Tensor<4>,
    /// One-hot labels, `[B, K]`.
    pub y: Tensor<2>,
    /// Present where something is matched.
    pub transfer: Option<Transfer>,
    /// What the sources say for every auxiliary loss, see [`TargetModel::taught`].
    pub auxiliary: Vec<Vec<Tensor<2>>>,
}

impl Batch {
    fn transfer(&self) -> &Transfer {
        self.transfer.as_ref().expect("a batch for matching carries the sources' features")
    }
}

/// The target network with its regressors: everything that θ parameterises.
#[derive(Debug, Clone)]
pub struct TargetModel {
    /// T_θ.
    pub network: Network,
    /// L_wfm with r_θ, if anything is matched.
    pub matching: Option<Matching>,
    /// What else L_total has.
    pub auxiliary: Vec<Arc<dyn Auxiliary>>,
    /// Layout of θ: the network's weights, then those of the regressors and of the auxiliary losses.
    pub layout: ParamLayout,
}

/// An objective evaluated at one θ, with its gradient and what second derivatives need.
#[derive(Debug, Clone)]
pub struct Pass {
    /// What was evaluated.
    pub objective: Objective,
    /// L_org, `[1]`, if it was part of it.
    pub task_loss: Option<Tensor<1>>,
    /// β L_wfm, `[1]`, if it was part of it.
    pub matching_loss: Option<Tensor<1>>,
    /// The auxiliary losses, `[1]` each, if they were part of it.
    pub auxiliary_losses: Vec<(AuxiliaryKind, Tensor<1>)>,
    /// ∇_θ, zero where the objective does not reach.
    pub gradient: Tensor<1>,
    /// The target's values; in the order of its nodes.
    pub activations: Activations,
    bars: Cotangents,
    /// softmax of the logits, `[B, K]`.
    probabilities: Option<Tensor<2>>,
    matching: Option<MatchingPass>,
}

impl Pass {
    /// The weighted matching that was evaluated, if it was part of the objective.
    pub fn matching(&self) -> Option<&MatchingPass> {
        self.matching.as_ref()
    }

    /// softmax of the logits, `[B, K]`, if L_org was part of the objective.
    pub fn probabilities(&self) -> Option<&Tensor<2>> {
        self.probabilities.as_ref()
    }
}

/// The derivative of an objective along a direction u.
#[derive(Debug, Clone)]
pub struct Along {
    dots: Tangents,
    matching: Option<AlongMatching>,
}

/// L_org: mean cross-entropy of logits `[B, K, 1, 1]` with one-hot labels, `[1]`, and the probabilities, `[B, K]`.
pub fn cross_entropy(logits: &Tensor<4>, y: &Tensor<2>) -> (Tensor<1>, Tensor<2>) {
    let [batch, classes] = y.dims();
    let log_p = log_softmax(logits.clone().reshape([batch, classes]), 1);
    let loss = (log_p.clone() * y.clone()).sum() / -(batch as f64);
    (loss, log_p.exp())
}

impl TargetModel {
    /// What the sources say about a batch, for every auxiliary loss.
    pub fn taught(&self, sources: &[SourceOutputs]) -> Vec<Vec<Tensor<2>>> {
        self.auxiliary.iter().map(|auxiliary| auxiliary.taught(sources)).collect()
    }

    /// What the ordinary step minimises: L_total, which is L_org where nothing is added to it.
    pub fn total(&self) -> Objective {
        if self.matching.is_some() || !self.auxiliary.is_empty() { Objective::Total } else { Objective::Task }
    }

    fn has_matching(&self, objective: Objective) -> bool {
        objective == Objective::Matching || (objective == Objective::Total && self.matching.is_some())
    }

    fn last_node(&self, objective: Objective) -> usize {
        if objective.has_task() { self.network.output() } else { self.matching().last_node() }
    }

    fn matching(&self) -> &Matching {
        self.matching.as_ref().expect("an objective with matching needs pairs")
    }

    /// Value and gradient of `objective` at `theta`, with the batch's own moments in batch normalisation.
    pub fn evaluate(&self, objective: Objective, theta: &Tensor<1>, batch: &Batch) -> Pass {
        let activations = self.network.forward(theta, &batch.x, Mode::Train, self.last_node(objective));
        let mut bars = Cotangents::default();
        let (mut task_loss, mut probabilities) = (None, None);
        if objective.has_task() {
            let output = self.network.output();
            let (loss, p) = cross_entropy(activations.get(output), &batch.y);
            let [count, classes] = p.dims();
            let z_bar = (p.clone() - batch.y.clone()) / count as f64;
            bars.add(output, z_bar.reshape([count, classes, 1, 1]));
            (task_loss, probabilities) = (Some(loss), Some(p));
        }
        let (mut matching_loss, mut matching) = (None, None);
        let mut regressors = Default::default();
        if self.has_matching(objective) {
            let (terms, transfer) = (self.matching(), batch.transfer());
            let mut pass = terms.evaluate(&self.layout, theta, &activations, transfer);
            matching_loss = Some(terms.loss(&pass, transfer));
            regressors = terms.gradient(&self.layout, theta, &activations, transfer, &mut pass, &mut bars);
            matching = Some(pass);
        }
        let (mut auxiliary_losses, mut added) = Default::default();
        if objective == Objective::Total {
            (auxiliary_losses, added) = self.auxiliary_losses(theta, &activations, batch, &mut bars);
        }
        let mut parts = self.network.backward(theta, &activations, &mut bars, false);
        parts.extend(regressors);
        parts.extend(added);
        let gradient = parts.assemble(&self.layout, theta);
        Pass {
            objective,
            task_loss,
            matching_loss,
            auxiliary_losses,
            gradient,
            activations,
            bars,
            probabilities,
            matching,
        }
    }

    fn auxiliary_losses(
        &self,
        theta: &Tensor<1>,
        at: &Activations,
        batch: &Batch,
        bars: &mut Cotangents,
    ) -> (Vec<(AuxiliaryKind, Tensor<1>)>, GradientParts) {
        assert_eq!(self.auxiliary.len(), batch.auxiliary.len(), "a batch carries what every auxiliary loss asks for");
        let mut gradient = GradientParts::default();
        let losses = self.auxiliary.iter().zip(&batch.auxiliary).map(|(auxiliary, taught)| {
            let (loss, parts) = auxiliary.evaluate(&self.layout, theta, at, taught, bars);
            gradient.extend(parts);
            (auxiliary.kind(), loss)
        });
        (losses.collect(), gradient)
    }

    /// The derivative of the evaluated objective along `u`: a forward tangent evaluation.
    ///
    /// # Panics
    /// Where auxiliary losses are part of the objective: they have no second derivatives.
    pub fn along(&self, pass: &Pass, theta: &Tensor<1>, u: &Tensor<1>) -> Along {
        assert!(pass.auxiliary_losses.is_empty(), "auxiliary losses are no part of a virtual step");
        let dots = self.network.tangent(theta, u, &pass.activations);
        let matching = pass
            .matching
            .as_ref()
            .map(|matching| self.matching().along(&self.layout, theta, u, &pass.activations, &dots, matching));
        Along { dots, matching }
    }

    /// The mixed products `∂²L/∂w∂θ · u` and `∂²L/∂λ∂θ · u`; `None` for L_org, which does not depend on φ.
    pub fn mixed_product(&self, along: &Along, batch: &Batch) -> Option<MetaCotangents> {
        along.matching.as_ref().map(|matching| self.matching().mixed(matching, batch.transfer()))
    }

    /// `∂L/∂w` and `∂L/∂λ` of the evaluated objective; `None` for L_org.
    pub fn meta_gradient(&self, pass: &Pass, batch: &Batch) -> Option<MetaCotangents> {
        pass.matching.as_ref().map(|matching| self.matching().meta_gradient(matching, batch.transfer()))
    }

    /// `H u`, the derivative of the evaluated gradient along `u`.
    pub fn hessian_vector(
        &self,
        pass: &Pass,
        theta: &Tensor<1>,
        u: &Tensor<1>,
        along: &Along,
        batch: &Batch,
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
