//! How the cells of a report came about: where, when, by which command.

use std::collections::BTreeSet;

use l2t_core::experiment::comparison::Report;
use l2t_core::experiment::comparison::outcome::Provenance;

use super::date::utc;
use crate::words::duration;

/// Lines of (what, value); a value may have several parts.
pub fn facts(report: &Report) -> Vec<(&'static str, Vec<String>)> {
    let provenances: Vec<&Provenance> =
        report.outcomes.iter().filter_map(|outcome| outcome.provenance.as_ref()).collect();
    let distinct = |value: &dyn Fn(&Provenance) -> String| -> Vec<String> {
        provenances.iter().map(|provenance| value(provenance)).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let secs: f64 = report.outcomes.iter().filter_map(|o| o.summary()).map(|summary| summary.wall_secs).sum();
    let seeds: Vec<String> = report.seeds.iter().map(ToString::to_string).collect();
    let mut facts = vec![
        ("cells", vec![cells(report)]),
        ("seeds", vec![seeds.join(", ")]),
        ("images", images(report)),
        ("device", distinct(&|provenance| provenance.device.clone())),
        ("program", distinct(&|provenance| format!("l2t {}", provenance.version))),
        ("time spent", vec![format!("{} of training and measuring, over all complete cells", duration(secs))]),
        ("dates", dates(&provenances)),
        ("commands", distinct(&|provenance| provenance.command.clone())),
    ];
    facts.retain(|(_, values)| !values.is_empty());
    facts
}

fn cells(report: &Report) -> String {
    let counts = report.counts();
    let gaps = counts.gaps().map_or(String::new(), |gaps| format!(" ({gaps})"));
    format!("{} of {} done{gaps}", counts.done, counts.expected)
}

/// Images of every setting that has a complete cell.
fn images(report: &Report) -> Vec<String> {
    let of = |task: &str, per_class: usize| {
        report
            .outcomes
            .iter()
            .filter(|outcome| outcome.cell.task == task && outcome.cell.per_class == per_class)
            .find_map(|outcome| outcome.summary())
    };
    let settings = report.settings.iter().filter_map(|setting| {
        let (train, validation, test) = of(&setting.task, setting.per_class)?.images;
        Some(format!("{}: {train} to learn from, {validation} for validation, {test} for testing", setting.name()))
    });
    settings.collect()
}

fn dates(provenances: &[&Provenance]) -> Vec<String> {
    let first = provenances.iter().map(|provenance| provenance.started).min();
    let last = provenances.iter().map(|provenance| provenance.finished).max();
    first.zip(last).map(|(first, last)| format!("{} to {}", utc(first), utc(last))).into_iter().collect()
}

/// Everything that is not done, one line each: `shapes/n5/fm/seed1: failed: …`.
pub fn gaps(report: &Report) -> Vec<String> {
    use l2t_core::experiment::comparison::CellState;
    let line = |outcome: &l2t_core::experiment::comparison::CellOutcome| {
        let name = outcome.cell.name();
        match &outcome.state {
            CellState::Done { .. } => None,
            CellState::Missing => Some(format!("{name}: missing")),
            CellState::Unfinished { epochs } => {
                Some(format!("{name}: unfinished, {epochs} of {} epochs", outcome.cell.config.train.epochs))
            }
            CellState::Failed { reason } => Some(format!("{name}: failed: {reason}")),
        }
    };
    report.outcomes.iter().filter_map(line).collect()
}

/// How to read the tables and pictures, in sentences.
pub const READING: [&str; 5] = [
    "Accuracy is that of the test images in the epoch with the best validation accuracy of the run; the test images \
     choose nothing. ± is one standard deviation over the seeds (n - 1 in the denominator).",
    "A seed decides initial weights, the choice of training images and their order, so methods at one seed see the same \
     images. Differences are therefore taken seed by seed, and their 95 % interval is that of Student's t over those \
     differences: it assumes that they are roughly normal, and it is wide for few seeds.",
    "Fixed-pair methods match layers that were paired by hand (fm, at, lwf+at, l2t-w). The best of them is chosen by its \
     mean validation accuracy. All pairs at equal weight (fm, all-to-all) are what is matched before anything is learned of \
     it: what learning is worth is a difference from them. Several intervals at 95 % are not one statement at 95 %.",
    "λ is the learned weight of a pair of a source layer and a target layer, averaged over the images of the best epoch; \
     it starts near 1 and lies between 0 and 6.",
    "Cells that failed are left out of means and named; they did not converge, so a mean without them flatters their \
     method.",
];
