//! The meta-networks f (what) and g (where) with their parameters φ.
//!
//! For every candidate pair (m, n) both are one linear layer on the globally average-pooled source feature
//! `p = mean_ij S^m(x)`:
//!
//! - [`what_net`]: `w^{m,n} = softmax(A p + a)`, the channel weights, `[B, C_m]`;
//! - [`where_net`]: `λ^{m,n} = min(max(c·p + d, 0), 6)`, the pair weight, `[B, 1]`; with [`WhereTotal::Constant`] they are
//!   scaled so that those of an image add up to the number of pairs, `λ ← K λ / Σ_pairs λ`.

//!
//! Those of all pairs are evaluated at once. Their w stand beside each other in the columns of one matrix, `[B, Σ C_m]`, in segments
//! that [`MetaNetworks::reading`] is given, and their λ in one of `[B, K]`, in the order of the pairs.

pub mod what_net;
pub mod where_net;

use std::ops::Range;

use burn_tensor::Tensor;
use l2t_shaders::linears::{self, Linear};
use l2t_shaders::segments::Segments;
use l2t_shaders::vector::combine_each;
use serde::{Deserialize, Serialize};

use crate::bilevel::{AdamState, MetaRule};
use crate::network::{Init, ParamLayout};

/// Which of the two are learned; what is not learned is a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// Channel weights from f; otherwise uniform, `1/C_m`.
    pub what: bool,
    /// Pair weights from g; otherwise 1.
    pub r#where: bool,
}

/// How g begins. Its bias is one, so that pairs start matched about as strongly as with plain feature matching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhereStart {
    /// With weights as PyTorch draws those of a linear layer, as in the authors' code: pairs are unlike from the start, by
    /// chance.
    #[default]
    Random,
    /// With weights of zero: every λ is exactly one, and differs from another only by what was learned.
    Even,
}

/// Whether λ says how much is matched in all, or only where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhereTotal {
    /// Every λ is for itself, as in the paper.
    #[default]
    Free,
    /// The λ of an image add up to the number of pairs, so that β alone says how much.
    Constant,
}

/// For how many things g has a λ of its own: what *where* is worth, taken apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WherePer {
    /// Every image and pair, `λ_b^{m,n} = g(c·p_b + d)`, as in the paper.
    #[default]
    Image,
    /// Every pair, the same for all images, `λ^{m,n} = g(d^{m,n})`: weights of tasks that the same objective learns, as in
    /// Auto-λ (Liu et al., 2022).
    Pair,
    /// All pairs and images the same, `λ = g(mean of d)`: how much is transferred, and nothing of where.
    All,
}

/// How g is made, beside the paper's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WhereDesign {
    /// How it begins.
    pub start: WhereStart,
    /// Whether λ says how much.
    pub total: WhereTotal,
    /// What has a λ of its own.
    pub per: WherePer,
}

/// Added to `Σ λ` where that is divided by: where every λ is zero they stay so.
const TOTAL_FLOOR: f64 = 1e-6;

/// f and g of all candidate pairs, as functions of φ.
#[derive(Debug, Clone)]
pub struct MetaNetworks {
    layout: ParamLayout,
    /// f of every pair: from the columns of its pooled feature to those of its w.
    what: Vec<Linear>,
    /// g of every pair: from the columns of its pooled feature to its λ.
    r#where: Vec<Linear>,
    /// The columns of w of every pair.
    segments: Segments,
    learned: Learned,
    design: WhereDesign,
}

/// What the meta-networks say about a batch.
#[derive(Debug, Clone)]
pub struct MetaOutputs {
    /// w of all pairs, `[B, Σ C_m]`, in the columns of [`MetaNetworks::segments`]; those of a pair add up to 1.
    pub channel_weights: Tensor<2>,
    /// λ: `[B, K]`, from 0 to 6.
    pub pair_weights: Tensor<2>,
    /// g before ReLU6, for its derivative, `[B, K]`; `None` where g is not learned.
    linear: Option<Tensor<2>>,
    /// `K / Σ λ`, `[B, 1]`, where λ was multiplied by it.
    scale: Option<Tensor<2>>,
}

/// `∂L/∂w` and `∂L/∂λ`, of the shapes of [`MetaOutputs`].
#[derive(Debug, Clone)]
pub struct MetaCotangents {
    /// `w̄`: `[B, Σ C_m]`.
    pub channel_weights: Tensor<2>,
    /// `λ̄`: `[B, K]`.
    pub pair_weights: Tensor<2>,
}

impl MetaOutputs {
    /// The rows of the parts of a batch one after another.
    pub fn of_parts(parts: Vec<Self>) -> Self {
        let optional = |of: fn(&Self) -> Option<&Tensor<2>>| {
            let all = parts.iter().map(|part| of(part).cloned()).collect::<Option<Vec<_>>>();
            all.map(rows)
        };
        Self {
            channel_weights: rows(parts.iter().map(|part| part.channel_weights.clone()).collect()),
            pair_weights: rows(parts.iter().map(|part| part.pair_weights.clone()).collect()),
            linear: optional(|part| part.linear.as_ref()),
            scale: optional(|part| part.scale.as_ref()),
        }
    }
}

