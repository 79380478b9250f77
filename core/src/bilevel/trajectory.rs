//! The virtual steps θ_0 → θ_{T+1}.

use burn_tensor::Tensor;

use super::MetaRule;
use super::scheme::HypergradientMethod;
use super::sgd::{Moving, Sgd};
use crate::objective::{Batch, Keep, Memory, Objective, Pass, TargetModel};

/// One virtual step.
#[derive(Debug, Clone)]
pub struct InnerStep {
    /// θ_t.
    pub theta: Tensor<1>,
    /// The loss evaluated at θ_t, and everything that its second derivatives need, unless that is evaluated again
    /// ([`crate::objective::Memory`]).
    pub pass: Pass,
}

/// The inner trajectory.
#[derive(Debug, Clone)]
pub struct Trajectory {
    /// Steps t = 0, 1, ….
    pub steps: Vec<InnerStep>,
    /// θ_{T+1}.
    pub adapted: Tensor<1>,
    /// L_org evaluated at θ_{T+1}: the meta-objective.
    pub measured: Pass,
    /// Its gradient: where the reverse pass starts.
    pub gradient: Tensor<1>,
}

/// The virtual steps under way.
#[derive(Debug, Clone)]
pub struct Unrolling {
    objectives: Vec<Objective>,
    /// Whether second derivatives will be asked for: differences evaluate gradients elsewhere.
    is_exact: bool,
    at: Moving,
    steps: Vec<InnerStep>,
}

impl Unrolling {
    /// Before the first step of `rule`, at θ_0. The steps are taken on a copy.
    pub fn begin(rule: &MetaRule, from: &Moving) -> Self {
        let objectives = rule.scheme.objectives(rule.matching_steps);
        let is_exact = rule.method != HypergradientMethod::CentralDifferences;
        Self { objectives, is_exact, at: from.clone(), steps: vec![] }
    }

    /// Takes the next virtual step: its number t, and its pass. `None` behind the last.
    pub fn advance(&mut self, model: &TargetModel, rule: &Sgd, batch: &Batch) -> Option<(usize, &Pass)> {
        let t = self.steps.len();
        let keep = if self.is_exact && model.memory == Memory::Keep { Keep::Values } else { Keep::Nothing };
        let (pass, gradient) = model.evaluate_keeping(keep, *self.objectives.get(t)?, &self.at.theta, batch);
        let next = rule.step(&self.at, &gradient);
        let from = std::mem::replace(&mut self.at, next);
        self.steps.push(InnerStep { theta: from.theta, pass });
        Some((t, &self.steps[t].pass))
    }

    /// Measures L_org where the steps have led.
    pub fn measure(self, model: &TargetModel, batch: &Batch) -> Trajectory {
        let (measured, gradient) = model.evaluate(Objective::Task, &self.at.theta, batch);
        Trajectory { steps: self.steps, adapted: self.at.theta, measured, gradient }
    }
}
