//! What belongs to the window and not to what is in it: title, place, address, what is remembered.

use std::collections::BTreeSet;
use std::time::Duration;

use eframe::egui::Context;
use web_time::Instant;

use super::app::App;
use super::hidden::Part;
use super::link::Link;
use super::settings::Settings;
use crate::window::panels::toolbar::finished_words;
use crate::window::run::view_state::Stage;

/// Between two times that what changed is remembered.
const REMEMBER_EVERY: Duration = Duration::from_secs(2);

/// What belongs to the window and not to what is in it.
pub(crate) struct Around {
    /// What stands behind the # of the page's address.
    hash: String,
    /// The page that links lead to, where this is a program.
    pub(super) page: String,
    /// Light or dark, where it was chosen.
    pub(super) dark: Option<bool>,
    titled: Option<String>,
    size: [f32; 2],
    position: Option<[f32; 2]>,
    remembered: (Instant, Settings),
    pub(super) changes: Changes,
}

impl Around {
    /// As `settings` remember it.
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            hash: String::new(),
            page: settings.page.clone(),
            dark: settings.dark,
            titled: None,
            size: settings.size,
            position: settings.position,
            remembered: (Instant::now(), settings.clone()),
            changes: Changes::ANY,
        }
    }
}

/// What may have changed since it was last written down: comparing whole experiments takes longer than drawing them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changes {
    address: bool,
    settings: bool,
}

impl Changes {
    /// Anything may have.
    pub(super) const ANY: Self = Self { address: true, settings: true };
}

impl App {
    /// What to remember.
    pub fn settings(&self) -> Settings {
        let mut changes = self.state.changes();
        // What is in memory alone is gone by then.
        if self.state.draft.method.phi.as_ref().is_some_and(|phi| self.inputs.has(phi)) {
            changes.retain(|change| !change.starts_with("method.phi="));
        }
        Settings {
            tour_seen: !self.state.help.welcoming(),
            dark: self.around.dark,
            size: self.around.size,
            position: self.around.position,
            page: self.around.page.clone(),
            preset: self.state.preset.clone(),
            changes,
        }
    }

    /// What is on screen, as a link that takes `hidden` away as well.
    pub fn link(&self, hidden: BTreeSet<Part>) -> Link {
        let selection = &self.state.selection;
        let mut link = Link::to(&self.state.preset, &self.state.draft);
        link.tab = Some(selection.tab);
        link.pair = selection.tab.shows_pair().then_some(selection.pair);
        link.hidden = self.state.hidden.union(&hidden).copied().collect();
        link.device = self.host.asked_for();
        link
    }

    /// The window's title: where the run stands.
    pub fn title(&self) -> String {
        let epoch = self.state.run.progress.epoch_words();
        let stage = match &self.state.run.stage {
            Stage::Opening => "preparing".into(),
            Stage::Waiting => format!("waiting, {epoch}"),
            Stage::Training => format!("training, {epoch}"),
            Stage::Testing => "testing".into(),
            Stage::Finished => finished_words(&self.state.run),
            Stage::Stopped => "stopped".into(),
            Stage::Failed(_) => "failed".into(),
        };
        format!("L2T: {stage}")
    }

    /// What belongs to the window and not to what is in it.
    pub(super) fn frame(&mut self, context: &Context) {
        let title = self.title();
        if self.around.titled.as_ref() != Some(&title) {
            self.host.set_title(context, &title);
            self.around.titled = Some(title);
        }
        let viewport = context.input(|input| input.viewport().clone());
        let size = viewport.inner_rect.map_or(self.around.size, |rect| rect.size().into());
        let position = viewport.outer_rect.map(|rect| [rect.left(), rect.top()]).or(self.around.position);
        if (size, position) != (self.around.size, self.around.position) {
            (self.around.size, self.around.position) = (size, position);
            self.around.changes.settings = true;
        }
        self.address();
        self.remember(context);
    }

    /// Keeps the page's address and what is on screen the same: the link is the state.
    fn address(&mut self) {
        let Some(found) = self.host.hash() else { return };
        if found != self.around.hash && !self.around.hash.is_empty() {
            match Link::read(&found) {
                Ok(link) => self.follow(link),
                Err(error) => self.warn(error.to_string()),
            }
        }
        if found == self.around.hash && !std::mem::take(&mut self.around.changes.address) {
            return;
        }
        let hash = self.link(BTreeSet::new()).hash();
        if hash != self.around.hash || found != self.around.hash {
            self.host.set_hash(&hash);
            // As the browser has it.
            self.around.hash = self.host.hash().unwrap_or(hash);
        }
    }

    /// Remembers what changed now and then, because not every end is announced.
    fn remember(&mut self, context: &Context) {
        if !self.around.changes.settings {
            return;
        }
        let now = self.settings();
        let (when, before) = &self.around.remembered;
        if now == *before {
            self.around.changes.settings = false;
            return;
        }
        if when.elapsed() < REMEMBER_EVERY {
            return context.request_repaint_after(REMEMBER_EVERY);
        }
        if let Err(error) = self.host.remember(&now) {
            log::warn!("{error}");
        }
        self.around.remembered = (Instant::now(), now);
    }
}
