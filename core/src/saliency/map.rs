//! From gradients in the image to maps of 0 to 1 and their differences.

use burn_tensor::Tensor;
use l2t_shaders::saliency;

use super::ImageGradients;

/// Shades of a picture: what differs by less than one of them looks the same.
const SHADES: f64 = 256.0;

/// The maps of a batch of images under one choice of channel weights.
#[derive(Debug, Clone)]
pub struct Maps {
    /// M: the gradient's strongest colour, `[B, H, W]`.
    pub strength: Tensor<3>,
    /// M clipped and scaled to 0…1, each image by itself, `[B, H, W]`.
    pub normalised: Tensor<3>,
}

/// How the learned weights change the maps of a batch.
#[derive(Debug, Clone)]
pub struct Change {
    /// The maps with the learned weights.
    pub learned: Maps,
    /// Positive part of learned minus uniform, both normalised: the more activated pixels, `[B, H, W]`.
    pub more: Tensor<3>,
    /// Negative part of the same, as positive numbers: the less activated pixels, `[B, H, W]`.
    pub less: Tensor<3>,
}

/// All maps of a batch.
#[derive(Debug, Clone)]
pub struct BatchMaps {
    /// With uniform channel weights.
    pub uniform: Maps,
    /// With the learned ones, where the method learns them.
    pub change: Option<Change>,
}

impl Maps {
    fn new(gradient: &Tensor<4>, clip: f64) -> Self {
        let strength = saliency::strength(gradient);
        let (normalised, _) = saliency::normalise(&strength, clip);
        Self { strength, normalised }
    }
}

impl BatchMaps {
    /// The maps of `gradients`, clipped where the share `clip` of each map's sum is reached (0.98 as in captum).
    pub fn new(gradients: &ImageGradients, clip: f64) -> Self {
        let uniform = Maps::new(&gradients.uniform, clip);
        let change = gradients.learned.as_ref().map(|gradient| {
            let learned = Maps::new(gradient, clip);
            let (more, less) = saliency::difference(&learned.normalised, &uniform.normalised);
            Change { learned, more, less }
        });
        Self { uniform, change }
    }

    /// The maps of parts of a batch one after another; a single part is not copied.
    ///
    /// # Panics
    /// Where there is none.
    pub fn of_parts(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 {
            return parts.remove(0);
        }
        let all = |map: &dyn Fn(&Self) -> Option<Tensor<3>>| -> Option<Tensor<3>> {
            Some(Tensor::cat(parts.iter().map(map).collect::<Option<Vec<_>>>()?, 0))
        };
        let maps = |of: &dyn Fn(&Self) -> Option<&Maps>| -> Option<Maps> {
            Some(Maps {
                strength: all(&|part| Some(of(part)?.strength.clone()))?,
                normalised: all(&|part| Some(of(part)?.normalised.clone()))?,
            })
        };
        let change = || -> Option<Change> {
            Some(Change {
                learned: maps(&|part| Some(&part.change.as_ref()?.learned))?,
                more: all(&|part| Some(part.change.as_ref()?.more.clone()))?,
                less: all(&|part| Some(part.change.as_ref()?.less.clone()))?,
            })
        };
        Self { uniform: maps(&|part| Some(&part.uniform)).expect("every part has them"), change: change() }
    }
}

/// Whether no two pixels of a map (or part of a difference of normalised maps, which spans 0…1 at most) differ by a
/// shade of grey. Such a map says nothing, and stretching it would show noise. A map that is no number somewhere is flat
/// too.
pub fn is_flat(normalised: &[f64]) -> bool {
    let (least, most) =
        normalised.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    normalised.iter().any(|value| !value.is_finite()) || most - least < 1.0 / SHADES
}

/// The least of `values` (none negative) such that those up to it make up the share `clip` of their sum; 0 where all are
/// zero. What `l2t_shaders::saliency::normalise` does for each map, for values of several maps together.
pub fn clip_value(values: impl IntoIterator<Item = f64>, clip: f64) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let mut sum = 0.0;
    let sums: Vec<f64> = sorted
        .iter()
        .map(|value| {
            sum += value;
            sum
        })
        .collect();
    let reached = sums.iter().position(|partial| *partial >= clip * sum);
    reached.map_or(0.0, |at| sorted[at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_tensor::{DType, Device, TensorData};

    fn gradient(values: &[f64]) -> Tensor<4> {
        let shape = [values.len() / 6, 3, 1, 2];
        Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), DType::F64))
    }

    fn host(map: &Tensor<3>) -> Vec<f64> {
        map.to_data().iter::<f64>().collect()
    }

    #[test]
    fn the_difference_is_that_of_the_normalised_maps() {
        // M = (1, 4) and (20, 10): normalised (0.25, 1) and (1, 0.5), whatever the size of the gradients.
        let uniform = gradient(&[1.0, 0.0, 0.5, -4.0, 0.0, 2.0]);
        let learned = gradient(&[0.0, 10.0, -20.0, 0.0, 3.0, 1.0]);
        let maps = BatchMaps::new(&ImageGradients { uniform, learned: Some(learned), channel_weights: None }, 1.0);
        let change = maps.change.expect("there are learned weights");
        assert_eq!(host(&maps.uniform.strength), [1.0, 4.0]);
        assert_eq!((host(&change.more), host(&change.less)), (vec![0.75, 0.0], vec![0.0, 0.5]));
    }

    #[test]
    fn a_method_without_learned_weights_has_one_map() {
        let maps = BatchMaps::new(
            &ImageGradients { uniform: gradient(&[1.0; 6]), learned: None, channel_weights: None },
            0.98,
        );
        assert!(maps.change.is_none());
        assert!(is_flat(&host(&maps.uniform.normalised)));
    }

    #[test]
    fn the_clip_of_several_maps_is_that_of_one() {
        let values = [4.0, 1.0, 0.0, 3.0, 2.0];
        let map = Tensor::from_data(TensorData::new(values.to_vec(), [1, 1, 5]), (&Device::flex(), DType::F64));
        for clip in [0.3, 0.6, 0.8, 1.0] {
            let (_, threshold) = saliency::normalise(&map, clip);
            assert_eq!(clip_value(values, clip), threshold.into_scalar::<f64>(), "{clip}");
        }
        assert_eq!((clip_value([0.0, 0.0], 0.98), clip_value([], 0.98)), (0.0, 0.0));
    }

    #[test]
    fn flat_is_what_looks_flat() {
        for (map, flat) in [
            (&[0.0, 0.0][..], true),
            (&[1.0, 1.0], true),
            (&[0.5, 0.503], true),
            (&[0.5, 0.51], false),
            (&[0.0, 1.0], false),
            (&[0.0, f64::NAN], true),
        ] {
            assert_eq!(is_flat(map), flat, "{map:?}");
        }
    }
}
