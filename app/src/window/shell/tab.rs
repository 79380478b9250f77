//! What is shown below the networks. A new tab is a file in `panels/` and a row here.

use eframe::egui::Ui;

use super::hidden::Part;
use super::intent::Intents;
use super::state::State;
use crate::window::panels::charts::{self, Chart};
use crate::window::panels::{pair, results, saliency, steps};
use crate::window::run::facts::Experiment;

/// A tab.
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
    /// Every run of this sitting as a row.
    Results,
}

/// What there is to know of a tab.
#[derive(Clone, Copy)]
pub struct Row {
    /// Which.
    pub tab: Tab,
    /// What a link calls it.
    pub key: &'static str,
    /// What stands on it.
    pub name: &'static str,
    /// What hides it.
    pub part: Part,
    /// Draws it.
    pub show: fn(&mut Ui, &State, &Experiment) -> Intents,
}

const OTHERS: [Row; 4] = [
    Row { tab: Tab::Pair, key: "pair", name: "What is transferred", part: Part::Pair, show: pair::show },
    Row { tab: Tab::Saliency, key: "saliency", name: "Saliency", part: Part::Saliency, show: saliency::show },
    Row { tab: Tab::Steps, key: "steps", name: "Step by step", part: Part::Steps, show: steps::show },
    Row { tab: Tab::Results, key: "results", name: "Results", part: Part::Results, show: results::show },
];

impl Tab {
    /// All in their order.
    pub fn all() -> impl Iterator<Item = Row> {
        charts::ROWS.into_iter().chain(OTHERS)
    }

    fn row(self) -> Row {
        Self::all().find(|row| row.tab == self).expect("every tab has a row")
    }

    /// Whether it shows a pair.
    pub fn shows_pair(self) -> bool {
        matches!(self, Self::Pair | Self::Saliency)
    }

    /// What a link calls it.
    pub fn key(self) -> &'static str {
        self.row().key
    }

    /// The tab that a link calls so.
    pub fn by_key(key: &str) -> Option<Self> {
        Self::all().find(|row| row.key == key).map(|row| row.tab)
    }

    /// Draws it.
    pub fn show(self, ui: &mut Ui, state: &State, experiment: &Experiment) -> Intents {
        (self.row().show)(ui, state, experiment)
    }
}
