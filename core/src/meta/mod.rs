//! The meta-networks f (what) and g (where) with their parameters φ.
//!
//! For every candidate pair (m, n) both are one linear layer on the globally average-pooled source feature
//! `p = mean_ij S^m(x)`:
//!
//! - [`what_net`]: `w^{m,n} = softmax(A p + a)`, the channel weights, `[B, C_m]`;
//! - [`where_net`]: `λ^{m,n} = min(max(c·p + d, 0), 6)`, the pair weight, `[B, 1]`; with [`WhereTotal::Constant`] they are
//!   scaled so that those of an image add up to the number of pairs, `λ ← K λ / Σ_pairs λ`.

pub mod what_net;
pub mod where_net;

use std::ops::Range;

use burn_tensor::Tensor;
use l2t_shaders::vector::concatenate;
use serde::{Deserialize, Serialize};

use crate::bilevel::{AdamState, MetaRule};
use crate::network::{GradientParts, Init, ParamId, ParamLayout};

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

/// Entries of φ that belong to one pair.
#[derive(Debug, Clone, Copy)]
struct PairParams {
    channels: usize,
    what: (ParamId, ParamId),
    r#where: (ParamId, ParamId),
}

/// The pairs of one source feature, whose f and g are evaluated at once.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stack {
    /// Which of the pooled features they read.
    feature: usize,
    /// C_m.
    channels: usize,
    /// Indices of the pairs.
    pairs: Vec<usize>,
}

/// f and g of all candidate pairs, as functions of φ.
#[derive(Debug, Clone)]
pub struct MetaNetworks {
    layout: ParamLayout,
    pairs: Vec<PairParams>,
    stacks: Vec<Stack>,
    learned: Learned,
    design: WhereDesign,
}

/// What the meta-networks say about a batch, for every pair.
#[derive(Debug, Clone)]
pub struct MetaOutputs {
    /// w: `[B, C_m]`, each row sums to 1.
    pub channel_weights: Vec<Tensor<2>>,
    /// λ: `[B, 1]`, from 0 to 6.
    pub pair_weights: Vec<Tensor<2>>,
    /// Per stack: w of its pairs beside each other, `[B, pairs · C_m]`; none where f is not learned.
    stacked_weights: Vec<Tensor<2>>,
    /// Per stack: g before ReLU6, for its derivative, `[B, pairs]`; none where g is not learned.
    linear: Vec<Tensor<2>>,
    /// `K / Σ λ`, `[B, 1]`, where λ was multiplied by it; otherwise none.
    scale: Vec<Tensor<2>>,
}

/// `∂L/∂w` and `∂L/∂λ` for every pair, of the shapes of [`MetaOutputs`].
#[derive(Debug, Clone)]
pub struct MetaCotangents {
    /// `w̄`: `[B, C_m]`.
    pub channel_weights: Vec<Tensor<2>>,
    /// `λ̄`: `[B, 1]`.
    pub pair_weights: Vec<Tensor<2>>,
}

impl MetaOutputs {
    /// The rows of the parts of a batch one after another.
    pub fn of_parts(parts: Vec<Self>) -> Self {
        Self {
            channel_weights: rows(&parts, |part| &part.channel_weights),
            pair_weights: rows(&parts, |part| &part.pair_weights),
            stacked_weights: rows(&parts, |part| &part.stacked_weights),
            linear: rows(&parts, |part| &part.linear),
            scale: rows(&parts, |part| &part.scale),
        }
    }
}

/// Per pair, the rows of all parts one after another; a single part is not copied.
fn rows<T>(parts: &[T], of: impl Fn(&T) -> &Vec<Tensor<2>>) -> Vec<Tensor<2>> {
    if let [only] = parts {
        return of(only).clone();
    }
    (0..of(&parts[0]).len())
        .map(|pair| Tensor::cat(parts.iter().map(|part| of(part)[pair].clone()).collect(), 0))
        .collect()
}

impl MetaCotangents {
    /// The rows of the parts of a batch one after another.
    pub fn of_parts(parts: Vec<Self>) -> Self {
        Self {
            channel_weights: rows(&parts, |part| &part.channel_weights),
            pair_weights: rows(&parts, |part| &part.pair_weights),
        }
    }

