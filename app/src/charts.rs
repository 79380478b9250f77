//! The charts of a run, from its history, as files in memory: a disk, a zip or a page takes them from there.

use l2t_core::Result;
use l2t_core::experiment::config::TargetConfig;
use l2t_core::experiment::{History, Plan};
use l2t_core::network::architecture::title;

use crate::plots::{
    CurveSeries, Drawing, PairPoint, Stack, explained, learning_curves, matching_diagram, matching_over_epochs,
    pair_weights_over_epochs,
};

/// What the pictures need of a run besides its history: the two columns of the matching diagram.
pub struct Columns {
    sources: Vec<Stack>,
    target: Stack,
}

impl Columns {
    /// The matched layers of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self {
            sources: plan.source_layers().into_iter().map(|source| Stack::new(source.name, &source.taps)).collect(),
            target: Stack::new(target_name(plan), plan.learner.model.network.taps()),
        }
    }
}

/// The target as pictures call it.
pub fn target_name(plan: &Plan) -> String {
    let TargetConfig { network, width } = &plan.config.target;
    title(network, *width)
}

/// `learning-curves`, and where pairs were matched `matching` and `pair-weights`, each as SVG and, but for a page, PNG.
///
/// # Errors
/// When a picture cannot be drawn.
pub fn draw(columns: &Columns, label: &str, history: &History) -> Result<Vec<(String, Vec<u8>)>> {
    let curves_of_run = compare_curves(&format!("{label}: learning curves"), &[(label, history)]);
    let mut files = curves_of_run.files("learning-curves")?;
    let Some(last) = history.last_matched() else { return Ok(files) };
    let title = format!("{label}: where it transfers, mean λ of epoch {}", last.epoch);
    let matching = matching_diagram(&title, &columns.sources, &columns.target, &last.pair_weights);
    files.extend(drawn(matching)?.files("matching")?);
    let title = format!("{label}: λ over the epochs, mean ± one deviation over the images");
    let weights = pair_weights_over_epochs(&title, &columns.sources, &columns.target, &pair_points(history));
    files.extend(drawn(weights)?.files("pair-weights")?);
    Ok(files)
}

/// The matching of every epoch, all of one size and scale: the pictures of an animation.
///
/// # Errors
/// When one cannot be drawn.
pub fn matching_frames(columns: &Columns, label: &str, history: &History) -> Result<Vec<Drawing>> {
    let title = |epoch: f64| format!("{label}: where it transfers, mean λ of epoch {epoch}");
    drawn(matching_over_epochs(title, &columns.sources, &columns.target, &pair_points(history)))
}

/// λ of every epoch that has one.
fn pair_points(history: &History) -> Vec<PairPoint> {
    let matched = history.epochs.iter().filter(|record| !record.pair_weights.is_empty());
    matched.map(|record| PairPoint { at: record.epoch as f64, pairs: record.pair_weights.clone() }).collect()
}

/// Learning curves of one run (losses and accuracies) or of several side by side (L_org and validation accuracy).
pub fn compare_curves(title: &str, runs: &[(&str, &History)]) -> Drawing {
    let series = |label: &str, history: &History, value: &dyn Fn(&l2t_core::experiment::EpochRecord) -> Option<f64>| {
        let values: Vec<(f64, f64)> =
            history.epochs.iter().filter_map(|record| Some((record.epoch as f64, value(record)?))).collect();
        CurveSeries { label: label.to_owned(), values }
    };
    let (mut losses, mut accuracies) = (Vec::new(), Vec::new());
    let percent = |share: Option<f64>| share.map(|share| 100.0 * share);
    let mut best = None;
    if let [(_, history)] = runs {
        losses.push(series("L_org", history, &|r| Some(r.task_loss)));
        losses.push(series("β L_wfm", history, &|r| r.matching_loss));
        let auxiliary = history.epochs.first().map_or(vec![], |r| r.auxiliary_losses.keys().copied().collect());
        for kind in auxiliary {
            losses.push(series(kind.name(), history, &|r| r.auxiliary_losses.get(&kind).copied()));
        }
        accuracies.push(series("training", history, &|r| percent(Some(r.train_accuracy))));
        accuracies.push(series("validation", history, &|r| percent(r.validation_accuracy)));
        best = history.best().filter(|r| r.validation_accuracy.is_some()).map(|r| r.epoch as f64);
    } else {
        for (label, history) in runs {
            losses.push(series(label, history, &|r| Some(r.task_loss)));
            accuracies.push(series(label, history, &|r| percent(r.validation_accuracy)));
        }
    }
    losses.retain(|series| !series.values.is_empty());
    accuracies.retain(|series| !series.values.is_empty());
    learning_curves(title, &losses, &accuracies, best)
}

fn drawn<T>(picture: std::io::Result<T>) -> Result<T> {
    picture.map_err(|error| explained("the chart".as_ref(), error))
}
