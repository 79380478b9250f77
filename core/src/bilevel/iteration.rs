//! One iteration of Algorithm 1, a step at a time, so that a front end can show it or wait between any two.

use burn_tensor::Tensor;
use l2t_shaders::in_pool;
use serde::{Deserialize, Serialize};

use super::hypergradient::ReversePass;
use super::trajectory::{Trajectory, Unrolling};
use super::{Learner, LearnerState, MetaRule, Sgd};
use crate::meta::{MetaCotangents, MetaNetworks, MetaOutputs};
use crate::method::AuxiliaryKind;
use crate::objective::{Batch, Objective};

/// What was done last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Source features, pooled vectors, w and λ, before the iteration.
    Source,
    /// The ordinary step → θ_0.
    Target,
    /// Virtual step t → θ_{t+1}.
    Virtual {
        /// t, from 0.
        t: usize,
        /// What it minimises.
        objective: Objective,
    },
    /// L_org(θ_{T+1}) and its gradient in θ.
    Measure,
    /// The reverse pass has gone back over virtual step t.
    Reverse {
        /// t, down to 0.
        t: usize,
    },
    /// The hypergradient and the step on φ.
    Meta,
}

/// The parts of an iteration, in order, for progress and timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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

impl Step {
    /// The part of the iteration that it belongs to.
    pub fn phase(self) -> Phase {
        match self {
            Self::Source => Phase::Source,
            Self::Target => Phase::TargetStep,
            Self::Virtual { objective: Objective::Task, .. } | Self::Measure => Phase::TaskStep,
            Self::Virtual { .. } => Phase::MatchingSteps,
            Self::Reverse { .. } => Phase::ReversePass,
            Self::Meta => Phase::MetaStep,
        }
    }
}

/// A step that was taken, and the losses where it started, still on the device.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Which.
    pub step: Step,
    /// L_org, `[1]`, if it was evaluated.
    pub task_loss: Option<Tensor<1>>,
    /// β L_wfm, `[1]`, if it was evaluated; in a virtual matching step with the factor of [`super::InnerBeta`].
    pub matching_loss: Option<Tensor<1>>,
}

impl From<Step> for Taken {
    fn from(step: Step) -> Self {
        Self { step, task_loss: None, matching_loss: None }
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
    /// What each virtual matching step minimised, `[1]` each: L_wfm with the factor of [`super::InnerBeta`].
    pub inner_matching_losses: Vec<Tensor<1>>,
    /// L_org(θ_{T+1}), `[1]`.
    pub adapted_task_loss: Option<Tensor<1>>,
    /// ∇_φ L_org(θ_{T+1}).
    pub hypergradient: Option<Tensor<1>>,
}

/// An iteration under way.
#[derive(Debug)]
pub struct Iteration<'a> {
    learner: &'a Learner,
    rule: &'a Sgd,
    batch: &'a Batch,
    /// What the meta-objective is measured on.
    outer: &'a Batch,
    state: LearnerState,
    report: Option<Report>,
    next: Next,
}

/// What comes next, with what it needs.
#[derive(Debug)]
enum Next {
    Target,
    Virtual(Box<Unrolling>),
    Reverse(Box<Trajectory>, Box<ReversePass<MetaCotangents>>),
    Nothing,
}

impl<'a> Iteration<'a> {
    /// Before the first step. The meta-objective is measured on the same batch.
    pub fn begin(learner: &'a Learner, state: &LearnerState, rule: &'a Sgd, batch: &'a Batch) -> Self {
        Self { learner, rule, batch, outer: batch, state: state.clone(), report: None, next: Next::Target }
    }

    /// With the meta-objective measured on `outer`.
    #[must_use]
    pub fn measured_on(self, outer: &'a Batch) -> Self {
        Self { outer, ..self }
    }

    /// Steps of a whole iteration.
    pub fn steps(learner: &Learner) -> usize {
        let Some((_, rule)) = learned(learner) else { return 1 };
        let virtual_steps = rule.scheme.objectives(rule.matching_steps).len();
        // The ordinary step, the virtual ones there and back, the measurement, the step on φ.
        3 + 2 * virtual_steps
    }

    /// Whether every step was taken.
    pub fn is_done(&self) -> bool {
        matches!(self.next, Next::Nothing)
    }

