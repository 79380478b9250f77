//! What belongs to the window and not to what is in it: title, place, address, what is remembered.

use std::collections::BTreeSet;
use std::time::Duration;

use eframe::egui::Context;
use l2t_core::experiment::Config;
use web_time::Instant;

use super::app::App;
use super::hidden::Part;
use super::link::Link;
use super::settings::Settings;
use super::tab::Tab;
use super::toolbar::finished_words;
use super::view_state::{Notice, Stage};

/// Between two times that what changed is remembered.
const REMEMBER_EVERY: Duration = Duration::from_secs(2);

impl App {
    /// What to remember.
    pub fn settings(&self) -> Settings {
        let base = Config::preset(&self.preset, &[]).expect("the preset was chosen from those there are");
        Settings {
            tour_seen: !self.help.touring(),
            dark: self.dark,
            size: self.size,
            position: self.position,
            page: self.page.clone(),
            preset: self.preset.clone(),
            changes: self.draft.changes_from(&base),
        }
    }

    /// What is on screen, as a link that takes `hidden` away as well.
    pub fn link(&self, hidden: BTreeSet<Part>) -> Link {
        let mut link = Link::to(&self.preset, &self.draft);
        link.tab = Some(self.selection.tab);
        link.pair = matches!(self.selection.tab, Tab::Pair | Tab::Saliency).then_some(self.selection.pair);
        link.hidden = self.hidden.union(&hidden).copied().collect();
        link.device = self.host.asked_for();
        link
    }

    /// The window's title: where the run stands.
    pub fn title(&self) -> String {
        let epoch = self.state.progress.epoch_words();
        let stage = match &self.state.stage {
            Stage::Opening => "preparing".into(),
            Stage::Waiting => format!("waiting, {epoch}"),
            Stage::Training => format!("training, {epoch}"),
            Stage::Testing => "testing".into(),
            Stage::Finished => finished_words(&self.state),
            Stage::Stopped => "stopped".into(),
            Stage::Failed(_) => "failed".into(),
        };
        format!("L2T: {stage}")
    }

    /// What belongs to the window and not to what is in it.
    pub(super) fn frame(&mut self, context: &Context) {
        let title = self.title();
        if self.titled.as_ref() != Some(&title) {
            self.host.set_title(context, &title);
            self.titled = Some(title);
        }
        let viewport = context.input(|input| input.viewport().clone());
        if let Some(size) = viewport.inner_rect.map(|rect| rect.size()) {
            self.size = [size.x, size.y];
        }
        self.position = viewport.outer_rect.map(|rect| [rect.left(), rect.top()]).or(self.position);
        self.address();
        self.remember(context);
    }

    /// Keeps the page's address and what is on screen the same: the link is the state.
    fn address(&mut self) {
        let Some(found) = self.host.hash() else { return };
        if found != self.hash && !self.hash.is_empty() {
            match Link::read(&found) {
                Ok(link) => self.follow(link),
                Err(error) => self.state.notices.push(Notice { text: error.to_string(), warning: true }),
            }
        }
        let hash = self.link(BTreeSet::new()).hash();
        if hash != self.hash || found != self.hash {
            self.host.set_hash(&hash);
            // As the browser has it.
            self.hash = self.host.hash().unwrap_or(hash);
        }
    }

    /// Remembers what changed now and then, because not every end is announced.
    fn remember(&mut self, context: &Context) {
        let now = self.settings();
        let (when, before) = &self.remembered;
        if now == *before {
            return;
        }
        if when.elapsed() < REMEMBER_EVERY {
            return context.request_repaint_after(REMEMBER_EVERY);
        }
        if let Err(error) = self.host.remember(&now) {
            log::warn!("{error}");
        }
        self.remembered = (Instant::now(), now);
    }
}
