//! The virtual steps θ_0 → θ_{T+1}.

use burn::tensor::Tensor;

use super::sgd::{Moving, Sgd};
use crate::objective::{Batch, Objective, Pass, TargetModel};

/// One virtual step: where it started and the gradient it took.
#[derive(Debug, Clone)]
pub struct InnerStep {
    /// θ_t.
    pub theta: Tensor<1>,
    /// The loss evaluated at θ_t, with its gradient and everything that its second derivatives need.
    pub pass: Pass,
}

/// The inner trajectory.
#[derive(Debug, Clone)]
pub struct Trajectory {
    /// Steps t = 0, 1, ….
    pub steps: Vec<InnerStep>,
    /// θ_{T+1}.
    pub adapted: Tensor<1>,
    /// L_org evaluated at θ_{T+1}: the meta-objective and where the reverse pass starts.
    pub measured: Pass,
}

/// Runs one virtual step and returns where it ends.
pub fn inner_step(
    model: &TargetModel,
    objective: Objective,
    rule: &Sgd,
    at: Moving,
    batch: &Batch,
) -> (InnerStep, Moving) {
    let pass = model.evaluate(objective, &at.theta, batch);
    let next = rule.step(&at, &pass.gradient);
    (InnerStep { theta: at.theta, pass }, next)
}
