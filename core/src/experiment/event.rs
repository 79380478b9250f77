//! What a run says while it goes on, and who hears it.

use serde::{Deserialize, Serialize};

use super::history::{AuxiliaryLosses, EpochRecord, PairStatistics, RunSummary};
use super::plan::Plan;
use super::work::Work;
use crate::bilevel::{LearnerState, Phase, Step};
use crate::error::Result;

/// What may help where a run diverged.
pub(super) const LOWER_RATE: &str = "a smaller train.lr or meta.lr may help";

/// A fact about a run; plain values, so that any front end can have them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The first iteration is about to begin.
    Started {
        /// Epoch, 0-based, that the run is in.
        epoch: usize,
        /// Iterations done in it.
        done: usize,
        /// All epochs.
        epochs: usize,
        /// Iterations of an epoch.
        iterations: usize,
    },
    /// How long it will take, said once before the first iteration; [`super::time_left::TimeLeft`] makes seconds of it.
    Expected {
        /// The work of the whole run.
        work: Work,
        /// Seconds of a multiply-add on this device.
        multiply_add_secs: f64,
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
        /// λ over the images of the last iteration.
        pair_weights: Vec<PairStatistics>,
    },
    /// One step of an iteration was taken; said only where steps are taken one at a time, because it waits for the device.
    Step {
        /// Which.
        step: Step,
        /// L_org where it started, if it was evaluated.
        task: Option<f64>,
        /// β L_wfm where it started, if it was evaluated.
        matching: Option<f64>,
    },
    /// The run waits to be told to go on.
    Paused,
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

/// Who hears what a run says, and may look at it between iterations.
pub trait Audience {
    /// Hears an event.
    fn hear(&mut self, event: Event);

    /// Looks at the state between two steps, when [`super::Control::look`] asked for it. The run waits meanwhile.
    ///
    /// # Errors
    /// When the device cannot be read; this ends the run.
    fn look(&mut self, plan: &Plan, state: &LearnerState) -> impl Future<Output = Result<()>> {
        let _ = (plan, state);
        std::future::ready(Ok(()))
    }

    /// Called between two steps: the place to let others have the thread, where there is only one.
    fn rest(&mut self) -> impl Future<Output = ()> {
        std::future::ready(())
    }
}

impl<F: FnMut(Event)> Audience for F {
    fn hear(&mut self, event: Event) {
        self(event);
    }
}
