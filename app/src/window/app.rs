//! The window: what is on it, and what its controls do.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{self, Button, CentralPanel, Context, Key, Modifiers, Panel, ProgressBar, RichText, ScrollArea, Ui};
use l2t_core::experiment::config::PairsConfig;
use l2t_core::experiment::look::{Look, LookRequest};
use l2t_core::experiment::saliency::choice::{last_pair, spread};
use l2t_core::experiment::store::RunFolder;
use l2t_core::experiment::{Config, Pace};
use l2t_core::matching::Pair;

use super::curves::{self, Chart, EarlierRun, run_label};
use super::facts::Experiment;
use super::files::FilesPanel;
use super::frame_times::FrameTimes;
use super::keeper::Opened;
use super::network_picture::{NetworkPicture, Pressed};
use super::pair_panel::PairPictures;
use super::saliency_panel::{self, SaliencyPictures, SaliencyStyle};
use super::session::{OpenFor, Order, Session, Wake};
use super::settings::Settings;
use super::view_state::{Stage, ViewState};
use super::{experiment_panel, files, help, strip};

/// Images in the saliency grid.
const IMAGES: usize = 5;

/// Between two looks at a run that goes on.
const LOOK_EVERY: Duration = Duration::from_millis(1500);

/// A look that took a while is followed by this many times as long without one: the run waits meanwhile.
const UNDISTURBED: u32 = 6;

/// What is shown below the networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Live plots.
    Chart(Chart),
    /// What is transferred over the chosen pair.
    Pair,
    /// Where it looks.
    Saliency,
    /// Algorithm 1, step by step.
    Steps,
}

impl Tab {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Chart(Chart::Accuracy), "Accuracy"),
        (Self::Chart(Chart::Losses), "Losses"),
        (Self::Chart(Chart::PairWeights), "λ over time"),
        (Self::Pair, "What is transferred"),
        (Self::Saliency, "Saliency"),
        (Self::Steps, "Step by step"),
    ];
}

/// What the user looks at.
struct Selection {
    tab: Tab,
    /// Index into the pairs.
    pair: usize,
    /// Images of the saliency grid, by index.
    images: Vec<usize>,
    style: SaliencyStyle,
    /// Pairs that are being chosen for the next run.
    editing: Option<Vec<Pair>>,
}

/// Pictures of the newest look.
#[derive(Default)]
struct Pictures {
    look: Option<Arc<Look>>,
    pair: Option<PairPictures>,
    saliency: Option<(SaliencyStyle, SaliencyPictures)>,
}

/// The window's state.
pub struct App {
    open: OpenFor,
    wake: Wake,
    began: Instant,
    /// As the controls have it.
    draft: Config,
    preset: String,
    session: Option<Session>,
    state: ViewState,
    earlier: Vec<EarlierRun>,
    selection: Selection,
    pictures: Pictures,
    /// When the run was last asked for a look, and for what.
    asked: Option<(Instant, LookRequest)>,
    /// When the last look came, and how long it took.
    answered: Option<(Instant, Duration)>,
    files: FilesPanel,
    help: help::Help,
    /// Light or dark, where it was chosen.
    dark: Option<bool>,
    titled: Option<String>,
    size: [f32; 2],
    frame_times: Option<FrameTimes>,
}

