//! The window's state, and what happens in every frame.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{self, CentralPanel, Context, Key, Modifiers, Panel};
use l2t_core::Result;
use l2t_core::experiment::look::LookRequest;
use l2t_core::experiment::saliency::choice::{last_pair, spread};
use l2t_core::experiment::{Config, Pace};
use l2t_core::inputs::Inputs;
use l2t_core::matching::Pair;
use web_time::Instant;

use super::conduct::{Order, Output, Wanted};
use super::curves::{Chart, EarlierRun};
use super::facts::{Experiment, Fact};
use super::files::{self, FilesPanel};
use super::help::Help;
use super::hidden::Part;
use super::keeper::Opened;
use super::link::Link;
use super::pair_panel::PairPictures;
use super::saliency_panel::{SaliencyPictures, SaliencyStyle};
use super::screen_picture::ScreenPicture;
use super::seam::{Given, Host, MapPainter, Session, Shown, Wake};
use super::settings::Settings;
use super::tab::Tab;
use super::view_state::{Notice, Stage, ViewState};

/// Images in the saliency grid.
const IMAGES: usize = 5;

/// Between two looks at a run that goes on.
const LOOK_EVERY: Duration = Duration::from_millis(1500);

/// A look that took a while is followed by this many times as long without one: the run waits meanwhile.
const UNDISTURBED: u32 = 6;

/// What the user looks at.
pub(super) struct Selection {
    pub(super) tab: Tab,
    /// Index into the pairs.
    pub(super) pair: usize,
    /// The pair that a link asks for, until the pairs are known.
    linked_pair: Option<usize>,
    /// Images of the saliency grid, by index.
    pub(super) images: Vec<usize>,
    pub(super) style: SaliencyStyle,
    /// Pairs that are being chosen for the next run.
    pub(super) editing: Option<Vec<Pair>>,
}

/// Pictures of the newest look.
#[derive(Default)]
pub(super) struct Pictures {
    pub(super) shown: Option<Arc<Shown>>,
    pub(super) pair: Option<PairPictures>,
    pub(super) saliency: Option<(SaliencyStyle, SaliencyPictures)>,
}

/// The window's state.
pub struct App {
    pub(super) host: Host,
    pub(super) wake: Wake,
    pub(super) began: Instant,
    /// As the controls have it.
    pub(super) draft: Config,
    pub(super) preset: String,
    /// Files that the user gave and that are in memory.
    inputs: Inputs,
    pub(super) session: Option<Session>,
    pub(super) state: ViewState,
    pub(super) earlier: Vec<EarlierRun>,
    pub(super) selection: Selection,
    pub(super) pictures: Pictures,
    /// Where what is drawn and what is trained share a device.
    pub(super) map_painter: Option<MapPainter>,
    /// The picture of the screen that was asked for.
    pub(super) screen_picture: ScreenPicture,
    /// When the run was last asked for a look, and for what.
    pub(super) asked: Option<(Instant, LookRequest)>,
    /// When the last look came, and how long it took.
    answered: Option<(Instant, Duration)>,
    pub(super) files: FilesPanel,
    pub(super) help: Help,
    /// Controls that a link took away.
    pub(super) hidden: BTreeSet<Part>,
    /// What stands behind the # of the page's address.
    pub(super) hash: String,
    /// The page that links lead to, where this is a program.
    pub(super) page: String,
    /// Light or dark, where it was chosen.
    pub(super) dark: Option<bool>,
    pub(super) titled: Option<String>,
    pub(super) size: [f32; 2],
    pub(super) position: Option<[f32; 2]>,
    pub(super) remembered: (Instant, Settings),
}

impl App {
    /// With the experiment of `link` or else the one that `settings` remember, prepared and waiting.
    pub fn new(context: &Context, host: Host, settings: &Settings, link: Option<Link>) -> Self {
        let (preset, draft) = settings.experiment();
        if let Some(theme) = settings.theme() {
            context.set_theme(theme);
        }
        context.set_fonts(fonts());
        let woken = context.clone();
        let mut app = Self {
            host,
            wake: Arc::new(move || woken.request_repaint()),
            began: Instant::now(),
            draft,
            preset,
            inputs: Inputs::default(),
            session: None,
            state: ViewState::default(),
            earlier: vec![],
            selection: Selection {
                tab: Tab::Chart(Chart::Accuracy),
                pair: 0,
                linked_pair: None,
                images: vec![],
                style: SaliencyStyle::default(),
                editing: None,
            },
            pictures: Pictures::default(),
            map_painter: None,
            screen_picture: ScreenPicture::default(),
            asked: None,
            answered: None,
            files: FilesPanel::default(),
            help: Help::default(),
            hidden: BTreeSet::new(),
            hash: String::new(),
            page: settings.page.clone(),
            dark: settings.dark,
            titled: None,
            size: settings.size,
            position: settings.position,
            remembered: (Instant::now(), settings.clone()),
        };
        if !settings.tour_seen && link.is_none() {
            app.help.begin_tour();
        }
        match link {
            Some(link) => app.follow(link),
            None => app.start(None, Pace::Pause, false),
        }
        app
    }

