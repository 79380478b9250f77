//! A comparison as one small file: of every cell what a report needs, a few kB, and nothing to go on with.
//!
//! Configurations stand in it whole, once for every task, number of images and method, so that a preset or a default may
//! change later without changing what was run. Losses, accuracies and λ are rounded to what a curve shows; λ is there where it
//! is learned, for a tenth of the epochs and the best one; auxiliary losses are left out. What is compared, accuracies of the
//! best epoch, keeps every digit.

use serde::{Deserialize, Serialize};

use super::grid::Cell;
use super::outcome::{CellOutcome, CellState, Provenance};
use crate::error::{Error, Result};
use crate::experiment::history::{AuxiliaryLosses, PairStatistics};
use crate::experiment::{Config, EpochRecord, History, RunSummary};
use crate::matching::Pair;

/// λ of so many epochs is kept.
const EPOCHS_WITH_PAIRS: usize = 10;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Archive {
    title: String,
    groups: Vec<Group>,
    cells: Vec<Entry>,
}

/// What the cells of several seeds share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    task: String,
    per_class: usize,
    method: String,
    /// TOML.
    config: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Index of its group.
    group: usize,
    seed: u64,
    state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provenance: Option<Provenance>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum State {
    Missing,
    Unfinished { epochs: usize },
    Failed { reason: String },
    Done { summary: Box<RunSummary>, curves: Curves },
}

/// The epochs, a column a quantity: their names once.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Curves {
    lr: Vec<f64>,
    task_loss: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    matching_loss: Vec<f64>,
    train_accuracy: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    validation_accuracy: Vec<f64>,
    elapsed_secs: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pairs: Vec<Pair>,
    /// Epoch, then mean and deviation of λ of every pair.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pair_weights: Vec<(usize, Vec<(f64, f64)>)>,
}

impl State {
    fn of(CellOutcome { cell, state, .. }: &CellOutcome) -> Self {
        match state {
            CellState::Missing => Self::Missing,
            CellState::Unfinished { epochs } => Self::Unfinished { epochs: *epochs },
            CellState::Failed { reason } => Self::Failed { reason: reason.clone() },
            CellState::Done { summary, history } => {
                let learned = cell.config.method.name.learned().is_some_and(|learned| learned.r#where);
                Self::Done { summary: summary.clone(), curves: Curves::of(history, learned) }
            }
        }
    }
}

impl From<State> for CellState {
    fn from(state: State) -> Self {
        match state {
            State::Missing => Self::Missing,
            State::Unfinished { epochs } => Self::Unfinished { epochs },
            State::Failed { reason } => Self::Failed { reason },
            State::Done { summary, curves } => Self::Done { summary, history: curves.history() },
        }
    }
}

fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10.0_f64.powi(decimals);
    (value * scale).round() / scale
}

impl Curves {
    fn of(history: &History, with_pairs: bool) -> Self {
        let best = history.best_matched().map_or(0, |record| record.epoch);
        let stride = history.epochs.len().div_ceil(EPOCHS_WITH_PAIRS).max(1);
        let column = |value: &dyn Fn(&EpochRecord) -> Option<f64>, decimals| -> Vec<f64> {
            history.epochs.iter().filter_map(value).map(|value| rounded(value, decimals)).collect()
        };
        let kept = |r: &&EpochRecord| r.epoch == best || r.epoch == 1 || r.epoch.is_multiple_of(stride);
        let matched = |r: &&EpochRecord| with_pairs && !r.pair_weights.is_empty();
        let kept = history.epochs.iter().filter(matched).filter(kept);
        let weights =
            |r: &EpochRecord| r.pair_weights.iter().map(|p| (rounded(p.mean, 3), rounded(p.std, 3))).collect();
        let first = history.epochs.first().filter(|_| with_pairs);
        Self {
            lr: column(&|r| Some(r.lr), 6),
            task_loss: column(&|r| Some(r.task_loss), 4),
            matching_loss: column(&|r| r.matching_loss, 4),
            train_accuracy: column(&|r| Some(r.train_accuracy), 4),
            validation_accuracy: column(&|r| r.validation_accuracy, 6),
            elapsed_secs: column(&|r| Some(r.elapsed_secs), 1),
            pairs: first.map_or(vec![], |r| r.pair_weights.iter().map(|weights| weights.pair).collect()),
            pair_weights: kept.map(|r| (r.epoch, weights(r))).collect(),
        }
    }

