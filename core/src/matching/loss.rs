//! Value and derivatives of `β L_wfm`, where β stands for the factor that an objective has on it: see
//! [`Matching::beta`] and [`Matching::inner_beta`].
//!
//! With `d = r − s`, the mismatch `D_bc = 1/(HW) Σ_ij d²`, and `k_bc = 2β λ_b w_bc / (B·HW)`:
//!
//! - value: `β L_wfm = β/B Σ_b λ_b Σ_c w_bc D_bc`
//! - gradient: `r̄ = k d`, hence `T̄ = Rᵀ r̄`, `R̄ = Σ r̄ Tᵀ`, `b̄ = Σ r̄`; `w̄ = β/B λ D`, `λ̄ = β/B Σ_c w D`
//! - along `u`: `ṙ = R Ṫ + Ṙ T + ḃ`, `Ḋ = 2/(HW) Σ_ij d ṙ`; `w̄` and `λ̄` of the derivative are those above with `Ḋ`
//! - gradient along `u`: `r̄̇ = k ṙ`, and the product rule on `T̄`, `R̄`, `b̄`

use burn_tensor::Tensor;
use l2t_shaders::channels;
use l2t_shaders::conv::{self, Geometry};
use l2t_shaders::mismatch::{self, Compared};
use l2t_shaders::segments::{inner, products};

use super::{Group, Matching, Transfer};
use crate::meta::{MetaCotangents, MetaOutputs};
use crate::network::{Activations, Cotangents, GradientParts, ParamLayout, Tangents};

/// A 1 × 1 convolution.
const POINTWISE: Geometry = Geometry { stride: 1, padding: 0 };

/// Matching evaluated at one θ, with what its derivatives need.
#[derive(Debug, Clone)]
pub struct MatchingPass {
    /// Per group.
    maps: Vec<GroupMaps>,
    mismatches: Mismatches,
}

/// D, or its derivative: small beside the maps that it is the mean square of.
#[derive(Debug, Clone)]
pub struct Mismatches {
    /// β.
    beta: f64,
    /// D, `[B, N]`.
    squared: Tensor<2>,
}

impl Mismatches {
    /// Of all target layers, from those of each.
    pub fn of_layers(layers: Vec<Self>) -> Self {
        let beta = layers.first().map_or(0.0, |layer| layer.beta);
        Self { beta, squared: Tensor::cat(layers.into_iter().map(|layer| layer.squared).collect(), 1) }
    }
}

#[derive(Debug, Clone)]
struct GroupMaps {
    /// d = r − s, `[B, Σ C_m, H, W]`.
    mismatch: Tensor<4>,
    /// r̄, once a gradient was taken.
    r_bar: Option<Tensor<4>>,
}

/// The derivative of [`MatchingPass`] along a direction.
#[derive(Debug, Clone)]
pub struct AlongMatching {
    /// Per group: ṙ.
    r_dot: Vec<Tensor<4>>,
    /// Ḋ.
    mismatches: Mismatches,
}

impl MatchingPass {
    /// D.
    pub fn mismatches(&self) -> &Mismatches {
        &self.mismatches
    }
}

impl AlongMatching {
    /// Ḋ.
    pub fn mismatches(&self) -> &Mismatches {
        &self.mismatches
    }
}

impl Group {
    fn regressor(&self, layout: &ParamLayout, theta: &Tensor<1>) -> (Tensor<4>, Tensor<1>) {
        let out = self.channels();
        (layout.get(theta, self.weight, [out, self.shape[0], 1, 1]), layout.get(theta, self.bias, [out]))
    }
}

/// `2β / (B·HW)`, by which λ w is multiplied in k.
fn factor(beta: f64, group: &Group, batch: usize) -> f64 {
    let [_, height, width] = group.shape;
    2.0 * beta / (batch * height * width) as f64
}

impl Matching {
    /// Evaluates the mismatch of every pair at the target's activations, for an objective with `beta` L_wfm.
    pub fn evaluate(
        &self,
        beta: f64,
        layout: &ParamLayout,
        theta: &Tensor<1>,
        at: &Activations,
        transfer: &Transfer,
    ) -> MatchingPass {
        let regressed = self.groups.iter().map(|group| {
            let (weight, bias) = group.regressor(layout, theta);
            self.count(group, at.batch(), 1);
            (conv::convolve(&[(at.get(group.node), &weight)], POINTWISE), bias)
        });
        let regressed: Vec<_> = regressed.collect();
        let compared = regressed.iter().zip(&transfer.matched);
        let compared = compared.map(|((regressed, bias), matched)| Compared { regressed, bias, matched });
        let (mismatches, squared) = mismatch::mismatch(&compared.collect::<Vec<_>>());
        let maps = mismatches.into_iter().map(|mismatch| GroupMaps { mismatch, r_bar: None }).collect();
        MatchingPass { maps, mismatches: Mismatches { beta, squared } }
    }

