//! Which pixels a pair's matching looks at: Section 3.5 and Figure 6 of the paper.
//!
//! ```text
//! M_ij = max_c | ∂L_wfm^{m,n}(θ | x, w) / ∂x_cij |
//! ```
//!
//! for one image x and one pair (m, n), once with uniform channel weights `w = 1/C_m` and once with the learned
//! `w = f_φ(S^m(x))`. What the paper leaves open is settled like this:
//!
//! - **The gradient flows through both networks**: T_θ with its regressor, and the frozen S, since
//!   `d = r_θ(T^n(x)) − resize(S^m(x))` depends on x twice.
//! - **w is a constant.** The paper writes it as an argument of its own beside θ and x, and the two maps then differ in
//!   nothing but the weights. λ scales the whole map, which normalising undoes, so it is left out.
//! - **Batch normalisation uses the running statistics**, in both networks: with the batch's moments an image's map would
//!   depend on which other images happen to be beside it.
//! - **One loss per image**, not the batch's mean: the factor `1/B` would only scale.
//!
//! In reading order: [`PairGradient`] (this file), [`map`] (from gradients to maps), [`region`] (where the object is),
//! [`score`] (how much of a map lies there), [`colour`] (for pictures). `experiment::saliency` goes over a data set.

pub mod colour;
pub mod map;
pub mod region;
pub mod score;
#[cfg(test)]
mod tests;

use burn_tensor::Tensor;
use l2t_shaders::channels;
use l2t_shaders::conv::{self, Geometry};

use crate::error::{Error, Result};
use crate::matching::{Group, Matching, Member};
use crate::meta::MetaNetworks;
use crate::network::{Activations, Cotangents, Mode, Network, NodeId, RunningStats};
use crate::objective::TargetModel;
use crate::source::Source;
use l2t_shaders::resize::{resize, resize_gradient};

/// A 1 × 1 convolution: the regressor.
const POINTWISE: Geometry = Geometry { stride: 1, padding: 0 };

/// The trained numbers of a run: θ with the regressors, the target's running statistics, φ.
#[derive(Debug, Clone, Copy)]
pub struct Trained<'a> {
    /// θ in the layout of the target model.
    pub theta: &'a Tensor<1>,
    /// Running statistics of the target.
    pub running: &'a RunningStats,
    /// φ in the layout of the meta-networks.
    pub phi: &'a Tensor<1>,
}

/// One pair's matching loss as a function of the image.
#[derive(Debug, Clone, Copy)]
pub struct PairGradient<'a> {
    model: &'a TargetModel,
    meta: &'a MetaNetworks,
    source: &'a Source,
    /// Index into the pair set.
    pair: usize,
    source_layer: usize,
    group: &'a Group,
    member: Member,
    trained: Trained<'a>,
}

/// `∂L_wfm^{m,n}/∂x` of a batch of images.
#[derive(Debug, Clone)]
pub struct ImageGradients {
    /// With `w = 1/C_m`, `[B, 3, H, W]`.
    pub uniform: Tensor<4>,
    /// With the learned w, `[B, 3, H, W]`; `None` where the method does not learn it.
    pub learned: Option<Tensor<4>>,
    /// The learned w, `[B, C_m]`.
    pub channel_weights: Option<Tensor<2>>,
}

/// What a pair matches, and how strongly.
#[derive(Debug, Clone)]
pub struct PairMaps {
    /// S^m(x), `[B, C_m, H_m, W_m]`.
    pub source: Tensor<4>,
    /// r_θ(T^n(x)), `[B, C_m, H_n, W_n]`.
    pub regressed: Tensor<4>,
    /// w, `[B, C_m]`: learned, or 1/C_m.
    pub channel_weights: Tensor<2>,
    /// λ, `[B, 1]`: learned, or 1.
    pub pair_weight: Tensor<2>,
}

/// Both networks evaluated on a batch, and the mismatch between them.
struct Mismatch {
    source: (NodeId, Activations),
    target: Activations,
    /// d = r − resize(S), `[B, C_m, H, W]`.
    d: Tensor<4>,
}

impl<'a> PairGradient<'a> {
    /// For the `pair`-th candidate pair of a model with matching.
    ///
    /// # Errors
    /// When the model matches nothing.
    ///
    /// # Panics
    /// When there is no such pair.
    pub fn new(
        model: &'a TargetModel,
        meta: Option<&'a MetaNetworks>,
        sources: &'a [Source],
        pair: usize,
        trained: Trained<'a>,
    ) -> Result<Self> {
        let (Some(matching), Some(meta)) = (&model.matching, meta) else {
            return Err(Error::config("method.name", "matches no features, so that there is no saliency of matching"));
        };
        let (group, member) = place(matching, pair);
        let of = matching.pairs().pairs()[pair];
        let source = &sources[of.source];
        Ok(Self { model, meta, source, pair, source_layer: of.source_layer, group, member, trained })
    }

    /// Both networks, the source first.
    pub fn networks(&self) -> [&Network; 2] {
        [&self.source.network, &self.model.network]
    }

    /// Elements of r_θ(T^n(x)) of one image, and of S^m(x) at its size.
    pub fn regressed_elements(&self) -> usize {
        self.member.channels * self.group.shape[1] * self.group.shape[2]
    }

