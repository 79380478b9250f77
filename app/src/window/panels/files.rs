//! Files of a run: kept, opened, exported; the experiment as a command line and as a link.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eframe::egui::{Button, CollapsingHeader, TextEdit, Ui};

use super::button::button;
use crate::window::run::order::Output;
use crate::window::seam::KeptRun;
use crate::window::shell::command::command_line;
use crate::window::shell::hidden::Part;
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;
use crate::words;

/// What stands in the fields about files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesForm {
    path: String,
    name: String,
    hide: BTreeSet<Part>,
}

impl Default for FilesForm {
    fn default() -> Self {
        Self { path: String::new(), name: "my run".into(), hide: BTreeSet::new() }
    }
}

/// Draws the part of the window that is about files.
pub fn show(ui: &mut Ui, state: &State) -> Intents {
    let (mut intents, mut form) = (Intents::new(), state.form.clone());
    CollapsingHeader::new("Files").default_open(true).show(ui, |ui| {
        intents.extend(match &state.abilities.kept {
            None => on_disk(ui, &mut form, state.abilities.last.as_deref()),
            Some(kept) => in_browser(ui, &mut form, kept),
        });
        ui.horizontal_wrapped(|ui| {
            if ui.button("Copy as command line").on_hover_text("this experiment for a terminal").clicked() {
                intents.push(Intent::Copy(command_line(&state.preset, &state.changes())));
            }
            let about = "this experiment and what you look at, for a browser: the same link gives the same run";
            intents.extend(button(ui, "Copy link", about, Intent::CopyLink(form.hide.clone())));
        });
        choose_hidden(ui, &mut form.hide);
    });
    if form != state.form {
        intents.push(Intent::Form(form));
    }
    intents
}

fn on_disk(ui: &mut Ui, form: &mut FilesForm, last: Option<&Path>) -> Intents {
    let mut intents = Intents::new();
    let label = ui.label("folder or file");
    let field = TextEdit::singleline(&mut form.path).desired_width(f32::INFINITY).hint_text("path");
    ui.add(field).labelled_by(label.id);
    let given = PathBuf::from(form.path.trim());
    let is_named = !form.path.trim().is_empty();
    ui.horizontal_wrapped(|ui| {
        intents.extend(open_file(ui));
        let about = "pictures, one folder a class, or a kept run";
        intents.extend(button(ui, "Open folder…", about, Intent::ChooseFolder));
        let about = "the newest run up to its last epoch, also if the program ended without warning";
        intents.extend(last.and_then(|last| button(ui, "Open last run", about, Intent::Open(last.to_owned()))));
    });
    ui.horizontal_wrapped(|ui| {
        let mut named = |text: &str, about: &str, make: &dyn Fn(PathBuf) -> Intent| {
            let button = ui.add_enabled(is_named, Button::new(text)).on_hover_text(about);
            if button.on_disabled_hover_text("name a folder or file first").clicked() {
                intents.push(make(given.clone()));
            }
        };
        let write = |output| move |place| Intent::Write(output, place);
        named("Keep run", "keep this run in that new folder from now on", &write(Output::Folder));
        named("Open", "a kept run, a folder or zip of pictures, or weights", &Intent::Open);
        named("Export run", "write the run as it stands into that .zip, which a page opens, too", &write(Output::Run));
        named(
            "Export charts",
            "write charts as PNG and SVG and their numbers as CSV into that folder",
            &write(Output::Charts),
        );
        named("Export weights", "write the target's weights to that .safetensors file", &write(Output::Weights));
    });
    ui.weak("Dropping a file on the window opens it, too.");
    intents
}

fn in_browser(ui: &mut Ui, form: &mut FilesForm, kept: &[KeptRun]) -> Intents {
    let mut intents = Intents::new();
    ui.horizontal_wrapped(|ui| {
        intents.extend(open_file(ui));
        for (text, about, output, name) in [
            ("Export run", "a .zip that the program for the desktop opens, too", Output::Run, "l2t-run.zip"),
            ("Export charts", "charts as SVG and their numbers as CSV in a .zip", Output::Charts, "l2t-charts"),
            ("Export weights", "the target's weights", Output::Weights, "target.safetensors"),
        ] {
            intents.extend(button(ui, text, about, Intent::Write(output, name.into())));
        }
    });
    ui.horizontal(|ui| {
        let label = ui.label("name");
        ui.add(TextEdit::singleline(&mut form.name).desired_width(90.0)).labelled_by(label.id);
        let about = "this browser keeps the run under that name, from now on";
        if ui.button("Keep here").on_hover_text(about).clicked() && !form.name.trim().is_empty() {
            intents.push(Intent::KeepHere(form.name.trim().to_owned()));
        }
    });
    for run in kept {
        ui.horizontal(|ui| {
            if ui.small_button(format!("Open {}", run.name)).clicked() {
                intents.push(Intent::OpenKept(run.name.clone()));
            }
            if ui.small_button("x").on_hover_text(format!("take {} out of this browser", run.name)).clicked() {
                intents.push(Intent::Forget(run.name.clone()));
            }
            ui.weak(words::size(run.bytes));
        });
    }
    ui.weak("Dropping a file on the page opens it, too. Nothing leaves this machine.");
    intents
}

fn open_file(ui: &mut Ui) -> Option<Intent> {
    button(ui, "Open file…", "a zip of pictures or of a run, or weights", Intent::ChooseFile)
}

fn choose_hidden(ui: &mut Ui, hide: &mut BTreeSet<Part>) {
    let about = "for a class: who opens the link does not see these";
    let shown = CollapsingHeader::new("Hide in the link").show(ui, |ui| {
        for (part, _, what) in Part::ALL {
            let mut hidden = hide.contains(&part);
            if ui.checkbox(&mut hidden, what).changed() {
                if hidden {
                    hide.insert(part)
                } else {
                    hide.remove(&part)
                };
            }
        }
    });
    shown.header_response.on_hover_text(about);
}
