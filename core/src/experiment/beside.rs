//! A run's folder that is written beside training: the loop hands over a state and goes on.

use std::thread::{Builder, JoinHandle};

use super::checkpoint::Checkpoint;
use super::run::Keeper;
use super::store::RunFolder;
use crate::error::{Error, Result};

/// Keeps checkpoints in a folder, on a thread of their own. One epoch at most is being written: the next one waits for it,
/// and hears of its errors. Dropping waits as well, so nothing is half written when a program ends by itself.
#[derive(Debug)]
pub struct Beside {
    folder: RunFolder,
    /// The best of this sitting.
    best: Option<Checkpoint>,
    /// It is to be written with the newest.
    best_is_new: bool,
    writing: Option<JoinHandle<Result<()>>>,
}

impl Beside {
    /// Writes into `folder`.
    pub fn new(folder: RunFolder) -> Self {
        Self { folder, best: None, best_is_new: false, writing: None }
    }

    /// Waits for what is being written.
    fn settle(&mut self) -> Result<()> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        writing.join().unwrap_or_else(|_| Err(Error::file(self.folder.path(), "its writer ended without a word")))
    }
}

impl Keeper for Beside {
    fn keep_latest(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.settle()?;
        let (mut folder, latest) = (self.folder.clone(), checkpoint.clone());
        let best = if std::mem::take(&mut self.best_is_new) { self.best.clone() } else { None };
        let write = move || {
            // The best first: a newest one without it could not be gone on with.
            best.iter().try_for_each(|best| folder.keep_best(best))?;
            folder.keep_latest(&latest)
        };
        let started = Builder::new().name("checkpoints".into()).spawn(write);
        let cannot = |error| Error::file(self.folder.path(), format!("no thread can be started to write it: {error}"));
        self.writing = Some(started.map_err(cannot)?);
        Ok(())
    }

    /// It is written with the newest of the same epoch, which is handed over next.
    fn keep_best(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        (self.best, self.best_is_new) = (Some(checkpoint.clone()), true);
        Ok(())
    }

    fn best(&self) -> Result<Checkpoint> {
        // That of an earlier sitting is not touched before there is a better one.
        self.best.clone().map_or_else(|| self.folder.best(), Ok)
    }

    fn finish(&mut self) -> Result<()> {
        self.settle()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Err(error) = self.settle() {
            log::warn!("{error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::checkpoint::Position;
    use crate::experiment::{Config, EpochRecord};

    fn record(epoch: usize) -> EpochRecord {
        let text = format!(
            r#"{{"epoch":{epoch},"lr":0.1,"task_loss":1.0,"matching_loss":null,"train_accuracy":0.5,
            "validation_accuracy":0.5,"pair_weights":[],"elapsed_secs":1.0}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn checkpoint(epoch: usize) -> Checkpoint {
        let mut position = Position { epoch, ..Position::default() };
        position.history.epochs = (1..=epoch).map(record).collect();
        Checkpoint::of_vectors(Config::default(), position, vec![("theta".into(), vec![epoch as f64; 100_000])])
    }

    #[test]
    fn what_was_handed_over_last_is_on_disk_when_the_run_ends() {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&place.path().join("run"), &Config::default()).unwrap();
        let mut beside = Beside::new(folder);
        for epoch in 1..20 {
            if epoch <= 7 {
                beside.keep_best(&checkpoint(epoch)).unwrap();
            }
            beside.keep_latest(&checkpoint(epoch)).unwrap();
        }
        beside.finish().unwrap();
        assert_eq!(beside.best(), Ok(checkpoint(7)));
        let (_, kept) = RunFolder::open_whole(&place.path().join("run")).unwrap();
        assert_eq!((kept.latest, kept.best), (checkpoint(19), Some(checkpoint(7))));
    }

    #[test]
    fn a_folder_that_is_gone_is_said_at_the_next_epoch_or_the_end() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("run");
        let mut beside = Beside::new(RunFolder::create(&path, &Config::default()).unwrap());
        std::fs::remove_dir_all(&path).unwrap();
        beside.keep_best(&checkpoint(1)).unwrap();
        beside.keep_latest(&checkpoint(1)).unwrap();
        let error = beside.keep_latest(&checkpoint(2)).unwrap_err().to_string();
        assert!(error.contains("cannot be written"), "{error}");
        beside.keep_latest(&checkpoint(2)).unwrap();
        assert!(beside.finish().is_err());
        assert!(beside.finish().is_ok(), "an error is said once");
    }
}
