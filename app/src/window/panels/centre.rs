//! The networks with their pairs, and below them what the chosen tab shows.

use eframe::egui::{
    Align, Button, CentralPanel, Label, Layout, Panel, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo,
};

use super::button::button;
use super::notices;
use crate::window::paint::network::NetworkPicture;
use crate::window::paint::spot::{self, Spot};
use crate::window::paint::theme::{FINGER, STEP};
use crate::window::run::facts::Experiment;
use crate::window::run::view_state::Stage;
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;
use crate::window::shell::tab::Tab;

/// Draws it; `narrow` says that sheets come and go, so that the networks take their share of what is left.
pub fn show(ui: &mut Ui, state: &State, narrow: bool) -> Intents {
    let mut intents = notices::show(ui, state);
    let Some(experiment) = &state.run.experiment else {
        if !matches!(state.run.stage, Stage::Failed(_)) {
            ui.centered_and_justified(|ui| ui.label("Preparing data and networks…"));
        }
        return intents;
    };
    let whole = ui.max_rect();
    let looked_at = state.selection.tab.shows_pair();
    let picture = NetworkPicture {
        experiment,
        pair_weights: state.run.latest_pairs(),
        chosen: looked_at.then_some(state.selection.pair),
        editing: state.selection.editing.as_deref(),
        seen: state.pictures.layers.as_ref(),
    };
    let height = (ui.available_height() * 0.52).max(220.0);
    // What fingers need, with the row above it; where there is no room for that, the picture is pushed up and down.
    let needed = if narrow { picture.touched_height() } else { 0.0 };
    let touched = height.max(needed + FINGER + 4.0 * STEP).min(0.74 * ui.available_height());
    // Beside an open sheet there is room for one thing.
    let alone = narrow && state.sheet;
    let networks = match narrow {
        true if alone => Panel::top("networks above a sheet").exact_size(ui.available_height()),
        true => Panel::top("networks of a small screen").exact_size(touched),
        false => Panel::top("networks").resizable(true).default_size(height).min_size(160.0),
    };
    networks.show(ui, |ui| {
        above(ui, state, experiment, whole, &mut intents);
        let height = ui.available_height().max(needed);
        let networks = ScrollArea::vertical().id_salt("networks").show(ui, |ui| picture.show(ui, height, narrow));
        spot::mark(ui, Spot::Networks, networks.inner_rect);
        intents.extend(networks.inner);
    });
    if alone {
        return intents;
    }
    CentralPanel::default().show(ui, |ui| {
        // One row that is pushed to and fro where it does not fit, not names that break.
        ScrollArea::horizontal().id_salt("tabs").show(ui, |ui| ui.horizontal(|ui| tabs(ui, state, &mut intents)));
        let below = ui.interact(ui.available_rect_before_wrap(), ui.scope_id().with("below"), Sense::hover());
        below.widget_info(|| WidgetInfo::labeled(Role::Group, true, "below the networks"));
        intents.extend(state.selection.tab.show(ui, state, experiment));
    });
    intents
}

fn tabs(ui: &mut Ui, state: &State, intents: &mut Intents) {
    let (chosen, id) = (state.selection.tab, ui.scope_id().with("tab"));
    // Whoever chose it, all of its name comes on screen.
    let fresh = ui.data(|data| data.get_temp(id)) != Some(chosen);
    for row in Tab::all().filter(|row| state.shows(row.part)) {
        let response = ui.selectable_label(chosen == row.tab, row.name);
        if fresh && chosen == row.tab {
            response.scroll_to_me(None);
        }
        if response.clicked() {
            intents.push(Intent::Tab(row.tab));
        }
    }
    ui.data_mut(|data| data.insert_temp(id, chosen));
}

/// What can be done with the picture, and what its lines mean.
fn above(ui: &mut Ui, state: &State, experiment: &Experiment, whole: Rect, intents: &mut Intents) {
    ui.horizontal(|ui| {
        if !experiment.sources.is_empty() && state.draft.method.name.default_pairs().is_some() {
            let editing = state.selection.editing.is_some();
            let about = "choose the candidate pairs of the next run by pressing them";
            let toggle = Button::selectable(editing, "Edit pairs").frame_when_inactive(true);
            if ui.add(toggle).on_hover_text(about).clicked() {
                intents.push(Intent::EditPairs(!editing));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let about = "the networks and what is shown below them, as a PNG file";
            intents.extend(button(ui, "Save picture", about, Intent::SavePicture(whole)));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| meaning(ui, state));
        });
    });
}

/// Width that the whole explanation of the lines takes.
const ROOM_TO_EXPLAIN: f32 = 440.0;

fn meaning(ui: &mut Ui, state: &State) {
    let text = match &state.selection.editing {
        Some(chosen) => format!("{} pairs; press a handle to take a pair in or leave it out", chosen.len()),
        None if state.run.latest_pairs().is_some() => match ui.available_width() > ROOM_TO_EXPLAIN {
            true => "width and strength of a line: mean λ of the last images read; pale: its deviation".into(),
            false => "a line is as wide as its mean λ".into(),
        },
        None => return,
    };
    ui.add(Label::new(RichText::new(text).small().weak()).truncate());
}
