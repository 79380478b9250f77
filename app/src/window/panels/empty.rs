//! What stands where there is nothing to show yet, and what brings it.

use eframe::egui::Ui;

use super::button::button;
use crate::window::run::facts::Experiment;
use crate::window::shell::intent::{Intent, Intents};

/// Nothing is matched, so that there is no pair to look at.
pub fn no_pairs(ui: &mut Ui, experiment: &Experiment) -> Intents {
    let method = experiment.config.method.name.name();
    ui.label(format!("{method} matches no layers: choose fm, l2t-w, l2t-where or l2t-ww to see a matching."));
    vec![]
}

/// A look was asked for and has not come.
pub fn waiting(ui: &mut Ui) {
    ui.weak("waiting for the run to come to the end of a step");
}

/// Offers the next images.
pub fn other_images(ui: &mut Ui) -> Intents {
    let about = "the next images of the same part of the data";
    button(ui, "Other images", about, Intent::OtherImages).into_iter().collect()
}
