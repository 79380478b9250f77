//! What comes from outside in every frame: facts and looks of the run, files, pictures of the screen.

use std::time::Duration;

use eframe::egui::Context;
use l2t_core::Result;
use l2t_core::experiment::Pace;
use l2t_core::experiment::look::LookRequest;
use web_time::Instant;

use super::app::App;
use super::frame::Changes;
use super::tab::Tab;
use crate::window::paint::layers::LayerPictures;
use crate::window::paint::saliency::SaliencyPictures;
use crate::window::panels::pair::PairPictures;
use crate::window::run::facts::Fact;
use crate::window::run::given::{gathered, take_into};
use crate::window::run::order::Wanted;
use crate::window::run::view_state::{Notice, Stage};
use crate::window::seam::{DrawableMaps, Given, Session, Shown};
use crate::window::shell::state::Abilities;

/// Between two looks at a run that goes on.
const LOOK_EVERY: Duration = Duration::from_millis(1500);

/// A look that took a while is followed by this many times as long without one: the run waits meanwhile.
const UNDISTURBED: u32 = 6;

/// Looks at the run.
#[derive(Default)]
pub(crate) struct Looks {
    /// When it was last asked for one, and for what.
    pub(super) asked: Option<(Instant, LookRequest)>,
    /// When the last one came, and how long it took.
    answered: Option<(Instant, Duration)>,
    /// Saliency maps of the last one, where they can be drawn from where they are.
    maps: DrawableMaps,
}

impl App {
    /// Takes in what happened since the last frame.
    pub(super) fn listen(&mut self, context: &Context) {
        self.hear();
        if let Some(shown) = self.session.as_ref().and_then(Session::seen) {
            self.see(context, &shown);
        }
        if let Some(text) = self.host.trouble() {
            self.warn(text);
        }
        let dropped = context.input(|input| input.raw.dropped_files.clone());
        self.host.dropped(dropped, &self.wake);
        if let Some(png) = self.screen_picture.taken() {
            self.host.save(&format!("l2t-{}.png", self.state.selection.tab.key()), png, self.wake.clone());
        }
        let given = self.host.given();
        self.take(given);
    }

    fn hear(&mut self) {
        let now = self.began.elapsed().as_secs_f64();
        let state = &mut self.state;
        for fact in self.session.as_ref().map_or_else(Vec::new, Session::facts) {
            let fresh = state.run.experiment.is_none();
            if let Fact::Narrowed(width, _) = fact {
                state.draft.target.width = width;
                self.around.changes = Changes::ANY;
            }
            state.run.apply(fact, now);
            if fresh && let Some(experiment) = state.run.experiment.clone() {
                state.ready(&experiment);
                self.around.changes = Changes::ANY;
            }
        }
    }

    fn see(&mut self, context: &Context, shown: &Shown) {
        let Some(experiment) = self.state.run.experiment.clone() else { return };
        let (look, pictures) = (shown.look.clone(), &mut self.state.pictures);
        pictures.layers = Some(LayerPictures::new(context, &experiment, &look));
        if let Some(pair) = &look.pair {
            pictures.pair = Some(PairPictures::new(context, &experiment, &look, pair));
            (pictures.look, pictures.saliency) = (Some(look), None);
            self.looks.maps = shown.maps.clone();
        }
        self.looks.answered = self.looks.asked.as_ref().map(|(when, _)| (Instant::now(), when.elapsed()));
    }

    /// What the views are told besides: what can be done now, and saliency maps in the style that was chosen.
    pub(super) fn prepare(&mut self, context: &Context) {
        self.state.abilities = Abilities {
            running: self.running(),
            recoverable: self.session.as_ref().is_some_and(Session::has_snapshot)
                && !self.state.run.history.epochs.is_empty(),
            kept: self.host.kept_runs(),
            last: self.host.last_run(),
        };
        let (style, pictures) = (self.state.selection.style, &mut self.state.pictures);
        let drawn = pictures.saliency.as_ref().is_some_and(|(drawn, _)| *drawn == style);
        let seen = pictures.look.as_ref().and_then(|look| look.pair.as_ref());
        if let (Tab::Saliency, false, Some(pair)) = (self.state.selection.tab, drawn, seen)
            && let Some(experiment) = &self.state.run.experiment
        {
            let drawn_from = (&self.looks.maps, self.map_painter.as_ref());
            let drawn = SaliencyPictures::new(context, experiment, pair, drawn_from, style);
            pictures.saliency = Some((style, drawn.map_err(|error| error.to_string())));
        }
    }

    /// Asks for a look where the last is old: at what the layers see, and where it is shown, at a pair.
    pub(super) fn ask(&mut self, context: &Context) {
        let (selection, run) = (&self.state.selection, &self.state.run);
        let Some(experiment) = &run.experiment else { return };
        if selection.images.is_empty() {
            return;
        }
        let pair = (selection.tab.shows_pair() && !experiment.pairs.is_empty()).then_some(selection.pair);
        let request = LookRequest { images: selection.images.clone(), pair, clip: selection.style.clip };
        let training = run.stage == Stage::Training;
        if self.looks.due(&request, training) {
            self.want(Wanted { look: Some(request.clone()), ..Wanted::default() });
            self.looks.asked = Some((Instant::now(), request));
        }
        if training {
            context.request_repaint_after(LOOK_EVERY);
        }
    }

    /// Takes in files or folders that the user gave: a run, pictures or weights.
    pub fn take(&mut self, given: Vec<Given>) {
        for given in gathered(given) {
            let taken = self.take_one(given);
            let (text, warning) = match taken {
                Ok(text) => (text, false),
                Err(error) => (error.to_string(), true),
            };
            self.state.run.notices.push(Notice { text, warning });
        }
    }

    fn take_one(&mut self, given: Given) -> Result<String> {
        let name = given.name();
        if let Some(opened) = given.run()? {
            self.start(Some(opened), Pace::Pause, false);
            return Ok(format!("{name} is open"));
        }
        self.around.changes = Changes::ANY;
        take_into(&mut self.state.draft, &mut self.inputs, given)
    }
}

impl Looks {
    fn due(&self, request: &LookRequest, training: bool) -> bool {
        match &self.asked {
            None => true,
            Some((_, before)) if before != request => true,
            // A run that waits does not change.
            Some((when, _)) => self.answered.is_some_and(|(answer, took)| {
                answer > *when && training && answer.elapsed() > LOOK_EVERY.max(took * UNDISTURBED)
            }),
        }
    }
}
