//! Where a run in the window is kept: in memory, and in a folder as soon as the user names one.

use std::cell::RefCell;
use std::path::Path;

use l2t_core::experiment::Snapshot;
use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::run::Keeper;
use l2t_core::{Error, Result};

use super::facts::Fact;
use super::order::{Opened, Post};
use crate::window::seam::Folder;

/// Keeps the newest and the best checkpoint. A folder that can no longer be written to is a warning, not the end of the
/// run: what is in memory can be saved elsewhere. The run uses it, and between two steps who looks at the run.
pub struct WindowKeeper<'a, P> {
    post: &'a P,
    kept: RefCell<Kept>,
}

#[derive(Default)]
struct Kept {
    folder: Option<Folder>,
    latest: Option<Checkpoint>,
    best: Option<Checkpoint>,
    /// The folder failed, and that was said.
    failing: bool,
}

impl<'a, P: Post> WindowKeeper<'a, P> {
    /// For a run that was opened as `from`, if it was.
    pub fn new(from: Option<&Opened>, post: &'a P) -> Self {
        let kept = from.cloned().map_or_else(Kept::default, |Opened { snapshot, folder }| Kept {
            folder,
            latest: Some(snapshot.latest),
            best: snapshot.best,
            failing: false,
        });
        Self { post, kept: RefCell::new(kept) }
    }

    /// Where it stands, once an epoch is complete.
    pub fn snapshot(&self) -> Option<Snapshot> {
        let kept = self.kept.borrow();
        Some(Snapshot { latest: kept.latest.clone()?, best: kept.best.clone() })
    }

    /// Keeps the run in a new folder from now on, with what there is so far; `now` is its present state.
    ///
    /// # Errors
    /// Names the folder or a file.
    pub fn move_into(&self, path: &Path, now: Checkpoint) -> Result<()> {
        let mut kept = self.kept.borrow_mut();
        let run = Snapshot { latest: now, best: kept.best.clone() };
        *kept = Kept {
            folder: Some(Folder::holding(path, &run)?),
            latest: Some(run.latest),
            best: run.best,
            failing: false,
        };
        Ok(())
    }

    fn attempt(&self, keep: impl Fn(&mut Folder) -> Result<()>) {
        let mut kept = self.kept.borrow_mut();
        let Kept { folder: Some(folder), failing, .. } = &mut *kept else { return };
        let attempt = keep(folder);
        if let Err(error) = &attempt
            && !*failing
        {
            let text = format!("{error}: the run goes on in memory; make room, or save it elsewhere");
            self.post.say(Fact::Warning(text));
        }
        if attempt.is_ok() && *failing {
            self.post.say(Fact::Note(format!("saving works again: {}", folder.path().display())));
        }
        *failing = attempt.is_err();
    }
}

impl<P: Post> Keeper for &WindowKeeper<'_, P> {
    fn keep_latest(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.kept.borrow_mut().latest = Some(checkpoint.clone());
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
        self.kept.borrow_mut().best = Some(checkpoint.clone());
        self.attempt(|folder| folder.keep_best(checkpoint));
        Ok(())
    }

    fn best(&self) -> Result<Checkpoint> {
        self.kept.borrow().best.clone().ok_or_else(|| Error::file("the run", "has no complete epoch"))
    }
}
