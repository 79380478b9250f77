//! The left side: the experiment, the device, files.

use eframe::egui::{Context, ScrollArea, Ui};

use super::app::App;
use super::conduct::Wanted;
use super::files::{Abilities, Wish};
use super::hidden::Part;
use super::seam::Given;
use super::view_state::Stage;
use super::{experiment_panel, files};
use crate::words;

impl App {
    pub(super) fn left_side(&mut self, ui: &mut Ui) {
        ScrollArea::vertical().show(ui, |ui| {
            ui.heading("Experiment");
            let paths = self.host.kept_runs().is_none();
            experiment_panel::show(ui, &mut self.draft, &mut self.preset, &self.hidden, paths);
            self.changed(ui);
            ui.separator();
            self.device(ui);
            if self.shows(Part::Files) {
                ui.separator();
                let command = files::command_line(&self.draft, &self.preset);
                let abilities = Abilities { kept: self.host.kept_runs(), last: self.host.last_run() };
                let wanted = self.files.show(ui, &command, &abilities);
                self.file_wish(ui.ctx(), wanted);
            }
        });
    }

    /// Says that the run is not what the controls say, and offers a new one.
    fn changed(&mut self, ui: &mut Ui) {
        let same = self.state.experiment.as_ref().is_none_or(|experiment| experiment.config == self.draft);
        if same && !matches!(self.state.stage, Stage::Failed(_)) {
            return;
        }
        if !same {
            ui.label("These changes need a new run; the present one stays on the charts.");
        }
        if ui.button("Start a new run with these").clicked() {
            self.start_anew();
        }
    }

    /// Has its lines from the first frame on: what is below does not move away from under the pointer.
    fn device(&self, ui: &mut Ui) {
        let Some(device) = &self.state.device else {
            ui.weak(if self.state.stage == Stage::Opening { "Opening the device…" } else { "No device" });
            return;
        };
        let division = self.state.experiment.as_ref().map_or("", |experiment| &experiment.division);
        let about = [&device.reason[..], division].join("\n");
        ui.label(format!("Runs on {}", device.name)).on_hover_text(about.trim_end());
        if device.gpu {
            let (bytes, kernels) = (self.state.memory.unwrap_or(0), self.state.kernels.unwrap_or(0));
            ui.label(format!("{} in use, {kernels} kernels compiled", words::size(bytes)));
        }
        if device.software {
            ui.colored_label(
                ui.visuals().warn_fg_color,
                "This is a software driver, many times slower than the CPU: choose the CPU as device, or install the \
                 driver of your graphics card.",
            );
        }
    }

    fn file_wish(&mut self, context: &Context, wish: Option<Wish>) {
        let Some(session) = &self.session else { return };
        match wish {
            None => {}
            Some(Wish::Write(output, place)) => {
                session.want(Wanted { outputs: vec![(output, place)], ..Wanted::default() });
            }
            Some(Wish::Open(path)) => self.take(vec![Given::Path(path)]),
            Some(Wish::ChooseFile) => self.host.choose_file(self.wake.clone()),
            Some(Wish::ChooseFolder) => self.host.choose_folder(self.wake.clone()),
            Some(Wish::Copy(text)) => context.copy_text(text),
            Some(Wish::CopyLink(hidden)) => {
                let page = self.host.page().unwrap_or_else(|| self.page.clone());
                context.copy_text(format!("{page}#{}", self.link(hidden).hash()));
            }
            Some(Wish::KeepHere(name)) => self.host.keep_here(session, &name),
            Some(Wish::OpenKept(name)) => self.host.open_kept(&name),
            Some(Wish::Forget(name)) => self.host.forget(&name),
        }
    }
}
