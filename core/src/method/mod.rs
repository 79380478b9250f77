//! The methods of the paper's Table 1, one file each.
//!
//! Every method trains the target network T_θ by the same steps; they differ in what is added to L_org, and in where θ
//! starts. A file states its method's formula with its source, the defaults of its hyper-parameters with their reason,
//! and its [`Recipe`]: the row of this table.
//!
//! | name | adds to L_org | adds to θ | default pairs | φ |
//! |---|---|---|---|---|
//! | `scratch` | | | | |
//! | `fine-tuning` | | (starts from the source) | | |
//! | `lwf` | distillation | one output layer a source | | |
//! | `at` | attention | | one-to-one | |
//! | `lwf+at` | distillation, attention | one output layer a source | one-to-one | |
//! | `fm` | β L_wfm, w uniform, λ = 1 | regressors | one-to-one | |
//! | `l2t-w` | β L_wfm, λ = 1 | regressors | one-to-one | f |
//! | `l2t-where` | β L_wfm, w uniform | regressors | all-to-all | g |
//! | `l2t-ww` | β L_wfm | regressors | all-to-all | f, g |
//!
//! All but `scratch` and `fine-tuning` take one or several sources; each source adds its own terms to the sum. Where a
//! method has pairs, `single`, `one-to-one`, `all-to-all` and lists can be asked for.

pub mod at;
mod auxiliary;
pub mod fine_tuning;
pub mod fm;
pub mod l2t_w;
pub mod l2t_where;
pub mod l2t_ww;
pub mod lwf;
pub mod lwf_at;
pub mod scratch;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use auxiliary::{Auxiliary, AuxiliaryKind};

use crate::matching::PairRule;
use crate::meta::Learned;

/// What is transferred, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Cross-entropy alone.
    Scratch,
    /// Cross-entropy alone, from the source's weights.
    FineTuning,
    /// Learning without forgetting: the source's softened predictions.
    Lwf,
    /// Attention transfer: where the source's features are large.
    At,
    /// Both of those.
    #[serde(rename = "lwf+at")]
    LwfAt,
    /// Unweighted feature matching: w uniform, λ = 1.
    Fm,
    /// Learn what: w from f, λ = 1, pairs fixed.
    L2tW,
    /// Learn where: w uniform, λ from g.
    L2tWhere,
    /// Learn what and where.
    L2tWw,
}

/// When a method looks at its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceUse {
    /// Never.
    Nothing,
    /// Once: θ starts from the weights of the only source.
    Start,
    /// At every batch.
    EveryBatch,
}

/// What a method needs and what it adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// The name in tables, files and `--set method.name=…`.
    pub name: &'static str,
    /// When it looks at its sources.
    pub sources: SourceUse,
    /// The pairs that the paper uses for it, where it has pairs.
    pub pairs: Option<PairRule>,
    /// Whether (what, where) are learned; `None` where L_wfm is no part of it.
    pub learned: Option<Learned>,
    /// What else is added to L_org.
    pub auxiliary: &'static [AuxiliaryKind],
}

impl Recipe {
    /// Whether there is anything for the meta-networks to learn.
    pub fn learns_phi(&self) -> bool {
        self.learned.is_some_and(|learned| learned.what || learned.r#where)
    }
}

impl Method {
    /// All of them, in the order of Table 1.
    pub const ALL: [Self; 9] = [
        Self::Scratch,
        Self::FineTuning,
        Self::Lwf,
        Self::At,
        Self::LwfAt,
        Self::Fm,
        Self::L2tW,
        Self::L2tWhere,
        Self::L2tWw,
    ];

    /// What it needs and what it adds.
    pub fn recipe(self) -> &'static Recipe {
        match self {
            Self::Scratch => &scratch::RECIPE,
            Self::FineTuning => &fine_tuning::RECIPE,
            Self::Lwf => &lwf::RECIPE,
            Self::At => &at::RECIPE,
            Self::LwfAt => &lwf_at::RECIPE,
            Self::Fm => &fm::RECIPE,
            Self::L2tW => &l2t_w::RECIPE,
            Self::L2tWhere => &l2t_where::RECIPE,
            Self::L2tWw => &l2t_ww::RECIPE,
        }
    }

    /// The name in tables, files and `--set method.name=…`.
    pub fn name(self) -> &'static str {
        self.recipe().name
    }

    /// Whether (what, where) are learned; `None` where L_wfm is no part of it.
    pub fn learned(self) -> Option<Learned> {
        self.recipe().learned
    }

    /// The pairs that the paper uses for it, where it has pairs.
    pub fn default_pairs(self) -> Option<PairRule> {
        self.recipe().pairs
    }
}