    /// Those of the images `images` of the batch.
    #[must_use]
    pub fn rows(&self, images: Range<usize>) -> Self {
        let narrow = |bar: &Tensor<2>| {
            if images.len() == bar.dims()[0] { bar.clone() } else { bar.clone().narrow(0, images.start, images.len()) }
        };
        Self {
            channel_weights: self.channel_weights.iter().map(narrow).collect(),
            pair_weights: self.pair_weights.iter().map(narrow).collect(),
        }
    }

    /// All of them times `factor`.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        if factor == 1.0 {
            return self;
        }
        let times = |bars: Vec<Tensor<2>>| bars.into_iter().map(|bar| bar * factor).collect();
        Self { channel_weights: times(self.channel_weights), pair_weights: times(self.pair_weights) }
    }

    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let add = |a: Vec<Tensor<2>>, b: Vec<Tensor<2>>| a.into_iter().zip(b).map(|(a, b)| a + b).collect();
        Self {
            channel_weights: add(self.channel_weights, other.channel_weights),
            pair_weights: add(self.pair_weights, other.pair_weights),
        }
    }
}

/// w where it is not learned: `1/C_m`.
fn uniform(pooled: &Tensor<2>) -> Tensor<2> {
    pooled.full_like(1.0 / pooled.dims()[1] as f64)
}

/// λ where it is not learned.
fn ones(pooled: &Tensor<2>) -> Tensor<2> {
    pooled.clone().narrow(1, 0, 1).ones_like()
}

fn sum(mut terms: impl Iterator<Item = Tensor<2>>) -> Tensor<2> {
    let first = terms.next().expect("there is at least one pair");
    terms.fold(first, |sum, term| sum + term)
}

impl MetaNetworks {
    /// Meta-networks for pairs whose source layers have these numbers of channels, as the paper has them.
    pub fn new(source_channels: &[usize], learned: Learned) -> Self {
        Self::designed(source_channels, learned, WhereDesign::default())
    }

