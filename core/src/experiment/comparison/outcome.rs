//! What became of a cell.

use serde::{Deserialize, Serialize};

use super::grid::Cell;
use crate::experiment::{History, RunSummary};

/// Where a cell stands.
#[derive(Debug, Clone, PartialEq)]
pub enum CellState {
    /// Not begun.
    Missing,
    /// Begun and stopped; it can be gone on with.
    Unfinished {
        /// Epochs done.
        epochs: usize,
    },
    /// Its numbers were no longer finite.
    Failed {
        /// Why.
        reason: String,
    },
    /// Complete.
    Done {
        /// In a few numbers.
        summary: Box<RunSummary>,
        /// All epochs.
        history: History,
    },
}

impl CellState {
    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unfinished { .. } => "unfinished",
            Self::Failed { .. } => "failed",
            Self::Done { .. } => "done",
        }
    }

    /// Whether nothing is left to do.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Failed { .. })
    }
}

/// How a cell came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The command line that ended it.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Name of the device.
    pub device: String,
    /// Seconds since 1970 when its last sitting began.
    pub started: u64,
    /// Seconds since 1970 when it ended.
    pub finished: u64,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A cell and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CellOutcome {
    /// Which.
    pub cell: Cell,
    /// Where it stands.
    pub state: CellState,
    /// How it ended, where it did in a file.
    pub provenance: Option<Provenance>,
    /// Its folder, as the user would write it; empty where there is none.
    pub folder: String,
}

impl CellOutcome {
    /// Test accuracy of a complete cell, 0 to 1.
    pub fn test_accuracy(&self) -> Option<f64> {
        self.summary().and_then(|summary| summary.test_accuracy)
    }

    /// Validation accuracy of a complete cell at its best epoch, 0 to 1.
    pub fn validation_accuracy(&self) -> Option<f64> {
        self.summary().and_then(|summary| summary.validation_accuracy)
    }

    /// The summary of a complete cell.
    pub fn summary(&self) -> Option<&RunSummary> {
        match &self.state {
            CellState::Done { summary, .. } => Some(summary),
            _ => None,
        }
    }

    /// The epochs of a complete cell.
    pub fn history(&self) -> Option<&History> {
        match &self.state {
            CellState::Done { history, .. } => Some(history),
            _ => None,
        }
    }
}
