//! What is where: a function of the state to what the user asks for.

use eframe::egui::{CentralPanel, Panel, Ui, vec2};

use super::hidden::Part;
use super::intent::Intents;
use super::state::State;
use crate::window::paint::theme::{FINGER, STEP};
use crate::window::panels::{centre, help, left_side, toolbar};

/// Below this width the experiment is a sheet over the networks, and what is pressed has room for a finger.
const NARROW: f32 = 840.0;

/// Draws the window.
pub fn show(ui: &mut Ui, state: &State) -> Intents {
    let (narrow, height) = (ui.available_width() < NARROW, ui.available_height());
    if narrow {
        let spacing = ui.spacing_mut();
        spacing.interact_size.y = FINGER;
        spacing.button_padding = vec2(1.5 * STEP, 2.0 * STEP);
    }
    let mut intents = Panel::top("controls").show(ui, |ui| toolbar::show(ui, state, narrow)).inner;
    if state.shows(Part::Left) {
        if !narrow {
            let left = Panel::left("experiment").default_size(324.0).size_range(280.0..=420.0);
            intents.extend(left.show(ui, |ui| left_side::show(ui, state)).inner);
        } else if state.sheet {
            let sheet = Panel::bottom("sheet").exact_size(0.6 * height);
            intents.extend(sheet.show(ui, |ui| left_side::show(ui, state)).inner);
        }
    }
    intents.extend(CentralPanel::default().show(ui, |ui| centre::show(ui, state, narrow)).inner);
    intents.extend(help::show(ui.ctx(), state));
    intents
}
