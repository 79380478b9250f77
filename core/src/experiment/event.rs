//! What a run says while it goes on, and how it is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::history::{AuxiliaryLosses, EpochRecord, RunSummary};
use crate::bilevel::Phase;

/// What may help where a run diverged.
pub(super) const LOWER_RATE: &str = "a smaller train.lr or meta.lr may help";

/// A fact about a run; plain values, so that any front end can have them.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The first iteration is about to begin.
    Started {
        /// Epoch, 0-based, that the run is in.
        epoch: usize,
        /// All epochs.
        epochs: usize,
        /// Iterations of an epoch.
        iterations: usize,
    },
    /// A part of the first iteration on a GPU is done, and with it the compilation of the kernels that it needs.
    Compiling {
        /// Parts done.
        done: usize,
        /// All parts of an iteration.
        of: usize,
        /// The last one done.
        phase: Phase,
        /// Kernels compiled so far.
        kernels: usize,
    },
    /// An iteration was handed to the device.
    Iteration {
        /// Epoch, 0-based.
        epoch: usize,
        /// Iterations done in this epoch.
        done: usize,
        /// Iterations of an epoch.
        of: usize,
    },
    /// Losses were read back; every few iterations, so that nothing waits for the device in between.
    Losses {
        /// L_org of the last iteration.
        task: f64,
        /// β L_wfm of the last iteration.
        matching: Option<f64>,
        /// The auxiliary losses of the last iteration.
        auxiliary: AuxiliaryLosses,
    },
    /// An epoch is complete and measured.
    Epoch(Box<EpochRecord>),
    /// The test images are being classified.
    Testing {
        /// Images done.
        done: usize,
        /// All images.
        of: usize,
    },
    /// The run was asked to stop, and everything was saved.
    Stopped,
    /// The run is complete.
    Finished(Box<RunSummary>),
}

/// Asks a run to stop after its current iteration.
#[derive(Debug, Clone, Default)]
pub struct Control(Arc<AtomicBool>);

impl Control {
    /// Asks.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
