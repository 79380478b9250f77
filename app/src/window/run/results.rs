//! Every run of this sitting as a row of numbers: sorted, compared, as a table to paste.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use l2t_core::experiment::{Config, History, RunSummary};

use crate::words;

/// A run that is over.
#[derive(Debug, Clone)]
pub struct KnownRun {
    /// Which of this sitting's.
    pub nth: usize,
    /// Its experiment.
    pub config: Config,
    /// Its epochs.
    pub history: History,
    /// Its result, if it came to its end.
    pub summary: Option<RunSummary>,
}

impl KnownRun {
    /// As the table has it.
    pub fn as_run(&self) -> Run<'_> {
        Run { nth: self.nth, config: &self.config, history: &self.history, summary: self.summary.as_ref() }
    }
}

/// A run that has begun.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Which of this sitting's.
    pub nth: usize,
    /// Its experiment.
    pub config: &'a Config,
    /// Its epochs.
    pub history: &'a History,
    /// Its result, if it came to its end.
    pub summary: Option<&'a RunSummary>,
}

/// A column of the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Column {
    /// In the order that they began.
    #[default]
    Run,
    /// The method's name.
    Method,
    /// The seed.
    Seed,
    /// Images of each class.
    PerClass,
    /// The best validation accuracy.
    Validation,
    /// The test accuracy.
    Test,
    /// What it is better by than the run that is compared with, in test accuracy.
    Difference,
    /// Seconds of training.
    Time,
}

impl Column {
    /// All, with what stands above them.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Run, "Run"),
        (Self::Method, "Method"),
        (Self::Seed, "Seed"),
        (Self::PerClass, "Images a class"),
        (Self::Validation, "Validation"),
        (Self::Test, "Test accuracy"),
        (Self::Difference, "Difference"),
        (Self::Time, "Time"),
    ];
}

/// How the table is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// What it is sorted by.
    pub by: Column,
    /// From the greatest down.
    pub descending: bool,
    /// Runs that are neither on the charts nor copied.
    pub hidden: BTreeSet<usize>,
    /// The run that the others are compared with.
    pub against: Option<usize>,
}

impl Run<'_> {
    fn test(&self) -> Option<f64> {
        self.summary?.test_accuracy
    }

    fn validation(&self) -> Option<f64> {
        self.history.best()?.validation_accuracy
    }

    fn secs(&self) -> f64 {
        let measured = self.history.epochs.last().map_or(0.0, |record| record.elapsed_secs);
        self.summary.map_or(measured, |summary| summary.wall_secs)
    }

    fn per_class(&self) -> usize {
        // 0 takes all.
        if self.config.data.per_class == 0 { usize::MAX } else { self.config.data.per_class }
    }

    /// In words.
    pub fn cell(&self, column: Column, against: Option<Run<'_>>) -> String {
        let share = |share: Option<f64>| share.map_or_else(|| "–".into(), words::percent);
        match column {
            Column::Run => (self.nth + 1).to_string(),
            Column::Method => self.config.method.name.name().into(),
            Column::Seed => self.config.seed.to_string(),
            Column::PerClass if self.config.data.per_class == 0 => "all".into(),
            Column::PerClass => self.config.data.per_class.to_string(),
            Column::Validation => share(self.validation()),
            Column::Test => share(self.test()),
            Column::Difference => self
                .better_than(against)
                .map_or_else(|| "–".into(), |points| format!("{} points", words::signed(points, 1))),
            Column::Time => words::duration(self.secs()),
        }
    }

    /// In points of test accuracy.
    fn better_than(&self, other: Option<Run<'_>>) -> Option<f64> {
        Some(100.0 * (self.test()? - other.filter(|other| other.nth != self.nth)?.test()?))
    }

    fn order(&self, other: &Run<'_>, by: Column) -> Ordering {
        let shares = |a: Option<f64>, b: Option<f64>| a.unwrap_or(-1.0).total_cmp(&b.unwrap_or(-1.0));
        match by {
            Column::Run => self.nth.cmp(&other.nth),
            Column::Method => self.config.method.name.name().cmp(other.config.method.name.name()),
            Column::Seed => self.config.seed.cmp(&other.config.seed),
            Column::PerClass => self.per_class().cmp(&other.per_class()),
            Column::Validation => shares(self.validation(), other.validation()),
            Column::Test | Column::Difference => shares(self.test(), other.test()),
            Column::Time => self.secs().total_cmp(&other.secs()),
        }
    }
}

impl Table {
    /// `runs` as it sorts them; equal ones stay in the order that they began.
    pub fn sorted<'r>(&self, runs: &[Run<'r>]) -> Vec<Run<'r>> {
        let mut sorted = runs.to_vec();
        sorted.sort_by(|a, b| {
            let order = a.order(b, self.by);
            if self.descending { order.reverse() } else { order }
        });
        sorted
    }

    /// Sorted by `column`; a second time the other way round.
    #[must_use]
    pub fn by(&self, column: Column) -> Self {
        Self { by: column, descending: self.by == column && !self.descending, ..self.clone() }
    }

    /// The run that the others of `runs` are compared with.
    pub fn compared<'r>(&self, runs: &[Run<'r>]) -> Option<Run<'r>> {
        runs.iter().find(|run| Some(run.nth) == self.against).copied()
    }

    /// What is not hidden, as lines of cells; the first has the names of the columns.
    fn lines(&self, runs: &[Run<'_>]) -> Vec<Vec<String>> {
        let against = self.compared(runs);
        let shown = self.sorted(runs).into_iter().filter(|run| !self.hidden.contains(&run.nth));
        let names = Column::ALL.map(|(_, name)| name.to_owned()).to_vec();
        let cells = |run: Run<'_>| Column::ALL.iter().map(|(column, _)| run.cell(*column, against)).collect();
        std::iter::once(names).chain(shown.map(cells)).collect()
    }

    /// As a table of Markdown.
    pub fn markdown(&self, runs: &[Run<'_>]) -> String {
        let mut lines: Vec<String> =
            self.lines(runs).iter().map(|cells| format!("| {} |\n", cells.join(" | "))).collect();
        lines.insert(1, format!("|{}\n", "---|".repeat(Column::ALL.len())));
        lines.concat()
    }

    /// As comma-separated values; no cell has a comma.
    pub fn csv(&self, runs: &[Run<'_>]) -> String {
        self.lines(runs).iter().map(|cells| format!("{}\n", cells.join(","))).collect()
    }
}
