//! Value and derivatives of `β L_wfm`.
//!
//! With `d = r − s`, the mismatch `D_bc = 1/(HW) Σ_ij d²`, and `k_bc = 2β λ_b w_bc / (B·HW)`:
//!
//! - value: `β L_wfm = β/B Σ_b λ_b Σ_c w_bc D_bc`
//! - gradient: `r̄ = k d`, hence `T̄ = Rᵀ r̄`, `R̄ = Σ r̄ Tᵀ`, `b̄ = Σ r̄`; `w̄ = β/B λ D`, `λ̄ = β/B Σ_c w D`
//! - along `u`: `ṙ = R Ṫ + Ṙ T + ḃ`, `Ḋ = 2/(HW) Σ_ij d ṙ`; `w̄` and `λ̄` of the derivative are those above with `Ḋ`
//! - gradient along `u`: `r̄̇ = k ṙ`, and the product rule on `T̄`, `R̄`, `b̄`

use burn::tensor::Tensor;
use l2t_shaders::conv::{self, Geometry};
use l2t_shaders::{channels, mismatch};

use super::{Group, Matching, Transfer};
use crate::meta::MetaCotangents;
use crate::network::{Activations, Cotangents, GradientParts, ParamLayout, Tangents};

/// A 1 × 1 convolution.
const POINTWISE: Geometry = Geometry { stride: 1, padding: 0 };

/// Matching evaluated at one θ, with what its derivatives need.
#[derive(Debug, Clone)]
pub struct MatchingPass {
    groups: Vec<GroupPass>,
}

#[derive(Debug, Clone)]
struct GroupPass {
    /// d = r − s, `[B, Σ C_m, H, W]`.
    mismatch: Tensor<4>,
    /// D, `[B, Σ C_m]`.
    squared: Tensor<2>,
    /// r̄, once a gradient was taken.
    r_bar: Option<Tensor<4>>,
}

/// The derivative of [`MatchingPass`] along a direction.
#[derive(Debug, Clone)]
pub struct AlongMatching {
    /// Per group: (ṙ, Ḋ).
    groups: Vec<(Tensor<4>, Tensor<2>)>,
}

impl Group {
    fn regressor(&self, layout: &ParamLayout, theta: &Tensor<1>) -> (Tensor<4>, Tensor<1>) {
        let out = self.channels();
        (layout.get(theta, self.weight, [out, self.shape[0], 1, 1]), layout.get(theta, self.bias, [out]))
    }
}

impl Matching {
    /// Evaluates the mismatch of every pair at the target's activations.
    pub fn evaluate(
        &self,
        layout: &ParamLayout,
        theta: &Tensor<1>,
        at: &Activations,
        transfer: &Transfer,
    ) -> MatchingPass {
        let groups = self.groups.iter().zip(&transfer.matched).map(|(group, matched)| {
            let (weight, bias) = group.regressor(layout, theta);
            self.count(group, at.batch(), 1);
            let regressed = conv::convolve(&[(at.get(group.node), &weight)], POINTWISE);
            let (mismatch, squared) = mismatch::mismatch(&regressed, &bias, matched);
            GroupPass { mismatch, squared, r_bar: None }
        });
        MatchingPass { groups: groups.collect() }
    }

    /// `β L_wfm`, `[1]`.
    pub fn loss(&self, pass: &MatchingPass, transfer: &Transfer) -> Tensor<1> {
        let batch = pass.groups[0].squared.dims()[0] as f64;
        let sums = pass
            .groups
            .iter()
            .zip(&transfer.weights)
            .map(|(group, weights)| (group.squared.clone() * weights.clone()).sum());
        sums.reduce(|a, b| a + b).expect("matching has at least one pair") * (self.beta / batch)
    }

    /// `L_wfm^{m,n}` of every pair, without β and λ, each `[B, 1]`.
    pub fn pair_matching_losses(&self, pass: &MatchingPass, transfer: &Transfer) -> Vec<Tensor<2>> {
        let mut losses: Vec<Option<Tensor<2>>> = vec![None; self.pairs.len()];
        for (group, found) in self.groups.iter().zip(&pass.groups) {
            for member in &group.members {
                let squared = found.squared.clone().narrow(1, member.start, member.channels);
                let weighted = squared * transfer.outputs.channel_weights[member.pair].clone();
                losses[member.pair] = Some(weighted.sum_dim(1));
            }
        }
        losses.into_iter().map(|loss| loss.expect("every pair is in a group")).collect()
    }

    /// Adds the gradient of `β L_wfm` to the cotangents of the taps and to the regressors' parts.
    pub fn gradient(
        &self,
        layout: &ParamLayout,
        theta: &Tensor<1>,
        at: &Activations,
        transfer: &Transfer,
        pass: &mut MatchingPass,
        bars: &mut Cotangents,
    ) -> GradientParts {
        let mut gradient = GradientParts::default();
        for (nth, group) in self.groups.iter().enumerate() {
            let found = &mut pass.groups[nth];
            let (weight, _) = group.regressor(layout, theta);
            self.count(group, at.batch(), 2);
            let factor = self.factor(group, &transfer.weights[nth]);
            let (r_bar, bias_bar) = mismatch::mismatch_gradient(&found.mismatch, &factor);
            let feature = at.get(group.node);
            gradient.set(layout, group.weight, conv::weight_gradient(&[(feature, &r_bar)], &weight, POINTWISE));
            gradient.set(layout, group.bias, bias_bar);
            bars.add(group.node, conv::input_gradient(&[(&r_bar, &weight)], feature, POINTWISE));
            found.r_bar = Some(r_bar);
        }
        gradient
    }

