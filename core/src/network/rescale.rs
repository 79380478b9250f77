//! Images that a network was trained on with another mean and standard deviation than those it is given.
//!
//! We feed x = (p − m) / s. A network that learned on x' = (p − m') / s' is given x' = (s / s') x + (m − m') / s' first.

use burn_tensor::{Tensor, TensorData};

use super::weights::WeightMap;
use crate::data::normalise::{MEAN, STD};
use crate::error::Result;

/// Per channel, what x is multiplied by and what is added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rescale {
    scale: [f64; 3],
    shift: [f64; 3],
}

impl Rescale {
    /// From x of our mean and deviation to that of `mean` and `std`; `None` where they are ours.
    pub fn to(mean: [f64; 3], std: [f64; 3]) -> Option<Self> {
        let ours = (MEAN.map(f64::from), STD.map(f64::from));
        let close = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        if close(mean, ours.0) && close(std, ours.1) {
            return None;
        }
        let scale = std::array::from_fn(|channel| ours.1[channel] / std[channel]);
        let shift = std::array::from_fn(|channel| (ours.0[channel] - mean[channel]) / std[channel]);
        Some(Self { scale, shift })
    }

    /// What the weights' notes `mean` and `std` ask for.
    ///
    /// # Errors
    /// When one is no list of three numbers, or a deviation is not above zero.
    pub fn of(weights: &WeightMap) -> Result<Option<Self>> {
        let three = |key: &str, usual: [f32; 3]| -> Result<[f64; 3]> {
            let Some(text) = weights.notes().get(key) else { return Ok(usual.map(f64::from)) };
            let numbers: Option<Vec<f64>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
            let numbers = numbers.and_then(|numbers| <[f64; 3]>::try_from(numbers).ok());
            let numbers = numbers.filter(|numbers| numbers.iter().all(|number| number.is_finite()));
            numbers.ok_or_else(|| weights.error(format!("{key} is {text:?}, and three numbers are needed")))
        };
        let (mean, std) = (three("mean", MEAN)?, three("std", STD)?);
        if std.iter().any(|std| *std <= 0.0) {
            return Err(weights.error("std has a number that is not above 0"));
        }
        Ok(Self::to(mean, std))
    }

    fn row(values: [f64; 3], like: &Tensor<4>) -> Tensor<4> {
        let data = TensorData::new(values.to_vec(), [1, 3, 1, 1]);
        Tensor::from_data(data, (&like.device(), like.dtype()))
    }

    /// `[B, 3, H, W]` as the network learned it.
    pub fn apply(&self, x: &Tensor<4>) -> Tensor<4> {
        x.clone() * Self::row(self.scale, x) + Self::row(self.shift, x)
    }

    /// `x̄` from the gradient in what [`apply`](Self::apply) gave.
    pub fn gradient(&self, x_bar: Tensor<4>) -> Tensor<4> {
        let scale = Self::row(self.scale, &x_bar);
        x_bar * scale
    }
}

/// Three numbers as a note has them.
pub(super) fn words(numbers: [f64; 3]) -> String {
    numbers.map(|number| number.to_string()).join(", ")
}

#[cfg(test)]
mod tests {
    use burn_tensor::{DType, Device};

    use super::*;

    #[test]
    fn a_pixel_is_what_the_other_normalisation_makes_of_it() {
        let (mean, std) = ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]);
        let rescale = Rescale::to(mean, std).unwrap();
        for (pixel, channel) in [(0.0, 0), (0.25, 1), (1.0, 2)] {
            let ours = (pixel - f64::from(MEAN[channel])) / f64::from(STD[channel]);
            let mut values = vec![0.0; 3];
            values[channel] = ours;
            let x = Tensor::<4>::from_data(TensorData::new(values, [1, 3, 1, 1]), (&Device::flex(), DType::F64));
            let found = rescale.apply(&x).into_data().try_to_vec::<f64>().unwrap()[channel];
            // Single-precision constants.
            assert!((found - (pixel - mean[channel]) / std[channel]).abs() < 1e-6);
        }
        assert_eq!(Rescale::to(MEAN.map(f64::from), STD.map(f64::from)), None);
    }

    #[test]
    fn notes_that_are_no_numbers_are_refused() {
        let mut weights = WeightMap::new("memory");
        assert_eq!(Rescale::of(&weights), Ok(None));
        weights.note("mean", "0.5, 0.5, 0.5");
        assert!(Rescale::of(&weights).unwrap().is_some());
        for (key, text) in [("mean", "0.5"), ("mean", "a, b, c"), ("std", "0, 1, 1"), ("std", "1, 1, nan")] {
            let mut weights = WeightMap::new("memory");
            weights.note(key, text);
            assert!(Rescale::of(&weights).unwrap_err().to_string().contains(key));
        }
    }
}
