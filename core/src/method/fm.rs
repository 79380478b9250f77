//! Feature matching, FM (FitNets: Romero et al., ICLR 2015; Jang et al., 2019, Section 3.1): all channels of fixed pairs
//! count the same.
//!
//! ```text
//! L = L_org + β L_wfm   with   w_c = 1/C_m,  λ = 1
//! ```
//!
//! θ gains a regressor a pair ([`crate::matching`]). Romero et al. train the regressed layer first and the network
//! afterwards, against one hint layer; the paper reproduced here adds the losses in one stage, over `single` (their one
//! layer) or `one-to-one` pairs, and so does this.
//!
//! - **β = 0.5** (`method.beta`): the authors' value for L2T on small images. The paper gives none for FM; the same
//!   value means that FM and L2T differ in w and λ alone.
//! - **one-to-one** pairs: above `single` in five of the six columns of the paper's Table 1.

use super::{Recipe, SourceUse};
use crate::matching::PairRule;
use crate::meta::Learned;

/// L_wfm with constants for w and λ.
pub const RECIPE: Recipe = Recipe {
    name: "fm",
    sources: SourceUse::EveryBatch,
    pairs: Some(PairRule::OneToOne),
    learned: Some(Learned { what: false, r#where: false }),
    auxiliary: &[],
};
