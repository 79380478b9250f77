//! Starts workers, and makes findings of how they end: an abort or a full stack ends the process that reads, not this one.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::journal::Journal;
use crate::minimise::minimise;
use crate::reader::{Reader, Source};
use crate::worker::{FAULT, Range, SLOW};

/// Faults of one reader after which it is left; each is a process, and mostly the same one again.
const MOST_FAULTS: usize = 300;
/// The same for those that take long to be sure of.
const MOST_DELAYS: usize = 5;

/// How to read.
#[derive(Clone)]
pub struct Plan {
    pub seed: u64,
    /// Inputs a reader.
    pub inputs: u64,
    /// Time a reader.
    pub time: Duration,
    /// Where inputs with faults are put.
    pub folder: PathBuf,
    /// Whether these inputs are made smaller.
    pub smaller: bool,
}

/// What became of one reader.
pub struct Outcome {
    pub measured: Journal,
    pub took: Duration,
    pub findings: Vec<Finding>,
}

/// An input that a reader must not fail on, and does.
pub struct Finding {
    pub number: u64,
    pub fault: String,
    pub file: PathBuf,
    pub bytes: usize,
}

/// Reads inputs until there were enough; goes on behind those that end a worker.
pub fn run(reader: &'static Reader, plan: &Plan) -> Result<Outcome, String> {
    let start = Instant::now();
    let scratch = tempfile::tempdir().map_err(|error| format!("no folder for journals: {error}"))?;
    let journal = scratch.path().join("journal");
    let (mut measured, mut findings) = (Journal::default(), Vec::<Finding>::new());
    let (mut faults, mut delays) = (0, 0);
    let mut from = 0;
    while from < plan.inputs && start.elapsed() < plan.time && faults < MOST_FAULTS && delays < MOST_DELAYS {
        let time = plan.time.saturating_sub(start.elapsed());
        let range = Range { seed: plan.seed, from, to: plan.inputs, time };
        let ended = worker(reader, &journal, range)?;
        let left = std::fs::read(&journal).ok().and_then(|bytes| Journal::from_bytes(&bytes));
        let Some(left) = left else { return Err(format!("{} did not begin: {}", reader.name, fault_of(&ended))) };
        measured.include(&left);
        if ended.status.success() {
            break;
        }
        from = left.number + 1;
        let trial = Trial { reader, folder: scratch.path() };
        let input = Source::new(reader).input(plan.seed, left.number);
        let Some(fault) = trial.confirm(fault_of(&ended), &input) else { continue };
        faults += 1;
        delays += usize::from(fault.starts_with(SLOW));
        if findings.iter().all(|known| !is_same(&known.fault, &fault)) {
            findings.push(keep(&trial, plan, left.number, fault, input)?);
        }
    }
    Ok(Outcome { measured, took: start.elapsed(), findings })
}

fn keep(trial: &Trial, plan: &Plan, number: u64, fault: String, input: Vec<u8>) -> Result<Finding, String> {
    let fails = |input: &[u8]| trial.fault(input).is_some_and(|other| is_same(&other, &fault));
    let input = if plan.smaller { minimise(input, fails) } else { input };
    let file = plan.folder.join(format!("{}-{}-{number}.bin", trial.reader.name, plan.seed));
    let written = std::fs::create_dir_all(&plan.folder).and_then(|()| std::fs::write(&file, &input));
    written.map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Finding { number, fault, file, bytes: input.len() })
}

/// Inputs read alone, each in a process of its own.
struct Trial<'a> {
    reader: &'static Reader,
    folder: &'a Path,
}

impl Trial<'_> {
    /// What is wrong with reading `input`, if anything.
    fn fault(&self, input: &[u8]) -> Option<String> {
        let file = self.folder.join("trial");
        std::fs::write(&file, input).expect("the folder of journals can be written");
        let ended = program(self.reader).arg("--replay").arg(&file).arg("--alone").output().ok()?;
        (!ended.status.success()).then(|| fault_of(&ended))
    }

    /// The fault, where it is one; a busy machine can make any input slow, so that is asked three times more.
    fn confirm(&self, fault: String, input: &[u8]) -> Option<String> {
        if fault.starts_with(SLOW) && (0..3).any(|_| self.fault(input).is_none()) {
            return None;
        }
        Some(fault)
    }
}

fn worker(reader: &Reader, journal: &Path, range: Range) -> Result<Output, String> {
    let numbers = [("--seed", range.seed), ("--from", range.from), ("--inputs", range.to)];
    let mut program = program(reader);
    program.arg("--journal").arg(journal).arg("--seconds").arg(range.time.as_secs_f64().to_string());
    for (key, value) in numbers {
        program.arg(key).arg(value.to_string());
    }
    program.output().map_err(|error| format!("a worker could not be started: {error}"))
}

/// This program, asked for one reader.
pub fn program(reader: &Reader) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.arg(reader.name).stdin(Stdio::null()).env("RUST_BACKTRACE", "0");
    command
}

/// Why a worker ended: in its own words, or in those of the system.
fn fault_of(ended: &Output) -> String {
    let said = String::from_utf8_lossy(&ended.stdout);
    if let Some(fault) = said.lines().find_map(|line| line.strip_prefix(FAULT)) {
        return fault.to_owned();
    }
    let errors = String::from_utf8_lossy(&ended.stderr);
    let last = errors
        .lines()
        .rfind(|line| !line.trim().is_empty() && !line.starts_with("note:"))
        .unwrap_or("nothing was said");
    format!("ended the process ({}): {last}", ended.status)
}

/// Whether two faults are the same but for numbers: one of each is enough.
fn is_same(one: &str, other: &str) -> bool {
    // A panic begins with its place, which is compared as a whole.
    let place = |text: &str| text.split("\\n").next().unwrap_or(text).to_owned();
    if one.starts_with("panicked") || one.starts_with("thread") {
        return place(one) == place(other);
    }
    let plain = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    plain(one) == plain(other)
}