/// The rows of all parts one after another; a single part is not copied.
pub(crate) fn rows(mut parts: Vec<Tensor<2>>) -> Tensor<2> {
    if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 0) }
}

impl MetaCotangents {
    /// Both, changed by `with`.
    fn map(self, with: impl Fn(Tensor<2>) -> Tensor<2>) -> Self {
        Self { channel_weights: with(self.channel_weights), pair_weights: with(self.pair_weights) }
    }

    /// The rows of the parts of a batch one after another.
    pub fn of_parts(parts: Vec<Self>) -> Self {
        let (channel_weights, pair_weights) =
            parts.into_iter().map(|part| (part.channel_weights, part.pair_weights)).unzip();
        Self { channel_weights: rows(channel_weights), pair_weights: rows(pair_weights) }
    }

    /// Those of the images `images` of the batch.
    #[must_use]
    pub fn rows(&self, images: Range<usize>) -> Self {
        if images.len() == self.pair_weights.dims()[0] {
            return self.clone();
        }
        self.clone().map(|bar| bar.narrow(0, images.start, images.len()))
    }

    /// All of them times `factor`.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        if factor == 1.0 { self } else { self.map(|bar| bar * factor) }
    }

    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let flat = |x: &Tensor<2>| x.clone().reshape([-1]);
        let [w, lambda] = [&self.channel_weights, &self.pair_weights].map(Tensor::dims);
        let of = [self, other].map(|bars| [flat(&bars.channel_weights), flat(&bars.pair_weights)]);
        let sums = combine_each(&[0, 1].map(|nth| vec![(1.0, &of[0][nth]), (1.0, &of[1][nth])]));
        Self { channel_weights: sums[0].clone().reshape(w), pair_weights: sums[1].clone().reshape(lambda) }
    }
}

impl MetaNetworks {
    /// Meta-networks for pairs whose source layers have these numbers of channels, as the paper has them.
    pub fn new(source_channels: &[usize], learned: Learned) -> Self {
        Self::designed(source_channels, learned, WhereDesign::default())
    }

