//! Methods side by side: a grid of runs (task × images per class × method × seed), and what it says.
//!
//! [`grid`] (one TOML file → cells) → [`shard`] (which part of them) → runs, each by [`mod@super::run`] →
//! [`outcome`] (what became of a cell) → [`report`] (means, paired differences, curves by [`statistics`]) → [`tables`].
//! [`archive`] keeps what a report needs in one small file. Only [`folder`] knows files; a window or a page hands its own outcomes to [`report`].

pub mod archive;
pub mod cost;
pub mod difference;
#[cfg(not(target_family = "wasm"))]
pub mod folder;
pub mod grid;
pub mod group;
pub mod outcome;
pub mod report;
pub mod settings;
pub mod shard;
pub mod statistics;
pub mod tables;

pub use grid::{Cell, Grid};
pub use outcome::{CellOutcome, CellState};
pub use report::Report;
pub use shard::Shard;
