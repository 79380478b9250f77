//! What the desktop asks of the window.

use eframe::egui;
use l2t_core::Result;

use super::FrameTimes;
use crate::window::run::view_state::Stage;
use crate::window::shell::app::App;

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let training = self.state().stage == Stage::Training;
        if let Some(times) = &mut self.host.frame_times {
            times.frame(training, frame.info().cpu_usage);
            if training {
                ui.ctx().request_repaint();
            }
        }
        self.show(ui);
    }

    fn on_exit(&mut self) {
        // It saves where it stands, and the program waits for that when the window has gone.
        self.session = None;
        let measured = self.host.frame_times.as_ref().map_or(Ok(()), FrameTimes::write);
        for failed in [self.host.remember(&self.settings()), measured].into_iter().filter_map(Result::err) {
            eprintln!("error: {failed}");
        }
    }
}
