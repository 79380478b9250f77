//! The release program as a process of its own, which can be killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::steps::Failure;

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_micros(300);

/// Far more than any command here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// `l2t` in a working folder, with one command.
pub struct Job<'a> {
    /// Where it is.
    pub program: &'a Path,
    /// Where it works.
    pub place: PathBuf,
    /// What it is to do.
    pub words: Vec<String>,
}

impl Job<'_> {
    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(&self.words);
        command
    }

    /// Starts it.
    pub fn start(&self) -> Result<Sitting, Failure> {
        self.start_as(self.command())
    }

    /// Starts it by another program, which runs it with its words.
    #[cfg(unix)]
    pub fn start_by(&self, mut other: Command) -> Result<Sitting, Failure> {
        other.arg(self.program).args(&self.words);
        self.start_as(other)
    }

    fn start_as(&self, mut command: Command) -> Result<Sitting, Failure> {
        let line = format!("l2t {}", self.words.join(" "));
        command.current_dir(&self.place).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|source| Failure::Start { line: line.clone(), source })?;
        Ok(Sitting { child, line, since: Instant::now() })
    }

    /// Runs it to its end, which must be a good one; how long it took.
    pub fn finish(&self) -> Result<Duration, Failure> {
        let mut sitting = self.start()?;
        sitting.until(|_| false)?;
        match sitting.end()? {
            End::Done => Ok(sitting.since.elapsed()),
            End::Killed => Err(Failure::Advice(format!("`{}` was ended by somebody else", sitting.line))),
        }
    }
}

/// How a sitting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with exit code 0.
    Done,
    /// By a signal.
    Killed,
}

/// One process. Dropping kills it.
pub struct Sitting {
    child: Child,
    line: String,
    since: Instant,
}

impl Sitting {
    /// Whether it runs no more.
    pub fn is_over(&mut self) -> Result<bool, Failure> {
        self.child.try_wait().map(|status| status.is_some()).map_err(|source| self.lost(source))
    }

    fn lost(&self, source: std::io::Error) -> Failure {
        Failure::Start { line: self.line.clone(), source }
    }

    /// Waits until `enough` says so of the time since its start, or it is over.
    pub fn until(&mut self, mut enough: impl FnMut(Duration) -> bool) -> Result<(), Failure> {
        while !enough(self.since.elapsed()) && !self.is_over()? {
            if self.since.elapsed() > PATIENCE {
                return Err(Failure::Advice(format!("`{}` did not end in {} s", self.line, PATIENCE.as_secs())));
            }
            sleep(LOOK);
        }
        Ok(())
    }

    /// Kills it, unless it is over already (`kill -9`; on Windows `TerminateProcess`).
    pub fn kill(mut self) -> Result<End, Failure> {
        // It may have been faster; `end` tells.
        let _ = self.child.kill();
        self.end()
    }

    /// Waits for it. An error is what it said itself.
    pub fn end(&mut self) -> Result<End, Failure> {
        let (status, said) = self.last_words()?;
        match () {
            () if status.success() => Ok(End::Done),
            () if was_killed(status, &said) => Ok(End::Killed),
            () => Err(Failure::Advice(format!("`{}` ended by itself ({status}): {}", self.line, said.trim_end()))),
        }
    }

    /// Waits for it; how it ended, and all that it said on standard error.
    pub fn last_words(&mut self) -> Result<(ExitStatus, String), Failure> {
        let mut said = Vec::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            std::io::Read::read_to_end(&mut stderr, &mut said).map_err(|source| self.lost(source))?;
        }
        let status = self.child.wait().map_err(|source| self.lost(source))?;
        Ok((status, String::from_utf8_lossy(&said).into_owned()))
    }
}

/// Whether SIGKILL ended it, which no program does to itself.
#[cfg(unix)]
fn was_killed(status: ExitStatus, _said: &str) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(9)
}

/// What is terminated ends with code 1, as after an error, but says nothing.
#[cfg(not(unix))]
fn was_killed(_status: ExitStatus, said: &str) -> bool {
    said.is_empty()
}

impl Drop for Sitting {
    fn drop(&mut self) {
        // It is over in most cases; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
