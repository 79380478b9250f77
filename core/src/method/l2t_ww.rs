//! L2T-ww: learn *what and where* to transfer, the paper's method (Jang et al., 2019, Section 2, Algorithm 1).
//!
//! ```text
//! L = L_org + β L_wfm   with   w = f_φ(S^m(x)),  λ = g_φ(S^m(x))
//! ```
//!
//! θ gains a regressor a pair ([`crate::matching`]); φ holds f and g of every pair ([`crate::meta`]) and follows the
//! hypergradient of the three-stage scheme ([`crate::bilevel`]).
//!
//! - **β = 0.5** (`method.beta`), **T = 2** (`meta.matching_steps`), Adam at **1e-4** with weight decay **1e-4** on φ
//!   (`meta.lr`, `meta.weight_decay`): the authors' published settings for small images.
//! - **all-to-all** pairs: the paper's for this method, fifteen from ResNet-32 to VGG-9.

use super::{Recipe, SourceUse};
use crate::matching::PairRule;
use crate::meta::Learned;

/// L_wfm with learned w and λ.
pub const RECIPE: Recipe = Recipe {
    name: "l2t-ww",
    sources: SourceUse::EveryBatch,
    pairs: Some(PairRule::AllToAll),
    learned: Some(Learned { what: true, r#where: true }),
    auxiliary: &[],
};
