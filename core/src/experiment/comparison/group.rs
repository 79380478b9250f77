//! One entry of the table: a method on a task with so many images, over its seeds.

use std::collections::BTreeMap;

use super::outcome::{CellOutcome, CellState};
use super::statistics::Sample;
use crate::matching::Pair;

/// A method's cells of one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Label of the method.
    pub method: String,
    /// What became of its cells.
    pub counts: Counts,
    /// Test accuracy at the best validation epoch, over the complete cells, 0 to 1.
    pub test: Option<Sample>,
    /// The same of every complete cell, in the grid's order.
    pub test_accuracies: Vec<f64>,
    /// Validation accuracy of that epoch, 0 to 1.
    pub validation: Option<Sample>,
    /// Validation accuracy after every epoch that all complete cells have, 0 to 1.
    pub validation_curve: Vec<(usize, Sample)>,
    /// Mean λ over the images in the best validation epoch, over the complete cells; where λ is learned.
    pub pair_weights: Vec<(Pair, Sample)>,
    /// Seconds of training and measuring, over the complete cells.
    pub wall_secs: Option<Sample>,
}

/// How many cells there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of the grid's.
    pub expected: usize,
    /// Complete.
    pub done: usize,
    /// Diverged.
    pub failed: usize,
    /// Begun.
    pub unfinished: usize,
    /// Not begun.
    pub missing: usize,
}

impl Counts {
    /// Counts `outcomes`.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a CellOutcome>) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            counts.expected += 1;
            *match outcome.state {
                CellState::Done { .. } => &mut counts.done,
                CellState::Failed { .. } => &mut counts.failed,
                CellState::Unfinished { .. } => &mut counts.unfinished,
                CellState::Missing => &mut counts.missing,
            } += 1;
        }
        counts
    }

    /// What is not done, in words; nothing where all is.
    pub fn gaps(&self) -> Option<String> {
        let kinds = [(self.failed, "failed"), (self.unfinished, "unfinished"), (self.missing, "missing")];
        let words: Vec<String> =
            kinds.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

impl Group {
    /// Summarises the cells of one method in one setting.
    pub fn of(method: &str, outcomes: &[&CellOutcome]) -> Self {
        let sample = |value: &dyn Fn(&CellOutcome) -> Option<f64>| {
            Sample::of(&outcomes.iter().filter_map(|outcome| value(outcome)).collect::<Vec<_>>())
        };
        Self {
            method: method.to_owned(),
            counts: Counts::of(outcomes.iter().copied()),
            test: sample(&CellOutcome::test_accuracy),
            test_accuracies: outcomes.iter().filter_map(|outcome| outcome.test_accuracy()).collect(),
            validation: sample(&CellOutcome::validation_accuracy),
            validation_curve: validation_curve(outcomes),
            pair_weights: pair_weights(outcomes),
            wall_secs: sample(&|outcome| outcome.summary().map(|summary| summary.wall_secs)),
        }
    }
}

fn validation_curve(outcomes: &[&CellOutcome]) -> Vec<(usize, Sample)> {
    let mut by_epoch: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let histories: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.history()).collect();
    for record in histories.iter().flat_map(|history| &history.epochs) {
        if let Some(accuracy) = record.validation_accuracy {
            by_epoch.entry(record.epoch).or_default().push(accuracy);
        }
    }
    by_epoch.retain(|_, values| values.len() == histories.len());
    by_epoch.into_iter().filter_map(|(epoch, values)| Some((epoch, Sample::of(&values)?))).collect()
}

fn pair_weights(outcomes: &[&CellOutcome]) -> Vec<(Pair, Sample)> {
    let learned =
        |outcome: &&&CellOutcome| outcome.cell.config.method.name.learned().is_some_and(|learned| learned.r#where);
    let mut by_pair: BTreeMap<Pair, Vec<f64>> = BTreeMap::new();
    let best = outcomes.iter().filter(learned).filter_map(|outcome| outcome.history()?.best_matched());
    for weights in best.flat_map(|record| &record.pair_weights) {
        by_pair.entry(weights.pair).or_default().push(weights.mean);
    }
    by_pair.into_iter().filter_map(|(pair, values)| Some((pair, Sample::of(&values)?))).collect()
}
