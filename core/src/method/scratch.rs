//! Training from scratch: the target learns from its own images alone.
//!
//! ```text
//! L = L_org
//! ```
//!
//! The paper's first row of Table 1. Weights start as `core/src/network/` draws them; sources are not looked at.

use super::{Recipe, SourceUse};

/// Nothing but L_org.
pub const RECIPE: Recipe =
    Recipe { name: "scratch", sources: SourceUse::Nothing, pairs: None, learned: None, auxiliary: &[] };
