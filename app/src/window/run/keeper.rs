//! Where a run in the window is kept: in memory, and in a folder as soon as the user names one.

use std::path::Path;

use l2t_core::experiment::Snapshot;
use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::run::Keeper;
use l2t_core::{Error, Result};

use super::facts::Fact;
use super::order::{Opened, Post};
use crate::window::seam::Folder;

/// Keeps the newest and the best checkpoint. A folder that can no longer be written to is a warning, not the end of the
/// run: what is in memory can be saved elsewhere.
pub struct WindowKeeper<'a, P> {
    post: &'a P,
    folder: Option<Folder>,
    latest: Option<Checkpoint>,
    best: Option<Checkpoint>,
    /// The folder failed, and that was said.
    failing: bool,
}

impl<'a, P: Post> WindowKeeper<'a, P> {
    /// For a run that was opened as `from`, if it was.
    pub fn new(from: Option<&Opened>, post: &'a P) -> Self {
        let (folder, latest, best) = match from {
            Some(Opened { snapshot, folder }) => (folder.clone(), Some(snapshot.latest.clone()), snapshot.best.clone()),
            None => (None, None, None),
        };
        Self { post, folder, latest, best, failing: false }
    }

    /// The best, once an epoch is complete.
    pub fn best_so_far(&self) -> Option<&Checkpoint> {
        self.best.as_ref()
    }

    /// Where it stands, once an epoch is complete.
    pub fn snapshot(&self) -> Option<Snapshot> {
        Some(Snapshot { latest: self.latest.clone()?, best: self.best.clone() })
    }

    /// Keeps the run in a new folder from now on, with what there is so far; `now` is its present state.
    ///
    /// # Errors
    /// Names the folder or a file.
    pub fn move_into(&mut self, path: &Path, now: Checkpoint) -> Result<()> {
        let run = Snapshot { latest: now, best: self.best.clone() };
        self.folder = Some(Folder::holding(path, &run)?);
        self.latest = Some(run.latest);
        self.failing = false;
        Ok(())
    }

    fn attempt(&mut self, keep: impl Fn(&mut Folder) -> Result<()>) {
        let Some(folder) = &mut self.folder else { return };
        let kept = keep(folder);
        if let Err(error) = &kept
            && !self.failing
        {
            let text = format!("{error}: the run goes on in memory; make room, or save it elsewhere");
            self.post.say(Fact::Warning(text));
        }
        if kept.is_ok() && self.failing {
            self.post.say(Fact::Note(format!("saving works again: {}", folder.path().display())));
        }
        self.failing = kept.is_err();
    }
}

impl<P: Post> Keeper for WindowKeeper<'_, P> {
    fn keep_latest(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.latest = Some(checkpoint.clone());
        self.attempt(|folder| folder.keep_latest(checkpoint));
        // Epochs are kept whole, and a run without one would take the place of one that is worth more.
        if checkpoint.position.epoch > 0
            && checkpoint.position.iteration == 0
            && let Some(snapshot) = self.snapshot()
        {
            self.post.keep(snapshot);
        }
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
