//! `l2t compare`: the cells of a grid, one after another, each the same run as `l2t train` would make.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use l2t_core::device::OpenDevice;
use l2t_core::experiment::comparison::cost::cost;
use l2t_core::experiment::comparison::folder::GridFolder;
use l2t_core::experiment::comparison::outcome::Provenance;
use l2t_core::experiment::comparison::{Cell, CellOutcome, CellState, Grid, Shard};
use l2t_core::experiment::run::Outcome;
use l2t_core::experiment::store::{RunFolder, write_summary};
use l2t_core::experiment::{Control, Plan, Summary};
use l2t_core::inputs::Inputs;
use l2t_core::text::read_text;
use l2t_core::{Error, Result};

use super::args::CompareArguments;
use super::progress::{GridProgress, loading};
use super::train::{on_interrupt, train_shown, verdict};
use super::{Ending, open_device, report};
use crate::window::shell::command::quoted;
use crate::words::accuracy;

pub fn run(arguments: &CompareArguments) -> Result<Ending> {
    let grid = grid(arguments)?;
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    let cells = shard.cells(&grid.cells);
    let Some(out) = arguments.out.as_deref().filter(|_| !arguments.list) else {
        return list(&cells, arguments.out.as_deref());
    };
    let folder = GridFolder::create(out, &grid)?;
    let outcomes = cells.iter().map(|cell| folder.outcome(cell)).collect::<Result<Vec<_>>>()?;
    say!("{}: {} cells{}", grid.title, cells.len(), part_words(arguments.shard, grid.cells.len()));
    let failures = match run_cells(&folder, &outcomes, arguments)? {
        None => {
            say!("go on with the same command");
            return Ok(Ending::Stopped);
        }
        Some(failures) => failures,
    };
    if arguments.shard.is_none() {
        report::write(&[out.to_owned()], &out.join("report"))?;
    } else {
        say!("when all shards are done: l2t report {}", out.display());
    }
    match failures.first() {
        None => Ok(Ending::Done),
        Some(first) => {
            Err(Error::Diverged(format!("{} of {} cells failed, first {first}", failures.len(), cells.len())))
        }
    }
}

fn grid(arguments: &CompareArguments) -> Result<Grid> {
    match (&arguments.preset, &arguments.file) {
        (Some(name), _) => Grid::preset(name, &arguments.set),
        (None, Some(path)) => {
            let text = read_text(path)?;
            Grid::from_toml(&text, &arguments.set).map_err(|e| Error::file(path, e))
        }
        (None, None) => unreachable!("clap asks for a file or --preset"),
    }
}

fn part_words(shard: Option<Shard>, all: usize) -> String {
    shard.map_or(String::new(), |shard| {
        format!(", shard {} of {} (from 0) of a grid of {all}", shard.index, shard.count)
    })
}

/// One line a cell: where it stands, and its result.
fn list(cells: &[&Cell], out: Option<&Path>) -> Result<Ending> {
    for cell in cells {
        let outcome = out.map(|out| GridFolder::at(out).outcome(cell)).transpose()?;
        let state = outcome.as_ref().map_or(&CellState::Missing, |outcome| &outcome.state);
        let more = match state {
            CellState::Missing => String::new(),
            CellState::Unfinished { epochs } => format!("{epochs} of {} epochs", cell.config.train.epochs),
            CellState::Failed { reason } => reason.clone(),
            CellState::Done { summary, .. } => {
                summary.test_accuracy.map_or(String::new(), |share| format!("test {}", accuracy(share)))
            }
        };
        say!("{}", format!("{:<10} {}  {more}", state.word(), cell.name()).trim_end());
    }
    Ok(Ending::Done)
}

