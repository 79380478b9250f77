//! Where a run in the window is kept: in memory, and in a folder as soon as the user names one.

use std::path::Path;
use std::sync::mpsc::Sender;

use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::run::Keeper;
use l2t_core::experiment::store::RunFolder;
use l2t_core::{Error, Result};

use super::facts::Fact;

/// Keeps the newest and the best checkpoint. A folder that can no longer be written to is a warning, not the end of the
/// run: what is in memory can be saved elsewhere.
pub struct WindowKeeper {
    folder: Option<RunFolder>,
    latest: Option<Checkpoint>,
    best: Option<Checkpoint>,
    facts: Sender<Fact>,
    /// The folder failed, and that was said.
    failing: bool,
}

impl WindowKeeper {
    /// For a run that was kept as `from` (newest and best) in `folder`, if it was.
    pub fn new(from: Option<&Opened>, facts: Sender<Fact>) -> Self {
        let (folder, latest, best) = match from {
            Some(opened) => (Some(opened.folder.clone()), Some(opened.latest.clone()), opened.best.clone()),
            None => (None, None, None),
        };
        Self { folder, latest, best, facts, failing: false }
    }

    /// The newest.
    pub fn latest(&self) -> Option<&Checkpoint> {
        self.latest.as_ref()
    }

    /// The best.
    pub fn best_so_far(&self) -> Option<&Checkpoint> {
        self.best.as_ref()
    }

    /// Keeps the run in a new folder from now on, with what there is so far; `now` is its present state.
    ///
    /// # Errors
    /// Names the folder or a file.
    pub fn move_into(&mut self, path: &Path, now: Checkpoint) -> Result<()> {
        let mut folder = RunFolder::create(path, &now.config)?;
        if let Some(best) = &self.best {
            folder.keep_best(best)?;
        }
        folder.keep_latest(&now)?;
        self.latest = Some(now);
        self.folder = Some(folder);
        self.failing = false;
        Ok(())
    }

    fn attempt(&mut self, keep: impl Fn(&mut RunFolder) -> Result<()>) {
        let Some(folder) = &mut self.folder else { return };
        let kept = keep(folder);
        if let Err(error) = &kept
            && !self.failing
        {
            let text = format!("{error}: the run goes on in memory; make room, or save it elsewhere");
            // Nobody listens any more where the window is closing.
            let _ = self.facts.send(Fact::Warning(text));
        }
        if kept.is_ok() && self.failing {
            let _ = self.facts.send(Fact::Note(format!("saving works again: {}", folder.path().display())));
        }
        self.failing = kept.is_err();
    }
}

impl Keeper for WindowKeeper {
    fn keep_latest(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.latest = Some(checkpoint.clone());
        self.attempt(|folder| folder.keep_latest(checkpoint));
        Ok(())
    }

    fn keep_best(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.best = Some(checkpoint.clone());
        self.attempt(|folder| folder.keep_best(checkpoint));
        Ok(())
    }

    fn best(&self) -> Result<Checkpoint> {
        self.best.clone().ok_or_else(|| Error::file("the run", "has no complete epoch"))
    }
}

/// A run that was read from its folder.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where it lies.
    pub folder: RunFolder,
    /// Its newest state.
    pub latest: Checkpoint,
    /// Its best, once an epoch is complete.
    pub best: Option<Checkpoint>,
}

impl Opened {
    /// Reads a run.
    ///
    /// # Errors
    /// Names the folder or the checkpoint.
    pub fn read(path: &Path) -> Result<Self> {
        let (folder, latest) = RunFolder::open(path)?;
        let best = if latest.position.history.epochs.is_empty() { None } else { Some(folder.best()?) };
        Ok(Self { folder, latest, best })
    }
}