    /// [`MetaNetworks::new`] with another g. Every pair reads a pooled feature of its own, and w stand in the
    /// order of the pairs.
    pub fn designed(source_channels: &[usize], learned: Learned, design: WhereDesign) -> Self {
        let where_weight = |channels| match design.start {
            WhereStart::Random => Init::torch_default(channels),
            WhereStart::Even => Init::Constant(0.0),
        };
        let mut layout = ParamLayout::default();
        let segments = Segments::consecutive(source_channels);
        let (mut what, mut r#where) = (vec![], vec![]);
        for (nth, columns) in segments.ranges().iter().enumerate() {
            let channels = columns.len();
            let mut push = |name: &str, outputs: Range<usize>, weight: Init, bias: Init| {
                let weight = layout.push(format!("{name}.{nth}.weight"), &[outputs.len(), channels], weight);
                let bias = layout.push(format!("{name}.{nth}.bias"), &[outputs.len()], bias);
                let offset = |id| layout.entry(id).offset;
                Linear { weight: offset(weight), bias: offset(bias), inputs: columns.clone(), outputs }
            };
            // Zero, so that every channel starts with the same weight.
            what.push(push("what", columns.clone(), Init::Constant(0.0), Init::Constant(0.0)));
            r#where.push(push("where", nth..nth + 1, where_weight(channels), Init::Constant(1.0)));
        }
        let whole = Self { layout, what, r#where, segments, learned, design };
        let inputs = whole.segments.ranges().to_vec();
        let segments = whole.segments.clone();
        whole.reading(&inputs, segments)
    }

    /// The same where pair k reads the columns `inputs[k]` of the pooled features and its w are those of segment k.
    ///
    /// # Panics
    /// Where a pair has other channels.
    #[must_use]
    pub fn reading(mut self, inputs: &[Range<usize>], segments: Segments) -> Self {
        assert!(
            inputs.len() == self.what.len() && segments.ranges().len() == self.what.len(),
            "a range for every pair"
        );
        for (nth, (inputs, outputs)) in inputs.iter().zip(segments.ranges()).enumerate() {
            let channels = self.what[nth].inputs.len();
            assert!(inputs.len() == channels && outputs.len() == channels, "pair {nth} has {channels} channels");
            self.what[nth].inputs.clone_from(inputs);
            self.what[nth].outputs.clone_from(outputs);
            // A λ that is the same for every image is g's bias alone.
            self.r#where[nth].inputs = if self.design.per == WherePer::Image { inputs.clone() } else { 0..0 };
        }
        Self { segments, ..self }
    }

    /// Where f and g lie in φ.
    pub fn layout(&self) -> &ParamLayout {
        &self.layout
    }

    /// Which of the two are learned.
    pub fn learned(&self) -> Learned {
        self.learned
    }

    /// The columns of w of every pair.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// w of the `pair`-th pair from its pooled source feature, both `[B, C_m]`.
    pub fn channel_weights(&self, phi: &Tensor<1>, pair: usize, pooled: &Tensor<2>) -> Tensor<2> {
        let channels = self.what[pair].inputs.len();
        let alone = Linear { inputs: 0..channels, outputs: 0..channels, ..self.what[pair].clone() };
        self.weights(phi, pooled, &[alone], &Segments::consecutive(&[channels]))
    }

    /// w of the pairs of `layers`, or `1/C_m` where f is not learned.
    fn weights(&self, phi: &Tensor<1>, pooled: &Tensor<2>, layers: &[Linear], segments: &Segments) -> Tensor<2> {
        if self.learned.what {
            return what_net::evaluate(phi, pooled, layers, segments);
        }
        what_net::uniform(pooled, segments)
    }

    /// λ of the `pair`-th pair before and behind ReLU6, both `[B, 1]`, from its pooled source feature, `[B, C_m]`.
    pub fn pair_weight(&self, phi: &Tensor<1>, pair: usize, pooled: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        if !self.learned.r#where {
            let ones = pooled.clone().narrow(1, 0, 1).ones_like();
            return (ones.clone(), ones);
        }
        if self.design.per == WherePer::Image {
            let channels = self.r#where[pair].inputs.len();
            let alone = Linear { inputs: 0..channels, outputs: 0..1, ..self.r#where[pair].clone() };
            return where_net::evaluate(phi, pooled, &[alone], WherePer::Image);
        }
        let (linear, lambda) = where_net::evaluate(phi, pooled, &self.r#where, self.design.per);
        (linear.narrow(1, pair, 1), lambda.narrow(1, pair, 1))
    }

    /// w and λ of every pair from the pooled source features, `[B, M]`, in the columns that the pairs read.
    pub fn evaluate(&self, phi: &Tensor<1>, pooled: &Tensor<2>) -> MetaOutputs {
        let channel_weights = self.weights(phi, pooled, &self.what, &self.segments);
        let count = self.r#where.len();
        if !self.learned.r#where {
            let ones = Tensor::ones([pooled.dims()[0], count], (&pooled.device(), pooled.dtype()));
            return MetaOutputs { channel_weights, pair_weights: ones, linear: None, scale: None };
        }
        let (linear, mut pair_weights) = where_net::evaluate(phi, pooled, &self.r#where, self.design.per);
        let scale = (self.design.total == WhereTotal::Constant).then(|| {
            let total = pair_weights.clone().sum_dim(1);
            (total + TOTAL_FLOOR).recip() * count as f64
        });
        if let Some(scale) = &scale {
            pair_weights = pair_weights * scale.clone();
        }
        MetaOutputs { channel_weights, pair_weights, linear: Some(linear), scale }
    }

    /// `∂L/∂λ` in front of the scaling to a constant total, `K/Σλ (λ̄_k − Σ_j λ̄_j λ_j / K)`, from that behind it.
    fn unscaled(&self, outputs: &MetaOutputs, bar: &Tensor<2>) -> Tensor<2> {
        let Some(scale) = &outputs.scale else { return bar.clone() };
        let common = (bar.clone() * outputs.pair_weights.clone()).sum_dim(1) / self.r#where.len() as f64;
        (bar.clone() - common) * scale.clone()
    }

    /// One step of Adam against the hypergradient, f and g each at its own rate.
    pub fn step(&self, rule: &MetaRule, at: &AdamState, gradient: &Tensor<1>) -> AdamState {
        if rule.rates == [1.0; 2] {
            return rule.adam.step(at, gradient);
        }
        let mut rates = vec![0.0; self.layout.len()];
        for entry in self.layout.entries() {
            let rate = rule.rates[usize::from(entry.name.starts_with("where."))];
            rates[entry.offset..entry.offset + entry.len()].fill(rate);
        }
        let rates = self.layout.upload(rates, &gradient.device(), gradient.dtype());
        rule.adam.step_at(at, gradient, Some(&rates))
    }

    /// Pulls `w̄` and `λ̄` back to φ.
    pub fn gradient(&self, pooled: &Tensor<2>, outputs: &MetaOutputs, bars: &MetaCotangents) -> Tensor<1> {
        let what = self
            .learned
            .what
            .then(|| what_net::logits_gradient(&outputs.channel_weights, &bars.channel_weights, &self.segments));
        let r#where = outputs.linear.as_ref().map(|linear| {
            where_net::linear_gradient(linear, &self.unscaled(outputs, &bars.pair_weights), self.design.per)
        });
        let mut sets: Vec<(&Tensor<2>, &[Linear])> = vec![];
        sets.extend(what.as_ref().map(|bar| (bar, &self.what[..])));
        sets.extend(r#where.as_ref().map(|bar| (bar, &self.r#where[..])));
        linears::gradient(self.layout.len(), pooled, &sets)
    }
}

#[cfg(test)]
mod tests;