    /// k: `2β λ w / (B·HW)`, `[B, Σ C_m]`.
    fn factor(&self, group: &Group, weights: &Tensor<2>) -> Tensor<2> {
        let [_, height, width] = group.shape;
        let batch = weights.dims()[0];
        weights.clone() * (2.0 * self.beta / (batch * height * width) as f64)
    }

    /// `∂(β L_wfm)/∂w` and `∂(β L_wfm)/∂λ`.
    pub fn meta_gradient(&self, pass: &MatchingPass, transfer: &Transfer) -> MetaCotangents {
        self.meta_cotangents(pass.groups.iter().map(|group| &group.squared), transfer)
    }

    fn meta_cotangents<'a>(&self, squared: impl Iterator<Item = &'a Tensor<2>>, transfer: &Transfer) -> MetaCotangents {
        let mut bars = vec![None; self.pairs.len()];
        for (group, squared) in self.groups.iter().zip(squared) {
            let factor = self.beta / squared.dims()[0] as f64;
            for member in &group.members {
                let squared = squared.clone().narrow(1, member.start, member.channels) * factor;
                let w = transfer.outputs.channel_weights[member.pair].clone();
                let lambda = transfer.outputs.pair_weights[member.pair].clone();
                bars[member.pair] = Some((squared.clone() * lambda, (squared * w).sum_dim(1)));
            }
        }
        let (channel_weights, pair_weights) =
            bars.into_iter().map(|bar| bar.expect("every pair is in a group")).unzip();
        MetaCotangents { channel_weights, pair_weights }
    }

    /// The derivative of the mismatches along `theta_dot`.
    pub fn along(
        &self,
        layout: &ParamLayout,
        theta: &Tensor<1>,
        theta_dot: &Tensor<1>,
        at: &Activations,
        dots: &Tangents,
        pass: &MatchingPass,
    ) -> AlongMatching {
        let groups = self.groups.iter().zip(&pass.groups).map(|(group, found)| {
            let ((weight, _), (weight_dot, bias_dot)) =
                (group.regressor(layout, theta), group.regressor(layout, theta_dot));
            let feature_dot = dots.get(group.node).expect("a tap lies behind a convolution");
            self.count(group, at.batch(), 2);
            let terms = [(at.get(group.node), &weight_dot), (feature_dot, &weight)];
            let r_dot = channels::add_bias(&conv::convolve(&terms, POINTWISE), &bias_dot, None);
            let squared_dot = channels::mean_product(&found.mismatch, &r_dot) * 2.0;
            (r_dot, squared_dot)
        });
        AlongMatching { groups: groups.collect() }
    }

    /// `∂²(β L_wfm)/∂w∂θ · u` and the same for λ: the mixed products.
    pub fn mixed(&self, along: &AlongMatching, transfer: &Transfer) -> MetaCotangents {
        self.meta_cotangents(along.groups.iter().map(|(_, squared_dot)| squared_dot), transfer)
    }

    /// The derivative of [`Matching::gradient`] along `theta_dot`.
    #[expect(
        clippy::too_many_arguments,
        reason = "a derivative along a direction needs the value, the gradient and the direction"
    )]
    pub fn gradient_along(
        &self,
        layout: &ParamLayout,
        theta: &Tensor<1>,
        theta_dot: &Tensor<1>,
        at: &Activations,
        dots: &Tangents,
        transfer: &Transfer,
        pass: &MatchingPass,
        along: &AlongMatching,
        bar_dots: &mut Cotangents,
    ) -> GradientParts {
        let mut gradient = GradientParts::default();
        for (nth, group) in self.groups.iter().enumerate() {
            let ((weight, _), (weight_dot, _)) = (group.regressor(layout, theta), group.regressor(layout, theta_dot));
            let r_bar = pass.groups[nth].r_bar.as_ref().expect("the gradient was taken first");
            self.count(group, at.batch(), 4);
            let factor = self.factor(group, &transfer.weights[nth]);
            let (r_bar_dot, bias_bar_dot) = mismatch::mismatch_gradient(&along.groups[nth].0, &factor);
            let feature = at.get(group.node);
            let feature_dot = dots.get(group.node).expect("a tap lies behind a convolution");
            let terms = [(feature, &r_bar_dot), (feature_dot, r_bar)];
            gradient.set(layout, group.weight, conv::weight_gradient(&terms, &weight, POINTWISE));
            gradient.set(layout, group.bias, bias_bar_dot);
            let terms = [(r_bar, &weight_dot), (&r_bar_dot, &weight)];
            bar_dots.add(group.node, conv::input_gradient(&terms, feature, POINTWISE));
        }
        gradient
    }
}
