//! Everything that the window shows, in one place. A view reads it and answers with [`Intent`]s; what they change here is
//! [`State::apply`], without a window, a run or a device.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use l2t_core::experiment::Config;
use l2t_core::experiment::config::PairsConfig;
use l2t_core::experiment::look::Look;
use l2t_core::experiment::saliency::choice::{last_pair, spread};
use l2t_core::matching::Pair;

use super::hidden::Part;
use super::intent::Intent;
use super::link::Link;
use super::tab::Tab;
use crate::window::paint::layers::LayerPictures;
use crate::window::paint::saliency::{SaliencyPictures, SaliencyStyle};
use crate::window::panels::charts::Chart;
use crate::window::panels::files::FilesForm;
use crate::window::panels::help::Help;
use crate::window::panels::pair::PairPictures;
use crate::window::run::facts::Experiment;
use crate::window::run::results::{KnownRun, Run, Table};
use crate::window::run::view_state::ViewState;
use crate::window::seam::KeptRun;

/// Images in the saliency grid.
const IMAGES: usize = 5;

/// What the user looks at.
#[derive(Debug, Clone)]
pub struct Selection {
    /// What is below the networks.
    pub tab: Tab,
    /// Index into the pairs.
    pub pair: usize,
    /// The pair that a link asks for, until the pairs are known.
    pub linked_pair: Option<usize>,
    /// Images of the saliency grid, by index.
    pub images: Vec<usize>,
    /// How maps are drawn.
    pub style: SaliencyStyle,
    /// Pairs that are being chosen for the next run.
    pub editing: Option<Vec<Pair>>,
}

/// What was seen last, and its pictures.
#[derive(Default)]
pub struct Pictures {
    /// On the host.
    pub look: Option<Arc<Look>>,
    /// What the layers see.
    pub layers: Option<LayerPictures>,
    /// What is transferred.
    pub pair: Option<PairPictures>,
    /// Where it looks, in the style that it was drawn in; or why it cannot be drawn.
    pub saliency: Option<(SaliencyStyle, Result<SaliencyPictures, String>)>,
}

/// What can be done now, and here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Abilities {
    /// The run goes on, or was told to.
    pub running: bool,
    /// A run that cannot go on can be taken up again from its last epoch.
    pub recoverable: bool,
    /// Runs that the browser keeps; `None` where there are folders instead.
    pub kept: Option<Vec<KeptRun>>,
    /// The zip of the newest run, which is kept without being asked.
    pub last: Option<PathBuf>,
}

/// The state.
pub struct State {
    /// What is known of the run.
    pub run: ViewState,
    /// The experiment as the controls have it.
    pub draft: Config,
    /// The preset that it began from.
    pub preset: String,
    /// What that says.
    pub base: Config,
    /// Runs that are over, to compare with.
    pub earlier: Vec<KnownRun>,
    /// How many began before this one.
    pub begun: usize,
    /// How the results are looked at.
    pub table: Table,
    /// What is looked at.
    pub selection: Selection,
    /// What was seen.
    pub pictures: Pictures,
    /// What stands in the fields about files.
    pub form: FilesForm,
    /// Shortcuts and tour.
    pub help: Help,
    /// The settings are open, where there is no room for them beside the networks.
    pub sheet: bool,
    /// Controls that a link took away.
    pub hidden: BTreeSet<Part>,
    /// What can be done.
    pub abilities: Abilities,
}

impl State {
    /// Of a window that begins with `draft`, a change of `preset`.
    pub fn new(preset: String, draft: Config) -> Self {
        Self {
            run: ViewState::default(),
            base: Config::preset(&preset, &[]).expect("the preset was chosen from those there are"),
            draft,
            preset,
            earlier: vec![],
            begun: 0,
            table: Table::default(),
            selection: Selection {
                tab: Tab::Chart(Chart::Accuracy),
                pair: 0,
                linked_pair: None,
                images: vec![],
                style: SaliencyStyle::default(),
                editing: None,
            },
            pictures: Pictures::default(),
            form: FilesForm::default(),
            help: Help::default(),
            sheet: false,
            hidden: BTreeSet::new(),
            abilities: Abilities::default(),
        }
    }

    /// Whether no link took `part` away.
    pub fn shows(&self, part: Part) -> bool {
        !self.hidden.contains(&part)
    }

