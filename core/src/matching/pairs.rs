//! The set C of candidate pairs.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::network::Tap;

/// A candidate pair (m, n) of a tapped source layer and a tapped target layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// Which source network, where there are several.
    #[serde(default)]
    pub source: usize,
    /// m: index into the matched layers of that source.
    pub source_layer: usize,
    /// n: index into the taps of the target.
    pub target_layer: usize,
}

/// Which layers of one source are matched: their taps, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLayers {
    /// What to call the source.
    pub name: String,
    /// The layers m = 0, 1, ….
    pub taps: Vec<Tap>,
}

/// The paper's three hand-made ways to choose pairs, Figure 3(a)–(c), among the target layers that rules take
/// ([`Tap::by_rule`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PairRule {
    /// The last source layer with the target layer of the same spatial size.
    Single,
    /// Each source layer with the target layer of the same spatial size.
    OneToOne,
    /// Every source layer with every target layer.
    AllToAll,
}

/// The candidate pairs, in order, each at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairSet(Vec<Pair>);

impl PairSet {
    /// Checks that every pair names layers that exist, and none twice.
    ///
    /// # Errors
    /// Names the pair.
    pub fn new(pairs: Vec<Pair>, sources: &[SourceLayers], target: &[Tap]) -> Result<Self> {
        for (nth, pair) in pairs.iter().enumerate() {
            let key = format!("pairs[{nth}]");
            let Some(source) = sources.get(pair.source) else {
                return Err(Error::config(key, format!("source {} of {}", pair.source, sources.len())));
            };
            if pair.source_layer >= source.taps.len() {
                let reason = format!(
                    "source layer {} does not exist: {} has {}",
                    pair.source_layer,
                    source.name,
                    source.taps.len()
                );
                return Err(Error::config(key, reason));
            }
            if pair.target_layer >= target.len() {
                let reason =
                    format!("target layer {} does not exist: the target has {}", pair.target_layer, target.len());
                return Err(Error::config(key, reason));
            }
            if pairs[..nth].contains(pair) {
                return Err(Error::config(
                    key,
                    format!(
                        "source {}, layer {} to target layer {} is there already",
                        pair.source, pair.source_layer, pair.target_layer
                    ),
                ));
            }
        }
        Ok(Self(pairs))
    }

    /// The pairs that `rule` chooses; with several sources, the union over them.
    ///
    /// # Errors
    /// When a rule that asks for equal sizes finds no target layer of the size.
    pub fn from_rule(rule: PairRule, sources: &[SourceLayers], target: &[Tap]) -> Result<Self> {
        let mut pairs = Vec::new();
        for (source, layers) in sources.iter().enumerate() {
            let all = 0..layers.taps.len();
            let chosen = if rule == PairRule::Single { all.end.saturating_sub(1)..all.end } else { all };
            for source_layer in chosen {
                let [_, height, width] = layers.taps[source_layer].shape;
                let same = |tap: &Tap| rule == PairRule::AllToAll || tap.shape[1..] == [height, width];
                let fitting = (0..target.len()).filter(|nth| target[*nth].by_rule && same(&target[*nth]));
                let targets: Vec<usize> =
                    fitting.take(if rule == PairRule::AllToAll { usize::MAX } else { 1 }).collect();
                if targets.is_empty() {
                    let reason = format!(
                        "no target layer has the {height}×{width} pixels of {} of {}",
                        layers.taps[source_layer].label, layers.name
                    );
                    return Err(Error::config("method.pairs", reason));
                }
                pairs.extend(targets.into_iter().map(|target_layer| Pair { source, source_layer, target_layer }));
            }
        }
        Self::new(pairs, sources, target)
    }

    /// The pairs in order.
    pub fn pairs(&self) -> &[Pair] {
        &self.0
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is matched.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tap(channels: usize, side: usize) -> Tap {
        Tap { node: 0, label: format!("{channels}@{side}"), shape: [channels, side, side], by_rule: true }
    }

    fn paper() -> (Vec<SourceLayers>, Vec<Tap>) {
        let source = SourceLayers { name: "ResNet-32".into(), taps: vec![tap(16, 32), tap(32, 16), tap(64, 8)] };
        (vec![source], vec![tap(64, 32), tap(128, 16), tap(256, 8), tap(512, 4), tap(512, 2)])
    }

    #[test]
    fn the_papers_rules_give_one_three_and_fifteen_pairs() {
        let (sources, target) = paper();
        let of = |rule| PairSet::from_rule(rule, &sources, &target).expect("the paper's networks").0;
        assert_eq!(of(PairRule::Single), [Pair { source: 0, source_layer: 2, target_layer: 2 }]);
        let one_to_one: Vec<_> = of(PairRule::OneToOne).iter().map(|p| (p.source_layer, p.target_layer)).collect();
        assert_eq!(one_to_one, [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(of(PairRule::AllToAll).len(), 15);
        let two = [sources[0].clone(), sources[0].clone()];
        assert_eq!(PairSet::from_rule(PairRule::AllToAll, &two, &target).expect("two sources").len(), 30);
    }

    /// ResNet-34 → ResNet-18 on 224 × 224 pixels: sixteen pairs, the stems in none of them.
    #[test]
    fn a_tap_that_rules_leave_out_is_matched_where_a_list_names_it() {
        let groups = [tap(64, 56), tap(128, 28), tap(256, 14), tap(512, 7)];
        let sources = [SourceLayers { name: "ResNet-34".into(), taps: groups.to_vec() }];
        let target = [vec![Tap { by_rule: false, ..tap(64, 112) }], groups.to_vec()].concat();
        let of = |rule| PairSet::from_rule(rule, &sources, &target).expect("the paper's networks").0;
        let numbers = |rule| of(rule).iter().map(|p| (p.source_layer, p.target_layer)).collect::<Vec<_>>();
        assert_eq!(numbers(PairRule::Single), [(3, 4)]);
        assert_eq!(numbers(PairRule::OneToOne), [(0, 1), (1, 2), (2, 3), (3, 4)]);
        let all: Vec<_> = (0..4).flat_map(|m| (1..5).map(move |n| (m, n))).collect();
        assert_eq!(numbers(PairRule::AllToAll), all);
        let stem = vec![Pair { source: 0, source_layer: 0, target_layer: 0 }];
        assert_eq!(PairSet::new(stem, &sources, &target).map(|pairs| pairs.len()), Ok(1));
    }

    #[test]
    fn a_pair_of_a_layer_that_is_not_there_is_named() {
        let (sources, target) = paper();
        let pairs = vec![Pair { source: 0, source_layer: 1, target_layer: 5 }];
        let error = PairSet::new(pairs, &sources, &target).expect_err("there is no sixth target layer");
        assert_eq!(error.to_string(), "pairs[0]: target layer 5 does not exist: the target has 5");
        let error = PairSet::from_rule(PairRule::Single, &sources, &target[..2]).expect_err("no 8×8 target layer");
        assert!(error.to_string().starts_with("method.pairs: no target layer has the 8×8 pixels"));
    }
}