    fn history(&self) -> History {
        let weights = |epoch: usize| {
            let found = self.pair_weights.iter().find(|(of, _)| *of == epoch);
            let found = self.pairs.iter().zip(found.map_or(&[][..], |(_, weights)| weights));
            found.map(|(pair, (mean, std))| PairStatistics { pair: *pair, mean: *mean, std: *std }).collect()
        };
        let record = |(nth, task_loss): (usize, &f64)| EpochRecord {
            epoch: nth + 1,
            lr: self.lr.get(nth).copied().unwrap_or_default(),
            task_loss: *task_loss,
            matching_loss: self.matching_loss.get(nth).copied(),
            auxiliary_losses: AuxiliaryLosses::new(),
            train_accuracy: self.train_accuracy.get(nth).copied().unwrap_or_default(),
            validation_accuracy: self.validation_accuracy.get(nth).copied(),
            pair_weights: weights(nth + 1),
            elapsed_secs: self.elapsed_secs.get(nth).copied().unwrap_or_default(),
        };
        History { epochs: self.task_loss.iter().enumerate().map(record).collect() }
    }
}

/// The file's text, one line a group and a cell.
pub fn write(title: &str, outcomes: &[CellOutcome]) -> String {
    let mut groups: Vec<Group> = Vec::new();
    let mut cells = Vec::new();
    for outcome in outcomes {
        let CellOutcome { cell, provenance, .. } = outcome;
        let config = Config { seed: 0, ..cell.config.clone() }.to_toml();
        let group = Group { task: cell.task.clone(), per_class: cell.per_class, method: cell.method.clone(), config };
        let nth = groups.iter().position(|known| *known == group).unwrap_or_else(|| {
            groups.push(group);
            groups.len() - 1
        });
        cells.push(Entry { group: nth, seed: cell.seed, state: State::of(outcome), provenance: provenance.clone() });
    }
    let title = serde_json::to_string(title).expect("a text");
    format!("{{\"title\": {title},\n\"groups\": [\n{}\n],\n\"cells\": [\n{}\n]}}\n", lines(&groups), lines(&cells))
}

fn lines(values: &[impl Serialize]) -> String {
    let lines = values.iter().map(|value| serde_json::to_string(value).expect("plain data"));
    lines.collect::<Vec<_>>().join(",\n")
}

