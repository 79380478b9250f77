//! A grid's folder: `grid.toml`, and one run's folder for each cell, `<task>/n<images>/<method>/seed<seed>`.
//!
//! A cell is complete when its `summary.json` says so. `cell.json` stands beside it, or alone where the cell failed.

use std::fs;
use std::path::{Path, PathBuf};

use super::grid::{Cell, Grid};
use super::outcome::{CellOutcome, CellState, Provenance};
use super::settings::first_difference;
use crate::error::{Error, Result};
use crate::experiment::store::{RunFolder, write_whole};
use crate::experiment::{Config, EpochRecord, History, RunSummary, Summary};
use crate::text::read_text;

/// The folder of a grid, or of a part of it.
#[derive(Debug, Clone)]
pub struct GridFolder(PathBuf);

impl GridFolder {
    /// The folder at `path`, whatever is in it.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the folder for `grid`, or goes on in it where it holds the same grid or a smaller one.
    ///
    /// # Errors
    /// Names the folder; also when it holds a cell that `grid` does not have, or has otherwise. Then nothing is written.
    pub fn create(path: &Path, grid: &Grid) -> Result<Self> {
        let folder = Self(path.to_owned());
        let (file, text) = (folder.grid_path(), grid.to_toml());
        if file.exists() {
            if read_text(&file).is_ok_and(|found| found == text) {
                return Ok(folder);
            }
            folder.check_extension(&folder.read_grid()?, grid)?;
        }
        grid.cells.iter().try_for_each(|cell| state(&folder.cell_path(cell), cell).map(drop))?;
        fs::create_dir_all(path).map_err(|e| Error::file(path, format!("cannot be made: {e}")))?;
        // Shards that start together write the same bytes.
        write_whole(&file, text.as_bytes())?;
        Ok(folder)
    }

    /// A grid may grow; what it had must stay, or its cells would be forgotten.
    fn check_extension(&self, before: &Grid, now: &Grid) -> Result<()> {
        for cell in &before.cells {
            let name = cell.name();
            let Some(same) = now.cells.iter().find(|other| other.name() == name) else {
                let reason = format!("holds another grid: {name} is not in this one; name another folder");
                return Err(Error::file(&self.0, reason));
            };
            if let Some((key, there, here)) = first_difference(&cell.config, &same.config) {
                let reason = format!(
                    "holds another grid: {name} has {key} = {there} there and {here} here; name another folder"
                );
                return Err(Error::file(&self.0, reason));
            }
        }
        Ok(())
    }

    fn grid_path(&self) -> PathBuf {
        self.0.join("grid.toml")
    }

    fn read_grid(&self) -> Result<Grid> {
        let path = self.grid_path();
        if !path.is_file() {
            return Err(Error::file(&self.0, "holds no comparison: grid.toml is missing"));
        }
        let text = read_text(&path)?;
        Grid::from_toml(&text, &[]).map_err(|e| Error::file(&path, e))
    }

    /// The folder of a cell's run.
    pub fn cell_path(&self, cell: &Cell) -> PathBuf {
        self.0.join(cell.name())
    }

    /// Where a cell stands.
    ///
    /// # Errors
    /// When its folder holds a run of another configuration, or a file in it cannot be read.
    pub fn outcome(&self, cell: &Cell) -> Result<CellOutcome> {
        let path = self.cell_path(cell);
        let state = state(&path, cell)?;
        let provenance = match &state {
            CellState::Done { .. } | CellState::Failed { .. } => provenance(&path)?,
            _ => None,
        };
        Ok(CellOutcome { cell: cell.clone(), state, provenance, folder: path.display().to_string() })
    }

    /// Writes how a cell ended; before `summary.json`, so that a complete cell always has it.
    ///
    /// # Errors
    /// Names the file.
    pub fn record(&self, cell: &Cell, provenance: &Provenance) -> Result<()> {
        let text = serde_json::to_string_pretty(provenance).expect("plain data");
        write_whole(&self.cell_path(cell).join("cell.json"), text.as_bytes())
    }
}

