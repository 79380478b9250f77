//! The window: its state, and what it has besides: a run, and the place where it is.

use std::path::Path;
use std::sync::Arc;

use eframe::egui::{Context, Ui};
use l2t_core::experiment::{Config, Pace};
use l2t_core::inputs::Inputs;
use web_time::Instant;

use super::frame::Around;
use super::link::Link;
use super::listen::Looks;
use super::settings::Settings;
use super::state::State;
use super::tab::Tab;
use super::{keys, layout};
use crate::window::paint::fonts::fonts;
use crate::window::paint::screen_picture::ScreenPicture;
use crate::window::paint::theme;
use crate::window::panels::help::Help;
use crate::window::run::order::{Output, Wanted};
use crate::window::run::results::KnownRun;
use crate::window::run::view_state::{Notice, ViewState};
use crate::window::seam::{Host, MapPainter, Session, Wake};

/// The window.
pub struct App {
    /// All that is shown.
    pub(super) state: State,
    pub(crate) host: Host,
    pub(super) wake: Wake,
    pub(super) began: Instant,
    /// Files that the user gave and that are in memory.
    pub(super) inputs: Inputs,
    pub(crate) session: Option<Session>,
    pub(super) looks: Looks,
    /// Where what is drawn and what is trained share a device.
    pub(super) map_painter: Option<MapPainter>,
    /// The picture of the screen that was asked for.
    pub(super) screen_picture: ScreenPicture,
    /// What belongs to the window and not to what is in it.
    pub(super) around: Around,
}

impl App {
    /// With the experiment of `link` or else the one that `settings` remember, prepared and waiting.
    pub fn new(context: &Context, host: Host, settings: &Settings, link: Option<Link>) -> Self {
        let (preset, draft) = settings.experiment();
        if let Some(theme) = settings.theme() {
            context.set_theme(theme);
        }
        context.set_fonts(fonts());
        theme::apply(context);
        // Where frames take seconds, whoever presses and lets go in the next one has pressed all the same.
        context.options_mut(|options| options.input_options.max_click_duration = f64::INFINITY);
        let woken = context.clone();
        let mut app = Self {
            state: State::new(preset, draft),
            host,
            wake: Arc::new(move || woken.request_repaint()),
            began: Instant::now(),
            inputs: Inputs::default(),
            session: None,
            looks: Looks::default(),
            map_painter: None,
            screen_picture: ScreenPicture::default(),
            around: Around::new(settings),
        };
        if !settings.tour_seen && link.is_none() {
            app.state.help = Help::newcomer();
        }
        match link {
            Some(link) => app.follow(link),
            None => app.start(None, Pace::Pause, false),
        }
        app
    }

    /// What is known of the run.
    pub fn state(&self) -> &ViewState {
        &self.state.run
    }

    /// Whether what the layers see of an image is on the picture of the network.
    pub fn shows_layers(&self) -> bool {
        self.state.pictures.layers.is_some()
    }

    /// The experiment that the controls describe.
    pub fn draft(&self) -> &Config {
        &self.state.draft
    }

    /// The preset that it began from.
    pub fn preset(&self) -> &str {
        &self.state.preset
    }

    /// What is shown below the networks.
    pub fn tab(&self) -> Tab {
        self.state.selection.tab
    }

    /// Runs that are over, for comparison.
    pub fn earlier(&self) -> &[KnownRun] {
        &self.state.earlier
    }

    /// Says that something is not as the user may think.
    pub fn warn(&mut self, text: String) {
        self.state.run.notices.push(Notice { text, warning: true });
    }

    /// Asks the run to write something.
    pub fn write(&self, output: Output, place: &Path) {
        self.want(Wanted { outputs: vec![(output, place.to_owned())], ..Wanted::default() });
    }

    /// Draws saliency maps from GPU memory, where `painter` shares the run's device.
    pub fn draw_maps_by(&mut self, painter: Option<MapPainter>) {
        self.map_painter = painter;
    }

    /// Shows what a link says, in a new run.
    pub fn follow(&mut self, link: Link) {
        let pace = if link.train { Pace::Run } else { Pace::Pause };
        self.state.follow(link);
        self.start(None, pace, false);
    }

    /// Draws the window, after taking in what has happened since the last time.
    pub(crate) fn show(&mut self, ui: &mut Ui) {
        let context = ui.ctx().clone();
        self.listen(&context);
        self.frame(&context);
        for intent in keys::pressed(&context, &self.state) {
            self.update(&context, intent);
        }
        self.prepare(&context);
        let intents = layout::show(ui, &self.state);
        if !intents.is_empty() {
            context.request_repaint();
        }
        for intent in intents {
            self.update(&context, intent);
        }
        self.ask(&context);
    }
}
