//! Buttons that say more on hovering, and what they ask for.

use eframe::egui::{Button, Ui, vec2};

use crate::window::paint::theme::STEP;
use crate::window::shell::intent::Intent;

/// What pressing a button called `name` asks for, once it is pressed.
pub fn button(ui: &mut Ui, name: &str, about: &str, intent: Intent) -> Option<Intent> {
    // As wide as it takes to be hit, however short its name is.
    let button = Button::new(name).min_size(vec2(6.0 * STEP, 0.0));
    ui.add(button).on_hover_text(about).clicked().then_some(intent)
}
