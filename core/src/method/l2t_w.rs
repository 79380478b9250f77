//! L2T-w: learn *what* to transfer over fixed pairs (Jang et al., 2019, Section 3.2).
//!
//! ```text
//! L = L_org + β L_wfm   with   w = f_φ(S^m(x)),  λ = 1
//! ```
//!
//! θ gains a regressor a pair; φ holds f of every pair and is learned as in [`super::l2t_ww`], by the same
//! hyper-parameters. Pairs: `single` or `one-to-one`, as in Table 1; one-to-one is the default because it covers every
//! source layer.

use super::{Recipe, SourceUse};
use crate::matching::PairRule;
use crate::meta::Learned;

/// L_wfm with learned w.
pub const RECIPE: Recipe = Recipe {
    name: "l2t-w",
    sources: SourceUse::EveryBatch,
    pairs: Some(PairRule::OneToOne),
    learned: Some(Learned { what: true, r#where: false }),
    auxiliary: &[],
};