    /// The gradients of every image's own loss in that image, for normalised images `x`, `[B, 3, H, W]`.
    pub fn of(&self, x: &Tensor<4>) -> ImageGradients {
        let at = self.mismatch(x);
        let pooled = self.pooled(&at);
        let uniform = pooled.full_like(1.0 / self.member.channels as f64);
        let channel_weights = self.meta.learned().what.then(|| self.learned_weights(&pooled));
        let uniform = self.gradient(&at, &uniform);
        let learned = channel_weights.as_ref().map(|w| self.gradient(&at, w));
        ImageGradients { uniform, learned, channel_weights }
    }

    /// `L_wfm^{m,n}` of every image, `[B]`, with given channel weights, `[B, C_m]`.
    pub fn loss(&self, x: &Tensor<4>, w: &Tensor<2>) -> Tensor<1> {
        let at = self.mismatch(x);
        let [batch, _] = w.dims();
        (channels::mean_products(&[(&at.d, &at.d)], 1.0) * w.clone()).sum_dim(1).reshape([batch])
    }

    /// Both sides of the matching, with the weights that it has, for normalised images `x`, `[B, 3, H, W]`.
    pub fn maps(&self, x: &Tensor<4>) -> PairMaps {
        let at = self.mismatch(x);
        let source = at.source.1.get(at.source.0);
        let [_, _, height, width] = at.d.dims();
        let pooled = self.pooled(&at);
        PairMaps {
            source: source.clone(),
            regressed: at.d.clone() + resize(source, [height, width]),
            channel_weights: self.learned_weights(&pooled),
            pair_weight: self.meta.pair_weight(self.trained.phi, self.pair, &pooled).1,
        }
    }

    /// The learned channel weights of every image, `[B, C_m]`.
    pub fn channel_weights(&self, x: &Tensor<4>) -> Tensor<2> {
        self.learned_weights(&self.pooled(&self.mismatch(x)))
    }

    fn learned_weights(&self, pooled: &Tensor<2>) -> Tensor<2> {
        self.meta.channel_weights(self.trained.phi, self.pair, pooled)
    }

    fn pooled(&self, at: &Mismatch) -> Tensor<2> {
        channels::mean(at.source.1.get(at.source.0))
    }

    /// R, `[C_m, C_n, 1, 1]`, and b, `[C_m]`: this pair's rows of its group's regressor.
    fn regressor(&self) -> (Tensor<4>, Tensor<1>) {
        let (layout, theta) = (&self.model.layout, self.trained.theta);
        let (all, Member { start, channels, .. }) = (self.group.channels(), self.member);
        let weight: Tensor<4> = layout.get(theta, self.group.weight, [all, self.group.shape[0], 1, 1]);
        let bias: Tensor<1> = layout.get(theta, self.group.bias, [all]);
        (weight.narrow(0, start, channels), bias.narrow(0, start, channels))
    }

    fn mismatch(&self, x: &Tensor<4>) -> Mismatch {
        let source = self.source.evaluate(x, self.source_layer);
        let (network, Trained { theta, running, .. }) = (&self.model.network, self.trained);
        let target = network.forward(theta, x, Mode::Eval(running), self.group.node);
        let feature = target.get(self.group.node);
        let (weight, bias) = self.regressor();
        let [_, _, height, width] = feature.dims();
        let resized = resize(source.1.get(source.0), [height, width]);
        let regressed = conv::convolve(&[(feature, &weight)], POINTWISE);
        let d = channels::add_bias(&regressed, &bias, Some(&resized));
        Mismatch { source, target, d }
    }

    /// `∂/∂x Σ_c w_c/(HW) Σ_ij d²`: with `r̄ = 2 w d / (HW)`, `T̄ = Rᵀ r̄` goes back through the target and
    /// `S̄ = −resizeᵀ(r̄)` through the source.
    fn gradient(&self, at: &Mismatch, w: &Tensor<2>) -> Tensor<4> {
        let [_, _, height, width] = at.d.dims();
        let r_bar = channels::scale(&at.d, &(w.clone() * (2.0 / (height * width) as f64)));

        let (node, activations) = &at.source;
        let [_, _, height, width] = activations.get(*node).dims();
        let mut bars = Cotangents::default();
        bars.add(*node, resize_gradient(&r_bar, [height, width]).neg());
        let through_source = self.source.network.image_gradient(&self.source.state.theta, activations, bars);

        let feature = at.target.get(self.group.node);
        let mut bars = Cotangents::default();
        bars.add(self.group.node, conv::input_gradient(&[(&r_bar, &self.regressor().0)], feature, POINTWISE));
        let through_target = self.model.network.image_gradient(self.trained.theta, &at.target, bars);

        let reached = "every feature map lies behind the image";
        through_source.expect(reached) + through_target.expect(reached)
    }
}

/// How many evenly weighted channels are as uneven as `w` (which sums to 1): `exp(−Σ_c w_c ln w_c)`, from 1 to C_m, where
/// it is C_m for uniform weights only.
pub fn effective_channels(w: &[f64]) -> f64 {
    let entropy: f64 = w.iter().filter(|w| **w > 0.0).map(|w| -w * w.ln()).sum();
    entropy.exp()
}

/// The group that a pair is in, and its rows there.
fn place(matching: &Matching, pair: usize) -> (&Group, Member) {
    let mut found = matching
        .groups()
        .iter()
        .flat_map(|group| group.members().iter().map(move |member| (group, *member)))
        .filter(|(_, member)| member.pair == pair);
    found.next().expect("every pair is in a group")
}
