//! Paired differences: two methods at equal seeds see the same images, so their difference is less noisy than either.

use super::grid::has_fixed_pairs;
use super::group::Group;
use super::outcome::CellOutcome;
use super::statistics::Sample;
use crate::experiment::config::PairsConfig;
use crate::experiment::{Config, Method};
use crate::matching::PairRule;

/// What a method is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// Training from scratch.
    Scratch,
    /// The best of the methods whose pairs are fixed by hand.
    FixedPairs,
    /// All pairs at equal weight: what is matched before anything is learned of it. The first such column of the grid.
    AllPairs,
}

impl Reference {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Scratch, Self::FixedPairs, Self::AllPairs];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scratch => "scratch",
            Self::FixedPairs => "best fixed-pair method",
            Self::AllPairs => "all pairs at equal weight",
        }
    }

    fn includes(self, config: &Config) -> bool {
        let method = config.method.name;
        match self {
            Self::Scratch => method == Method::Scratch,
            Self::FixedPairs => has_fixed_pairs(method),
            Self::AllPairs => {
                let all = Some(PairsConfig::Rule(PairRule::AllToAll));
                method == Method::Fm && config.method.pairs == all
            }
        }
    }
}

/// Test accuracy of a method less that of another, at equal seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Label of the method.
    pub method: String,
    /// What kind of method it is compared with.
    pub kind: Reference,
    /// Label of the one it is compared with.
    pub reference: String,
    /// At every seed that both have, as a share: 0.1 is ten points.
    pub at_seeds: Vec<f64>,
    /// Over those seeds; absent where there is none.
    pub sample: Option<Sample>,
}

/// The differences of every method of a setting from a reference of each kind. The best is chosen by validation accuracy: the
/// test images choose nothing.
pub fn differences(groups: &[Group], outcomes: &[&CellOutcome]) -> Vec<Difference> {
    let mut found = Vec::new();
    for kind in Reference::ALL {
        let Some(reference) = best_of(kind, groups, outcomes) else { continue };
        for group in groups.iter().filter(|group| group.method != reference) {
            let at_seeds = paired(&group.method, reference, outcomes);
            let (method, reference, sample) = (group.method.clone(), reference.to_owned(), Sample::of(&at_seeds));
            found.push(Difference { method, kind, reference, at_seeds, sample });
        }
    }
    found
}

/// The label with the best mean validation accuracy among those of `kind` that have results, the first of equals; of all
/// pairs at equal weight the first.
fn best_of<'a>(kind: Reference, groups: &'a [Group], outcomes: &[&CellOutcome]) -> Option<&'a str> {
    let is_of_kind =
        |group: &&Group| outcomes.iter().any(|o| o.cell.method == group.method && kind.includes(&o.cell.config));
    let validation = |group: &Group| group.validation.map_or(0.0, |sample| sample.mean);
    let mut candidates = groups.iter().filter(is_of_kind).filter(|group| group.test.is_some());
    if kind == Reference::AllPairs {
        return candidates.next().map(|group| group.method.as_str());
    }
    candidates.rev().max_by(|a, b| validation(a).total_cmp(&validation(b))).map(|group| group.method.as_str())
}

/// Test accuracy of one label less that of another at every seed that both have.
pub fn paired(method: &str, reference: &str, outcomes: &[&CellOutcome]) -> Vec<f64> {
    let both = at_seeds_of_both(method, reference, outcomes);
    let differences = both.iter().map(|(one, other)| Some(one.test_accuracy()? - other.test_accuracy()?));
    differences.flatten().collect()
}

/// What one gets who trains two methods at every seed and keeps the one that validation prefers, the first of equals.
#[derive(Debug, Clone, PartialEq)]
pub struct Preferred {
    /// Test accuracy of the one that is kept less that of the second, at every seed that both have.
    pub at_seeds: Vec<f64>,
    /// Seeds at which the first is kept.
    pub first: usize,
}

/// What validation prefers of `first` and `second`; the test images choose nothing.
pub fn preferred(first: &str, second: &str, outcomes: &[&CellOutcome]) -> Preferred {
    let both = at_seeds_of_both(first, second, outcomes);
    let chosen = both.iter().map(|(one, other)| {
        let keeps_first = one.validation_accuracy()? >= other.validation_accuracy()?;
        let gain = one.test_accuracy()? - other.test_accuracy()?;
        Some((if keeps_first { gain } else { 0.0 }, usize::from(keeps_first)))
    });
    let (at_seeds, kept): (Vec<_>, Vec<_>) = chosen.flatten().unzip();
    Preferred { at_seeds, first: kept.iter().sum() }
}

/// The cells of two labels at every seed that has both.
fn at_seeds_of_both<'a>(
    one: &str,
    other: &str,
    outcomes: &[&'a CellOutcome],
) -> Vec<(&'a CellOutcome, &'a CellOutcome)> {
    let of_one = outcomes.iter().filter(|outcome| outcome.cell.method == one);
    let of_other = |seed| move |outcome: &&&CellOutcome| outcome.cell.method == other && outcome.cell.seed == seed;
    let beside = |mine: &CellOutcome| outcomes.iter().find(of_other(mine.cell.seed));
    of_one.filter_map(|mine| Some((*mine, *beside(mine)?))).collect()
}
