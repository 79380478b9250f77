//! What is shown below the networks.

use super::curves::Chart;
use super::hidden::Part;

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
}

impl Tab {
    /// All in their order: what a link calls them, what stands on them, and what hides them.
    pub const ALL: [(Self, &'static str, &'static str, Part); 6] = [
        (Self::Chart(Chart::Accuracy), "accuracy", "Accuracy", Part::Charts),
        (Self::Chart(Chart::Losses), "losses", "Losses", Part::Charts),
        (Self::Chart(Chart::PairWeights), "lambda", "λ over time", Part::Charts),
        (Self::Pair, "pair", "What is transferred", Part::Pair),
        (Self::Saliency, "saliency", "Saliency", Part::Saliency),
        (Self::Steps, "steps", "Step by step", Part::Steps),
    ];

    /// What a link calls it.
    pub fn key(self) -> &'static str {
        Self::ALL.iter().find(|(tab, ..)| *tab == self).map_or("", |(_, key, ..)| key)
    }

    /// The tab that a link calls so.
    pub fn by_key(key: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, ..)| *known == key).map(|(tab, ..)| *tab)
    }
}
