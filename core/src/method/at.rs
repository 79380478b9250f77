//! Attention transfer, AT (Zagoruyko and Komodakis, ICLR 2017): where the target's features are large should be where
//! the source's are.
//!
//! The attention map of a feature map is `Q_p(A) = Σ_c A_{cp}²` at every pixel p, made a unit vector
//! `Q̂ = Q / ‖Q‖₂`. Over the pairs (m, n):
//!
//! ```text
//! L = L_org + β_AT Σ_(m,n) 1/(B·H·W) Σ_x Σ_p (Q̂_p(T^n(x)) − Q̂_p(resize S^m(x)))²
//! ```
//!
//! Gradient: with `e = 2 β_AT/(B·H·W) (Q̂ − Q̂_S)`, `Q̄ = (e − Q̂ ⟨Q̂, e⟩) / ‖Q‖`, and `T̄ = 2 T Q̄`. As in the authors'
//! code (PyTorch's `F.normalize`) ‖Q‖ is divided by where it is at least 1e-12, and 1e-12 where it is not, a constant to
//! the gradient. So a feature map of zeros has a finite gradient (zero), and one of small features is a unit vector still:
//! ‖Q‖ goes with the square of the features, and is 1e-6 where these are near 1e-3.
//!
//! Nothing is added to θ: the maps have no channels, so no regressor is needed. Where sizes differ the source's features
//! are resized bilinearly to the target's, as in weighted matching (Jang et al., Section 3.1).
//!
//! The paper reproduced here gives no setting of its own for AT:
//! - **β_AT = 1000** (`method.attention`), on the mean over pixels and images: Zagoruyko and Komodakis "set it to 10³
//!   divided by number of elements in attention map and batch size for each layer" (their Section 4.1), which is this
//!   mean. Their equation (2) shows β/2 and norms that are not squared; their code, which made their tables, is the formula
//!   above.
//!   The mean weighs a small map's difference more: two unit vectors of 2 × 2 pixels can cost 500, of 32 × 32 pixels 2.
//!   `all-to-all` over such maps needs a smaller `method.attention`, or the loss swamps L_org.
//! - **one-to-one** pairs: the configuration of the paper's Table 1, and theirs (the end of every group).

use burn_tensor::Tensor;
use l2t_shaders::attention;

use super::auxiliary::{Auxiliary, AuxiliaryKind};
use super::{Recipe, SourceUse};
use crate::matching::{PairRule, PairSet, SourceLayers};
use crate::network::{Activations, Cotangents, GradientParts, Network, NodeId, ParamLayout};
use crate::source::SourceOutputs;
use l2t_shaders::resize::resize;

/// L_org and the attention loss.
pub const RECIPE: Recipe = Recipe {
    name: "at",
    sources: SourceUse::EveryBatch,
    pairs: Some(PairRule::OneToOne),
    learned: None,
    auxiliary: &[AuxiliaryKind::Attention],
};

/// β_AT.
pub const WEIGHT: f64 = 1e3;

/// The least ‖Q‖: `eps` of `F.normalize`.
const LEAST: f64 = 1e-12;

/// The attention loss over a set of pairs.
#[derive(Debug, Clone)]
pub struct AttentionTransfer {
    pairs: PairSet,
    /// Node and `[H, W]` of every pair's target layer.
    target: Vec<(NodeId, [usize; 2])>,
    weight: f64,
}

/// Q̂, `[B, H·W]`, with 1/‖Q‖ and where that is cut off, `[B, 1]` each.
struct UnitMap {
    unit: Tensor<2>,
    inverse_norm: Tensor<2>,
    /// 1 where ‖Q‖ is at least [`LEAST`], 0 where it is less.
    moving: Tensor<2>,
}

impl UnitMap {
    fn of(map: Tensor<2>) -> Self {
        let norm = map.clone().square().sum_dim(1).sqrt();
        let moving = norm.ones_like().mask_fill(norm.clone().lower_elem(LEAST), 0.0);
        let inverse_norm = norm.clamp_min(LEAST).recip();
        Self { unit: map * inverse_norm.clone(), inverse_norm, moving }
    }

    /// Q̄ from the cotangent of Q̂.
    fn gradient(&self, unit_bar: Tensor<2>) -> Tensor<2> {
        let along = (self.unit.clone() * unit_bar.clone()).sum_dim(1) * self.moving.clone();
        (unit_bar - self.unit.clone() * along) * self.inverse_norm.clone()
    }
}

impl AttentionTransfer {
    /// `weight` is β_AT.
    pub fn new(pairs: PairSet, target: &Network, weight: f64) -> Self {
        let tap = |layer: usize| &target.taps()[layer];
        let target = pairs.pairs().iter().map(|pair| {
            let [_, height, width] = tap(pair.target_layer).shape;
            (tap(pair.target_layer).node, [height, width])
        });
        Self { target: target.collect(), pairs, weight }
    }
}

/// `β_AT/(B·H·W) Σ (Q̂ − Q̂_S)²`, `[1]`, of one pair with `weight` β_AT, and T̄.
fn attention_loss(weight: f64, feature: &Tensor<4>, source: &Tensor<2>) -> (Tensor<1>, Tensor<4>) {
    let found = UnitMap::of(attention::map(feature));
    let difference = found.unit.clone() - source.clone();
    let [batch, area] = difference.dims();
    let factor = weight / (batch * area) as f64;
    let loss = difference.clone().square().sum() * factor;
    let map_bar = found.gradient(difference * (2.0 * factor));
    (loss, attention::gradient(feature, &map_bar))
}

