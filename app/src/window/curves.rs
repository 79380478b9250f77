//! Live plots: losses, accuracies, λ of every pair (Figure 4 of the paper), several runs on one chart.

use eframe::egui::{Color32, Ui};
use egui_plot::{ColorConflictHandling, FilledArea, Legend, Line, LineStyle, Plot, PlotPoints};
use l2t_core::experiment::History;

use super::facts::Experiment;
use super::palette;
use super::view_state::ViewState;

/// A run that is over, to compare with.
#[derive(Debug, Clone)]
pub struct EarlierRun {
    /// Method and seed.
    pub label: String,
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

/// Draws a chart into the space that is left.
pub fn show(ui: &mut Ui, chart: Chart, state: &ViewState, experiment: &Experiment, earlier: &[EarlierRun]) {
    let legend = Legend::default().color_conflict_handling(ColorConflictHandling::PickLast);
    let plot = Plot::new(chart.name()).legend(legend).x_axis_label("epochs").include_x(0.0);
    // Room for the whole run from its beginning, so that an empty chart says what it will show.
    let plot = plot.include_x(state.progress.epochs as f64).include_y(0.0);
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

/// What a run is called on a chart.
pub fn run_label(experiment: &Experiment) -> String {
    let config = &experiment.config;
    format!("{}, seed {}", config.method.name.name(), config.seed)
}

fn accuracy(ui: &mut Ui, plot: Plot<'_>, state: &ViewState, experiment: &Experiment, earlier: &[EarlierRun]) {
    let mut runs: Vec<(String, &History)> = earlier.iter().map(|run| (run.label.clone(), &run.history)).collect();
    runs.push((run_label(experiment), &state.history));
    let methods: Vec<String> = runs.iter().map(|(label, _)| label.split(',').next().unwrap_or("").to_owned()).collect();
    let colours = palette::series(&methods, ui.visuals());
    plot.y_axis_label("accuracy in %").include_y(100.0).show(ui, |plot| {
        for ((label, history), colour) in runs.iter().zip(colours) {
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
            let colour = shade(palette::readable(palette::target(pair.target_layer), &dark), pair.source_layer);
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
