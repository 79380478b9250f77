//! How much of a map lies on the object, and what that is over many images.
//!
//! - **Mass**: `Σ_inside M / Σ M`. A map that knows nothing of the object has the object's share of the area.
//! - **Pointing game** (Zhang et al., 2018): whether the largest value lies inside; here without tolerance around the
//!   object. A random pixel hits with the probability of the object's share of the area.
//!
//! Both are taken from M itself, before clipping: clipping makes the largest values equal.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::region::Region;
use crate::data::random::below;
use crate::seed::Seed;

/// Resamples of the bootstrap: the 95 % bounds then vary by less than a twentieth of the interval's width.
const RESAMPLES: usize = 2000;

/// Scores of one map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Share of the map's sum inside, 0 to 1.
    pub mass: f64,
    /// Whether the largest value, the first of equals, lies inside.
    pub hit: bool,
}

impl Score {
    /// The scores of a map without negative values in reading order; `None` where it is zero everywhere.
    ///
    /// # Panics
    /// When map and region differ in size.
    pub fn of(map: &[f64], region: &Region) -> Option<Self> {
        let inside = region.inside();
        assert_eq!(map.len(), inside.len(), "a map and its region have one size");
        let all: f64 = map.iter().sum();
        if all <= 0.0 {
            return None;
        }
        let mass: f64 = map.iter().zip(inside).filter(|(_, inside)| **inside).map(|(value, _)| value).sum();
        let (strongest, _) =
            map.iter().enumerate().fold((0, f64::MIN), |best, (at, v)| if *v > best.1 { (at, *v) } else { best });
        Some(Self { mass: mass / all, hit: inside[strongest] })
    }
}

/// A mean over images with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Images.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Lower and upper bound: percentiles 2.5 and 97.5 of the means of 2000 resamples (bootstrap over images, fixed
    /// seed). `None` for fewer than two images. The interval is about the choice of images; it says nothing about other
    /// training seeds.
    pub interval: Option<[f64; 2]>,
}

impl Estimate {
    /// Of one value an image, called `name` (which chooses the random stream); `None` where there is none.
    pub fn of(values: &[f64], name: &str) -> Option<Self> {
        let count = values.len();
        let size = u32::try_from(count).ok().filter(|size| *size > 0)?;
        let mean = values.iter().sum::<f64>() / count as f64;
        let interval = (count > 1).then(|| {
            let mut rng = Seed(0).stream(&format!("bootstrap/{name}"), 0);
            let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resampled_mean(values, size, &mut rng)).collect();
            means.sort_by(f64::total_cmp);
            [percentile(&means, 0.025), percentile(&means, 0.975)]
        });
        Some(Self { count, mean, interval })
    }
}

fn resampled_mean(values: &[f64], size: u32, rng: &mut impl Rng) -> f64 {
    (0..size).map(|_| values[below(rng, size) as usize]).sum::<f64>() / f64::from(size)
}

/// The value at `share` of the way through `sorted`, between neighbours by their mix.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the indices")]
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mass_and_pointing_of_a_small_map() {
        let region = Region::from_mask(vec![true, true, false, false, false, false], 3).unwrap();
        let score = Score::of(&[1.0, 2.0, 4.0, 0.0, 2.0, 1.0], &region).unwrap();
        assert_eq!(score, Score { mass: 0.3, hit: false });
        // The first of equals.
        assert!(Score::of(&[0.0, 5.0, 5.0, 0.0, 0.0, 0.0], &region).unwrap().hit);
        assert_eq!(Score::of(&[0.0; 6], &region), None);
        // What knows nothing of the object scores the share of its area.
        assert!((Score::of(&[0.7; 6], &region).unwrap().mass - region.area_share()).abs() < 1e-15);
    }

    #[test]
    fn the_bootstrap_agrees_with_the_normal_approximation() {
        // 400 values of a uniform distribution have a mean whose interval is ± 1.96 σ/√n, here ± 0.0283.
        let values: Vec<f64> = (0..400).map(|i| f64::from(i) / 399.0).collect();
        let found = Estimate::of(&values, "test").unwrap();
        let [low, high] = found.interval.unwrap();
        let expected = 1.96 * (values.iter().map(|v| (v - 0.5).powi(2)).sum::<f64>() / 400.0 / 400.0).sqrt();
        assert!((found.mean - 0.5).abs() < 1e-12);
        // 2000 resamples know a percentile of the mean to about a twentieth of the width.
        assert!((low - (0.5 - expected)).abs() < 0.1 * expected, "{low}");
        assert!((high - (0.5 + expected)).abs() < 0.1 * expected, "{high}");
        assert_eq!(Estimate::of(&values, "test").unwrap(), found);
        assert_ne!(Estimate::of(&values, "other").unwrap().interval, found.interval);
    }

    #[test]
    fn one_image_has_no_interval_and_none_no_mean() {
        assert_eq!(Estimate::of(&[0.4], "x"), Some(Estimate { count: 1, mean: 0.4, interval: None }));
        assert_eq!(Estimate::of(&[], "x"), None);
    }
}