impl App {
    /// With the experiment that `settings` remember, prepared and waiting; `open` opens the device.
    pub fn new(context: &Context, open: OpenFor, settings: &Settings) -> Self {
        let (preset, draft) = settings.experiment();
        if let Some(theme) = settings.theme() {
            context.set_theme(theme);
        }
        context.set_fonts(fonts());
        let woken = context.clone();
        let mut app = Self {
            open,
            wake: Arc::new(move || woken.request_repaint()),
            began: Instant::now(),
            draft,
            preset,
            session: None,
            state: ViewState::default(),
            earlier: vec![],
            selection: Selection {
                tab: Tab::Chart(Chart::Accuracy),
                pair: 0,
                images: vec![],
                style: SaliencyStyle::default(),
                editing: None,
            },
            pictures: Pictures::default(),
            asked: None,
            answered: None,
            files: FilesPanel::default(),
            help: help::Help::default(),
            dark: settings.dark,
            titled: None,
            size: settings.size,
            frame_times: None,
        };
        if !settings.tour_seen {
            app.help.begin_tour();
        }
        app.start(None, Pace::Pause);
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

    /// What is shown below the networks.
    pub fn tab(&self) -> Tab {
        self.selection.tab
    }

    /// Runs that are over, for comparison.
    pub fn earlier(&self) -> &[EarlierRun] {
        &self.earlier
    }

    /// Keeps the run in a new folder from now on.
    pub fn keep_run(&self, folder: &Path) {
        if let Some(session) = &self.session {
            session.save(folder.to_owned());
        }
    }

    /// Writes charts into a folder and the target's weights into a file.
    pub fn export(&self, charts: &Path, weights: &Path) {
        if let Some(session) = &self.session {
            session.charts(charts.to_owned());
            session.export(weights.to_owned());
        }
    }

    /// What to remember.
    pub fn settings(&self) -> Settings {
        let base = Config::preset(&self.preset, &[]).expect("the preset was chosen from those there are");
        Settings {
            tour_seen: !self.help.touring(),
            dark: self.dark,
            size: self.size,
            preset: self.preset.clone(),
            changes: self.draft.changes_from(&base),
        }
    }

    /// Draws without a break while a run goes on, and measures how evenly; written when the window closes.
    pub fn measure_frames(&mut self, times: FrameTimes) {
        self.frame_times = Some(times);
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

    /// Begins a run; the one before ends, and its epochs stay on the charts.
    fn start(&mut self, opened: Option<Opened>, pace: Pace) {
        if let Some(experiment) = &self.state.experiment
            && self.state.history.epochs.len() > 1
        {
            let run = EarlierRun { label: run_label(experiment), history: self.state.history.clone() };
            self.earlier.retain(|earlier| earlier.label != run.label);
            self.earlier.push(run);
        }
        // The old one ends first: two would share the device.
        self.session = None;
        self.state = ViewState::default();
        self.pictures = Pictures::default();
        self.asked = None;
        self.answered = None;
        self.selection.images.clear();
        self.selection.editing = None;
        if let Some(opened) = &opened {
            self.draft = opened.latest.config.clone();
        }
        let order = Order { config: self.draft.clone(), opened, pace };
        self.session = Some(Session::start(order, self.open.clone(), self.wake.clone()));
    }

    /// Takes in what the training thread said.
    fn listen(&mut self, context: &Context) {
        let now = self.began.elapsed().as_secs_f64();
        let Some(session) = &self.session else { return };
        let facts: Vec<_> = session.facts().collect();
        let seen = session.seen();
        for fact in facts {
            let fresh = self.state.experiment.is_none();
            self.state.apply(fact, now);
            if fresh && let Some(experiment) = self.state.experiment.clone() {
                self.ready(&experiment);
            }
        }
        if let (Some(look), Some(experiment)) = (seen, self.state.experiment.clone()) {
            self.pictures = Pictures::default();
            self.pictures.pair = look.pair.as_ref().map(|pair| PairPictures::new(context, &experiment, &look, pair));
            self.pictures.look = Some(look);
            self.answered = self.asked.as_ref().map(|(when, _)| (Instant::now(), when.elapsed()));
        }
    }

    fn ready(&mut self, experiment: &Experiment) {
        let shown = &experiment.shown;
        self.selection.images = spread(shown, IMAGES);
        self.selection.pair = last_pair(&experiment.pairs).unwrap_or(0);
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
            session.look(request.clone());
            self.asked = Some((Instant::now(), request));
        }
        if self.state.stage == Stage::Training {
            context.request_repaint_after(LOOK_EVERY);
        }
    }

    fn pace(&mut self, pace: Pace) {
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
    fn running(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.pace() == Pace::Run) && self.state.can_go_on()
    }

    fn toggle(&mut self) {
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
        if pressed(Key::S) {
            self.pace(Pace::Step);
        }
        if pressed(Key::I) {
            self.pace(Pace::Iteration);
        }
        if pressed(Key::R) {
            self.start(None, Pace::Pause);
        }
        if pressed(Key::Questionmark) || pressed(Key::F1) {
            self.help.toggle();
        }
        for (nth, key) in [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6].into_iter().enumerate() {
            if pressed(key) {
                self.selection.tab = Tab::ALL[nth].0;
            }
        }
    }

    /// What was dropped on the window: pictures, weights, or a run.
    fn dropped(&mut self, context: &Context) {
        let paths: Vec<PathBuf> =
            context.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        for path in paths {
            self.take_file(&path);
        }
    }

    /// Takes in a file or folder that the user gave.
    pub fn take_file(&mut self, path: &Path) {
        let taken = if RunFolder::holds_run(path) {
            Opened::read(path).map(|opened| {
                self.start(Some(opened), Pace::Pause);
                format!("{} is open", path.display())
            })
        } else {
            files::take_into(&mut self.draft, path)
        };
        let (text, warning) = match taken {
            Ok(text) => (text, false),
            Err(error) => (error.to_string(), true),
        };
        self.state.notices.push(super::view_state::Notice { text, warning });
    }

    fn top(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            let able = self.state.can_go_on();
            let running = self.running();
            let train = if running { "Pause" } else { "Train" };
            let train = Button::new(RichText::new(train).strong()).min_size(egui::vec2(92.0, 28.0));
            if ui.add_enabled(able, train).on_hover_text("Space").clicked() {
                self.toggle();
            }
            let step = ui.add_enabled(able, Button::new("Step")).on_hover_text("one step of Algorithm 1 (S)");
            if step.clicked() {
                self.selection.tab = Tab::Steps;
                self.pace(Pace::Step);
            }
            let iteration = ui.add_enabled(able, Button::new("Step iteration"));
            if iteration.on_hover_text("all steps of one iteration (I)").clicked() {
                self.pace(Pace::Iteration);
            }
            if ui.button("Reset").on_hover_text("a new run, with the experiment as it is on the left (R)").clicked() {
                self.start(None, Pace::Pause);
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

    /// What belongs to the window and not to what is in it.
    fn frame(&mut self, context: &Context) {
        let title = self.title();
        if self.titled.as_ref() != Some(&title) {
            context.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.titled = Some(title);
        }
        if let Some(size) = context.input(|input| input.viewport().inner_rect).map(|rect| rect.size()) {
            self.size = [size.x, size.y];
        }
        let training = self.state.stage == Stage::Training;
        if let Some(times) = &mut self.frame_times {
            times.frame(training);
            if training {
                context.request_repaint();
            }
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
                    compiling.kernels
                ),
            ),
            (_, _, Some((done, of))) => (done as f64 / of as f64, format!("{done} of {of} test images")),
            (Stage::Finished, ..) => (1.0, finished_words(state)),
            _ => (progress.at() / progress.epochs.max(1) as f64, progress_words(state)),
        };
        ui.add(ProgressBar::new(share as f32).desired_width(330.0).text(text));
    }

    fn left(&mut self, ui: &mut Ui) {
        ScrollArea::vertical().show(ui, |ui| {
            ui.heading("Experiment");
            experiment_panel::show(ui, &mut self.draft, &mut self.preset);
            self.changed(ui);
            ui.separator();
            self.device(ui);
            ui.separator();
            let wanted = self.files.show(ui, &self.draft, &self.preset);
            self.file_wish(ui.ctx(), wanted);
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
            self.start(None, Pace::Pause);
        }
    }

    fn device(&self, ui: &mut Ui) {
        let Some(device) = &self.state.device else { return };
        ui.label(format!("Runs on {}", device.name)).on_hover_text(&device.reason);
        if device.software {
            ui.colored_label(
                ui.visuals().warn_fg_color,
                "This is a software driver, many times slower than the CPU: start l2t with --device cpu, or install the \
                 driver of your graphics card.",
            );
        }
    }

    fn file_wish(&mut self, context: &Context, wish: Option<files::Wish>) {
        let Some(session) = &self.session else { return };
        match wish {
            None => {}
            Some(files::Wish::Save(folder)) => session.save(folder),
            Some(files::Wish::Export(file)) => session.export(file),
            Some(files::Wish::Charts(folder)) => session.charts(folder),
            Some(files::Wish::Open(path)) => self.take_file(&path),
            Some(files::Wish::Copy(text)) => context.copy_text(text),
        }
    }

    fn notices(&mut self, ui: &mut Ui) {
        if let Stage::Failed(reason) = &self.state.stage {
            ui.colored_label(ui.visuals().error_fg_color, format!("The run cannot go on: {reason}"));
        }
        let mut read = None;
        for (nth, notice) in self.state.notices.iter().enumerate() {
            ui.horizontal_wrapped(|ui| {
                if ui.small_button("OK").on_hover_text("take this line away").clicked() {
                    read = Some(nth);
                }
                let ink = if notice.warning { ui.visuals().warn_fg_color } else { ui.visuals().text_color() };
                ui.colored_label(ink, &notice.text);
            });
        }
        if let Some(nth) = read {
            self.state.notices.remove(nth);
        }
    }

    fn centre(&mut self, ui: &mut Ui) {
        self.notices(ui);
        let Some(experiment) = self.state.experiment.clone() else {
            if !matches!(self.state.stage, Stage::Failed(_)) {
                ui.centered_and_justified(|ui| ui.label("Preparing data and networks…"));
            }
            return;
        };
        let height = (ui.available_height() * 0.52).max(220.0);
        Panel::top("networks").resizable(true).default_size(height).min_size(160.0).show(ui, |ui| {
            self.edit_pairs(ui, &experiment);
            let picture = NetworkPicture {
                experiment: &experiment,
                pair_weights: self.state.latest_pairs(),
                chosen: matches!(self.selection.tab, Tab::Pair | Tab::Saliency).then_some(self.selection.pair),
                editing: self.selection.editing.as_deref(),
            };
            match picture.show(ui) {
                Some(Pressed::Pair(pair)) => self.look_at(pair),
                Some(Pressed::Toggle(pair)) => self.toggle_pair(pair),
                None => {}
            }
        });
        CentralPanel::default().show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (tab, name) in Tab::ALL {
                    ui.selectable_value(&mut self.selection.tab, tab, name);
                }
            });
            self.tab_content(ui, &experiment);
        });
    }

    fn look_at(&mut self, pair: usize) {
        self.selection.pair = pair;
        if self.selection.tab != Tab::Saliency {
            self.selection.tab = Tab::Pair;
        }
    }

    fn edit_pairs(&mut self, ui: &mut Ui, experiment: &Experiment) {
        if experiment.sources.is_empty() || self.draft.method.name.default_pairs().is_none() {
            return;
        }
        ui.horizontal(|ui| {
            let mut editing = self.selection.editing.is_some();
            let about = "choose the candidate pairs of the next run by pressing them";
            if ui.toggle_value(&mut editing, "Edit pairs").on_hover_text(about).changed() {
                self.selection.editing = editing.then(|| experiment.pairs.clone());
            }
            if let Some(chosen) = &self.selection.editing {
                ui.label(format!("{} pairs; press a handle to take a pair in or leave it out", chosen.len()));
            } else if self.state.latest_pairs().is_some() {
                ui.weak("width and strength of a line: mean λ of the last images read; pale: its deviation");
            }
        });
    }

    fn toggle_pair(&mut self, pair: Pair) {
        let Some(chosen) = &mut self.selection.editing else { return };
        match chosen.iter().position(|known| *known == pair) {
            Some(at) => drop(chosen.remove(at)),
            None => chosen.push(pair),
        }
        chosen.sort();
        self.draft.method.pairs = Some(PairsConfig::List(chosen.clone()));
    }

    fn tab_content(&mut self, ui: &mut Ui, experiment: &Experiment) {
        match self.selection.tab {
            Tab::Chart(chart) => curves::show(ui, chart, &self.state, experiment, &self.earlier),
            Tab::Steps => self.steps(ui, experiment),
            Tab::Pair | Tab::Saliency if experiment.pairs.is_empty() => {
                let method = experiment.config.method.name.name();
                ui.label(format!(
                    "{method} matches no layers: choose fm, l2t-w, l2t-where or l2t-ww to see a matching."
                ));
            }
            Tab::Pair => self.pair_tab(ui, experiment),
            Tab::Saliency => self.saliency_tab(ui, experiment),
        }
    }

    fn steps(&mut self, ui: &mut Ui, experiment: &Experiment) {
        strip::show(ui, &self.state, experiment);
        if experiment.virtual_steps.is_empty() {
            return;
        }
        ui.separator();
        ui.horizontal_wrapped(|ui| {
            let about =
                "compares the hypergradient along a random direction of φ with central differences, in f64 on the CPU";
            if ui.button("Check this gradient").on_hover_text(about).clicked()
                && let Some(session) = &self.session
            {
                session.check(self.began.elapsed().subsec_nanos().into());
            }
            match &self.state.check {
                None => ui.weak("is the hypergradient right, here and now?"),
                Some(Err(reason)) => ui.colored_label(ui.visuals().warn_fg_color, reason),
                Some(Ok(check)) => ui.label(format!(
                    "reverse pass {:.9e}, central differences {:.9e} (ε = {:.0e}, {} images, {} virtual steps, f64): \
                     relative error {:.1e}",
                    check.analytic,
                    check.central,
                    check.epsilon,
                    check.images,
                    check.steps,
                    check.relative_error()
                )),
            };
        });
    }

    fn other_images(&mut self, ui: &mut Ui, experiment: &Experiment) {
        let count = experiment.shown.len();
        if ui.button("Other images").on_hover_text("the next images of the same part of the data").clicked() {
            for image in &mut self.selection.images {
                *image = (*image + 1) % count;
            }
        }
    }

    fn pair_tab(&mut self, ui: &mut Ui, experiment: &Experiment) {
        ui.horizontal(|ui| {
            self.other_images(ui, experiment);
            ui.weak("press a handle in the picture above for another pair");
        });
        let Pictures { look: Some(look), pair: Some(pictures), .. } = &self.pictures else {
            ui.weak("waiting for the run to come to the end of a step");
            return;
        };
        if let Some(pair) = &look.pair {
            pictures.show(ui, experiment, look, pair);
        }
    }

    fn saliency_tab(&mut self, ui: &mut Ui, experiment: &Experiment) {
        ui.horizontal_wrapped(|ui| {
            self.other_images(ui, experiment);
            ui.strong(experiment.pair_name(&experiment.pairs[self.selection.pair]));
        });
        let changed = saliency_panel::controls(ui, &mut self.selection.style);
        if changed {
            self.asked = None;
        }
        let look = self.pictures.look.clone();
        let Some((look, pair)) = look.as_ref().and_then(|look| Some((look, look.pair.as_ref()?))) else {
            ui.weak("waiting for the run to come to the end of a step");
            return;
        };
        let style = self.selection.style;
        if self.pictures.saliency.as_ref().is_none_or(|(drawn, _)| *drawn != style) {
            match SaliencyPictures::new(ui.ctx(), experiment, pair, style) {
                Ok(pictures) => self.pictures.saliency = Some((style, pictures)),
                Err(error) => return drop(ui.colored_label(ui.visuals().warn_fg_color, error.to_string())),
            }
        }
        let Some((_, pictures)) = &self.pictures.saliency else { return };
        if let Some(image) = pictures.show(ui, experiment, look, pair) {
            // It comes first: the feature maps are those of the first.
            self.selection.images.retain(|known| *known != image);
            self.selection.images.insert(0, image);
            self.selection.tab = Tab::Pair;
        }
    }
}

