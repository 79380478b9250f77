//! A run's folder: everything that is written, written whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use super::checkpoint::Checkpoint;
use super::config::Config;
use super::history::{History, Summary};
use super::run::Keeper;
use super::snapshot::{BEST, CONFIG, LATEST, Snapshot, history_files};
use crate::error::{Error, Result};
use crate::whole_file::write_unsynced;
pub use crate::whole_file::write_whole;

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Makes the folder and writes `config.toml` into it.
    ///
    /// # Errors
    /// Names the folder; also when it holds another run already.
    pub fn create(path: &Path, config: &Config) -> Result<Self> {
        let folder = Self(path.to_owned());
        if Self::holds_run(path) {
            let reason =
                format!("holds a run already; go on with it by --resume {}, or name another folder", path.display());
            return Err(Error::file(path, reason));
        }
        fs::create_dir_all(folder.0.join("checkpoints"))
            .map_err(|e| Error::file(path, format!("cannot be made: {e}")))?;
        write_whole(&path.join(CONFIG), config.to_toml().as_bytes())?;
        Ok(folder)
    }

    /// Whether `path` holds a run that can be gone on with.
    pub fn holds_run(path: &Path) -> bool {
        Self(path.to_owned()).latest_path().exists()
    }

    /// Opens the folder of an earlier run, with its newest checkpoint.
    ///
    /// # Errors
    /// Names the folder or the checkpoint.
    pub fn open(path: &Path) -> Result<(Self, Checkpoint)> {
        let folder = Self(path.to_owned());
        if !path.is_dir() {
            return Err(Error::file(path, "is no folder"));
        }
        if !Self::holds_run(path) {
            return Err(Error::file(
                path,
                "holds no run that can be gone on with: checkpoints/latest.safetensors is missing",
            ));
        }
        let checkpoint = load(&folder.latest_path())?;
        Ok((folder, checkpoint))
    }

    /// Opens the folder of an earlier run, with its newest checkpoint and its best.
    ///
    /// # Errors
    /// Names the folder or the checkpoint.
    pub fn open_whole(path: &Path) -> Result<(Self, Snapshot)> {
        let (folder, latest) = Self::open(path)?;
        let best = if latest.position.history.epochs.is_empty() { None } else { Some(folder.best()?) };
        Ok((folder, Snapshot { latest, best }))
    }

    /// Puts a run into a folder of its own.
    ///
    /// # Errors
    /// Names the folder or a file; also when it holds another run already.
    pub fn holding(path: &Path, run: &Snapshot) -> Result<Self> {
        let mut folder = Self::create(path, &run.latest.config)?;
        if let Some(best) = &run.best {
            folder.keep_best(best)?;
        }
        folder.keep_latest(&run.latest)?;
        Ok(folder)
    }

    /// What an earlier run of the same configuration left at `path`; `None` where there is no run.
    ///
    /// # Errors
    /// When the run there is of another configuration.
    pub fn earlier(path: &Path, config: &Config) -> Result<Option<(Self, Checkpoint)>> {
        if !Self::holds_run(path) {
            return Ok(None);
        }
        let (opened, checkpoint) = Self::open(path)?;
        if checkpoint.config != *config {
            return Err(Error::file(path, "holds a run of another configuration; name another folder"));
        }
        Ok(Some((opened, checkpoint)))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn latest_path(&self) -> PathBuf {
        self.0.join(LATEST)
    }

    fn best_path(&self) -> PathBuf {
        self.0.join(BEST)
    }

    /// Writes any other file of the run.
    ///
    /// # Errors
    /// Names the file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write_whole(&self.0.join(name), bytes)
    }
}

/// `metrics.jsonl`, `metrics.csv` and, where pairs are matched, `pair-weights.csv`: one line an epoch (and pair), in `folder`.
///
/// # Errors
/// Names the file.
pub fn write_history(folder: &Path, history: &History) -> Result<()> {
    for (name, contents) in history_files(history) {
        write_whole(&folder.join(name), &contents)?;
    }
    Ok(())
}

/// Writes `summary.json` into `folder`.
///
/// # Errors
/// Names the file.
pub fn write_summary(folder: &Path, summary: &Summary) -> Result<()> {
    let text = serde_json::to_string_pretty(summary).expect("a summary is plain data");
    write_whole(&folder.join("summary.json"), text.as_bytes())
}

fn load(path: &Path) -> Result<Checkpoint> {
    let bytes = fs::read(path).map_err(|e| Error::file(path, e))?;
    Checkpoint::from_bytes(&path.display().to_string(), &bytes)
}

impl Keeper for RunFolder {
    fn keep_latest(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        // Written anew at every epoch and at the end: not worth waiting for the disk.
        for (name, contents) in history_files(&checkpoint.position.history) {
            write_unsynced(&self.0.join(name), &contents)?;
        }
        write_whole(&self.latest_path(), &checkpoint.to_bytes())
    }

    fn keep_best(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        write_whole(&self.best_path(), &checkpoint.to_bytes())
    }

    fn best(&self) -> Result<Checkpoint> {
        load(&self.best_path())
    }
}