impl Auxiliary for AttentionTransfer {
    fn kind(&self) -> AuxiliaryKind {
        AuxiliaryKind::Attention
    }

    fn describe(&self) -> String {
        match self.pairs.len() {
            1 => "1 pair of attention maps".into(),
            count => format!("{count} pairs of attention maps"),
        }
    }

    /// The source's features at the size of the target's.
    fn widest(&self, sources: &[SourceLayers]) -> usize {
        let resized = self.pairs.pairs().iter().zip(&self.target).map(|(pair, (_, [height, width]))| {
            let [channels, ..] = sources[pair.source].taps[pair.source_layer].shape;
            channels * height * width
        });
        resized.max().unwrap_or(0)
    }

    /// Q̂_S of every pair, `[B, H·W]`.
    fn taught(&self, sources: &[SourceOutputs]) -> Vec<Tensor<2>> {
        let maps = self.pairs.pairs().iter().zip(&self.target).map(|(pair, (_, size))| {
            let feature = &sources[pair.source].features[pair.source_layer];
            UnitMap::of(attention::map(&resize(feature, *size))).unit
        });
        maps.collect()
    }

    fn nodes(&self) -> Vec<NodeId> {
        self.target.iter().map(|(node, _)| *node).collect()
    }

    fn evaluate(
        &self,
        _layout: &ParamLayout,
        _theta: &Tensor<1>,
        at: &Activations,
        taught: &[Tensor<2>],
        bars: &mut Cotangents,
    ) -> (Tensor<1>, GradientParts) {
        let mut sum: Option<Tensor<1>> = None;
        for ((node, _), source) in self.target.iter().zip(taught) {
            let (loss, feature_bar) = attention_loss(self.weight, at.get(*node), source);
            bars.add(*node, feature_bar);
            sum = Some(sum.map_or(loss.clone(), |sum| sum + loss));
        }
        (sum.expect("attention has at least one pair"), GradientParts::default())
    }
}

#[cfg(test)]
mod tests {
    use burn_tensor::{DType, Device, TensorData};

    use super::*;

    fn wave<const D: usize>(shape: [usize; D], phase: f64) -> Vec<f64> {
        (0..shape.iter().product()).map(|i| (i as f64 * 1.234 + phase).sin()).collect()
    }

    /// Three images whose features are of size 1, 1e-4 and 1e-7: ‖Q‖ is 16, 1.6e-7 and 1.6e-13, which is below what it is
    /// divided by at least. PyTorch 2.15 in float64, with `wave` of the tests beside this file:
    ///
    /// ```python
    /// size = torch.tensor([1.0, 1e-4, 1e-7])[:, None, None, None]
    /// a, s = (wave((3,5,7,6), 0.1) * size).requires_grad_(), wave((3,2,7,6), 0.5)
    /// Q = lambda a: F.normalize((a ** 2).sum(1).flatten(1))
    /// loss = 1e3 * (Q(a) - Q(s)).pow(2).mean(); g, = torch.autograd.grad(loss, a)
    /// print(loss.item(), [(g[b].flatten() * torch.sin(0.7*torch.arange(210) + 0.2*b)).sum().item() for b in range(3)])
    /// ```
    #[test]
    fn small_features_have_the_loss_and_the_gradient_of_pytorch() {
        let (shape, device) = ([3, 5, 7, 6], Device::flex());
        let sizes = [1.0, 1e-4, 1e-7];
        let values: Vec<f64> = wave(shape, 0.1)
            .chunks(210)
            .zip(sizes)
            .flat_map(|(image, size)| image.iter().map(move |v| v * size))
            .collect();
        let feature = |dtype| Tensor::<4>::from_data(TensorData::new(values.clone(), shape), (&device, dtype));
        let other = [3, 2, 7, 6];
        let source = |dtype| {
            let source = Tensor::<4>::from_data(TensorData::new(wave(other, 0.5), other), (&device, dtype));
            UnitMap::of(attention::map(&source)).unit
        };
        // Single precision reaches ‖Q‖² down to 1e-38; the gradient of the smallest is a difference of numbers near it.
        for (dtype, tolerance) in [(DType::F64, 1e-11), (DType::F32, 1e-5)] {
            let (loss, gradient) = attention_loss(WEIGHT, &feature(dtype), &source(dtype));
            let close = |got: f64, expected: f64| (got - expected).abs() < tolerance * expected.abs();
            let loss = loss.into_scalar::<f64>();
            assert!(close(loss, 5.901533053007573), "{dtype:?}: {loss}");
            let gradient: Vec<f64> = gradient.to_data().iter::<f64>().collect();
            let expected = [-0.17286449640394347, -2228.6008180735407, -158111.21424673346];
            for (nth, (image, expected)) in gradient.chunks(210).zip(expected).enumerate() {
                let got: f64 =
                    image.iter().enumerate().map(|(i, g)| g * (0.7 * i as f64 + 0.2 * nth as f64).sin()).sum();
                assert!(close(got, expected), "{dtype:?}, image {nth}: {got}, PyTorch {expected}");
            }
        }
    }
}
