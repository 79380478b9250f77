//! Live plots: losses, accuracies of several runs on one chart, and what all of them share.

use eframe::egui::{Align, Color32, Frame, Layout, Rect, TextStyle, Ui, UiBuilder, Visuals, vec2};
use egui_plot::{ColorConflictHandling, GridInput, Legend, Line, LineStyle, Plot, uniform_grid_spacer};
use l2t_core::experiment::{Config, EpochRecord};

use super::pair_weights;
use crate::window::paint::palette;
use crate::window::paint::theme::FINGER;
use crate::window::run::facts::Experiment;
use crate::window::run::results::Run;
use crate::window::run::view_state::{Stage, ViewState};
use crate::window::shell::hidden::Part;
use crate::window::shell::intent::Intents;
use crate::window::shell::state::State;
use crate::window::shell::tab::{Row, Tab};
use crate::words::minus;

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
        let plot = plot(ui, state, "Accuracy", "accuracy in %").include_y(100.0);
        accuracy(ui, plot.legend(legend()), state);
        vec![]
    }),
    row(Chart::Losses, "losses", "Losses", |ui, state, _| {
        let plot = plot(ui, state, "Losses", "loss").include_y(1.0);
        losses(ui, plot.legend(legend()), &state.run);
        vec![]
    }),
    row(Chart::PairWeights, "lambda", "λ over time", pair_weights::show),
];

const fn row(
    chart: Chart,
    key: &'static str,
    name: &'static str,
    show: fn(&mut Ui, &State, &Experiment) -> Intents,
) -> Row {
    Row { tab: Tab::Chart(chart), key, name, part: Part::Charts, show }
}

/// Below this height there is no room for what the upright axis shows.
const LOW: f32 = 140.0;

/// A chart of the epochs, with room for the whole run from its beginning, so that an empty one says what it will show.
pub(super) fn plot<'a>(ui: &Ui, state: &State, name: &str, upright: &str) -> Plot<'a> {
    let plot = Plot::new(name).x_axis_label("epochs").include_x(0.0).y_grid_spacer(uniform_grid_spacer(steps));
    let plot = plot.x_grid_spacer(uniform_grid_spacer(|axis| steps(axis).map(|step| step.max(1.0))));
    // egui's own writer rounds to the power of ten below the step.
    let plot = plot.y_axis_formatter(|mark, _| minus(format!("{}", (mark.value * 1e6).round() / 1e6)));
    let plot = plot.y_axis_label(if ui.available_height() < LOW { "" } else { upright });
    let plot = plot.grid_color(ui.visuals().widgets.noninteractive.bg_stroke.color);
    plot.include_x(state.run.progress.epochs as f64).include_y(0.0)
}

/// Lines on an axis at a power of ten that there is room for, at twice or five times it, and at the next power: powers
/// alone leave a low chart with two numbers.
fn steps(axis: GridInput) -> [f64; 3] {
    // An axis without length has no steps.
    let power = 10_f64.powf(axis.base_step_size.clamp(1e-12, 1e12).log10().ceil());
    // A number takes more room than a line.
    let some = if power < 1.4 * axis.base_step_size { 5.0 } else { 2.0 };
    [power, some * power, 10.0 * power]
}

fn legend() -> Legend {
    Legend::default().text_style(TextStyle::Small).color_conflict_handling(ColorConflictHandling::PickLast)
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
pub(super) fn empty_chart(ui: &mut Ui, state: &ViewState, rect: Rect, text: &str) {
    let place = Rect::from_center_size(rect.center(), vec2((rect.width() - 24.0).min(440.0), 64.0));
    ui.scope_builder(UiBuilder::new().max_rect(place).layout(Layout::top_down(Align::Center)), |ui| {
        let frame = Frame::new().fill(ui.visuals().extreme_bg_color).inner_margin(8.0);
        // Where fingers press there are no keys.
        let how = match (&state.stage, ui.spacing().interact_size.y < FINGER) {
            (Stage::Training, _) => "",
            (_, true) => " Press Train, or the space bar.",
            (_, false) => " Press Train.",
        };
        frame.show(ui, |ui| ui.label(format!("{text}{how}")));
    });
}

/// Across the dot that stands for a line of one point.
const DOT: f32 = 7.0;

/// A line through `points`.
pub(super) fn line<'a>(name: impl Into<String>, points: Vec<[f64; 2]>, colour: Color32) -> Line<'a> {
    let width = if points.len() > 1 { 2.0 } else { DOT };
    Line::new(name, points).color(colour).width(width)
}

fn losses(ui: &mut Ui, plot: Plot<'_>, state: &ViewState) {
    let colours = palette::series(&["loss".into(), "matching".into()], ui.visuals());
    let task: Vec<[f64; 2]> = state.losses.iter().map(|point| [point.at, point.task]).collect();
    let matching: Vec<[f64; 2]> = state.losses.iter().filter_map(|p| p.matching.map(|loss| [p.at, loss])).collect();
    let lines = [("L_org", task, colours[0]), ("β L_wfm", matching, colours[1])].into_iter();
    let lines = lines.filter(|(_, points, _)| !points.is_empty());
    let lines = lines.map(|(name, points, colour)| line(name, points, colour)).collect();
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

/// A run in the legend: its number in the table, and as much of what it is called as leaves the chart room.
fn in_legend(nth: usize, label: &str) -> String {
    const MOST: usize = 36;
    let cut = label.char_indices().nth(MOST).map_or(label.to_owned(), |(end, _)| format!("{}…", &label[..end]));
    format!("{} · {cut}", nth + 1)
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
        let name = in_legend(run.nth, &label);
        lines.push(line(format!("{name}: validation"), validation, colour));
        let faint = line(format!("{name}: training"), training, colour.gamma_multiply(0.6));
        lines.push(if epochs.len() > 1 { faint.style(LineStyle::dashed_loose()).width(1.5) } else { faint });
    }
    draw(
        ui,
        &state.run,
        plot,
        lines,
        "The share of images that the target names rightly will rise here, epoch by epoch.",
    );
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
        assert_eq!(in_legend(0, labels[0]), "1 · scratch, seed 0");
        assert_eq!(in_legend(8, &"λ".repeat(37)), format!("9 · {}…", "λ".repeat(36)), "letters, not bytes");
    }
}