    /// [`MetaNetworks::new`] with another g.
    pub fn designed(source_channels: &[usize], learned: Learned, design: WhereDesign) -> Self {
        let where_weight = |channels| match design.start {
            WhereStart::Random => Init::torch_default(channels),
            WhereStart::Even => Init::Constant(0.0),
        };
        let mut layout = ParamLayout::default();
        let pairs = source_channels
            .iter()
            .enumerate()
            .map(|(nth, &channels)| PairParams {
                channels,
                // Zero, so that every channel starts with the same weight.
                what: (
                    layout.push(format!("what.{nth}.weight"), &[channels, channels], Init::Constant(0.0)),
                    layout.push(format!("what.{nth}.bias"), &[channels], Init::Constant(0.0)),
                ),
                r#where: (
                    layout.push(format!("where.{nth}.weight"), &[1, channels], where_weight(channels)),
                    layout.push(format!("where.{nth}.bias"), &[1], Init::Constant(1.0)),
                ),
            })
            .collect();
        let features: Vec<usize> = (0..source_channels.len()).collect();
        Self { layout, pairs, stacks: vec![], learned, design }.reading(&features)
    }

    /// The same where pair k reads the pooled feature `features[k]`; without it every pair has one of its own.
    ///
    /// # Panics
    /// Where two pairs of one feature have other channels.
    #[must_use]
    pub fn reading(mut self, features: &[usize]) -> Self {
        assert_eq!(features.len(), self.pairs.len(), "a feature for every pair");
        self.stacks.clear();
        for (pair, &feature) in features.iter().enumerate() {
            let channels = self.pairs[pair].channels;
            match self.stacks.iter_mut().find(|stack| stack.feature == feature) {
                Some(stack) => {
                    assert_eq!(stack.channels, channels, "pairs of one feature have its channels");
                    stack.pairs.push(pair);
                }
                None => self.stacks.push(Stack { feature, channels, pairs: vec![pair] }),
            }
        }
        self
    }

    /// c and d of the pairs of a stack, `[pairs, C]` and `[1, pairs]`, as [`WherePer`] has them.
    fn where_params(&self, phi: &Tensor<1>, stack: &Stack) -> (Tensor<2>, Tensor<2>) {
        let (count, channels) = (stack.pairs.len(), stack.channels);
        let weight = self.stacked(phi, stack, |pair| pair.r#where.0, [count, channels]);
        let bias = self.stacked(phi, stack, |pair| pair.r#where.1, [1, count]);
        match self.design.per {
            WherePer::Image => (weight, bias),
            WherePer::Pair => (weight.zeros_like(), bias),
            WherePer::All => {
                let all = self.pairs.iter().map(|pair| self.layout.get(phi, pair.r#where.1, [1, 1]));
                let mean = sum(all) / self.pairs.len() as f64;
                (weight.zeros_like(), mean.expand([1, count]))
            }
        }
    }

    /// One entry of every pair of a stack, one after another.
    fn stacked<const D: usize>(
        &self,
        phi: &Tensor<1>,
        stack: &Stack,
        id: impl Fn(&PairParams) -> ParamId,
        shape: [usize; D],
    ) -> Tensor<D> {
        let entries: Vec<Tensor<1>> = stack
            .pairs
            .iter()
            .map(|&pair| {
                let id = id(&self.pairs[pair]);
                self.layout.get(phi, id, [self.layout.entry(id).len()])
            })
            .collect();
        match &entries[..] {
            [only] => only.clone().reshape(shape),
            _ => concatenate(&entries.iter().collect::<Vec<_>>()).reshape(shape),
        }
    }

    /// Where f and g lie in φ.
    pub fn layout(&self) -> &ParamLayout {
        &self.layout
    }

    /// Which of the two are learned.
    pub fn learned(&self) -> Learned {
        self.learned
    }

    /// w of the `pair`-th pair from its pooled source feature, both `[B, C_m]`.
    pub fn channel_weights(&self, phi: &Tensor<1>, pair: usize, pooled: &Tensor<2>) -> Tensor<2> {
        let PairParams { channels, what, .. } = self.pairs[pair];
        if !self.learned.what {
            return uniform(pooled);
        }
        let weight = self.layout.get(phi, what.0, [channels, channels]);
        what_net::evaluate(&weight, &self.layout.get(phi, what.1, [1, channels]), pooled)
    }

    /// λ of the `pair`-th pair before and behind ReLU6, both `[B, 1]`, from its pooled source feature, `[B, C_m]`.
    pub fn pair_weight(&self, phi: &Tensor<1>, pair: usize, pooled: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        if !self.learned.r#where {
            return (ones(pooled), ones(pooled));
        }
        let alone = Stack { feature: 0, channels: self.pairs[pair].channels, pairs: vec![pair] };
        let (weight, bias) = self.where_params(phi, &alone);
        where_net::evaluate(&weight, &bias, pooled)
    }

    /// w and λ of every pair from the pooled source features, `[B, C_m]` each.
    pub fn evaluate(&self, phi: &Tensor<1>, pooled: &[&Tensor<2>]) -> MetaOutputs {
        let (mut channel_weights, mut pair_weights) = (vec![None; self.pairs.len()], vec![None; self.pairs.len()]);
        let (mut stacked_weights, mut linear) = (vec![], vec![]);
        for stack in &self.stacks {
            let Stack { channels, pairs, feature } = stack;
            let (channels, count, pooled) = (*channels, pairs.len(), pooled[*feature]);
            if self.learned.what {
                let weight = self.stacked(phi, stack, |pair| pair.what.0, [count * channels, channels]);
                let bias = self.stacked(phi, stack, |pair| pair.what.1, [1, count * channels]);
                let w = what_net::evaluate(&weight, &bias, pooled);
                for (nth, &pair) in pairs.iter().enumerate() {
                    channel_weights[pair] = Some(w.clone().narrow(1, nth * channels, channels));
                }
                stacked_weights.push(w);
            } else {
                pairs.iter().for_each(|&pair| channel_weights[pair] = Some(uniform(pooled)));
            }
            if self.learned.r#where {
                let (weight, bias) = self.where_params(phi, stack);
                let (before, lambda) = where_net::evaluate(&weight, &bias, pooled);
                for (nth, &pair) in pairs.iter().enumerate() {
                    pair_weights[pair] = Some(lambda.clone().narrow(1, nth, 1));
                }
                linear.push(before);
            } else {
                pairs.iter().for_each(|&pair| pair_weights[pair] = Some(ones(pooled)));
            }
        }
        let all =
            |found: Vec<Option<Tensor<2>>>| found.into_iter().map(|x| x.expect("every pair is in a stack")).collect();
        let mut outputs = MetaOutputs {
            channel_weights: all(channel_weights),
            pair_weights: all(pair_weights),
            stacked_weights,
            linear,
            scale: vec![],
        };
        if self.design.total == WhereTotal::Constant {
            let total = sum(outputs.pair_weights.iter().cloned());
            let scale = (total + TOTAL_FLOOR).recip() * self.pairs.len() as f64;
            outputs.pair_weights = outputs.pair_weights.into_iter().map(|lambda| lambda * scale.clone()).collect();
            outputs.scale = vec![scale];
        }
        outputs
    }

    /// `∂L/∂λ` in front of the scaling to a constant total, `K/Σλ (λ̄_k − Σ_j λ̄_j λ_j / K)`, from that behind it.
    fn unscaled(&self, outputs: &MetaOutputs, bars: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let [scale] = &outputs.scale[..] else { return bars.to_vec() };
        let products = bars.iter().zip(&outputs.pair_weights).map(|(bar, lambda)| bar.clone() * lambda.clone());
        let common = sum(products) / self.pairs.len() as f64;
        bars.iter().map(|bar| (bar.clone() - common.clone()) * scale.clone()).collect()
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
    pub fn gradient(
        &self,
        phi: &Tensor<1>,
        pooled: &[&Tensor<2>],
        outputs: &MetaOutputs,
        bars: &MetaCotangents,
    ) -> Tensor<1> {
        let mut gradient = GradientParts::default();
        let pair_weight_bars = self.unscaled(outputs, &bars.pair_weights);
        let mut bias_bars = vec![];
        for (nth, stack) in self.stacks.iter().enumerate() {
            let Stack { channels, pairs, feature } = stack;
            let beside = |bars: &[Tensor<2>]| {
                let bars: Vec<_> = pairs.iter().map(|&pair| bars[pair].clone()).collect();
                if bars.len() == 1 { bars[0].clone() } else { Tensor::cat(bars, 1) }
            };
            let pooled = pooled[*feature];
            if self.learned.what {
                let w_bar = beside(&bars.channel_weights);
                let (weight, bias) = what_net::gradient(&outputs.stacked_weights[nth], pooled, &w_bar);
                for (nth, &pair) in pairs.iter().enumerate() {
                    let (first, what) = (nth * channels, self.pairs[pair].what);
                    gradient.set(&self.layout, what.0, weight.clone().narrow(0, first, *channels));
                    gradient.set(&self.layout, what.1, bias.clone().narrow(1, first, *channels));
                }
            }
            if self.learned.r#where {
                let (weight, bias) = where_net::gradient(&outputs.linear[nth], pooled, &beside(&pair_weight_bars));
                for (nth, &pair) in pairs.iter().enumerate() {
                    if self.design.per == WherePer::Image {
                        gradient.set(&self.layout, self.pairs[pair].r#where.0, weight.clone().narrow(0, nth, 1));
                    }
                    bias_bars.push((pair, bias.clone().narrow(1, nth, 1)));
                }
            }
        }
        if self.design.per == WherePer::All && !bias_bars.is_empty() {
            let mean = sum(bias_bars.iter().map(|(_, bar)| bar.clone())) / self.pairs.len() as f64;
            bias_bars.iter_mut().for_each(|(_, bar)| *bar = mean.clone());
        }
        for (pair, bar) in bias_bars {
            gradient.set(&self.layout, self.pairs[pair].r#where.1, bar);
        }
        gradient.assemble(&self.layout, phi)
    }
}

#[cfg(test)]
mod tests;
