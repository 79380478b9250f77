//! Algorithm 1: learning θ and φ together.
//!
//! One iteration on one batch ([`Learner::iteration`]):
//!
//! 1. one ordinary step of θ on L_total → θ_0
//! 2. T virtual steps on L_wfm alone (in the authors' code on β L_wfm: [`InnerBeta`])
//! 3. one virtual step on L_org alone → θ_{T+1}
//! 4. L_org(θ_{T+1}) and its gradient in φ; in the paper on the same batch, otherwise on images of [`MeasuredOn`]
//! 5. one step of Adam on φ
//! 6. θ, its velocity and the running statistics are those after step 1: the virtual steps were taken on copies
//!
//! The files in reading order: [`mod@iteration`], [`sgd`], [`scheme`], [`trajectory`], [`hypergradient`].

pub mod hypergradient;
pub mod iteration;
pub mod scheme;
pub mod sgd;
pub mod trajectory;

use burn_tensor::Tensor;

pub use iteration::{Iteration, Phase, Report, Step, Taken};
pub use scheme::{HypergradientMethod, InnerBeta, InnerRule, MeasuredOn, MetaSchedule, Scheme};
pub use sgd::{Adam, AdamState, Moving, Sgd};
pub use trajectory::{Trajectory, Unrolling};

use crate::matching::{SourceFeatures, Transfer};
use crate::meta::MetaNetworks;
use crate::network::RunningStats;
use crate::objective::{Batch, Pass, TargetModel};

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
    /// A factor on that step for the entries of f, and one for those of g.
    pub rates: [f64; 2],
    /// Way to the hypergradient.
    pub method: HypergradientMethod,
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

    /// Step 1: the ordinary step on L_total (L_org where nothing is added to it), whose gradient is returned, too. The running
    /// statistics see this pass only.
    pub fn target_step(&self, state: &LearnerState, rule: &Sgd, batch: &Batch) -> (LearnerState, (Pass, Tensor<1>)) {
        let (pass, gradient) = self.model.evaluate(self.model.total(), &state.target.theta, batch);
        let target = rule.step(&state.target, &gradient);
        let running = self.model.running_after(&pass, &state.target.theta, batch, &state.running);
        (LearnerState { target, running, meta: state.meta.clone() }, (pass, gradient))
    }

    /// One iteration of Algorithm 1. `reached` is called when a step has been handed to the device.
    pub fn iteration(
        &self,
        state: &LearnerState,
        rule: &Sgd,
        batch: &Batch,
        mut reached: impl FnMut(Step),
    ) -> (LearnerState, Report) {
        let mut iteration = Iteration::begin(self, state, rule, batch);
        while let Some(taken) = iteration.advance() {
            reached(taken.step);
        }
        iteration.finish()
    }

    /// Steps 2 to 4: the virtual steps from θ_0 on `batch` and the measurement at their end on `outer`, which may be the same.
    pub fn unroll(&self, from: &Moving, meta_rule: &MetaRule, batch: &Batch, outer: &Batch) -> Trajectory {
        let mut unrolling = Unrolling::begin(meta_rule, from);
        while unrolling.advance(&self.model, &meta_rule.inner, batch).is_some() {}
        unrolling.measure(&self.model, outer)
    }
}
