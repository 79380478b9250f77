//! The row of buttons at the top, and how far the run is.

use eframe::egui::{self, Button, ProgressBar, RichText, Ui};
use l2t_core::experiment::Pace;

use super::app::App;
use super::hidden::Part;
use super::tab::Tab;
use super::view_state::{Stage, ViewState};
use crate::words;

impl App {
    pub(super) fn toolbar(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            let able = self.state.can_go_on();
            let running = self.running();
            let train = if running { "Pause" } else { "Train" };
            let train = Button::new(RichText::new(train).strong()).min_size(egui::vec2(92.0, 28.0));
            if ui.add_enabled(able, train).on_hover_text("Space").clicked() {
                self.toggle();
            }
            if self.shows(Part::Steps) {
                let step = ui.add_enabled(able, Button::new("Step")).on_hover_text("one step of Algorithm 1 (S)");
                if step.clicked() {
                    self.selection.tab = Tab::Steps;
                    self.pace(Pace::Step);
                }
                let iteration = ui.add_enabled(able, Button::new("Step iteration"));
                if iteration.on_hover_text("all steps of one iteration (I)").clicked() {
                    self.pace(Pace::Iteration);
                }
            }
            if ui.button("Reset").on_hover_text("a new run, with the experiment as it is on the left (R)").clicked() {
                self.start_anew();
            }
            ui.separator();
            self.progress(ui);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("?").on_hover_text("keyboard shortcuts and the tour").clicked() {
                    self.help.toggle();
                }
                self.theme_button(ui);
            });
        });
    }

    fn theme_button(&mut self, ui: &mut Ui) {
        let dark = ui.visuals().dark_mode;
        let (text, theme) = if dark { ("light", egui::Theme::Light) } else { ("dark", egui::Theme::Dark) };
        if ui.button(text).on_hover_text("the other theme").clicked() {
            self.dark = Some(!dark);
            ui.ctx().set_theme(theme);
        }
    }

    fn progress(&self, ui: &mut Ui) {
        let state = &self.state;
        let progress = state.progress;
        let (share, text) = match (&state.stage, state.compiling, state.testing) {
            (Stage::Opening, ..) => {
                return drop(ui.horizontal(|ui| (ui.spinner(), ui.label("drawing images, building networks"))));
            }
            (Stage::Failed(_), ..) => return drop(ui.colored_label(ui.visuals().error_fg_color, "stopped")),
            (_, Some(compiling), _) => (
                compiling.done as f64 / compiling.of as f64,
                format!(
                    "compiling {} of {}: {}, {} kernels",
                    compiling.done,
                    compiling.of,
                    compiling.phase.name(),
                    state.kernels.unwrap_or_default()
                ),
            ),
            (_, _, Some((done, of))) => (done as f64 / of as f64, format!("{done} of {of} test images")),
            (Stage::Finished, ..) => (1.0, finished_words(state)),
            _ => (progress.at() / progress.epochs.max(1) as f64, progress_words(state)),
        };
        ui.add(ProgressBar::new(share as f32).desired_width(330.0).text(text));
    }
}

fn progress_words(state: &ViewState) -> String {
    let progress = state.progress;
    let mut words = progress.epoch_words();
    if progress.done > 0 {
        words += &format!(" · {} of {}", progress.done, progress.of);
    }
    if let Some(secs) = state.iteration_secs() {
        words += &if secs < 1.0 { format!(" · {:.1} it/s", 1.0 / secs) } else { format!(" · {secs:.1} s/it") };
    }
    if let Some(secs) = state.secs_left() {
        words += &format!(" · {} left", words::duration(secs));
    }
    words
}

pub(super) fn finished_words(state: &ViewState) -> String {
    let test = state.summary.as_ref().and_then(|summary| summary.test_accuracy);
    test.map_or_else(|| "done".into(), |share| format!("done: {} of the test images right", words::accuracy(share)))
}
