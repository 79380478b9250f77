//! Experiments: from a configuration to a trained network, the same way for the command line, a window and a page.
//!
//! [`config`] → [`plan`] (data, networks, state) → [`mod@run`] (the loop, as a stream of [`event`]s that can be stopped and
//! [resumed](checkpoint)). [`comparison`] runs many of them and says how they compare.

#[cfg(not(target_family = "wasm"))]
pub mod beside;
mod changes;
pub mod checkpoint;
pub mod comparison;
pub mod config;
mod control;
pub mod estimate;
pub mod evaluate;
pub mod event;
pub mod gradient_check;
pub mod history;
pub mod kernels;
pub mod look;
pub mod memory;
mod micro_batch;
mod outer;
mod pacing;
pub mod plan;
mod reused;
pub mod run;
pub mod saliency;
pub mod snapshot;
pub mod source_file;
#[cfg(not(target_family = "wasm"))]
pub mod store;
pub mod test_part;
pub mod time_left;
mod warm_up;
pub mod work;

pub use config::{Config, Method};
pub use control::{Control, Pace};
pub use event::{Audience, Event};
pub use history::{AuxiliaryLosses, EpochRecord, History, PairStatistics, RunSummary, Summary};
pub use plan::Plan;
pub use run::run;
pub use snapshot::Snapshot;
pub use time_left::TimeLeft;
