//! Live plots: losses, accuracies, λ of every pair (Figure 4 of the paper), several runs on one chart.

use eframe::egui::{Color32, Ui};
use egui_plot::{ColorConflictHandling, FilledArea, Legend, Line, LineStyle, Plot, PlotPoints};
use l2t_core::experiment::{Config, History};

use super::facts::Experiment;
use super::palette;
use super::view_state::ViewState;

/// A run that is over, to compare with.
#[derive(Debug, Clone)]
pub struct EarlierRun {
    /// Its experiment.
    pub config: Config,
    /// Its epochs.
    pub history: History,
}

/// What a chart shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Chart {
    /// Losses of iterations.
    Losses,
    /// Training and validation accuracy.
    #[default]
    Accuracy,
    /// λ with its deviation.
    PairWeights,
}

impl Chart {
    /// All, in the order of the tabs.
    pub const ALL: [Self; 3] = [Self::Accuracy, Self::Losses, Self::PairWeights];

    /// What its tab is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Losses => "Losses",
            Self::Accuracy => "Accuracy",
            Self::PairWeights => "λ over time",
        }
    }
}

/// How much longer than the run an axis is whose legend has a line for every pair.
const ROOM: f64 = 1.3;

/// Draws a chart into the space that is left.
pub fn show(ui: &mut Ui, chart: Chart, state: &ViewState, experiment: &Experiment, earlier: &[EarlierRun]) {
    let legend = Legend::default().color_conflict_handling(ColorConflictHandling::PickLast);
    let plot = Plot::new(chart.name()).legend(legend).x_axis_label("epochs").include_x(0.0);
    // Room for the whole run from its beginning, so that an empty chart says what it will show.
    let room = if chart == Chart::PairWeights { ROOM } else { 1.0 };
    let plot = plot.include_x(room * state.progress.epochs as f64).include_y(0.0);
    match chart {
        Chart::Losses => losses(ui, plot, state),
        Chart::Accuracy => accuracy(ui, plot, state, experiment, earlier),
        Chart::PairWeights => pair_weights(ui, plot, state, experiment),
    }
}

fn losses(ui: &mut Ui, plot: Plot<'_>, state: &ViewState) {
    let colours = palette::series(&["loss".into(), "matching".into()], ui.visuals());
    let task: PlotPoints<'_> = state.losses.iter().map(|point| [point.at, point.task]).collect();
    let matching: Vec<[f64; 2]> = state.losses.iter().filter_map(|p| p.matching.map(|loss| [p.at, loss])).collect();
    plot.y_axis_label("loss").include_y(1.0).show(ui, |plot| {
        plot.line(Line::new("L_org", task).color(colours[0]).width(2.0));
        if !matching.is_empty() {
            plot.line(Line::new("β L_wfm", matching).color(colours[1]).width(2.0));
        }
    });
}

/// What a run is called on a chart: method and seed, and what else sets it apart from the `present` one.
fn run_label(config: &Config, present: &Config) -> String {
    let mut label = format!("{}, seed {}", config.method.name.name(), config.seed);
    for change in config.changes_from(present) {
        if !change.starts_with("method.name=") && !change.starts_with("seed=") {
            // A key that only the present run has.
            let words = change.strip_suffix('=').map_or(change.clone(), |key| format!("{key} by default"));
            label += &format!(", {words}");
        }
    }
    label
}

/// Names that runs have their colours by: a method's own for the first of its runs, the present one before all others.
fn coloured_as(runs: &[(&Config, String)]) -> Vec<String> {
    let method = |config: &Config| config.method.name.name().to_owned();
    let mut names: Vec<String> = Vec::new();
    for (config, label) in runs.iter().rev() {
        let own = method(config);
        names.push(if names.contains(&own) { label.clone() } else { own });
    }
    names.reverse();
    names
}

fn accuracy(ui: &mut Ui, plot: Plot<'_>, state: &ViewState, experiment: &Experiment, earlier: &[EarlierRun]) {
    let present = &experiment.config;
    let configs = earlier.iter().map(|run| &run.config).chain([present]);
    let runs: Vec<(&Config, String)> = configs.map(|config| (config, run_label(config, present))).collect();
    let colours = palette::series(&coloured_as(&runs), ui.visuals());
    let histories = earlier.iter().map(|run| &run.history).chain([&state.history]);
    plot.y_axis_label("accuracy in %").include_y(100.0).show(ui, |plot| {
        for (((_, label), history), colour) in runs.iter().zip(histories).zip(colours) {
            let validation: Vec<[f64; 2]> = history
                .epochs
                .iter()
                .filter_map(|record| Some([record.epoch as f64, 100.0 * record.validation_accuracy?]))
                .collect();
            let training: PlotPoints<'_> =
                history.epochs.iter().map(|record| [record.epoch as f64, 100.0 * record.train_accuracy]).collect();
            plot.line(Line::new(format!("{label}: validation"), validation).color(colour).width(2.0));
            let faint = colour.gamma_multiply(0.6);
            let dashed = LineStyle::dashed_loose();
            plot.line(Line::new(format!("{label}: training"), training).color(faint).style(dashed));
        }
    });
}

fn pair_weights(ui: &mut Ui, plot: Plot<'_>, state: &ViewState, experiment: &Experiment) {
    let dark = ui.visuals().clone();
    plot.y_axis_label("λ").include_y(2.0).show(ui, |plot| {
        for (nth, pair) in experiment.pairs.iter().enumerate() {
            let points: Vec<[f64; 3]> = state
                .pair_weights
                .iter()
                .filter_map(|point| point.pairs.get(nth).map(|pair| [point.at, pair.mean, pair.std]))
                .collect();
            let name = experiment.pair_name(pair);
            let colour = shade(palette::target(pair.target_layer, &dark), pair.source_layer);
            let xs: Vec<f64> = points.iter().map(|[at, ..]| *at).collect();
            let low: Vec<f64> = points.iter().map(|[_, mean, std]| (mean - std).max(0.0)).collect();
            let high: Vec<f64> = points.iter().map(|[_, mean, std]| mean + std).collect();
            if xs.len() > 1 && points.iter().any(|[.., std]| *std > 0.0) {
                // Under one name and identity with its line, so that the legend takes both away; the line has the colour.
                let band = FilledArea::new(name.clone(), &xs, &low, &high).fill_color(colour.gamma_multiply(0.14));
                plot.add(band.allow_hover(false).id(&name));
            }
            let mean: PlotPoints<'_> = points.iter().map(|[at, mean, _]| [*at, *mean]).collect();
            plot.line(Line::new(name.clone(), mean).id(&name).color(colour).width(2.0));
        }
    });
}

/// Pairs of one target layer share its hue; deeper source layers are fainter.
fn shade(colour: Color32, source_layer: usize) -> Color32 {
    colour.gamma_multiply((1.0 - 0.22 * source_layer as f32).max(0.35))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_called_and_coloured_by_what_sets_them_apart() {
        let config = |changes: &[&str]| {
            let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
            Config::preset("demo", &changes).unwrap()
        };
        let present = config(&[]);
        let earlier = [config(&["method.name=scratch"]), config(&["data.per_class=5", "seed=2"]), present.clone()];
        let runs: Vec<_> = earlier.iter().map(|config| (config, run_label(config, &present))).collect();
        let labels: Vec<&str> = runs.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["scratch, seed 0", "l2t-ww, seed 2, data.per_class=5", "l2t-ww, seed 0"]);
        assert_eq!(coloured_as(&runs), ["scratch", "l2t-ww, seed 2, data.per_class=5", "l2t-ww"]);
    }
}
