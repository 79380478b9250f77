//! Running statistics of batch normalisation: what an evaluation outside training uses.

use burn::tensor::{DType, Device, Tensor};
use l2t_shaders::batch_norm::Moments;
use l2t_shaders::vector::combine;

use super::evaluate::Activations;
use super::graph::Network;

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

    /// The statistics after one more training pass: `0.9 old + 0.1 of the batch`, with the unbiased variance
    /// `n/(n − 1) v` as PyTorch has it. Normalisations that the pass did not reach stay as they are.
    pub fn updated(&self, network: &Network, pass: &Activations) -> Self {
        let mut moments = self.moments.clone();
        for (nth, of_batch) in pass.moments.iter().enumerate() {
            let n = pass.batch() * network.norm_area(nth);
            let unbiased = n as f64 / (n as f64 - 1.0);
            let blend = |old: &Tensor<1>, new: Tensor<1>| old.clone() * (1.0 - MOMENTUM) + new * MOMENTUM;
            moments[nth] = Moments {
                mean: blend(&self.moments[nth].mean, of_batch.mean.clone()),
                variance: blend(&self.moments[nth].variance, of_batch.variance.clone() * unbiased),
            };
        }
        Self { moments }
    }
}

impl Network {
    /// Pixels per image that the `nth` normalisation averages over.
    fn norm_area(&self, nth: usize) -> usize {
        use super::graph::Op;
        self.nodes
            .iter()
            .find_map(|node| match node.op {
                Op::BatchNorm { moments, .. } if moments == nth => Some(node.shape[1] * node.shape[2]),
                _ => None,
            })
            .expect("every normalisation is a node")
    }
}
