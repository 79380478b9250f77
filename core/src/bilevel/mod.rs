//! Algorithm 1: learning θ and φ together.
//!
//! One iteration on one batch ([`Learner::iteration`]):
//!
//! 1. one ordinary step of θ on L_total → θ_0
//! 2. T virtual steps on L_wfm alone
//! 3. one virtual step on L_org alone → θ_{T+1}
//! 4. L_org(θ_{T+1}) and its gradient in φ
//! 5. one step of Adam on φ
//! 6. θ, its velocity and the running statistics are those after step 1: the virtual steps were taken on copies
//!
//! The files in reading order: [`sgd`], [`scheme`], [`trajectory`], [`hypergradient`].

pub mod hypergradient;
pub mod scheme;
pub mod sgd;
pub mod trajectory;

use burn::tensor::Tensor;

pub use scheme::{HypergradientMethod, InnerRule, Scheme};
pub use sgd::{Adam, AdamState, Moving, Sgd};
pub use trajectory::Trajectory;

use crate::matching::{SourceFeatures, Transfer};
use crate::meta::{MetaNetworks, MetaOutputs};
use crate::method::AuxiliaryKind;
use crate::network::RunningStats;
use crate::objective::{Batch, Objective, Pass, TargetModel};

/// Everything that the next iteration depends on, besides the batch.
#[derive(Debug, Clone)]
pub struct LearnerState {
    /// θ with its velocity.
    pub target: Moving,
    /// Running statistics of the target's normalisations.
    pub running: RunningStats,
    /// φ with Adam's moments.
    pub meta: AdamState,
}

/// How φ is learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetaRule {
    /// Losses of the virtual steps.
    pub scheme: Scheme,
    /// T.
    pub matching_steps: usize,
    /// α with the momentum and weight decay of the virtual steps.
    pub inner: Sgd,
    /// Step on φ.
    pub adam: Adam,
    /// Way to the hypergradient.
    pub method: HypergradientMethod,
}

/// The parts of an iteration, in order, for progress and timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Source features, pooled vectors, w and λ.
    Source,
    /// The ordinary step on L_total.
    TargetStep,
    /// The virtual steps on L_wfm.
    MatchingSteps,
    /// The virtual step on L_org and the measurement of L_org behind it.
    TaskStep,
    /// The reverse pass.
    ReversePass,
    /// The step on φ.
    MetaStep,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Self; 6] =
        [Self::Source, Self::TargetStep, Self::MatchingSteps, Self::TaskStep, Self::ReversePass, Self::MetaStep];

    /// What to call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::TargetStep => "step 1",
            Self::MatchingSteps => "matching steps",
            Self::TaskStep => "task step",
            Self::ReversePass => "reverse pass",
            Self::MetaStep => "meta step",
        }
    }
}

/// What an iteration computed, still on the device.
#[derive(Debug, Clone)]
pub struct Report {
    /// L_org at the ordinary step, `[1]`.
    pub task_loss: Tensor<1>,
    /// β L_wfm at the ordinary step, `[1]`.
    pub matching_loss: Option<Tensor<1>>,
    /// The auxiliary losses at the ordinary step, `[1]` each.
    pub auxiliary_losses: Vec<(AuxiliaryKind, Tensor<1>)>,
    /// softmax of the logits at the ordinary step, `[B, K]`.
    pub probabilities: Tensor<2>,
    /// w and λ of the batch.
    pub outputs: Option<MetaOutputs>,
    /// β L_wfm at each virtual matching step, `[1]` each.
    pub inner_matching_losses: Vec<Tensor<1>>,
    /// L_org(θ_{T+1}), `[1]`.
    pub adapted_task_loss: Option<Tensor<1>>,
    /// ∇_φ L_org(θ_{T+1}).
    pub hypergradient: Option<Tensor<1>>,
}

/// The algorithm, without its state.
#[derive(Debug, Clone)]
pub struct Learner {
    /// T_θ with its regressors.
    pub model: TargetModel,
    /// f and g, where something is matched.
    pub meta: Option<MetaNetworks>,
    /// How φ is learned; without it w and λ stay as they are.
    pub meta_rule: Option<MetaRule>,
}

impl Learner {
    /// Resizes, pools and weights the source features of a batch: once per batch, for all of its steps.
    pub fn transfer(&self, phi: &Tensor<1>, features: &SourceFeatures) -> Option<Transfer> {
        let (matching, meta) = (self.model.matching.as_ref()?, self.meta.as_ref()?);
        Some(Transfer::new(matching, meta, phi, features))
    }

    /// Step 1: the ordinary step on L_total (L_org where nothing is added to it). The running statistics see this pass only.
    pub fn target_step(&self, state: &LearnerState, rule: &Sgd, batch: &Batch) -> (LearnerState, Pass) {
        let pass = self.model.evaluate(self.model.total(), &state.target.theta, batch);
        let target = rule.step(&state.target, &pass.gradient);
        let running = self.model.running_after(&pass, batch, &state.running);
        (LearnerState { target, running, meta: state.meta.clone() }, pass)
    }

    /// One iteration of Algorithm 1. `reached` is called when a phase has been handed to the device.
    pub fn iteration(
        &self,
        state: &LearnerState,
        rule: &Sgd,
        batch: &Batch,
        mut reached: impl FnMut(Phase),
    ) -> (LearnerState, Report) {
        let (mut state, first) = self.target_step(state, rule, batch);
        reached(Phase::TargetStep);
        let mut report = Report {
            task_loss: first.task_loss.clone().expect("step 1 minimises L_org"),
            matching_loss: first.matching_loss.clone(),
            auxiliary_losses: first.auxiliary_losses.clone(),
            probabilities: first.probabilities().expect("step 1 minimises L_org"),
            outputs: batch.outputs(),
            inner_matching_losses: vec![],
            adapted_task_loss: None,
            hypergradient: None,
        };
        drop(first);
        if let (Some(meta), Some(meta_rule)) = (&self.meta, &self.meta_rule) {
            let trajectory = self.unroll(&state, meta_rule, batch, &mut reached);
            let gradient = hypergradient::hypergradient(
                &self.model,
                meta,
                &state.meta.phi,
                &meta_rule.inner,
                &trajectory,
                batch,
                meta_rule.method,
            );
            reached(Phase::ReversePass);
            state.meta = meta_rule.adam.step(&state.meta, &gradient);
            reached(Phase::MetaStep);
            report.inner_matching_losses =
                trajectory.steps.iter().filter_map(|step| step.pass.matching_loss.clone()).collect();
            report.adapted_task_loss = trajectory.measured.task_loss;
            report.hypergradient = Some(gradient);
        }
        (state, report)
    }

    /// Steps 2 to 4: the virtual steps from θ_0 and the measurement at their end.
    pub fn unroll(
        &self,
        state: &LearnerState,
        meta_rule: &MetaRule,
        batch: &Batch,
        mut reached: impl FnMut(Phase),
    ) -> Trajectory {
        let mut at = state.target.clone();
        let mut steps = Vec::new();
        let objectives = meta_rule.scheme.objectives(meta_rule.matching_steps);
        for (t, &objective) in objectives.iter().enumerate() {
            let (step, next) = trajectory::inner_step(&self.model, objective, &meta_rule.inner, at, batch);
            steps.push(step);
            at = next;
            if objective != Objective::Task && objectives.get(t + 1) != Some(&objective) {
                reached(Phase::MatchingSteps);
            }
        }
        let measured = self.model.evaluate(Objective::Task, &at.theta, batch);
        reached(Phase::TaskStep);
        Trajectory { steps, adapted: at.theta, measured }
    }
}
