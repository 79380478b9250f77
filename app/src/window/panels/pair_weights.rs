//! λ of every pair over time (Figure 4 of the paper), as the report has it: a plot for each source layer, in it a line for each
//! target layer.

use std::collections::BTreeSet;

use eframe::egui::{Button, Color32, Id, Label, RichText, ScrollArea, Sense, TextStyle, Ui, Vec2, vec2};
use egui_plot::{FilledArea, PlotUi};

use super::charts::{empty_chart, line, plot};
use super::empty::no_pairs;
use crate::window::paint::{palette, theme};
use crate::window::run::facts::Experiment;
use crate::window::run::view_state::ViewState;
use crate::window::shell::intent::Intents;
use crate::window::shell::state::State;

/// The smallest plot that can be read.
const LEAST: Vec2 = vec2(168.0, 96.0);

/// Draws the tab.
pub fn show(ui: &mut Ui, state: &State, experiment: &Experiment) -> Intents {
    if experiment.pairs.is_empty() {
        return no_pairs(ui, experiment);
    }
    let layers: BTreeSet<(usize, usize)> =
        experiment.pairs.iter().map(|pair| (pair.source, pair.source_layer)).collect();
    let hidden = legend(ui, experiment);
    let (count, gap) = (layers.len() as f32, ui.spacing().item_spacing);
    let title = ui.text_style_height(&TextStyle::Small) + gap.y;
    let room = vec2((ui.available_width() - (count - 1.0) * gap.x) / count, ui.available_height() - title);
    let plots = ScrollArea::both().id_salt("λ over time").show(ui, |ui| {
        ui.horizontal_top(|ui| {
            for from in layers {
                ui.vertical(|ui| of_source_layer(ui, state, experiment, (from, room.max(LEAST)), &hidden));
            }
        });
    });
    if state.run.pair_weights.is_empty() {
        let text = "How strongly every pair of layers is matched, λ, will stand here: one line a pair.";
        empty_chart(ui, &state.run, plots.inner_rect, text);
    }
    vec![]
}

/// The target layers with their colours. One that is pressed goes, or comes back; those that are gone.
fn legend(ui: &mut Ui, experiment: &Experiment) -> BTreeSet<usize> {
    let id = ui.scope_id().with("hidden target layers");
    let mut hidden: BTreeSet<usize> = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let used: BTreeSet<usize> = experiment.pairs.iter().map(|pair| pair.target_layer).collect();
    // One row, as low as fingers can do with, that is pushed to and fro where it does not fit.
    let entries = |ui: &mut Ui| {
        let spacing = ui.spacing_mut();
        spacing.item_spacing.x = theme::STEP;
        (spacing.interact_size.y, spacing.button_padding) = (6.0 * theme::STEP, Vec2::splat(theme::STEP));
        for layer in used {
            let (swatch, _) = ui.allocate_exact_size(vec2(16.0, 3.0), Sense::hover());
            ui.painter().rect_filled(swatch, 1.0, palette::target(layer, ui.visuals()));
            let (name, shown) = (format!("to {}", experiment.target.layers[layer].label), !hidden.contains(&layer));
            let text = RichText::new(name).size(theme::SMALL);
            let text = if shown { text } else { text.strikethrough().weak() };
            let about = if shown { "hide its lines" } else { "show its lines" };
            let pressed = ui.add(Button::selectable(false, text)).on_hover_text(about).clicked();
            if pressed && !hidden.remove(&layer) {
                hidden.insert(layer);
            }
        }
    };
    ScrollArea::horizontal().id_salt("legend").show(ui, |ui| ui.horizontal(entries));
    ui.data_mut(|data| data.insert_temp(id, hidden.clone()));
    hidden
}

fn of_source_layer(
    ui: &mut Ui,
    state: &State,
    experiment: &Experiment,
    ((source, layer), size): ((usize, usize), Vec2),
    hidden: &BTreeSet<usize>,
) {
    let network = &experiment.sources[source];
    let of = if experiment.sources.len() > 1 { format!("{} ", network.name) } else { String::new() };
    let name = format!("from {of}{}", network.layers[layer].label);
    ui.add(Label::new(RichText::new(&name).size(theme::SMALL)).extend());
    let plot = plot(ui, state, &name, if (source, layer) == (0, 0) { "mean λ" } else { "" });
    let ends = state.run.pair_weights.iter().flat_map(|point| &point.pairs).map(|pair| pair.mean + pair.std);
    let plot = plot.include_y(ends.fold(2.0, f64::max)).width(size.x).height(size.y);
    let visuals = ui.visuals().clone();
    plot.link_axis(Id::unique("λ over time"), true).show(ui, |plot| {
        for (nth, pair) in experiment.pairs.iter().enumerate() {
            if (pair.source, pair.source_layer) == (source, layer) && !hidden.contains(&pair.target_layer) {
                let line = (experiment.pair_name(pair), palette::target(pair.target_layer, &visuals));
                of_pair(plot, &state.run, nth, line);
            }
        }
    });
}

/// Its mean, and a band of one deviation to either side.
fn of_pair(plot: &mut PlotUi<'_>, state: &ViewState, nth: usize, (name, colour): (String, Color32)) {
    let points: Vec<[f64; 3]> = state
        .pair_weights
        .iter()
        .filter_map(|point| point.pairs.get(nth).map(|pair| [point.at, pair.mean, pair.std]))
        .collect();
    let xs: Vec<f64> = points.iter().map(|[at, ..]| *at).collect();
    if xs.len() > 1 && points.iter().any(|[.., std]| *std > 0.0) {
        let low: Vec<f64> = points.iter().map(|[_, mean, std]| (mean - std).max(0.0)).collect();
        let high: Vec<f64> = points.iter().map(|[_, mean, std]| mean + std).collect();
        let band = FilledArea::new(name.clone(), &xs, &low, &high).fill_color(colour.gamma_multiply(0.14));
        plot.add(band.allow_hover(false));
    }
    plot.line(line(name, points.iter().map(|[at, mean, _]| [*at, *mean]).collect(), colour));
}
