//! The words that a run's state is told in: where it stands, how far it is, what was measured.

use l2t_core::bilevel::{Phase, Step};

/// Where a run stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Stage {
    /// Data and networks are being prepared.
    #[default]
    Opening,
    /// It waits to be told to go on.
    Waiting,
    /// It trains.
    Training,
    /// The test images are being classified.
    Testing,
    /// All epochs are done.
    Finished,
    /// It was stopped and kept.
    Stopped,
    /// It cannot go on.
    Failed(String),
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Epoch, 0-based.
    pub epoch: usize,
    /// All epochs.
    pub epochs: usize,
    /// Iterations done in this epoch.
    pub done: usize,
    /// Iterations of an epoch.
    pub of: usize,
}

impl Progress {
    /// Epochs done, with the part of the present one.
    pub fn at(self) -> f64 {
        self.epoch as f64 + if self.of == 0 { 0.0 } else { self.done as f64 / self.of as f64 }
    }

    /// `epoch 3 of 30`, counted from 1.
    pub fn epoch_words(self) -> String {
        format!("epoch {} of {}", (self.epoch + 1).min(self.epochs), self.epochs)
    }

    /// Iterations left in all epochs.
    pub fn left(self) -> usize {
        (self.epochs * self.of).saturating_sub(self.epoch * self.of + self.done)
    }
}

/// Compilation of the kernels in the first iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compiling {
    /// Parts done.
    pub done: usize,
    /// All parts.
    pub of: usize,
    /// The last part done.
    pub phase: Phase,
}

/// Losses of one iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossPoint {
    /// In epochs.
    pub at: f64,
    /// L_org.
    pub task: f64,
    /// β L_wfm.
    pub matching: Option<f64>,
}

/// A step of the present iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakenStep {
    /// Which.
    pub step: Step,
    /// L_org where it started.
    pub task: Option<f64>,
    /// β L_wfm where it started.
    pub matching: Option<f64>,
}

/// A word for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What happened.
    pub text: String,
    /// Whether something went wrong.
    pub warning: bool,
}
