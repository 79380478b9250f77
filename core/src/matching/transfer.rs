//! What the frozen sources and the meta-networks say about one batch. It is the same in every step of an iteration, so it
//! is computed once.

use burn_tensor::Tensor;
use l2t_shaders::channels;
use l2t_shaders::mismatch::{Matched, matched};

use super::Matching;
use crate::meta::{MetaCotangents, MetaNetworks, MetaOutputs};

/// The matched feature maps of every source, `[source][m]`, each `[B, C_m, H_m, W_m]`.
pub type SourceFeatures = Vec<Vec<Tensor<4>>>;

/// Source features and their weights for one batch.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Per group: what it is matched with.
    pub(super) matched: Vec<Matched>,
    /// Per matched feature: `mean_ij S^m`, `[B, C_m]`.
    pooled: Vec<Tensor<2>>,
    /// w and λ per pair.
    pub(super) outputs: MetaOutputs,
    /// Per group: `λ w` of its pairs one after another, `[B, Σ C_m]`.
    pub(super) weights: Vec<Tensor<2>>,
}

impl Transfer {
    /// Resizes, pools and weights the features of a batch.
    pub fn new(matching: &Matching, meta: &MetaNetworks, phi: &Tensor<1>, features: &SourceFeatures) -> Self {
        let places = matching.places();
        let pooled: Vec<_> = places.iter().map(|&(source, layer)| channels::mean(&features[source][layer])).collect();
        let outputs = meta.evaluate(phi, &pooled.iter().collect::<Vec<_>>());
        let mut weights = Vec::new();
        for group in matching.groups() {
            let products = group
                .members
                .iter()
                .map(|member| outputs.channel_weights[member.pair].clone() * outputs.pair_weights[member.pair].clone());
            weights.push(concatenate(products.collect()));
        }
        let matched = lay_out(matching, features);
        Self { matched, pooled, outputs, weights }
    }

    /// What the target layer `nth` of those that are matched has of it, for one of [`Matching::layers`].
    pub fn of_layer(&self, nth: usize) -> Self {
        let (matched, weights) = (vec![self.matched[nth].clone()], vec![self.weights[nth].clone()]);
        Self { matched, weights, ..self.clone() }
    }

    /// w and λ of every pair.
    pub fn outputs(&self) -> &MetaOutputs {
        &self.outputs
    }

    /// Pulls cotangents of w and λ back to φ.
    pub fn gradient(&self, meta: &MetaNetworks, phi: &Tensor<1>, bars: &MetaCotangents) -> Tensor<1> {
        meta.gradient(phi, &self.pooled.iter().collect::<Vec<_>>(), &self.outputs, bars)
    }
}

/// The features that each group is matched with; every feature once, however many groups it meets.
fn lay_out(matching: &Matching, features: &SourceFeatures) -> Vec<Matched> {
    let all: Vec<_> = matching.places().iter().map(|&(source, layer)| &features[source][layer]).collect();
    let of_pairs = matching.features_of_pairs();
    let layers = matching.groups().iter().map(|group| {
        let [_, height, width] = group.shape;
        ([height, width], group.members.iter().map(|member| of_pairs[member.pair]).collect())
    });
    matched(&all, &layers.collect::<Vec<_>>())
}

/// Concatenation along the channels; a single part is not copied.
fn concatenate<const D: usize>(mut parts: Vec<Tensor<D>>) -> Tensor<D> {
    if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 1) }
}
