//! The losses of the paper as functions of θ: value, gradient, and derivatives of the gradient along a direction.
//!
//! `L_org` is cross-entropy, `L_total = L_org + β L_wfm`, plus the auxiliary losses of the baselines (which have no part
//! in Algorithm 1, hence a value and a gradient only).
//!
//! A batch is one [`Part`], or several where the memory holds no more: then every loss is the mean over the images of all
//! parts, and so is every derivative. Batch normalisation alone sees one part at a time. The parts are gone through one
//! after another, and of each only a few numbers an image are left behind, unless the values of all nodes are kept for
//! second derivatives ([`Memory`]). So what lives at once shrinks with the parts.
//!
//! A part is one [`Chunk`], or several where a kernel sees no more of a tensor: the numbers are those of one tensor, because
//! the sums of normalisations go over all chunks of a part.

mod batch;
mod by_group;
mod part;

use std::sync::Arc;

use burn_tensor::Tensor;

pub use batch::{Batch, Chunk, Part};
use part::{ChunkPass, Direction, PartPass};
use serde::{Deserialize, Serialize};

use crate::matching::Matching;
use crate::meta::{MetaCotangents, rows};
use crate::method::{Auxiliary, AuxiliaryKind};
use crate::network::{Network, ParamLayout, RunningStats};
use crate::source::SourceOutputs;

/// What a step minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Objective {
    /// L_org alone.
    Task,
    /// L_wfm alone, with the factor of the inner matching steps ([`Matching::inner_beta`]); nothing above the last matched
    /// layer is evaluated.
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
    /// What of the values is kept.
    pub memory: Memory,
}

/// What is kept of the values of a pass; the numbers are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Memory {
    /// The values of virtual steps, until the reverse pass has used them.
    #[default]
    Keep,
    /// Those of the pass that is under way: the reverse pass evaluates them again.
    Recompute,
    /// Of the pass that is under way those between groups of nodes: each group is evaluated again where it is gone back
    /// through, in ordinary steps, too.
    ByGroup,
}

/// Whether an evaluation keeps the values of all nodes, which second derivatives need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// No: they are evaluated again.
    Nothing,
    /// Yes.
    Values,
}

/// What an objective leaves that was evaluated at one θ, besides its gradient, which nobody needs as long.
#[derive(Debug, Clone)]
pub struct Pass {
    /// What was evaluated.
    pub objective: Objective,
    /// L_org, `[1]`, if it was part of it.
    pub task_loss: Option<Tensor<1>>,
    /// β L_wfm (of the matching objective with its own factor), `[1]`, if it was part of it.
    pub matching_loss: Option<Tensor<1>>,
    /// The auxiliary losses, `[1]` each, if they were part of it.
    pub auxiliary_losses: Vec<(AuxiliaryKind, Tensor<1>)>,
    parts: Vec<PartPass>,
}

impl Pass {
    /// softmax of the logits, `[B, K]`, if L_org was part of the objective.
    pub fn probabilities(&self) -> Option<Tensor<2>> {
        let chunks = self.chunks().map(|chunk| chunk.probabilities.clone());
        let parts = chunks.collect::<Option<Vec<_>>>()?;
        Some(rows(parts))
    }

    fn chunks(&self) -> impl Iterator<Item = &ChunkPass> {
        self.parts.iter().flat_map(|part| &part.chunks)
    }

    /// Whether the values of all nodes were kept.
    pub fn keeps_values(&self) -> bool {
        self.parts.iter().all(|part| part.values.is_some())
    }
}

/// Second derivatives of an objective times a direction u.
#[derive(Debug, Clone)]
pub struct SecondDerivatives {
    /// `∂²L/∂w∂θ · u` and `∂²L/∂λ∂θ · u`; `None` for L_org, which does not depend on φ.
    pub mixed: Option<MetaCotangents>,
    /// `H u`, where it was asked for.
    pub hessian_vector: Option<Tensor<1>>,
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

    pub(crate) fn has_matching(&self, objective: Objective) -> bool {
        objective == Objective::Matching || (objective == Objective::Total && self.matching.is_some())
    }

    pub(crate) fn last_node(&self, objective: Objective) -> usize {
        if objective.has_task() { self.network.output() } else { self.matching().last_node() }
    }

    pub(crate) fn matching(&self) -> &Matching {
        self.matching.as_ref().expect("an objective with matching needs pairs")
    }