/// Title and cells of the archive `name`.
///
/// # Errors
/// Names the file.
pub fn read(name: &str, text: &str) -> Result<(String, Vec<CellOutcome>)> {
    let archive: Archive = serde_json::from_str(text).map_err(|e| Error::file(name, e))?;
    let configs = archive.groups.iter().map(|group| Config::from_toml(&group.config, &[]));
    let configs = configs.collect::<Result<Vec<_>>>().map_err(|e| Error::file(name, e))?;
    let outcomes = archive.cells.into_iter().map(|entry| {
        let found = archive.groups.get(entry.group).zip(configs.get(entry.group));
        let (group, config) = found.ok_or_else(|| Error::file(name, format!("has no group {}", entry.group)))?;
        let config = Config { seed: entry.seed, ..config.clone() };
        let (task, method) = (group.task.clone(), group.method.clone());
        let cell = Cell { task, per_class: group.per_class, method, seed: entry.seed, config };
        Ok(CellOutcome { cell, state: entry.state.into(), provenance: entry.provenance, folder: String::new() })
    });
    Ok((archive.title, outcomes.collect::<Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::super::{Grid, Report};
    use super::*;

    const GRID: &str = "[compare]\npreset = \"demo\"\nseeds = [3, 1]\nper_class = [5]\n\
                        methods = [\"scratch\", \"l2t-ww\", \"lwf\", \"at\"]\n";

    fn record(epoch: usize) -> EpochRecord {
        let pair = Pair { source: 0, source_layer: 1, target_layer: 2 };
        EpochRecord {
            epoch,
            lr: 0.1 / epoch as f64,
            task_loss: 1.0 / epoch as f64,
            matching_loss: Some(std::f64::consts::PI),
            auxiliary_losses: Default::default(),
            train_accuracy: 0.5,
            validation_accuracy: Some(0.25 + epoch as f64 / 64.0),
            pair_weights: vec![PairStatistics { pair, mean: 1.0 / 3.0 + epoch as f64, std: 0.1 }],
            elapsed_secs: epoch as f64 * 1.234_567,
        }
    }

    fn done(seed: u64) -> CellState {
        let summary = RunSummary {
            method: "l2t-ww".into(),
            seed,
            device: "CPU".into(),
            test_accuracy: Some(1.0 / 3.0),
            validation_accuracy: Some(0.640625),
            best_epoch: 25,
            epochs: 25,
            complete: true,
            wall_secs: 2.0,
            images: (50, 10, 1500),
            normalised_together: None,
            folder: ".".into(),
        };
        CellState::Done { summary: Box::new(summary), history: History { epochs: (1..=25).map(record).collect() } }
    }

    fn outcomes() -> Vec<CellOutcome> {
        let cells = Grid::from_toml(GRID, &[]).expect("valid").cells;
        let outcome = |cell: Cell| {
            let state = match &cell.method[..] {
                "scratch" => CellState::Missing,
                "l2t-ww" => done(cell.seed),
                "lwf" => CellState::Unfinished { epochs: 2 },
                _ => CellState::Failed { reason: "\"λ\" is not finite".into() },
            };
            let provenance = Provenance {
                command: "l2t compare grid.toml".into(),
                version: "1.0.0".into(),
                device: "CPU".into(),
                started: 1,
                finished: 2,
                failed: None,
            };
            CellOutcome { cell, state, provenance: Some(provenance), folder: "runs".into() }
        };
        cells.into_iter().map(outcome).collect()
    }

    #[test]
    fn a_report_from_an_archive_says_the_same() {
        let original = outcomes();
        let (title, read) = read("results.json", &write("A \"title\"", &original)).expect("just written");
        assert_eq!(title, "A \"title\"");
        for (one, two) in original.iter().zip(&read) {
            assert_eq!((&one.cell, one.state.word(), &one.provenance), (&two.cell, two.state.word(), &two.provenance));
            assert_eq!(one.summary(), two.summary());
        }
        let (one, two) = (Report::new("", original), Report::new("", read));
        for (one, two) in one.settings[0].groups.iter().zip(&two.settings[0].groups) {
            assert_eq!((one.counts, one.test, &one.validation_curve), (two.counts, two.test, &two.validation_curve));
            let near = |a: f64, b: f64| assert!((a - b).abs() <= 5e-4, "{a} {b}");
            assert_eq!(one.pair_weights.len(), two.pair_weights.len(), "λ of the best epoch is kept");
            one.pair_weights.iter().zip(&two.pair_weights).for_each(|((_, a), (_, b))| near(a.mean, b.mean));
        }
    }

    #[test]
    fn a_cell_is_a_few_kilobytes() {
        let text = write("", &outcomes());
        let longest = text.lines().map(str::len).max().expect("lines");
        assert!(longest < 4000, "{longest}");
        // λ of the first epoch, of every third and of the best.
        let (_, read) = read("", &text).expect("just written");
        let history = read.iter().find_map(CellOutcome::history).expect("a cell is done");
        let with_pairs = history.epochs.iter().filter(|record| !record.pair_weights.is_empty());
        assert_eq!((history.epochs.len(), with_pairs.count()), (25, 1 + 8 + 1));
    }

    #[test]
    fn what_is_no_archive_is_refused_by_name() {
        for text in [
            "",
            "{}",
            "{\"title\": \"\", \"groups\": [], \"cells\": [{\"group\": 1, \"seed\": 0, \"state\": \"missing\"}]}",
        ] {
            assert!(read("other.json", text).unwrap_err().to_string().starts_with("other.json"), "{text}");
        }
    }
}
