//! L2T-where: learn *where* to transfer alone. Not in the paper's tables; it tells apart what w and λ contribute.
//!
//! ```text
//! L = L_org + β L_wfm   with   w_c = 1/C_m,  λ = g_φ(S^m(x))
//! ```
//!
//! θ gains a regressor a pair; φ holds g of every pair and is learned as in [`super::l2t_ww`], by the same
//! hyper-parameters, over `all-to-all` pairs: with fewer there is nothing to choose between.

use super::{Recipe, SourceUse};
use crate::matching::PairRule;
use crate::meta::Learned;

/// L_wfm with learned λ.
pub const RECIPE: Recipe = Recipe {
    name: "l2t-where",
    sources: SourceUse::EveryBatch,
    pairs: Some(PairRule::AllToAll),
    learned: Some(Learned { what: false, r#where: true }),
    auxiliary: &[],
};
