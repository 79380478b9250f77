//! What the user should know.

use eframe::egui::Ui;

use crate::window::run::view_state::Stage;
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;

/// Draws them.
pub fn show(ui: &mut Ui, state: &State) -> Intents {
    let mut intents = Intents::new();
    if let Stage::Failed(reason) = &state.run.stage {
        ui.colored_label(ui.visuals().error_fg_color, format!("The run cannot go on: {reason}"));
        let epochs = state.run.history.epochs.len();
        if state.abilities.recoverable && ui.button(format!("Go on from the end of epoch {epochs}")).clicked() {
            intents.push(Intent::Recover);
        }
    }
    for (nth, notice) in state.run.notices.iter().enumerate() {
        ui.horizontal_wrapped(|ui| {
            if ui.small_button("OK").on_hover_text("take this line away").clicked() {
                intents.push(Intent::Read(nth));
            }
            let ink = if notice.warning { ui.visuals().warn_fg_color } else { ui.visuals().text_color() };
            ui.colored_label(ink, &notice.text);
        });
    }
    intents
}
