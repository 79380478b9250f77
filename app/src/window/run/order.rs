//! What passes between a window and its run: what to run, what is asked of it between two steps, and its way back.

use std::path::{Path, PathBuf};

use l2t_core::Result;
use l2t_core::experiment::look::{LookRequest, Seen};
use l2t_core::experiment::{Config, Pace, Snapshot};
use l2t_core::inputs::Inputs;
use serde::{Deserialize, Serialize};

use super::facts::Fact;
use crate::window::seam::Folder;

/// A run to go on with.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where it stands.
    pub snapshot: Snapshot,
    /// Where it lies, and is kept from now on; `None` where it came from memory.
    pub folder: Option<Folder>,
}

impl Opened {
    /// Its experiment.
    pub fn config(&self) -> &Config {
        &self.snapshot.latest.config
    }
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Order {
    /// The experiment.
    pub config: Config,
    /// Its files that are in memory.
    pub inputs: Inputs,
    /// The run to go on with, instead of a new one.
    pub opened: Option<Opened>,
    /// How far it goes before it waits.
    pub pace: Pace,
}

/// What can be written of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// The run in a new folder, from now on.
    Folder,
    /// The run as it stands, in one zip.
    Run,
    /// The target's weights.
    Weights,
    /// Charts and their numbers.
    Charts,
}

/// What the window asks of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// A look at a pair.
    pub look: Option<LookRequest>,
    /// A check of the hypergradient along the direction of this seed.
    pub check: Option<u64>,
    /// The times of the device's kernels.
    pub kernels: bool,
    /// Files, and where to.
    pub outputs: Vec<(Output, PathBuf)>,
}

impl Wanted {
    /// Adds what `newer` asks for; a newer look takes the place of one that has not been taken.
    pub fn add(&mut self, newer: Self) {
        self.look = newer.look.or(self.look.take());
        self.check = newer.check.or(self.check);
        self.kernels |= newer.kernels;
        self.outputs.extend(newer.outputs);
    }
}

/// A run's way back to the window.
pub trait Post {
    /// Tells a fact.
    fn say(&self, fact: Fact);
    /// Shows a picture; it takes the place of one that has not been seen.
    fn show(&self, seen: Seen);
    /// Hands over where the run stands, to go on from if it cannot go on itself.
    fn keep(&self, snapshot: Snapshot);
    /// What the window asked for since the last call.
    fn wanted(&self) -> Wanted;
    /// Puts files where the user asked for them: one file at `place`, several into a folder or archive of that name.
    /// Returns where they are, in words.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    fn put(&self, place: &Path, files: Vec<(String, Vec<u8>)>) -> Result<String>;
    /// Lets others have the thread, where there is only one.
    fn rest(&self) -> impl Future<Output = ()>;
}
