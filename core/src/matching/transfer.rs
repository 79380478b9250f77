//! What the frozen sources and the meta-networks say about one batch. It is the same in every step of an iteration, so it
//! is computed once.

use burn_tensor::Tensor;
use l2t_shaders::channels;
use l2t_shaders::mismatch::{Matched, matched};
use l2t_shaders::segments::products;

use super::Matching;
use crate::meta::{MetaCotangents, MetaNetworks, MetaOutputs};

/// The matched feature maps of every source, `[source][m]`, each `[B, C_m, H_m, W_m]`.
pub type SourceFeatures = Vec<Vec<Tensor<4>>>;

/// Source features and their weights for one batch.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Per group: what it is matched with.
    pub(super) matched: Vec<Matched>,
    /// `mean_ij S^m` of the matched features one behind another, `[B, M]`.
    pooled: Tensor<2>,
    /// w and λ.
    pub(super) outputs: MetaOutputs,
    /// `λ w`, `[B, N]`.
    pub(super) weights: Tensor<2>,
}

impl Transfer {
    /// Resizes, pools and weights the features of a batch.
    pub fn new(matching: &Matching, meta: &MetaNetworks, phi: &Tensor<1>, features: &SourceFeatures) -> Self {
        let all: Vec<_> = matching.places().iter().map(|&(source, layer)| &features[source][layer]).collect();
        let pooled = channels::means(&all);
        let outputs = meta.evaluate(phi, &pooled);
        let w = &outputs.channel_weights;
        let (weights, _) = products(w, w, &outputs.pair_weights, meta.segments(), 1.0);
        Self { matched: lay_out(matching, &all), pooled, outputs, weights }
    }

    /// What the target layer `nth` of those that are matched has of it, for one of [`Matching::layers`].
    pub fn of_layer(&self, nth: usize) -> Self {
        Self { matched: vec![self.matched[nth].clone()], ..self.clone() }
    }

    /// w and λ of every pair.
    pub fn outputs(&self) -> &MetaOutputs {
        &self.outputs
    }

    /// Pulls cotangents of w and λ back to φ.
    pub fn gradient(&self, meta: &MetaNetworks, bars: &MetaCotangents) -> Tensor<1> {
        meta.gradient(&self.pooled, &self.outputs, bars)
    }
}

/// The features that each group is matched with; every feature once, however many groups it meets.
fn lay_out(matching: &Matching, features: &[&Tensor<4>]) -> Vec<Matched> {
    let of_pairs = matching.features_of_pairs();
    let layers = matching.groups().iter().map(|group| {
        let [_, height, width] = group.shape;
        ([height, width], group.members.iter().map(|member| of_pairs[member.pair]).collect())
    });
    matched(features, &layers.collect::<Vec<_>>())
}
