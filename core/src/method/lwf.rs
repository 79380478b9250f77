//! Learning without forgetting, LwF (Li and Hoiem, 2016/2018): the target also predicts what the source would say.
//!
//! For every source s an added output layer reads the target's pooled features `h = pool(T_θ(x))`. With the source's
//! logits `z^s(x)` and a temperature τ (Hinton, Vinyals and Dean, 2015):
//!
//! ```text
//! L = L_org + λ_o Σ_s 1/B Σ_x H(q, p)      H(q, p) = −Σ_k q_k log p_k      their equation (2)
//! q = softmax(z^s / τ)      p = softmax((V_s h + c_s) / τ)                 their equation (3)
//! ```
//!
//! Gradient: `z̄ = λ_o (p − q) / (B τ)`, then `V̄ = Σ z̄ hᵀ`, `c̄ = Σ z̄`, `h̄ = Vᵀ z̄`. H(q, p) differs from the
//! Kullback–Leibler divergence by the entropy of q, a constant: it is lowest, not zero, where p = q.
//!
//! θ gains `V_s` `[K_s, C]` and `c_s` `[K_s]`, drawn as the target's own classifier is (normal of deviation 0.01; zero).
//!
//! The paper reproduced here names LwF without its settings, so those of Li and Hoiem hold:
//! - **τ = 2** (`method.temperature`): their choice, by a search on held-out images.
//! - **λ_o = 1** (`method.distillation`): their choice for most experiments. Their code has no factor τ² on the loss
//!   (Hinton et al. advise one to keep the gradient's size when τ changes): `method.distillation = τ²` gives it.
//!
//! Left out of theirs: starting the target from the source's weights and training the new layer first, which need one
//! architecture for both. Here the target starts from scratch, as in the paper's comparison.

use burn_tensor::Tensor;
use burn_tensor::activation::{log_softmax, softmax};

use super::auxiliary::{Auxiliary, AuxiliaryKind};
use super::{Recipe, SourceUse};
use crate::network::{Activations, Cotangents, GradientParts, Init, Network, NodeId, ParamId, ParamLayout};
use crate::source::SourceOutputs;

/// L_org and the distillation loss.
pub const RECIPE: Recipe = Recipe {
    name: "lwf",
    sources: SourceUse::EveryBatch,
    pairs: None,
    learned: None,
    auxiliary: &[AuxiliaryKind::Distillation],
};

/// τ.
pub const TEMPERATURE: f64 = 2.0;

/// λ_o.
pub const WEIGHT: f64 = 1.0;

/// The distillation loss with its added layers.
#[derive(Debug, Clone)]
pub struct Distillation {
    /// Node of the target's pooled features, and how many they are.
    features: (NodeId, usize),
    layers: Vec<OutputLayer>,
    temperature: f64,
    weight: f64,
}

/// V and c of one source.
#[derive(Debug, Clone, Copy)]
struct OutputLayer {
    weight: ParamId,
    bias: ParamId,
    classes: usize,
}

impl Distillation {
    /// Adds an output layer for every source of `classes` to the layout of θ. `weight` is λ_o.
    pub fn new(
        classes: impl IntoIterator<Item = usize>,
        target: &Network,
        weight: f64,
        temperature: f64,
        layout: &mut ParamLayout,
    ) -> Self {
        let node = target.features();
        let channels = target.feature_channels();
        let layers = classes.into_iter().enumerate().map(|(nth, classes)| OutputLayer {
            weight: layout.push(format!("distillation.{nth}.weight"), &[classes, channels], Init::Normal(0.01)),
            bias: layout.push(format!("distillation.{nth}.bias"), &[classes], Init::Constant(0.0)),
            classes,
        });
        Self { features: (node, channels), layers: layers.collect(), temperature, weight }
    }

    /// `λ_o/B Σ H(q, softmax(z/τ))`, `[1]`, and z̄, from logits z and softened predictions q, both `[B, K]`.
    fn cross_entropy(&self, z: &Tensor<2>, q: &Tensor<2>) -> (Tensor<1>, Tensor<2>) {
        let batch = z.dims()[0] as f64;
        let log_p = log_softmax(z.clone() / self.temperature, 1);
        let loss = (log_p.clone() * q.clone()).sum() * (-self.weight / batch);
        (loss, (log_p.exp() - q.clone()) * (self.weight / (batch * self.temperature)))
    }
}

impl Auxiliary for Distillation {
    fn kind(&self) -> AuxiliaryKind {
        AuxiliaryKind::Distillation
    }

    fn describe(&self) -> String {
        let classes: Vec<String> = self.layers.iter().map(|layer| layer.classes.to_string()).collect();
        format!("an added output layer of {} classes", classes.join(" and one of "))
    }

    /// q of every source, `[B, K_s]`.
    fn taught(&self, sources: &[SourceOutputs]) -> Vec<Tensor<2>> {
        let logits = sources.iter().map(|source| source.logits.as_ref().expect("distillation asks for logits"));
        logits.map(|z| softmax(z.clone() / self.temperature, 1)).collect()
    }

    fn nodes(&self) -> Vec<NodeId> {
        vec![self.features.0]
    }

    fn evaluate(
        &self,
        layout: &ParamLayout,
        theta: &Tensor<1>,
        at: &Activations,
        taught: &[Tensor<2>],
        bars: &mut Cotangents,
    ) -> (Tensor<1>, GradientParts) {
        let (node, channels) = self.features;
        let features = at.get(node).clone().reshape([at.batch(), channels]);
        let (mut loss, mut gradient) = (None, GradientParts::default());
        for (layer, q) in self.layers.iter().zip(taught) {
            let weight = layout.get(theta, layer.weight, [layer.classes, channels]);
            let bias = layout.get(theta, layer.bias, [1, layer.classes]);
            let z = features.clone().matmul(weight.clone().transpose()) + bias;
            let (of_source, z_bar) = self.cross_entropy(&z, q);
            loss = Some(loss.map_or(of_source.clone(), |sum: Tensor<1>| sum + of_source));
            gradient.set(layout, layer.weight, z_bar.clone().transpose().matmul(features.clone()));
            gradient.set(layout, layer.bias, z_bar.clone().sum_dim(0));
            bars.add(node, z_bar.matmul(weight).reshape([at.batch(), channels, 1, 1]));
        }
        (loss.expect("distillation has at least one source"), gradient)
    }
}
