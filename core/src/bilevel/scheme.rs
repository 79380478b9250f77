//! How φ is trained: which losses the virtual steps minimise, by which rule, and how the hypergradient is computed.

use serde::{Deserialize, Serialize};

use super::sgd::Sgd;
use crate::objective::Objective;

/// Which losses the virtual steps minimise (Section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// The paper's: T steps on L_wfm alone, one on L_org alone, then L_org is measured.
    ThreeStage,
    /// The standard one: T steps on L_total, then L_org is measured.
    TwoStage,
}

impl Scheme {
    /// The objectives of the virtual steps t = 0, 1, ….
    pub fn objectives(self, matching_steps: usize) -> Vec<Objective> {
        match self {
            Self::ThreeStage => {
                let mut steps = vec![Objective::Matching; matching_steps];
                steps.push(Objective::Task);
                steps
            }
            Self::TwoStage => vec![Objective::Total; matching_steps],
        }
    }
}

/// The rule of the virtual steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InnerRule {
    /// The paper's equations: plain gradient descent, on L_wfm without β in the matching steps.
    Paper,
    /// The authors' code: momentum and weight decay as in the ordinary step, from a copy of its velocity, on β L_wfm in
    /// the matching steps.
    Authors,
}

impl InnerRule {
    /// The rule with the learning rate `inner_lr`, where `outer` is the rule of the ordinary step.
    pub fn sgd(self, inner_lr: f64, outer: &Sgd) -> Sgd {
        match self {
            Self::Paper => Sgd { lr: inner_lr, momentum: 0.0, weight_decay: 0.0 },
            Self::Authors => Sgd { lr: inner_lr, ..*outer },
        }
    }
}

/// The factor on L_wfm in the virtual matching steps. The paper's Algorithm 1 has none there; the authors' code keeps the β
/// of L_total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InnerBeta {
    /// As the rule has it: β under [`InnerRule::Authors`], 1 under [`InnerRule::Paper`].
    Auto,
    /// β.
    Kept,
    /// 1.
    LeftOut,
}

impl InnerBeta {
    /// The factor, where `beta` is that of L_total.
    pub fn factor(self, rule: InnerRule, beta: f64) -> f64 {
        match (self, rule) {
            (Self::Kept, _) | (Self::Auto, InnerRule::Authors) => beta,
            (Self::LeftOut, _) | (Self::Auto, InnerRule::Paper) => 1.0,
        }
    }
}

/// The images that L_org(θ_{T+1}), the meta-objective, is measured on. Where they are those of the virtual steps, φ is rewarded
/// for what helps to remember them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeasuredOn {
    /// The batch of the virtual steps, as in the paper.
    #[default]
    SameBatch,
    /// Another batch of the training images, drawn for itself.
    OtherBatch,
    /// A batch of a share of the training images that θ is not trained on, as in DARTS (Liu et al., 2019).
    HeldOut,
}

/// How the step on φ goes over the epochs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetaSchedule {
    /// It stays as it is, as in the paper.
    #[default]
    Constant,
    /// It follows half a cosine to zero, as that of θ does.
    Cosine,
}

/// How ∇_φ L_org(θ_{T+1}) is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HypergradientMethod {
    /// Reverse mode over tangent evaluations: exact up to rounding.
    Exact,
    /// The same reverse pass with every second derivative replaced by the central difference of two gradients. An
    /// approximation, for comparison.
    CentralDifferences,
    /// The same reverse pass without H_t u: it pretends that the gradients of later steps do not depend on where earlier
    /// steps led. An approximation, for comparison.
    FirstOrder,
}
