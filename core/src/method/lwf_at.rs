//! LwF+AT: the sum of [`super::lwf`] and [`super::at`] (Jang et al., 2019, Table 1; Zagoruyko and Komodakis, 2017,
//! Section 4.1.1, combine the two likewise).
//!
//! ```text
//! L = L_org + λ_o Σ_s 1/B Σ_x H(q, p) + β_AT Σ_(m,n) 1/(B·H·W) Σ_x Σ_p (Q̂_p(T^n) − Q̂_p(resize S^m))²
//! ```
//!
//! θ gains LwF's output layers. Each term keeps its own default: the paper names no other. Zagoruyko and Komodakis let
//! β_AT decay when they distil as well, without saying how; here it stays.

use super::auxiliary::AuxiliaryKind;
use super::{Recipe, SourceUse};
use crate::matching::PairRule;

/// L_org, the distillation loss and the attention loss.
pub const RECIPE: Recipe = Recipe {
    name: "lwf+at",
    sources: SourceUse::EveryBatch,
    pairs: Some(PairRule::OneToOne),
    learned: None,
    auxiliary: &[AuxiliaryKind::Distillation, AuxiliaryKind::Attention],
};
