//! Running statistics of batch normalisation: what an evaluation outside training uses.

use burn_tensor::{DType, Device, Tensor};
use l2t_shaders::batch_norm::Moments;
use l2t_shaders::vector::{combine, combine_each};

use super::graph::Network;
use super::layout::ParamId;

/// PyTorch's default: the weight of the newest batch.
const MOMENTUM: f64 = 0.1;

/// One mean and variance per normalisation, in the order of the network. A value, not a hidden state: an update gives a
/// new one, and rolling back is keeping the old.
#[derive(Debug, Clone)]
pub struct RunningStats {
    pub(super) moments: Vec<Moments>,
}

impl RunningStats {
    /// Mean 0 and variance 1.
    pub fn new(network: &Network, device: &Device, dtype: DType) -> Self {
        let fresh = |channels: usize| Moments {
            mean: Tensor::zeros([channels], (device, dtype)),
            variance: Tensor::ones([channels], (device, dtype)),
        };
        Self { moments: network.norms().iter().map(|norm| fresh(norm.channels)).collect() }
    }

    /// From one mean and variance per normalisation.
    pub fn from_moments(moments: Vec<Moments>) -> Self {
        Self { moments }
    }

    /// One mean and variance per normalisation.
    pub fn moments(&self) -> &[Moments] {
        &self.moments
    }

    /// The weighted mean of statistics of one network.
    ///
    /// # Panics
    /// Where there are none.
    pub fn mean(weighted: &[(f64, Self)]) -> Self {
        if let [(_, only)] = weighted {
            return only.clone();
        }
        let mean = |nth: usize, of: fn(&Moments) -> &Tensor<1>| {
            let terms: Vec<_> = weighted.iter().map(|(weight, running)| (*weight, of(&running.moments[nth]))).collect();
            combine(&terms)
        };
        let moments = (0..weighted[0].1.moments.len())
            .map(|nth| Moments { mean: mean(nth, |m| &m.mean), variance: mean(nth, |m| &m.variance) });
        Self { moments: moments.collect() }
    }

    /// The statistics after one more training pass over `images` images, whose moments were `of_batch`: `0.9 old + 0.1 of
    /// the batch`, with the unbiased variance `n/(n − 1) v` as PyTorch has it. Normalisations that the pass did not reach
    /// stay as they are, and so does the variance where the pass saw one value of each channel: one value has none.
    /// PyTorch refuses to train there; here other parts of the batch may have more images.
    ///
    /// `theta` is where the pass was taken: the mean of a convolution's output has its bias in it, which the pass left out.
    pub fn updated(&self, network: &Network, theta: &Tensor<1>, of_batch: &[Moments], images: usize) -> Self {
        let mut moments = self.moments.clone();
        let norms: Vec<_> = (0..of_batch.len()).map(|nth| network.norm_area_and_shift(nth)).collect();
        let biases = norms
            .iter()
            .zip(of_batch)
            .map(|((_, shift), of_batch)| shift.map(|shift| network.layout.get(theta, shift, of_batch.mean.dims())));
        let biases: Vec<Option<Tensor<1>>> = biases.collect();
        let (mut sums, mut places) = (vec![], vec![]);
        for (nth, (of_batch, old)) in of_batch.iter().zip(&self.moments).enumerate() {
            let n = (images * norms[nth].0) as f64;
            let mut mean = vec![(1.0 - MOMENTUM, &old.mean), (MOMENTUM, &of_batch.mean)];
            mean.extend(biases[nth].as_ref().map(|bias| (MOMENTUM, bias)));
            sums.push(mean);
            places.push((nth, Moment::Mean));
            if n > 1.0 {
                let unbiased = MOMENTUM * n / (n - 1.0);
                sums.push(vec![(1.0 - MOMENTUM, &old.variance), (unbiased, &of_batch.variance)]);
                places.push((nth, Moment::Variance));
            }
        }
        for ((nth, moment), sum) in places.into_iter().zip(combine_each(&sums)) {
            match moment {
                Moment::Mean => moments[nth].mean = sum,
                Moment::Variance => moments[nth].variance = sum,
            }
        }
        Self { moments }
    }
}

/// Which of the two moments of a normalisation.
#[derive(Clone, Copy)]
enum Moment {
    Mean,
    Variance,
}

impl Network {
    /// Pixels per image that the `nth` normalisation averages over, and the bias that it took over.
    fn norm_area_and_shift(&self, nth: usize) -> (usize, Option<ParamId>) {
        use super::graph::Op;
        self.nodes
            .iter()
            .find_map(|node| match node.op {
                Op::BatchNorm { moments, shift, .. } if moments == nth => Some((node.shape[1] * node.shape[2], shift)),
                _ => None,
            })
            .expect("every normalisation is a node")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Mode;
    use crate::network::vgg::{Layer, VggConfig};
    use burn_tensor::TensorData;

    fn host(vector: &Tensor<1>) -> Vec<f64> {
        vector.to_data().iter::<f64>().collect()
    }

    /// One image of 2 × 2 pixels: the first normalisation sees four values of each channel, the second, behind the
    /// pooling, a single one, whose variance is none.
    #[test]
    fn one_value_says_nothing_about_the_variance() {
        let device = (&Device::flex(), DType::F64);
        let layers = vec![Layer::Conv(3), Layer::Pool, Layer::Conv(2)];
        let network = VggConfig { layers, classes: Some(2), size: 2 }.build().expect("two pixels can be halved once");
        let mut theta = network.layout().init(crate::seed::Seed(1), "theta");
        let biases: Vec<Vec<f64>> = [("features.0.bias", 3), ("features.4.bias", 2)]
            .map(|(name, count)| {
                let offset = network.layout().find(name).expect("a convolution's bias").offset;
                (0..count).for_each(|c| theta[offset + c] = 0.5 + c as f64);
                theta[offset..offset + count].to_vec()
            })
            .to_vec();
        let theta = network.layout().upload(theta, device.0, device.1);
        for images in [1, 2] {
            let values: Vec<f64> = (0..12 * images).map(|i| (1.3 * i as f64).sin()).collect();
            let x = Tensor::from_data(TensorData::new(values, [images, 3, 2, 2]), device);
            let at = network.forward(&theta, &x, Mode::Train, network.output());
            let before = RunningStats::new(&network, device.0, device.1);
            let after = before.updated(&network, &theta, &at.moments, images);
            for (nth, (of_batch, after)) in at.moments.iter().zip(after.moments()).enumerate() {
                let n = ([4, 1][nth] * images) as f64;
                let (mean, variance) = (host(&of_batch.mean), host(&of_batch.variance));
                // As PyTorch has it: of what the convolution gives with its bias.
                let means: Vec<f64> = mean.iter().zip(&biases[nth]).map(|(mean, bias)| 0.1 * (mean + bias)).collect();
                let unbiased = |v: &f64| if n == 1.0 { 1.0 } else { 0.9 + 0.1 * (v * (n / (n - 1.0))) };
                let variances: Vec<f64> = variance.iter().map(unbiased).collect();
                for (found, expected) in [(host(&after.mean), means), (host(&after.variance), variances)] {
                    let close = found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-14);
                    // The factors may be multiplied in another order: a few units in the last place of numbers near one.
                    assert!(close, "normalisation {nth}, {images} images: {found:?}, not {expected:?}");
                }
            }
        }
    }
}
