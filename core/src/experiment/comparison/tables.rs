//! The report's numbers as CSV. Accuracies are shares, 0 to 1; a field without a value is empty.

use super::outcome::{CellOutcome, CellState};
use super::report::Report;
use super::statistics::Sample;

/// Level of every interval.
pub const LEVEL: f64 = 0.95;

/// One row for every cell, whatever became of it.
pub fn cells_csv(report: &Report) -> Vec<u8> {
    let header = [
        "task",
        "per_class",
        "method",
        "seed",
        "state",
        "test_accuracy",
        "validation_accuracy",
        "best_epoch",
        "epochs",
        "wall_secs",
        "device",
        "version",
        "finished_unix_secs",
        "reason",
        "folder",
    ];
    csv(&header, report.outcomes.iter().map(cell_row))
}

fn cell_row(outcome: &CellOutcome) -> Vec<String> {
    let (cell, summary, provenance) = (&outcome.cell, outcome.summary(), outcome.provenance.as_ref());
    let epochs = match &outcome.state {
        CellState::Unfinished { epochs } => Some(*epochs),
        _ => summary.map(|summary| summary.epochs),
    };
    let reason = match &outcome.state {
        CellState::Failed { reason } => reason.clone(),
        _ => String::new(),
    };
    vec![
        cell.task.clone(),
        cell.per_class.to_string(),
        cell.method.clone(),
        cell.seed.to_string(),
        outcome.state.word().into(),
        text(outcome.test_accuracy()),
        text(outcome.validation_accuracy()),
        text(summary.map(|summary| summary.best_epoch)),
        text(epochs),
        text(summary.map(|summary| summary.wall_secs)),
        text(provenance.map(|provenance| &provenance.device)),
        text(provenance.map(|provenance| &provenance.version)),
        text(provenance.map(|provenance| provenance.finished)),
        reason,
        outcome.folder.clone(),
    ]
}

/// One row for every task, number of images and method.
pub fn summary_csv(report: &Report) -> Vec<u8> {
    let header = [
        "task",
        "per_class",
        "method",
        "done",
        "expected",
        "failed",
        "unfinished",
        "missing",
        "test_mean",
        "test_std",
        "test_min",
        "test_max",
        "validation_mean",
        "validation_std",
    ];
    let rows = report.settings.iter().flat_map(|setting| {
        setting.groups.iter().map(|group| {
            let (counts, test, validation) = (&group.counts, group.test, group.validation);
            vec![
                setting.task.clone(),
                setting.per_class.to_string(),
                group.method.clone(),
                counts.done.to_string(),
                counts.expected.to_string(),
                counts.failed.to_string(),
                counts.unfinished.to_string(),
                counts.missing.to_string(),
                text(test.map(|test| test.mean)),
                text(test.and_then(|test| test.std)),
                text(test.map(|test| test.min)),
                text(test.map(|test| test.max)),
                text(validation.map(|validation| validation.mean)),
                text(validation.and_then(|validation| validation.std)),
            ]
        })
    });
    csv(&header, rows)
}

/// One row for every paired difference of test accuracies.
pub fn differences_csv(report: &Report) -> Vec<u8> {
    let header =
        ["task", "per_class", "method", "reference", "reference_kind", "seeds", "mean", "std", "low_95", "high_95"];
    let rows = report.settings.iter().flat_map(|setting| {
        setting.differences.iter().map(|difference| {
            let sample = difference.sample;
            let interval = sample.and_then(|sample: Sample| sample.interval(LEVEL));
            vec![
                setting.task.clone(),
                setting.per_class.to_string(),
                difference.method.clone(),
                difference.reference.clone(),
                difference.kind.name().into(),
                sample.map_or(0, |sample| sample.n).to_string(),
                text(sample.map(|sample| sample.mean)),
                text(sample.and_then(|sample| sample.std)),
                text(interval.map(|(low, _)| low)),
                text(interval.map(|(_, high)| high)),
            ]
        })
    });
    csv(&header, rows)
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn csv(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).expect("memory can be written to");
    for row in rows {
        writer.write_record(row).expect("memory can be written to and rows have one length");
    }
    writer.into_inner().expect("memory can be written to")
}
