//! Which pair and which images.

use std::sync::Arc;

use crate::data::{Dataset, Split};
use crate::error::{Error, Result};
use crate::experiment::Plan;
use crate::matching::{Pair, PairSet};

/// The pair asked for, or the last: of the last target layer the last source layer.
///
/// # Errors
/// When it is no candidate pair of the run; says which there are.
pub fn choose_pair(pairs: &PairSet, wanted: Option<Pair>) -> Result<usize> {
    let all = pairs.pairs();
    let Some(wanted) = wanted else {
        return last_pair(all).ok_or_else(|| Error::config("--pair", "the run has no pair"));
    };
    let several = wanted.source > 0 || all.iter().any(|pair| pair.source > 0);
    let name = |pair: &Pair| match pair {
        Pair { source, source_layer, target_layer } if several => format!("{source},{source_layer},{target_layer}"),
        Pair { source_layer, target_layer, .. } => format!("{source_layer},{target_layer}"),
    };
    all.iter().position(|pair| *pair == wanted).ok_or_else(|| {
        let names: Vec<String> = all.iter().map(name).collect();
        Error::config("--pair", format!("{} is no pair of this run; it has {}", name(&wanted), names.join(" ")))
    })
}

/// The pair to begin with: of the last target layer the last source layer. `None` where there is no pair.
pub fn last_pair(pairs: &[Pair]) -> Option<usize> {
    (0..pairs.len()).max_by_key(|nth| (pairs[*nth].target_layer, pairs[*nth].source_layer))
}

/// Images for a picture that nobody chose by hand: `count` of them, one a class from classes evenly spread over all of
/// them (and then the next one of each), each the first of its class; where there are any with a known object, only
/// such images.
pub fn spread(data: &Dataset, count: usize) -> Vec<usize> {
    let known: Vec<usize> = (0..data.len()).filter(|index| data.has_object(*index)).collect();
    let candidates = if known.is_empty() { (0..data.len()).collect() } else { known };
    let mut members = vec![Vec::new(); data.class_names.len()];
    for index in candidates {
        members[data.labels[index]].push(index);
    }
    members.retain(|images| !images.is_empty());
    let (classes, total) = (members.len(), members.iter().map(Vec::len).sum::<usize>());
    let mut chosen = Vec::new();
    for round in 0..members.iter().map(Vec::len).max().unwrap_or(0) {
        let wanted = count.min(total) - chosen.len();
        let present: Vec<usize> = (0..classes).filter(|class| members[*class].len() > round).collect();
        let taken = wanted.min(present.len());
        chosen.extend((0..taken).map(|nth| members[present[nth * present.len() / taken]][round]));
    }
    chosen
}

/// The part of the run's own data.
///
/// # Errors
/// When the run's data have no such part.
pub fn part_of(plan: &Plan, part: Part) -> Result<Arc<Dataset>> {
    let found = match part {
        Part::Train => Some(plan.train.clone()),
        Part::Validation => plan.validation.clone(),
        Part::Test => plan.test.as_ref().map(|test| test.data(plan.stop()).cloned()).transpose()?,
    };
    found.ok_or_else(|| Error::config("--split", format!("{} has no {} images", plan.train.name, part.name())))
}

/// Parts of a run's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The images that it learned from.
    Train,
    /// Those that chose the best epoch.
    Validation,
    /// Those that it is reported on.
    Test,
}

impl Part {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The part of a data set on disk; `None` for validation images, which a run holds out itself.
    pub fn split(self) -> Option<Split> {
        match self {
            Self::Train => Some(Split::Train),
            Self::Validation => None,
            Self::Test => Some(Split::Test),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PixelBox;

    /// Images of 2 × 4 pixels; `boxed` of them have a box over the left half.
    fn drawn(labels: &[usize], boxed: &[usize]) -> Dataset {
        let left = PixelBox { x0: 0.0, y0: 0.0, x1: 2.0, y1: 2.0 };
        Dataset {
            name: "drawn".into(),
            class_names: (0..6).map(|class| format!("class {class}")).collect(),
            height: 2,
            width: 4,
            pixels: vec![7; 24 * labels.len()],
            stored: None,
            labels: labels.to_vec(),
            boxes: Some((0..labels.len()).map(|index| boxed.contains(&index).then_some(left)).collect()),
            masks: None,
            notes: vec![],
        }
    }

    #[test]
    fn the_images_shown_are_spread_over_the_classes_and_never_repeat() {
        let data = drawn(&[0, 1, 2, 3, 4, 5, 5, 5], &[]);
        assert_eq!(spread(&data, 3), [0, 2, 4]);
        assert_eq!(spread(&data, 6), [0, 1, 2, 3, 4, 5]);
        assert_eq!(spread(&data, 7), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(spread(&data, 100).len(), 8);
        assert_eq!(spread(&drawn(&[0, 1, 2, 3, 4, 5], &[1, 5]), 4), [1, 5]);
    }

    #[test]
    fn the_last_pair_is_that_of_the_last_layers() {
        let pair = |source, source_layer, target_layer| Pair { source, source_layer, target_layer };
        let set = |pairs: &[Pair]| {
            let tap = |side: usize| crate::network::Tap {
                node: 0,
                label: String::new(),
                shape: [1, side, side],
                by_rule: true,
            };
            let taps = vec![tap(4), tap(2), tap(1)];
            let source = crate::matching::SourceLayers { name: "s".into(), taps: taps.clone() };
            PairSet::new(pairs.to_vec(), &[source.clone(), source], &taps).unwrap()
        };
        let pairs = set(&[pair(0, 2, 2), pair(0, 0, 2), pair(0, 2, 1)]);
        assert_eq!(choose_pair(&pairs, None), Ok(0));
        assert_eq!(choose_pair(&pairs, Some(pair(0, 2, 1))), Ok(2));
        let error = choose_pair(&pairs, Some(pair(0, 1, 1))).unwrap_err().to_string();
        assert_eq!(error, "--pair: 1,1 is no pair of this run; it has 2,2 0,2 2,1");
        let error = choose_pair(&set(&[pair(0, 2, 2), pair(1, 0, 2)]), Some(pair(1, 1, 1))).unwrap_err().to_string();
        assert_eq!(error, "--pair: 1,1,1 is no pair of this run; it has 0,2,2 1,0,2");
        let error = choose_pair(&set(&[pair(0, 2, 2)]), Some(pair(1, 2, 2))).unwrap_err().to_string();
        assert_eq!(error, "--pair: 1,2,2 is no pair of this run; it has 0,2,2");
    }
}