    /// How the draft differs from its preset.
    pub fn changes(&self) -> Vec<String> {
        self.draft.changes_from(&self.base)
    }

    /// Takes what `preset` says for the experiment.
    pub fn begin_from(&mut self, preset: &str) {
        self.base = Config::preset(preset, &[]).expect("a test reads every preset");
        self.draft = self.base.clone();
        self.preset = preset.to_owned();
    }

    /// Takes what `link` says.
    pub fn follow(&mut self, link: Link) {
        self.begin_from(&link.preset);
        self.draft = link.config;
        self.hidden = link.hidden;
        self.selection.tab = link.tab.unwrap_or(self.selection.tab);
        self.selection.linked_pair = link.pair;
    }

    /// The runs that have a complete epoch, the present one last.
    pub fn runs(&self) -> Vec<Run<'_>> {
        self.earlier.iter().map(KnownRun::as_run).chain(self.present()).collect()
    }

    /// The present run, once it has a complete epoch.
    fn present(&self) -> Option<Run<'_>> {
        let experiment = self.run.experiment.as_ref().filter(|_| !self.run.history.epochs.is_empty())?;
        let (history, summary) = (&self.run.history, self.run.summary.as_ref());
        Some(Run { nth: self.begun, config: &experiment.config, history, summary })
    }

    /// What the run on screen is called where another can use its φ: what and where to transfer, learned.
    pub fn teacher(&self) -> Option<String> {
        let run = self.present().filter(|run| run.config.method.name.recipe().learns_phi())?;
        self.abilities.recoverable.then(|| format!("run {}", run.nth + 1))
    }

    /// Clears what was known of a run; it stays in charts and table if `keep` says so.
    pub fn leave_run(&mut self, keep: bool) {
        if let Some(Run { nth, config, history, summary }) = self.present().filter(|_| keep) {
            let (config, history, summary) = (config.clone(), history.clone(), summary.cloned());
            let run = KnownRun { nth, config, history, summary };
            self.earlier.retain(|earlier| earlier.config != run.config);
            self.earlier.push(run);
            self.begun += 1;
        }
        self.run = ViewState::default();
        self.pictures = Pictures::default();
        self.selection.images.clear();
        self.selection.editing = None;
    }

    /// Chooses what to look at of a run that is ready.
    pub fn ready(&mut self, experiment: &Experiment) {
        self.selection.images = spread(&experiment.shown, IMAGES);
        let linked = self.selection.linked_pair.take().filter(|pair| *pair < experiment.pairs.len());
        self.selection.pair = linked.or_else(|| last_pair(&experiment.pairs)).unwrap_or(0);
    }

    /// Does what `intent` asks of the state; what asks for more than that is given back.
    pub fn apply(&mut self, intent: Intent) -> Option<Intent> {
        match intent {
            Intent::Draft(draft) => self.draft = *draft,
            Intent::Preset(name) => self.begin_from(name),
            Intent::Tab(tab) => self.selection.tab = tab,
            Intent::Pair(pair) => {
                self.selection.pair = pair;
                if self.selection.tab != Tab::Saliency {
                    self.selection.tab = Tab::Pair;
                }
            }
            Intent::EditPairs(editing) => {
                let pairs = self.run.experiment.as_ref().map_or_else(Vec::new, |experiment| experiment.pairs.clone());
                self.selection.editing = editing.then_some(pairs);
            }
            Intent::TogglePair(pair) => self.toggle_pair(pair),
            Intent::OtherImages => {
                let count = self.run.experiment.as_ref().map_or(1, |experiment| experiment.shown.len());
                self.selection.images.iter_mut().for_each(|image| *image = (*image + 1) % count);
            }
            Intent::FirstImage(image) => {
                // It comes first: the feature maps are those of the first.
                self.selection.images.retain(|known| *known != image);
                self.selection.images.insert(0, image);
                self.selection.tab = Tab::Pair;
            }
            Intent::Style(style) => self.selection.style = style,
            Intent::Read(notice) => drop(self.run.notices.remove(notice)),
            Intent::Form(form) => self.form = form,
            Intent::Sheet(open) => self.sheet = open,
            Intent::Table(table) => self.table = table,
            Intent::Help(help) => self.help = help,
            more => return Some(more),
        }
        None
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
}