    /// `β L_wfm`, `[1]`.
    pub fn loss(&self, mismatches: &Mismatches, transfer: &Transfer) -> Tensor<1> {
        // λ̄ is what a pair's λ is multiplied by.
        inner(&self.meta_gradient(mismatches, transfer).pair_weights, &transfer.outputs.pair_weights)
    }

    /// Adds the gradient of `β L_wfm` to the cotangents of the taps, and gives its parts in the regressors; these only
    /// with `weights`, without which a third of the work is left out.
    #[expect(clippy::too_many_arguments, reason = "a gradient needs the value, and what is wanted of it")]
    pub fn gradient(
        &self,
        layout: &ParamLayout,
        theta: &Tensor<1>,
        at: &Activations,
        transfer: &Transfer,
        pass: &mut MatchingPass,
        bars: &mut Cotangents,
        weights: bool,
    ) -> GradientParts {
        let mut gradient = GradientParts::default();
        let beta = pass.mismatches.beta;
        for (nth, group) in self.groups.iter().enumerate() {
            let found = &mut pass.maps[nth];
            let (weight, _) = group.regressor(layout, theta);
            self.count(group, at.batch(), 1 + usize::from(weights));
            let factor = factor(beta, group, at.batch());
            let (r_bar, bias_bar) =
                mismatch::mismatch_gradient(&found.mismatch, &transfer.weights, group.first, factor);
            let feature = at.get(group.node);
            if weights {
                let rows = conv::weight_gradient_rows(&[(feature, &r_bar)], &weight, POINTWISE);
                gradient.set_rows(layout, group.weight, rows);
                gradient.set(layout, group.bias, bias_bar);
            }
            bars.add(group.node, conv::input_gradient(&[(&r_bar, &weight)], feature, POINTWISE));
            found.r_bar = Some(r_bar);
        }
        gradient
    }

    /// `∂(β L_wfm)/∂w` and `∂(β L_wfm)/∂λ` where the mismatches are these; where they are the derivatives of the
    /// mismatches along u, the mixed products `∂²(β L_wfm)/∂w∂θ · u` and the same for λ.
    pub fn meta_gradient(&self, mismatches: &Mismatches, transfer: &Transfer) -> MetaCotangents {
        let Mismatches { beta, squared } = mismatches;
        let MetaOutputs { channel_weights: w, pair_weights: lambda, .. } = &transfer.outputs;
        let factor = beta / squared.dims()[0] as f64;
        let (channel_weights, pair_weights) = products(squared, w, lambda, &self.segments, factor);
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
        let r_dot = self.groups.iter().map(|group| {
            let ((weight, _), (weight_dot, bias_dot)) =
                (group.regressor(layout, theta), group.regressor(layout, theta_dot));
            let feature_dot = dots.get(group.node).expect("a tap lies behind a convolution");
            self.count(group, at.batch(), 2);
            let terms = [(at.get(group.node), &weight_dot), (feature_dot, &weight)];
            conv::convolve_biased(&terms, &bias_dot, POINTWISE)
        });
        let r_dot: Vec<_> = r_dot.collect();
        let products: Vec<_> = pass.maps.iter().map(|maps| &maps.mismatch).zip(&r_dot).collect();
        let squared = channels::mean_products(&products, 2.0);
        AlongMatching { r_dot, mismatches: Mismatches { beta: pass.mismatches.beta, squared } }
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
            let r_bar = pass.maps[nth].r_bar.as_ref().expect("the gradient was taken first");
            self.count(group, at.batch(), 4);
            let factor = factor(pass.mismatches.beta, group, at.batch());
            let (r_bar_dot, bias_bar_dot) =
                mismatch::mismatch_gradient(&along.r_dot[nth], &transfer.weights, group.first, factor);
            let feature = at.get(group.node);
            let feature_dot = dots.get(group.node).expect("a tap lies behind a convolution");
            let terms = [(feature, &r_bar_dot), (feature_dot, r_bar)];
            gradient.set_rows(layout, group.weight, conv::weight_gradient_rows(&terms, &weight, POINTWISE));
            gradient.set(layout, group.bias, bias_bar_dot);
            let terms = [(r_bar, &weight_dot), (&r_bar_dot, &weight)];
            bar_dots.add(group.node, conv::input_gradient(&terms, feature, POINTWISE));
        }
        gradient
    }
}
