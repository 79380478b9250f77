//! About this device: what a run is trained on, and how long a GPU's kernels take.

use eframe::egui::{Align2, Button, Context, Grid, ProgressBar, ScrollArea, Ui, Window, vec2};

use super::help::Help;
use crate::window::run::view_state::{Stage, ViewState};
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;

/// Draws it where it is open.
pub fn show(context: &Context, state: &State) -> Intents {
    let mut intents = Intents::new();
    let Some(device) = state.run.device.as_ref().filter(|_| state.help.device) else { return intents };
    let mut open = true;
    let window = Window::new("About this device").open(&mut open).collapsible(false).default_width(640.0);
    window.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(context, |ui| {
        ui.strong(&device.name);
        ui.label(&device.reason);
        ui.separator();
        if device.gpu {
            intents.extend(kernels(ui, &state.run));
        } else {
            ui.label("There is nothing to time: only a GPU has kernels that are chosen between.");
        }
    });
    if !open {
        intents.push(Intent::Help(Help { device: false, ..state.help }));
    }
    intents
}

/// The button, how far it is, and what it came to.
fn kernels(ui: &mut Ui, run: &ViewState) -> Intents {
    let mut intents = Intents::new();
    ui.label(
        "How fast are its kernels? Each kind is timed on the shapes of the networks here, beside a plain matrix product. \
         That takes about two minutes, in which training waits.",
    );
    if let Some((done, of)) = run.timing {
        ui.add(ProgressBar::new(done as f32 / of.max(1) as f32).text(format!("{done} of {of} products")));
    } else {
        let answers = run.experiment.is_some() && !matches!(run.stage, Stage::Failed(_));
        if ui.add_enabled(answers, Button::new("Time its kernels")).clicked() {
            intents.push(Intent::TimeKernels);
        }
    }
    match &run.timed {
        None => {}
        Some(Err(reason)) => drop(ui.colored_label(ui.visuals().warn_fg_color, reason)),
        Some(Ok(times)) => {
            ui.horizontal_wrapped(|ui| {
                for (name, copied) in [("Copy as text", &times.text), ("Copy as JSON", &times.json)] {
                    if ui.button(name).on_hover_text("small enough to send with a report of an issue").clicked() {
                        intents.push(Intent::Copy(copied.clone()));
                    }
                }
            });
            ScrollArea::both().max_height(320.0).show(ui, |ui| table(ui, &times.text));
        }
    }
    intents
}

/// The report's lines; those of its table, whose columns stand two spaces apart, in a grid: letters here are of several widths.
fn table(ui: &mut Ui, text: &str) {
    let columns =
        |line: &str| line.split("  ").map(str::trim).filter(|column| !column.is_empty()).map(str::to_owned).collect();
    let lines: Vec<Vec<String>> = text.lines().map(columns).collect();
    let (rows, alone): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.len() > 2);
    alone.iter().filter(|line| !line.is_empty()).for_each(|line| drop(ui.label(line.join("  "))));
    Grid::new("kernels").striped(true).show(ui, |ui| {
        for row in rows {
            row.into_iter().for_each(|column| drop(ui.label(column)));
            ui.end_row();
        }
    });
}