/// Ubuntu with Hack behind it, which has the arrows and mathematical signs that Ubuntu lacks.
fn fonts() -> egui::FontDefinitions {
    let mut fonts = egui::FontDefinitions::default();
    fonts.families.entry(egui::FontFamily::Proportional).or_default().push("Hack".into());
    fonts
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
        words += &format!(" · {} left", crate::cli::duration(secs));
    }
    words
}

fn finished_words(state: &ViewState) -> String {
    let test = state.summary.as_ref().and_then(|summary| summary.test_accuracy);
    test.map_or_else(|| "done".into(), |share| format!("done: {:.1} % of the test images right", 100.0 * share))
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        let context = ui.ctx().clone();
        self.listen(&context);
        self.frame(&context);
        self.dropped(&context);
        self.shortcuts(&context);
        Panel::top("controls").show(ui, |ui| self.top(ui));
        Panel::left("experiment").default_size(250.0).size_range(220.0..=380.0).show(ui, |ui| self.left(ui));
        CentralPanel::default().show(ui, |ui| self.centre(ui));
        self.help.show(&context);
        self.ask(&context);
    }

    fn on_exit(&mut self) {
        // Waits for the iteration under way, and for what it saves.
        self.session = None;
        let measured = self.frame_times.as_ref().map_or(Ok(()), FrameTimes::write);
        for failed in [self.settings().store(), measured].into_iter().filter_map(Result::err) {
            eprintln!("error: {failed}");
        }
    }
}
