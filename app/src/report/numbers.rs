//! Numbers as a reader sees them: accuracies in percent with two decimals, differences in points with their sign.

use l2t_core::experiment::comparison::group::{Counts, Group};
use l2t_core::experiment::comparison::statistics::Sample;
use l2t_core::experiment::comparison::tables::LEVEL;

pub use crate::words::in_percent as percent;
use crate::words::{self, signed};

/// `44.35 ± 1.07`, or `44.35` of a single seed.
pub fn mean_std(sample: &Sample) -> String {
    match sample.std {
        Some(std) => format!("{} ± {}", percent(sample.mean), percent(std)),
        None => percent(sample.mean),
    }
}

/// `+8.85`
pub fn points(share: f64) -> String {
    signed(100.0 * share, 2)
}

/// `[+7.25, +10.45]`, or a dash of a single seed.
pub fn interval(sample: &Sample) -> String {
    sample.interval(LEVEL).map_or("–".into(), |(low, high)| words::interval([low, high], points))
}

/// `5 seeds`, or what is lacking: `3 of 5 seeds: 1 failed, 1 missing`.
pub fn seeds(counts: &Counts) -> String {
    let unit = |count: usize| if count == 1 { "seed" } else { "seeds" };
    match counts.gaps() {
        None => format!("{} {}", counts.done, unit(counts.done)),
        Some(gaps) => format!("{} of {} {}: {gaps}", counts.done, counts.expected, unit(counts.expected)),
    }
}

/// What a group measured in one line: accuracy, or why there is none.
pub fn entry(group: &Group) -> String {
    match (&group.test, group.counts) {
        (_, Counts { expected: 0, .. }) => "not in the grid".into(),
        (Some(test), _) => mean_std(test),
        (None, Counts { done: 0, .. }) => "–".into(),
        (None, _) => "no test images".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_two_decimals_a_spread_and_a_sign() {
        let sample = Sample::of(&[0.4423, 0.4581, 0.4302]).expect("three");
        assert_eq!(mean_std(&sample), "44.35 ± 1.40");
        let one = Sample::of(&[0.5]).expect("one");
        assert_eq!((mean_std(&one), interval(&one)), ("50.00".into(), "–".into()));
        assert_eq!((points(0.0885), points(-0.0885)), ("+8.85".into(), "−8.85".into()));
        let counts = Counts { expected: 5, done: 3, failed: 1, unfinished: 0, missing: 1 };
        assert_eq!(seeds(&counts), "3 of 5 seeds: 1 failed, 1 missing");
        assert_eq!(seeds(&Counts { expected: 1, done: 1, ..Counts::default() }), "1 seed");
    }
}