fn state(path: &Path, cell: &Cell) -> Result<CellState> {
    let config = path.join("config.toml");
    if !config.exists() {
        return Ok(CellState::Missing);
    }
    let text = read_text(&config)?;
    let found = Config::from_toml(&text, &[]).map_err(|e| Error::file(&config, e))?;
    if let Some((key, there, here)) = first_difference(&found, &cell.config) {
        let reason =
            format!("holds a run with {key} = {there}, and this grid has {here}; remove it or name another folder");
        return Err(Error::file(path, reason));
    }
    if let Some(summary) = summary(path)?.filter(|summary| summary.complete) {
        return Ok(CellState::Done { summary: Box::new(summary), history: history(path)? });
    }
    if let Some(reason) = provenance(path)?.and_then(|provenance| provenance.failed) {
        return Ok(CellState::Failed { reason });
    }
    // The checkpoint says where the run goes on; the table beside it may be older after a power cut.
    let epochs = if RunFolder::holds_run(path) { history(path).map_or(0, |history| history.epochs.len()) } else { 0 };
    Ok(CellState::Unfinished { epochs })
}

fn provenance(path: &Path) -> Result<Option<Provenance>> {
    read_json(&path.join("cell.json"))
}

fn summary(path: &Path) -> Result<Option<RunSummary>> {
    Ok(read_json::<Summary>(&path.join("summary.json"))?.and_then(|summary| summary.runs.into_iter().next()))
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
    serde_json::from_str(&text).map(Some).map_err(|e| Error::file(path, e))
}

fn history(path: &Path) -> Result<History> {
    let file = path.join("metrics.jsonl");
    let text = fs::read_to_string(&file).map_err(|e| Error::file(&file, e))?;
    let epochs = text.lines().map(|line| serde_json::from_str::<EpochRecord>(line).map_err(|e| Error::file(&file, e)));
    Ok(History { epochs: epochs.collect::<Result<_>>()? })
}

/// The title and all cells of any number of folders: parts of one grid, or grids that differ in their axes alone.
///
/// # Errors
/// When a folder holds no grid, when a cell has two results, or when cells that would share an entry of the table have
/// configurations that differ in more than their seed.
pub fn collect(folders: &[PathBuf]) -> Result<(String, Vec<CellOutcome>)> {
    let mut title = None;
    let mut all: Vec<CellOutcome> = Vec::new();
    for path in folders {
        let folder = GridFolder::at(path);
        let grid = folder.read_grid()?;
        for cell in &grid.cells {
            let outcome = folder.outcome(cell)?;
            match all.iter_mut().find(|known| known.cell.name() == cell.name()) {
                Some(known) => *known = better(known, outcome)?,
                None => {
                    fits(&all, &outcome)?;
                    all.push(outcome);
                }
            }
        }
        title.get_or_insert(grid.title);
    }
    Ok((title.unwrap_or_default(), all))
}

/// Of two states of one cell the one that says more.
fn better(known: &CellOutcome, other: CellOutcome) -> Result<CellOutcome> {
    check_same(known, &other)?;
    if let (Some(one), Some(two)) = (known.summary(), other.summary())
        && (one.test_accuracy, one.best_epoch) != (two.test_accuracy, two.best_epoch)
    {
        let reason = format!("has another result for the same cell than {}; leave one of them out", known.folder);
        return Err(Error::file(&other.folder, reason));
    }
    let rank = |outcome: &CellOutcome| match outcome.state {
        CellState::Missing => 0,
        CellState::Unfinished { epochs } => 1 + epochs,
        CellState::Failed { .. } => usize::MAX - 1,
        CellState::Done { .. } => usize::MAX,
    };
    Ok(if rank(&other) > rank(known) { other } else { known.clone() })
}

/// Cells of one task, method and number of images may differ in their seed alone.
fn fits(all: &[CellOutcome], outcome: &CellOutcome) -> Result<()> {
    let group = |cell: &Cell| (cell.task.clone(), cell.per_class, cell.method.clone());
    match all.iter().find(|known| group(&known.cell) == group(&outcome.cell)) {
        Some(known) => check_same(known, outcome),
        None => Ok(()),
    }
}

fn check_same(known: &CellOutcome, outcome: &CellOutcome) -> Result<()> {
    let mine = Config { seed: known.cell.config.seed, ..outcome.cell.config.clone() };
    match first_difference(&known.cell.config, &mine) {
        None => Ok(()),
        Some((key, there, here)) => {
            let reason = format!("has {key} = {here}, and {} has {there}: no common mean", known.folder);
            Err(Error::file(&outcome.folder, reason))
        }
    }
}
