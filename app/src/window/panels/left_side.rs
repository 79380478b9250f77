//! The left side: the experiment, the device, files.

use eframe::egui::{Button, RichText, ScrollArea, Ui};

use super::help::Help;
use super::{files, settings};
use crate::window::paint::spot::{self, Spot};
use crate::window::paint::theme;
use crate::window::run::view_state::Stage;
use crate::window::shell::hidden::Part;
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;
use crate::words;

/// Draws it.
pub fn show(ui: &mut Ui, state: &State) -> Intents {
    let mut intents = Intents::new();
    ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
        ui.heading("Experiment");
        let settings = ui.scope(|ui| settings::show(ui, state));
        spot::mark(ui, Spot::Experiment, settings.response.rect);
        intents.extend(settings.inner);
        intents.extend(changed(ui, state));
        ui.separator();
        intents.extend(device(ui, state));
        if state.shows(Part::Files) {
            ui.separator();
            intents.extend(files::show(ui, state));
        }
    });
    intents
}

/// Says that the run is not what the controls say, and offers a new one.
fn changed(ui: &mut Ui, state: &State) -> Intents {
    let same = state.run.experiment.as_ref().is_none_or(|experiment| experiment.config == state.draft);
    if same && !matches!(state.run.stage, Stage::Failed(_)) {
        return vec![];
    }
    if !same {
        ui.label("These changes need a new run; the present one stays on the charts.");
    }
    let text = RichText::new("Start a new run with these").color(theme::on_accent(ui.visuals()));
    let button = Button::new(text).fill(theme::accent(ui.visuals()));
    if ui.add(button).clicked() { vec![Intent::StartAnew] } else { vec![] }
}

/// Has its lines from the first frame on: what is below does not move away from under the pointer.
fn device(ui: &mut Ui, state: &State) -> Intents {
    let Some(device) = &state.run.device else {
        ui.weak(if state.run.stage == Stage::Opening { "Opening the device…" } else { "No device" });
        return vec![];
    };
    let division = state.run.experiment.as_ref().map_or("", |experiment| &experiment.division);
    let about = [&device.reason[..], division].join("\n");
    ui.label(format!("Runs on {}", device.name)).on_hover_text(about.trim_end());
    if device.gpu {
        let (bytes, kernels) = (state.run.memory.unwrap_or(0), state.run.kernels.unwrap_or(0));
        ui.label(format!("{} in use, {kernels} kernels compiled", words::size(bytes)));
    }
    if device.software {
        ui.colored_label(
            ui.visuals().warn_fg_color,
            "This is a software driver, many times slower than the CPU: choose the CPU as device, or install the \
             driver of your graphics card.",
        );
    }
    let about = device.gpu && ui.button("About this device").clicked();
    if about { vec![Intent::Help(Help { device: true, ..state.help })] } else { vec![] }
}