    /// Takes the next step; `None` behind the last.
    pub fn advance(&mut self) -> Option<Taken> {
        let theta = self.state.target.theta.clone();
        in_pool(&theta, || match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Target => Some(self.target_step()),
            Next::Virtual(unrolling) => Some(self.virtual_step(unrolling)),
            Next::Reverse(trajectory, pass) => Some(self.reverse_step(trajectory, pass)),
            Next::Nothing => None,
        })
    }

    /// The state behind the steps so far; virtual steps do not change it.
    pub fn state(&self) -> &LearnerState {
        &self.state
    }

    /// The state behind the iteration: θ, its velocity and the running statistics are those after the ordinary step.
    ///
    /// # Panics
    /// Where no step was taken.
    pub fn finish(self) -> (LearnerState, Report) {
        (self.state, self.report.expect("at least the ordinary step was taken"))
    }

    /// 1. One ordinary step of θ on L_total → θ_0.
    fn target_step(&mut self) -> Taken {
        let (state, (pass, _)) = self.learner.target_step(&self.state, self.rule, self.batch);
        self.state = state;
        if let Some((_, rule)) = learned(self.learner) {
            self.next = Next::Virtual(Box::new(Unrolling::begin(rule, &self.state.target)));
        }
        let task_loss = pass.task_loss.clone().expect("step 1 minimises L_org");
        let matching_loss = pass.matching_loss.clone();
        self.report = Some(Report {
            task_loss: task_loss.clone(),
            matching_loss: matching_loss.clone(),
            auxiliary_losses: pass.auxiliary_losses.clone(),
            probabilities: pass.probabilities().expect("step 1 minimises L_org"),
            outputs: self.batch.outputs(),
            inner_matching_losses: vec![],
            adapted_task_loss: None,
            hypergradient: None,
        });
        Taken { step: Step::Target, task_loss: Some(task_loss), matching_loss }
    }

    /// 2. T virtual steps on L_wfm alone, 3. one on L_org alone → θ_{T+1}, 4. L_org(θ_{T+1}).
    fn virtual_step(&mut self, mut unrolling: Box<Unrolling>) -> Taken {
        let (_, rule) = learned(self.learner).expect("virtual steps are for learning φ");
        let (model, batch) = (&self.learner.model, self.batch);
        let Some((t, pass)) = unrolling.advance(model, &rule.inner, batch) else {
            let trajectory = unrolling.measure(model, self.outer);
            let task_loss = trajectory.measured.task_loss.clone();
            let pass = ReversePass::begin(trajectory.steps.len(), trajectory.gradient.clone());
            self.report_mut().adapted_task_loss = task_loss.clone();
            self.next = Next::Reverse(Box::new(trajectory), Box::new(pass));
            return Taken { step: Step::Measure, task_loss, matching_loss: None };
        };
        let taken = Taken {
            step: Step::Virtual { t, objective: pass.objective },
            task_loss: pass.task_loss.clone(),
            matching_loss: pass.matching_loss.clone(),
        };
        self.report_mut().inner_matching_losses.extend(taken.matching_loss.clone());
        self.next = Next::Virtual(unrolling);
        taken
    }

    /// 5. The gradient of 4. in φ, back over the virtual steps, and one step of Adam on φ.
    fn reverse_step(&mut self, mut trajectory: Box<Trajectory>, mut pass: Box<ReversePass<MetaCotangents>>) -> Taken {
        let (meta, rule) = learned(self.learner).expect("a reverse pass is for learning φ");
        let found = pass.advance_over(&self.learner.model, &rule.inner, &trajectory, self.batch, rule.method);
        if let Some(t) = found {
            // What was kept of this step is not needed any more.
            trajectory.steps.truncate(t);
            self.next = Next::Reverse(trajectory, pass);
            return Step::Reverse { t }.into();
        }
        let gradient = pass.hypergradient(meta, &self.state.meta.phi, self.batch);
        self.state.meta = meta.step(rule, &self.state.meta, &gradient);
        self.report_mut().hypergradient = Some(gradient);
        Step::Meta.into()
    }

    fn report_mut(&mut self) -> &mut Report {
        self.report.as_mut().expect("the ordinary step comes first")
    }
}

/// φ and how it is learned, where it is.
fn learned(learner: &Learner) -> Option<(&MetaNetworks, &MetaRule)> {
    learner.meta.as_ref().zip(learner.meta_rule.as_ref())
}
