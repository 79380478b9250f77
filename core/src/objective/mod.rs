//! The losses of the paper as functions of θ: value, gradient, and derivatives of the gradient along a direction.
//!
//! `L_org` is cross-entropy, `L_total = L_org + β L_wfm`, plus the auxiliary losses of the baselines (which have no part
//! in Algorithm 1, hence a value and a gradient only).
//!
//! A batch is one [`Part`], or several where a device holds no more at once: then every loss is the mean over the
//! images of all parts, and so is every derivative. Batch normalisation alone sees one part at a time.

mod batch;
mod part;

use std::sync::Arc;

use burn::tensor::Tensor;

pub use batch::{Batch, Part};
pub use part::cross_entropy;
use part::{PartAlong, PartPass};
use serde::{Deserialize, Serialize};

use crate::matching::Matching;
use crate::meta::MetaCotangents;
use crate::method::{Auxiliary, AuxiliaryKind};
use crate::network::{Network, ParamLayout, RunningStats};
use crate::source::SourceOutputs;

/// What a step minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    parts: Vec<PartPass>,
}

impl Pass {
    /// softmax of the logits, `[B, K]`, if L_org was part of the objective.
    pub fn probabilities(&self) -> Option<Tensor<2>> {
        let parts = self.parts.iter().map(|part| part.probabilities.clone()).collect::<Option<Vec<_>>>()?;
        Some(batch::rows(parts))
    }
}

/// The derivative of an objective along a direction u.
#[derive(Debug, Clone)]
pub struct Along {
    parts: Vec<PartAlong>,
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
        let mut parts = Vec::with_capacity(batch.parts().len());
        let (mut task, mut matching, mut gradients) = (vec![], vec![], vec![]);
        let mut auxiliary: Vec<Vec<Tensor<1>>> = vec![vec![]; self.auxiliary.len()];
        for part in batch.parts() {
            let (pass, losses, gradient) = self.evaluate_part(objective, theta, part);
            task.extend(losses.task);
            matching.extend(losses.matching);
            losses.auxiliary.into_iter().zip(&mut auxiliary).for_each(|(loss, all)| all.push(loss));
            gradients.push(gradient);
            parts.push(pass);
        }
        let kinds = self.auxiliary.iter().map(|auxiliary| auxiliary.kind());
        Pass {
            objective,
            task_loss: batch.mean(task),
            matching_loss: batch.mean(matching),
            auxiliary_losses: kinds.zip(auxiliary).filter_map(|(kind, all)| Some((kind, batch.mean(all)?))).collect(),
            gradient: batch.mean(gradients).expect("a batch has images"),
            parts,
        }
    }

    /// The running statistics behind `pass`, where they were `running` before it: the mean of those behind each part.
    pub fn running_after(&self, pass: &Pass, batch: &Batch, running: &RunningStats) -> RunningStats {
        let parts = pass.parts.iter().map(|part| running.updated(&self.network, &part.activations));
        RunningStats::mean(&batch.shares().zip(parts).collect::<Vec<_>>())
    }

    /// The derivative of the evaluated objective along `u`: a forward tangent evaluation.
    ///
    /// # Panics
    /// Where auxiliary losses are part of the objective: they have no second derivatives.
    pub fn along(&self, pass: &Pass, theta: &Tensor<1>, u: &Tensor<1>) -> Along {
        assert!(pass.auxiliary_losses.is_empty(), "auxiliary losses are no part of a virtual step");
        Along { parts: pass.parts.iter().map(|part| self.along_part(part, theta, u)).collect() }
    }

    /// The mixed products `∂²L/∂w∂θ · u` and `∂²L/∂λ∂θ · u`; `None` for L_org, which does not depend on φ.
    pub fn mixed_product(&self, along: &Along, batch: &Batch) -> Option<MetaCotangents> {
        batch.cotangents(&along.parts, |along, part| {
            along.matching.as_ref().map(|matching| self.matching().mixed(matching, part.transfer()))
        })
    }

    /// `∂L/∂w` and `∂L/∂λ` of the evaluated objective; `None` for L_org.
    pub fn meta_gradient(&self, pass: &Pass, batch: &Batch) -> Option<MetaCotangents> {
        batch.cotangents(&pass.parts, |pass, part| {
            pass.matching.as_ref().map(|matching| self.matching().meta_gradient(matching, part.transfer()))
        })
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
        let parts = pass.parts.iter().zip(&along.parts).zip(batch.parts());
        let products = parts.map(|((pass, along), part)| self.hessian_vector_part(pass, theta, u, along, part));
        batch.mean(products.collect()).expect("a batch has images")
    }
}
