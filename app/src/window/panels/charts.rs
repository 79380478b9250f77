//! Live plots: losses, accuracies, λ of every pair (Figure 4 of the paper), several runs on one chart.

use eframe::egui::{Align, Color32, Frame, Layout, Rect, TextStyle, Ui, UiBuilder, Visuals, vec2};
use egui_plot::{ColorConflictHandling, FilledArea, Legend, Line, LineStyle, Plot, PlotPoints};
use l2t_core::experiment::{Config, EpochRecord};

use crate::window::paint::palette;
use crate::window::run::facts::Experiment;
use crate::window::run::results::Run;
use crate::window::run::view_state::{Stage, ViewState};
use crate::window::shell::hidden::Part;
use crate::window::shell::intent::Intents;
use crate::window::shell::state::State;
use crate::window::shell::tab::{Row, Tab};

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

/// The tabs of the charts. A new chart is a variant, a row, and what draws it below.
pub const ROWS: [Row; 3] = [
    row(Chart::Accuracy, "accuracy", "Accuracy", |ui, state, _| {
        let plot = plot(ui, state, "Accuracy", 1.0).y_axis_label("accuracy in %").include_y(100.0);
        accuracy(ui, plot, state);
        vec![]
    }),
    row(Chart::Losses, "losses", "Losses", |ui, state, _| {
        losses(ui, plot(ui, state, "Losses", 1.0).y_axis_label("loss").include_y(1.0), &state.run);
        vec![]
    }),
    row(Chart::PairWeights, "lambda", "λ over time", |ui, state, experiment| {
        let plot = plot(ui, state, "λ over time", ROOM).y_axis_label("λ").include_y(2.0);
        pair_weights(ui, plot, &state.run, experiment);
        vec![]
    }),
];

const fn row(
    chart: Chart,
    key: &'static str,
    name: &'static str,
    show: fn(&mut Ui, &State, &Experiment) -> Intents,
) -> Row {
    Row { tab: Tab::Chart(chart), key, name, part: Part::Charts, show }
}

/// How much longer than the run an axis is whose legend has a line for every pair.
const ROOM: f64 = 1.3;

/// A chart of the epochs, with `room` for the whole run from its beginning, so that an empty one says what it will show.
fn plot<'a>(ui: &Ui, state: &State, name: &str, room: f64) -> Plot<'a> {
    let legend =
        Legend::default().text_style(TextStyle::Small).color_conflict_handling(ColorConflictHandling::PickLast);
    let plot = Plot::new(name).legend(legend).x_axis_label("epochs").include_x(0.0);
    let plot = plot.grid_color(ui.visuals().widgets.noninteractive.bg_stroke.color);
    plot.include_x(room * state.run.progress.epochs as f64).include_y(0.0)
}

/// Draws `lines`, or where there are none yet, says what will stand there.
fn draw(ui: &mut Ui, state: &ViewState, plot: Plot<'_>, lines: Vec<Line<'_>>, empty: &str) {
    let none = lines.is_empty();
    let shown = plot.show(ui, |plot| lines.into_iter().for_each(|line| plot.line(line)));
    if none {
        empty_chart(ui, state, shown.response.rect, empty);
    }
}

/// What a chart will show, in its middle.
fn empty_chart(ui: &mut Ui, state: &ViewState, rect: Rect, text: &str) {
    let place = Rect::from_center_size(rect.center(), vec2((rect.width() - 24.0).min(440.0), 64.0));
    ui.scope_builder(UiBuilder::new().max_rect(place).layout(Layout::top_down(Align::Center)), |ui| {
        let frame = Frame::new().fill(ui.visuals().extreme_bg_color).inner_margin(8.0);
        let how = if state.stage == Stage::Training { "" } else { " Press Train, or the space bar." };
        frame.show(ui, |ui| ui.label(format!("{text}{how}")));
    });
}

fn losses(ui: &mut Ui, plot: Plot<'_>, state: &ViewState) {
    let colours = palette::series(&["loss".into(), "matching".into()], ui.visuals());
    let task: Vec<[f64; 2]> = state.losses.iter().map(|point| [point.at, point.task]).collect();
    let matching: Vec<[f64; 2]> = state.losses.iter().filter_map(|p| p.matching.map(|loss| [p.at, loss])).collect();
    let lines = [("L_org", task, colours[0]), ("β L_wfm", matching, colours[1])].into_iter();
    let lines = lines.filter(|(_, points, _)| !points.is_empty());
    let lines = lines.map(|(name, points, colour)| Line::new(name, points).color(colour).width(2.0)).collect();
    draw(
        ui,
        state,
        plot,
        lines,
        "The loss of the task, L_org, and of the matching will fall here while the target learns.",
    );
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

/// Every run that is not hidden, with what it is called and its colour, the present one last.
fn coloured<'s>(state: &'s State, visuals: &Visuals) -> Vec<(Run<'s>, String, Color32)> {
    let runs = state.runs();
    let present = state.run.experiment.as_ref().map_or(&state.draft, |experiment| &experiment.config);
    let labelled: Vec<(&Config, String)> =
        runs.iter().map(|run| (run.config, run_label(run.config, present))).collect();
    let colours = palette::series(&coloured_as(&labelled), visuals);
    let labels = labelled.into_iter().map(|(_, label)| label);
    runs.into_iter().zip(labels).zip(colours).map(|((run, label), colour)| (run, label, colour)).collect()
}

/// What the `nth` run is called, and its colour.
pub fn look_of(state: &State, nth: usize, visuals: &Visuals) -> (String, Color32) {
    let found = coloured(state, visuals).into_iter().find(|(run, ..)| run.nth == nth);
    found.map_or_else(|| (String::new(), visuals.text_color()), |(_, label, colour)| (label, colour))
}

fn accuracy(ui: &mut Ui, plot: Plot<'_>, state: &State) {
    let mut lines = vec![];
    let shown = coloured(state, ui.visuals()).into_iter().filter(|(run, ..)| !state.table.hidden.contains(&run.nth));
    for (run, label, colour) in shown {
        let epochs = &run.history.epochs;
        let percent = |record: &EpochRecord, share: f64| [record.epoch as f64, 100.0 * share];
        let validation: Vec<[f64; 2]> =
            epochs.iter().filter_map(|record| Some(percent(record, record.validation_accuracy?))).collect();
        let training: Vec<[f64; 2]> = epochs.iter().map(|record| percent(record, record.train_accuracy)).collect();
        lines.push(Line::new(format!("{label}: validation"), validation).color(colour).width(2.0));
        let faint = colour.gamma_multiply(0.6);
        lines.push(Line::new(format!("{label}: training"), training).color(faint).style(LineStyle::dashed_loose()));
    }
    draw(
        ui,
        &state.run,
        plot,
        lines,
        "The share of images that the target names rightly will rise here, epoch by epoch.",
    );
}

fn pair_weights(ui: &mut Ui, plot: Plot<'_>, state: &ViewState, experiment: &Experiment) {
    let dark = ui.visuals().clone();
    let shown = plot.show(ui, |plot| {
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
    if state.pair_weights.is_empty() {
        let text = match experiment.pairs.is_empty() {
            true => {
                "This method matches no layers. With fm or l2t-ww, how strongly each pair is matched will stand here."
            }
            false => "How strongly every pair of layers is matched, λ, will stand here: one line a pair.",
        };
        empty_chart(ui, state, shown.response.rect, text);
    }
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
