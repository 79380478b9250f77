//! The pictures of a report.

use l2t_core::experiment::comparison::Report;
use l2t_core::experiment::comparison::difference::Reference;
use l2t_core::experiment::comparison::group::Group;
use l2t_core::experiment::comparison::report::Setting;
use l2t_core::experiment::comparison::statistics::Sample;
use l2t_core::experiment::comparison::tables::LEVEL;

use super::numbers::{entry, interval, points};
use crate::plots::{
    ChartRow, Drawing, MeanCurve, Spread, accuracy_by_images, accuracy_over_epochs, accuracy_rows, difference_rows,
};

/// A picture that was drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// File name without its ending.
    pub stem: String,
    /// What it shows, for those who cannot see it.
    pub about: String,
    /// Which part of the report it belongs to.
    pub kind: Kind,
    /// The picture itself.
    pub drawing: Drawing,
}

/// Parts of the report with pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Accuracies by method.
    Accuracy,
    /// Paired differences.
    Differences,
    /// Accuracy over the images of a class.
    Images,
    /// Accuracy over the epochs.
    Epochs,
}

/// Draws everything that has results.
pub fn draw(report: &Report) -> Vec<Picture> {
    let mut pictures = Vec::new();
    let mut add = |kind, stem: String, about: String, draw: &dyn Fn(&str) -> Drawing| {
        pictures.push(Picture { stem, drawing: draw(&about), about, kind });
    };
    for setting in report.settings.iter().filter(|setting| setting.groups.iter().any(|group| group.test.is_some())) {
        let name = setting.name();
        let stem = format!("accuracy-{}", setting.file_name());
        add(Kind::Accuracy, stem, format!("Test accuracy: {name}"), &|title| {
            let caption = "One dot for each seed; mean, and one standard deviation to either side.";
            accuracy_rows(title, caption, &accuracies(setting), &report.methods)
        });
        for kind in Reference::ALL {
            let Some(reference) = reference(setting, kind) else { continue };
            let what = match kind {
                Reference::Scratch => "scratch",
                Reference::FixedPairs => "fixed-pair",
                Reference::AllPairs => "all-pairs",
            };
            let stem = format!("difference-{what}-{}", setting.file_name());
            add(Kind::Differences, stem, format!("Gain over {reference}: {name}"), &|title| {
                let caption = "Mean of the differences at equal seeds, with its 95 % interval (Student's t).";
                difference_rows(title, caption, &gains(setting, kind), &report.methods)
            });
        }
    }
    for task in &report.tasks {
        let curves = by_images(report, task);
        if curves.iter().flat_map(|curve| &curve.points).any(|a| curves[0].points.iter().any(|b| a.x != b.x)) {
            let about = format!("Test accuracy over the images of a class: {task}");
            add(Kind::Images, format!("images-{task}"), about, &|title| {
                accuracy_by_images(title, "Mean and one standard deviation over the seeds.", &curves)
            });
        }
    }
    for setting in report.settings.iter().filter(|s| s.groups.iter().any(|g| !g.validation_curve.is_empty())) {
        let about = format!("Validation accuracy over the epochs: {}", setting.name());
        add(Kind::Epochs, format!("epochs-{}", setting.file_name()), about, &|title| {
            accuracy_over_epochs(title, "Mean and one standard deviation over the seeds.", &over_epochs(setting))
        });
    }
    pictures
}

fn accuracies(setting: &Setting) -> Vec<ChartRow> {
    let row = |group: &Group| ChartRow {
        label: group.method.clone(),
        note: match group.counts.gaps() {
            Some(gaps) if group.test.is_none() => gaps,
            _ => entry(group),
        },
        dots: group.test_accuracies.iter().map(|share| 100.0 * share).collect(),
        mean: group.test.map(|test| 100.0 * test.mean),
        interval: group.test.and_then(|test| test.std.map(|std| (test, std))).map(spread),
    };
    setting.groups.iter().filter(|group| group.counts.expected > 0).map(row).collect()
}

fn spread((sample, std): (Sample, f64)) -> (f64, f64) {
    (100.0 * (sample.mean - std), 100.0 * (sample.mean + std))
}

fn reference(setting: &Setting, kind: Reference) -> Option<&str> {
    setting
        .differences
        .iter()
        .find(|difference| difference.kind == kind)
        .map(|difference| difference.reference.as_str())
}

fn gains(setting: &Setting, kind: Reference) -> Vec<ChartRow> {
    let of_kind = setting.differences.iter().filter(|difference| difference.kind == kind);
    let rows = of_kind.map(|difference| {
        let sample = difference.sample;
        ChartRow {
            label: difference.method.clone(),
            note: sample.map_or("no common seed".into(), |s| match s.std {
                Some(_) => format!("{} {}", points(s.mean), interval(&s)),
                None => format!("{}, one seed", points(s.mean)),
            }),
            dots: difference.at_seeds.iter().map(|share| 100.0 * share).collect(),
            mean: sample.map(|sample| 100.0 * sample.mean),
            interval: sample.and_then(|s| s.interval(LEVEL)).map(|(low, high)| (100.0 * low, 100.0 * high)),
        }
    });
    rows.collect()
}

fn by_images(report: &Report, task: &str) -> Vec<MeanCurve> {
    let settings = || report.settings.iter().filter(|setting| setting.task == task && setting.per_class > 0);
    let curve = |(nth, method): (usize, &String)| MeanCurve {
        label: method.clone(),
        points: settings().filter_map(|s| Some(point(s.per_class as f64, s.groups[nth].test.as_ref()?))).collect(),
    };
    report.methods.iter().enumerate().map(curve).collect()
}

fn over_epochs(setting: &Setting) -> Vec<MeanCurve> {
    let curve = |group: &Group| MeanCurve {
        label: group.method.clone(),
        points: group.validation_curve.iter().map(|(epoch, sample)| point(*epoch as f64, sample)).collect(),
    };
    setting.groups.iter().map(curve).collect()
}

fn point(x: f64, sample: &Sample) -> Spread {
    let (low, high) = spread((*sample, sample.std.unwrap_or(0.0)));
    Spread { x, mean: 100.0 * sample.mean, low, high }
}