    /// Value and gradient of `objective` at `theta`, with the batch's own moments in batch normalisation. The gradient is zero
    /// where the objective does not reach.
    pub fn evaluate(&self, objective: Objective, theta: &Tensor<1>, batch: &Batch) -> (Pass, Tensor<1>) {
        self.evaluate_keeping(Keep::Nothing, objective, theta, batch)
    }

    /// [`TargetModel::evaluate`] that may keep what second derivatives need.
    pub fn evaluate_keeping(
        &self,
        keep: Keep,
        objective: Objective,
        theta: &Tensor<1>,
        batch: &Batch,
    ) -> (Pass, Tensor<1>) {
        let mut parts = Vec::with_capacity(batch.parts().len());
        let (mut task, mut matching, mut gradient) = (vec![], vec![], None);
        let mut auxiliary: Vec<Vec<Tensor<1>>> = vec![vec![]; self.auxiliary.len()];
        for (part, share) in batch.parts().iter().zip(batch.shares()) {
            let (pass, losses, of_part) = self.evaluate_part(objective, theta, part, keep);
            task.extend(losses.task);
            matching.extend(losses.matching);
            losses.auxiliary.into_iter().zip(&mut auxiliary).for_each(|(loss, all)| all.push(loss));
            gradient = Some(Batch::plus(gradient, share, of_part));
            parts.push(pass);
        }
        let kinds = self.auxiliary.iter().map(|auxiliary| auxiliary.kind());
        let pass = Pass {
            objective,
            task_loss: batch.mean(task),
            matching_loss: batch.mean(matching),
            auxiliary_losses: kinds.zip(auxiliary).filter_map(|(kind, all)| Some((kind, batch.mean(all)?))).collect(),
            parts,
        };
        (pass, gradient.expect("a batch has images"))
    }

    /// Elements of one image that an evaluation of `objective` keeps with [`Keep::Values`].
    pub fn kept(&self, objective: Objective) -> usize {
        let matching = if self.has_matching(objective) { self.matching().kept() } else { 0 };
        self.network.kept(self.last_node(objective)) + matching
    }

    /// The running statistics behind `pass` at `theta`, where they were `running` before it: the mean of those behind each part.
    pub fn running_after(&self, pass: &Pass, theta: &Tensor<1>, batch: &Batch, running: &RunningStats) -> RunningStats {
        let parts = pass.parts.iter().zip(batch.parts());
        let after = parts.map(|(pass, part)| running.updated(&self.network, theta, &pass.moments, part.images()));
        RunningStats::mean(&batch.shares().zip(after).collect::<Vec<_>>())
    }

    /// `∂L/∂w` and `∂L/∂λ` of the evaluated objective; `None` for L_org.
    pub fn meta_gradient(&self, pass: &Pass, batch: &Batch) -> Option<MetaCotangents> {
        let parts = pass.parts.iter().zip(batch.parts()).map(|(pass, part)| {
            let chunks = pass.chunks.iter().zip(part.chunks());
            let bars = chunks
                .map(|(pass, chunk)| Some(self.matching().meta_gradient(pass.mismatches.as_ref()?, chunk.transfer())));
            bars.collect::<Option<Vec<_>>>().map(MetaCotangents::of_parts)
        });
        batch.cotangents(parts)
    }

    /// Second derivatives of the objective of `pass`, which was evaluated at `theta`, along `u`: the mixed products by a
    /// forward tangent evaluation, and `H u`, the derivative of the gradient, with `hessian`.
    ///
    /// One part after another. Where `pass` has not kept the values, they are evaluated again, and are the same numbers.
    ///
    /// # Panics
    /// Where auxiliary losses are part of the objective: they have no second derivatives.
    pub fn second_derivatives(
        &self,
        pass: &Pass,
        theta: &Tensor<1>,
        u: &Tensor<1>,
        batch: &Batch,
        hessian: bool,
    ) -> SecondDerivatives {
        assert!(pass.auxiliary_losses.is_empty(), "auxiliary losses are no part of a virtual step");
        let (mut mixed, mut hessian_vector) = (vec![], None);
        for ((kept, part), share) in pass.parts.iter().zip(batch.parts()).zip(batch.shares()) {
            let along = Direction { theta, u, part, hessian };
            let found = self.second_derivatives_part(pass.objective, kept.values.as_ref(), &along);
            mixed.push(found.mixed);
            if let Some(product) = found.hessian_vector {
                hessian_vector = Some(Batch::plus(hessian_vector, share, product));
            }
        }
        SecondDerivatives { mixed: batch.cotangents(mixed.into_iter()), hessian_vector }
    }
}