    /// What is known of the run.
    pub fn state(&self) -> &ViewState {
        &self.state
    }

    /// The experiment that the controls describe.
    pub fn draft(&self) -> &Config {
        &self.draft
    }

    /// The preset that it began from.
    pub fn preset(&self) -> &str {
        &self.preset
    }

    /// What is shown below the networks.
    pub fn tab(&self) -> Tab {
        self.selection.tab
    }

    /// Runs that are over, for comparison.
    pub fn earlier(&self) -> &[EarlierRun] {
        &self.earlier
    }

    /// Says that something is not as the user may think.
    pub fn warn(&mut self, text: String) {
        self.state.notices.push(Notice { text, warning: true });
    }

    /// Asks the run to write something.
    pub fn write(&self, output: Output, place: &Path) {
        if let Some(session) = &self.session {
            session.want(Wanted { outputs: vec![(output, place.to_owned())], ..Wanted::default() });
        }
    }

    /// Draws saliency maps from GPU memory, where `painter` shares the run's device.
    pub fn draw_maps_by(&mut self, painter: Option<MapPainter>) {
        self.map_painter = painter;
    }

    /// Draws the window, after taking in what has happened since the last time.
    pub(super) fn show(&mut self, ui: &mut egui::Ui) {
        let context = ui.ctx().clone();
        self.listen(&context);
        self.frame(&context);
        let dropped = context.input(|input| input.raw.dropped_files.clone());
        self.host.dropped(dropped, &self.wake);
        if let Some(png) = self.screen_picture.taken() {
            self.host.save(&format!("l2t-{}.png", self.selection.tab.key()), png, self.wake.clone());
        }
        let given = self.host.given();
        self.take(given);
        self.shortcuts(&context);
        Panel::top("controls").show(ui, |ui| self.toolbar(ui));
        if self.shows(Part::Left) {
            let left = Panel::left("experiment").default_size(250.0).size_range(220.0..=380.0);
            left.show(ui, |ui| self.left_side(ui));
        }
        CentralPanel::default().show(ui, |ui| self.centre(ui));
        self.help.show(&context);
        self.ask(&context);
    }

    /// Whether no link took `part` away.
    pub(super) fn shows(&self, part: Part) -> bool {
        !self.hidden.contains(&part)
    }

    /// Shows what a link says, in a new run.
    pub fn follow(&mut self, link: Link) {
        self.preset = link.preset;
        self.draft = link.config;
        self.hidden = link.hidden;
        if let Some(tab) = link.tab {
            self.selection.tab = tab;
        }
        self.selection.linked_pair = link.pair;
        self.start(None, if link.train { Pace::Run } else { Pace::Pause }, false);
    }

    /// A new run of the experiment as the controls have it, which waits.
    pub(super) fn start_anew(&mut self) {
        self.start(None, Pace::Pause, false);
    }

    /// Goes on from the end of the last epoch of a run that could not go on, on a device that is opened anew.
    pub(super) fn recover(&mut self) {
        if let Some(snapshot) = self.session.as_ref().and_then(Session::snapshot) {
            let snapshot = snapshot.as_ref().clone();
            self.start(Some(Opened { snapshot, folder: None }), Pace::Run, true);
        }
    }

    /// Begins a run; the one before ends, and its epochs stay on the charts.
    fn start(&mut self, opened: Option<Opened>, pace: Pace, anew: bool) {
        if let Some(experiment) = &self.state.experiment
            && self.state.history.epochs.len() > 1
            && !anew
        {
            let run = EarlierRun { config: experiment.config.clone(), history: self.state.history.clone() };
            self.earlier.retain(|earlier| earlier.config != run.config);
            self.earlier.push(run);
        }
        // The new one waits until the old one has ended: two would share the device.
        self.session = None;
        self.state = ViewState::default();
        self.pictures = Pictures::default();
        self.asked = None;
        self.answered = None;
        self.selection.images.clear();
        self.selection.editing = None;
        if let Some(opened) = &opened {
            self.draft = opened.config().clone();
        }
        let order = Order { config: self.draft.clone(), inputs: self.inputs.clone(), opened, pace };
        self.session = Some(self.host.start(order, anew, self.wake.clone()));
    }

    /// Takes in what the run told.
    fn listen(&mut self, context: &Context) {
        let now = self.began.elapsed().as_secs_f64();
        let Some(session) = &self.session else { return };
        let facts = session.facts();
        let seen = session.seen();
        for fact in facts {
            let fresh = self.state.experiment.is_none();
            if let Fact::Narrowed(width, _) = fact {
                self.draft.target.width = width;
            }
            self.state.apply(fact, now);
            if fresh && let Some(experiment) = self.state.experiment.clone() {
                self.ready(&experiment);
            }
        }
        if let (Some(shown), Some(experiment)) = (seen, self.state.experiment.clone()) {
            let look = &shown.look;
            let pair = look.pair.as_ref().map(|pair| PairPictures::new(context, &experiment, look, pair));
            self.pictures = Pictures { shown: Some(shown), pair, saliency: None };
            self.answered = self.asked.as_ref().map(|(when, _)| (Instant::now(), when.elapsed()));
        }
        if let Some(text) = self.host.trouble() {
            self.state.notices.push(Notice { text, warning: true });
        }
    }