/// Runs what is not settled. Returns `name: reason` of every cell that failed, now or before, or nothing when stopped.
fn run_cells(
    folder: &GridFolder,
    outcomes: &[CellOutcome],
    arguments: &CompareArguments,
) -> Result<Option<Vec<String>>> {
    let mut failures = Vec::new();
    let mut todo = Vec::new();
    for outcome in outcomes {
        match &outcome.state {
            CellState::Failed { reason } => failures.push(format!("{}: {reason}", outcome.cell.name())),
            CellState::Done { .. } => {}
            CellState::Missing | CellState::Unfinished { .. } => todo.push(&outcome.cell),
        }
    }
    let settled = outcomes.len() - todo.len();
    if settled > 0 {
        say!("{settled} of {} are settled already", outcomes.len());
    }
    if todo.is_empty() {
        return Ok(Some(failures));
    }
    let device = open_device(arguments.device.device)?;
    let control = on_interrupt();
    let mut progress = GridProgress::new(settled, outcomes.len(), todo.iter().map(|cell| cost(&cell.config)).sum());
    for cell in todo {
        let run = run_cell(folder, cell, &device, &control, &progress);
        match run.map_err(|e| in_cell(cell, e))? {
            End::Stopped => {
                progress.finish();
                return Ok(None);
            }
            End::Done(line) => progress.settled(cost(&cell.config), &line),
            End::Failed(reason) => {
                let line = format!("{}: {reason}", cell.name());
                progress.settled(cost(&cell.config), &line);
                failures.push(line);
            }
        }
    }
    progress.finish();
    Ok(Some(failures))
}

/// The same error with the cell's name where it is about a key, which may be right in other cells.
fn in_cell(cell: &Cell, error: Error) -> Error {
    match error {
        Error::Config { key, reason } => Error::config(format!("{}: {key}", cell.name()), reason),
        Error::TooWide { reason, fits } => Error::TooWide { reason: format!("{}: {reason}", cell.name()), fits },
        other => other,
    }
}

enum End {
    Done(String),
    Failed(String),
    Stopped,
}

fn run_cell(
    folder: &GridFolder,
    cell: &Cell,
    device: &OpenDevice,
    control: &Control,
    progress: &GridProgress,
) -> Result<End> {
    let started = now();
    let path = folder.cell_path(cell);
    let earlier = RunFolder::holds_run(&path).then(|| RunFolder::open(&path)).transpose()?;
    let inputs = earlier.as_ref().map_or_else(Inputs::default, |(_, checkpoint)| checkpoint.inputs());
    let inputs = inputs.until(control.token());
    let plan = Plan::prepare(cell.config.clone(), inputs, device.device.clone(), device.name.clone(), loading());
    let plan = match plan {
        Err(Error::Stopped) => return Ok(End::Stopped),
        planned => planned?,
    };
    let (mut run, checkpoint) = match earlier {
        Some((run, checkpoint)) => (run, Some(checkpoint)),
        None => (RunFolder::create(&path, &plan.config)?, None),
    };
    let trained =
        train_shown(&plan, &mut run, checkpoint.as_ref(), control, progress.cell(&cell.name(), cost(&cell.config)));
    let ended = |failed: Option<String>| {
        let (command, device) = (command_line(), device.name.clone());
        let version = env!("CARGO_PKG_VERSION").into();
        let provenance = Provenance { command, version, device, started, finished: now(), failed };
        folder.record(cell, &provenance)
    };
    match trained {
        Ok(Outcome { summary, .. }) if !summary.complete => Ok(End::Stopped),
        Ok(outcome) => {
            ended(None)?;
            write_summary(run.path(), &Summary { runs: vec![outcome.summary.clone()] })?;
            Ok(End::Done(verdict(&cell.name(), &outcome)))
        }
        Err(Error::Diverged(reason)) => {
            ended(Some(reason.clone()))?;
            Ok(End::Failed(format!("failed: {reason}")))
        }
        Err(other) => Err(other),
    }
}

/// What the user gave, as a shell would take it; where the program lies is the machine's affair.
fn command_line() -> String {
    let words = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
    std::iter::once("l2t".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Seconds since 1970; a clock before that gives 0.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
