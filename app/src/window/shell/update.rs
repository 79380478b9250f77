//! What happens when the user asks for something.

use eframe::egui::{Context, Theme, ViewportCommand};
use l2t_core::experiment::Pace;

use super::app::App;
use super::frame::Changes;
use super::intent::Intent;
use crate::window::panels::help::Help;
use crate::window::run::order::{Opened, Order, Wanted};
use crate::window::run::view_state::Stage;
use crate::window::seam::{Given, Session};

impl App {
    /// Does what the user asked for.
    pub fn update(&mut self, context: &Context, intent: Intent) {
        self.around.changes = Changes::ANY;
        let Some(intent) = self.state.apply(intent) else { return };
        match intent {
            Intent::Toggle => self.pace(if self.running() { Pace::Pause } else { Pace::Run }),
            Intent::Pace(pace) => self.pace(pace),
            Intent::SeeItLearn => self.see_it_learn(),
            Intent::Lesson => {
                // Where there is no lesson beside the window, the tour is one.
                self.state.help = if self.host.lesson() { Help::default() } else { Help::tour() };
            }
            Intent::StartAnew => self.start(None, Pace::Pause, false),
            Intent::Recover => self.recover(),
            Intent::CheckGradient => {
                let seed = self.began.elapsed().subsec_nanos().into();
                self.want(Wanted { check: Some(seed), ..Wanted::default() });
            }
            Intent::TimeKernels => self.want(Wanted { kernels: true, ..Wanted::default() }),
            Intent::Dark(dark) => {
                self.around.dark = Some(dark);
                context.set_theme(if dark { Theme::Dark } else { Theme::Light });
            }
            Intent::SavePicture(part) => self.screen_picture.take(context, part),
            Intent::Copy(text) => context.copy_text(text),
            Intent::CopyLink(hidden) => {
                let page = self.host.page().unwrap_or_else(|| self.around.page.clone());
                context.copy_text(format!("{page}#{}", self.link(hidden).hash()));
            }
            Intent::Close => context.send_viewport_cmd(ViewportCommand::Close),
            about_files => self.files(about_files),
        }
    }

    fn files(&mut self, intent: Intent) {
        match intent {
            Intent::Write(output, place) => self.write(output, &place),
            Intent::Open(path) => self.take(vec![Given::Path(path)]),
            Intent::ChooseFile => self.host.choose_file(self.wake.clone()),
            Intent::ChooseFolder => self.host.choose_folder(self.wake.clone()),
            Intent::KeepHere(name) => {
                if let Some(session) = &self.session {
                    self.host.keep_here(session, &name);
                }
            }
            Intent::OpenKept(name) => self.host.open_kept(&name),
            Intent::Forget(name) => self.host.forget(&name),
            _ => {}
        }
    }

    pub(super) fn want(&self, wanted: Wanted) {
        if let Some(session) = &self.session {
            session.want(wanted);
        }
    }

    /// Whether it runs, or was told to.
    pub(super) fn running(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.pace() == Pace::Run) && self.state.run.can_go_on()
    }

    fn pace(&mut self, pace: Pace) {
        let Some(session) = &self.session else { return };
        if !self.state.run.can_go_on() {
            return;
        }
        session.set_pace(pace);
        if pace != Pace::Pause {
            self.state.run.going_on();
        }
        // What is shown has changed once the run waits again.
        self.looks.asked = None;
    }

    /// Who has chosen nothing sees the demo where λ moves soonest.
    fn see_it_learn(&mut self) {
        self.state.help = Help::tour();
        let untouched = self.state.preset == "demo" && self.state.draft == self.state.base;
        if untouched && self.state.run.progress.at() == 0.0 {
            self.state.begin_from("demo-early");
            return self.start(None, Pace::Run, false);
        }
        match (&self.session, &self.state.run.stage) {
            (Some(session), Stage::Opening) => session.set_pace(Pace::Run),
            _ => self.pace(Pace::Run),
        }
    }

    fn recover(&mut self) {
        if let Some(snapshot) = self.session.as_ref().and_then(Session::snapshot) {
            let snapshot = snapshot.as_ref().clone();
            self.start(Some(Opened { snapshot, folder: None }), Pace::Run, true);
        }
    }

    /// Begins a run; the one before ends, and its epochs stay on the charts. `anew` says that its device was lost.
    pub(super) fn start(&mut self, opened: Option<Opened>, pace: Pace, anew: bool) {
        self.around.changes = Changes::ANY;
        self.hand_over_phi(opened.as_ref());
        self.state.leave_run(!anew);
        // The new one waits until the old one has ended: two would share the device.
        self.session = None;
        self.looks = Default::default();
        if let Some(opened) = &opened {
            self.state.draft = opened.config().clone();
        }
        let order = Order { config: self.state.draft.clone(), inputs: self.inputs.clone(), opened, pace };
        self.session = Some(self.host.start(order, anew, self.wake.clone()));
    }

    /// Keeps φ that is used as it stands: of the run that ends here, or of one that is opened, which has it in itself.
    fn hand_over_phi(&mut self, opened: Option<&Opened>) {
        if let Some(opened) = opened {
            return self.inputs.extend(&opened.snapshot.latest.inputs());
        }
        let Some(name) = self.state.teacher().filter(|name| self.state.draft.method.phi.as_ref() == Some(name)) else {
            return;
        };
        if let Some(snapshot) = self.session.as_ref().and_then(Session::snapshot) {
            self.inputs.insert(name, snapshot.latest.to_bytes());
        }
    }
}