    fn ready(&mut self, experiment: &Experiment) {
        let shown = &experiment.shown;
        self.selection.images = spread(shown, IMAGES);
        let linked = self.selection.linked_pair.take().filter(|pair| *pair < experiment.pairs.len());
        self.selection.pair = linked.or_else(|| last_pair(&experiment.pairs)).unwrap_or(0);
    }

    /// Asks for a look where one is shown and the last is old.
    fn ask(&mut self, context: &Context) {
        let shows = matches!(self.selection.tab, Tab::Pair | Tab::Saliency);
        let (Some(session), Some(experiment)) = (&self.session, &self.state.experiment) else { return };
        if !shows || experiment.pairs.is_empty() || self.selection.images.is_empty() {
            return;
        }
        let Selection { images, pair, style, .. } = &self.selection;
        let request = LookRequest { images: images.clone(), pair: *pair, clip: style.clip };
        let due = match &self.asked {
            None => true,
            Some((_, before)) if *before != request => true,
            // A run that waits does not change.
            Some((when, _)) => match self.answered {
                Some((answer, took)) if answer > *when => {
                    self.state.stage == Stage::Training && answer.elapsed() > LOOK_EVERY.max(took * UNDISTURBED)
                }
                _ => false,
            },
        };
        if due {
            session.want(Wanted { look: Some(request.clone()), ..Wanted::default() });
            self.asked = Some((Instant::now(), request));
        }
        if self.state.stage == Stage::Training {
            context.request_repaint_after(LOOK_EVERY);
        }
    }

    pub(super) fn pace(&mut self, pace: Pace) {
        let Some(session) = &self.session else { return };
        if !self.state.can_go_on() {
            return;
        }
        session.set_pace(pace);
        if pace != Pace::Pause {
            self.state.going_on();
        }
        // What is shown has changed once the run waits again.
        self.asked = None;
    }

    /// Whether it runs, or was told to.
    pub(super) fn running(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.pace() == Pace::Run) && self.state.can_go_on()
    }

    pub(super) fn toggle(&mut self) {
        self.pace(if self.running() { Pace::Pause } else { Pace::Run });
    }

    fn shortcuts(&mut self, context: &Context) {
        if context.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Q)) {
            context.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        if context.egui_wants_keyboard_input() {
            return;
        }
        let pressed = |key| context.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::Space) && context.memory(|memory| memory.focused().is_none()) {
            self.toggle();
        }
        if pressed(Key::S) && self.shows(Part::Steps) {
            self.pace(Pace::Step);
        }
        if pressed(Key::I) && self.shows(Part::Steps) {
            self.pace(Pace::Iteration);
        }
        if pressed(Key::R) {
            self.start_anew();
        }
        if pressed(Key::Questionmark) || pressed(Key::F1) {
            self.help.toggle();
        }
        for (nth, key) in [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6].into_iter().enumerate() {
            let (tab, .., part) = Tab::ALL[nth];
            if pressed(key) && self.shows(part) {
                self.selection.tab = tab;
            }
        }
    }

    /// Takes in files or folders that the user gave: a run, pictures or weights.
    pub fn take(&mut self, given: Vec<Given>) {
        for given in files::gathered(given) {
            let taken = self.take_one(given);
            let (text, warning) = match taken {
                Ok(text) => (text, false),
                Err(error) => (error.to_string(), true),
            };
            self.state.notices.push(Notice { text, warning });
        }
    }

    fn take_one(&mut self, given: files::Gathered) -> Result<String> {
        let name = given.name();
        if let Some(opened) = given.run()? {
            self.start(Some(opened), Pace::Pause, false);
            return Ok(format!("{name} is open"));
        }
        files::take_into(&mut self.draft, &mut self.inputs, given)
    }
}

/// Ubuntu, and behind it the signs that it lacks; the same in a window and on a page, which carries no others.
fn fonts() -> egui::FontDefinitions {
    let files: [(&str, &'static [u8]); 3] =
        [("Ubuntu", crate::fonts::LETTERS), ("signs", crate::fonts::SIGNS), ("icons", crate::fonts::ICONS)];
    let mut fonts = egui::FontDefinitions::empty();
    for (name, file) in files {
        fonts.font_data.insert(name.into(), Arc::new(egui::FontData::from_static(file)));
    }
    let names: Vec<String> = files.iter().map(|(name, _)| (*name).into()).collect();
    for family in [egui::FontFamily::Proportional, egui::FontFamily::Monospace] {
        fonts.families.insert(family, names.clone());
    }
    fonts
}
