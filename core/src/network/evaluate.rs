//! The value of a network at a parameter vector.
//!
//! A batch may be in several chunks, tensors of some of its images: nodes are evaluated one after another, each for all chunks,
//! because a normalisation needs the moments of them all.

use std::ops::Range;

use burn_tensor::{Int, Tensor};
use l2t_shaders::batch_norm::{self, Affine, Evaluated, Moments};
use l2t_shaders::conv::Geometry;
use l2t_shaders::vector::combine;
use l2t_shaders::{add_relu, channels, conv, max_pool};

use super::graph::{Network, NodeId, Op};
use super::layout::ParamId;
use super::running::RunningStats;
use super::subsample;

/// PyTorch's default, in every checkpoint that we read.
pub(super) const EPSILON: f64 = 1e-5;

/// Where batch normalisation takes its moments from.
#[derive(Debug, Clone, Copy)]
pub enum Mode<'a> {
    /// From the batch; derivatives go through them.
    Train,
    /// From the running statistics; constants to every derivative.
    Eval(&'a RunningStats),
}

/// What a node computed, with what its derivatives need besides its inputs.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub y: Tensor<4>,
    pub kept: Kept,
}

#[derive(Debug, Clone)]
pub(super) enum Kept {
    Nothing,
    BatchNorm(Box<Evaluated>),
    Places(Box<Tensor<4, Int>>),
}

impl Value {
    fn plain(y: Tensor<4>) -> Self {
        Self { y, kept: Kept::Nothing }
    }

    fn normalised(evaluated: Evaluated) -> Self {
        Self { y: evaluated.y.clone(), kept: Kept::BatchNorm(Box::new(evaluated)) }
    }

    /// The evaluated normalisation of a node that is one.
    pub fn batch_norm(&self) -> &Evaluated {
        match &self.kept {
            Kept::BatchNorm(evaluated) => evaluated,
            kept => unreachable!("forward keeps this for every normalisation, not {kept:?}"),
        }
    }

    /// The places of the maxima of a node that pools.
    pub fn places(&self) -> &Tensor<4, Int> {
        match &self.kept {
            Kept::Places(places) => places,
            kept => unreachable!("forward keeps these for every max-pooling, not {kept:?}"),
        }
    }
}

/// A forward pass of one chunk of a batch: the values of the nodes that were evaluated and not forgotten since.
#[derive(Debug, Clone)]
pub struct Activations {
    pub(super) values: Vec<Option<Value>>,
    /// Moments of the batch, one per normalisation that was reached, of what the convolution in front gives without its bias;
    /// empty after an evaluation with running statistics.
    pub moments: Vec<Moments>,
    pub(super) train: bool,
}

impl Activations {
    /// The output of `node`, `[B, C, H, W]`.
    ///
    /// # Panics
    /// Where it was not evaluated, or has been forgotten.
    pub fn get(&self, node: NodeId) -> &Tensor<4> {
        &self.value(node).y
    }

    pub(super) fn value(&self, node: NodeId) -> &Value {
        self.values[node].as_ref().expect("the node was evaluated and is not forgotten")
    }

    /// Number of images.
    pub fn batch(&self) -> usize {
        self.get(0).dims()[0]
    }

    /// Drops the values of `nodes`.
    pub(super) fn forget(&mut self, nodes: Range<NodeId>) {
        self.values[nodes].fill_with(|| None);
    }

    /// Drops the values of `nodes` but the output of the last one, which what follows reads.
    pub(super) fn forget_but_last(&mut self, nodes: Range<NodeId>) {
        let last = self.values[nodes.end - 1].take().map(|value| Value::plain(value.y));
        self.forget(nodes.clone());
        self.values[nodes.end - 1] = last;
    }
}

/// `ȳ` for nodes of a network: where losses enter, and what a gradient pass found on its way.
#[derive(Debug, Clone, Default)]
pub struct Cotangents(pub(super) Vec<Option<Tensor<4>>>);

impl Cotangents {
    /// Adds `y_bar` to the cotangent of `node`.
    pub fn add(&mut self, node: NodeId, y_bar: Tensor<4>) {
        if self.0.len() <= node {
            self.0.resize(node + 1, None);
        }
        self.0[node] = Some(match self.0[node].take() {
            Some(sum) => sum + y_bar,
            None => y_bar,
        });
    }

    /// The cotangent of `node` so far, which it has no longer.
    pub(super) fn take(&mut self, node: NodeId) -> Option<Tensor<4>> {
        self.0.get_mut(node)?.take()
    }

    /// Adds `other` times `factor`.
    pub fn add_times(&mut self, other: Self, factor: f64) {
        for (node, bar) in other.0.into_iter().enumerate() {
            if let Some(bar) = bar {
                self.add(node, if factor == 1.0 { bar } else { bar * factor });
            }
        }
    }

    /// Drops those of `nodes`.
    pub(super) fn forget(&mut self, nodes: Range<NodeId>) {
        let end = nodes.end.min(self.0.len());
        self.0[nodes.start.min(end)..end].fill_with(|| None);
    }

    /// The cotangent of `node`, if any loss depends on it.
    pub fn get(&self, node: NodeId) -> Option<&Tensor<4>> {
        self.0.get(node)?.as_ref()
    }
}

impl Network {
    pub(super) fn affine(&self, theta: &Tensor<1>, gamma: ParamId, beta: ParamId) -> Affine {
        let channels = self.layout.entry(gamma).len();
        Affine { gamma: self.layout.get(theta, gamma, [channels]), beta: self.layout.get(theta, beta, [channels]) }
    }

    /// Running moments of what a convolution gives without the bias that the normalisation behind it took over.
    fn without_shift(&self, theta: &Tensor<1>, shift: Option<ParamId>, moments: &Moments) -> Moments {
        let Some(shift) = shift else { return moments.clone() };
        let bias = self.layout.get(theta, shift, moments.mean.dims());
        Moments { mean: combine(&[(1.0, &moments.mean), (-1.0, &bias)]), variance: moments.variance.clone() }
    }

    /// The weight of the convolution at `node` as `[O, C, K, K]`.
    pub(super) fn kernel(&self, theta: &Tensor<1>, node: NodeId, weight: ParamId, kernel: usize) -> Tensor<4> {
        let channels = self.nodes[self.nodes[node].inputs[0]].shape[0];
        self.layout.get(theta, weight, [self.nodes[node].shape[0], channels, kernel, kernel])
    }

    /// The convolution at `node`, or its derivative, with the bias that it has in `theta`.
    pub(super) fn convolve(
        &self,
        theta: &Tensor<1>,
        node: NodeId,
        terms: &[(&Tensor<4>, &Tensor<4>)],
        bias: Option<ParamId>,
        geometry: Geometry,
    ) -> Tensor<4> {
        match bias {
            Some(bias) => {
                let bias = self.layout.get(theta, bias, [self.nodes[node].shape[0]]);
                conv::convolve_biased(terms, &bias, geometry)
            }
            None => conv::convolve(terms, geometry),
        }
    }

    /// The values of all nodes up to and with `last` for the images `x`, `[B, C, H, W]`.
    pub fn forward(&self, theta: &Tensor<1>, x: &Tensor<4>, mode: Mode<'_>, last: NodeId) -> Activations {
        let mut at = [self.begin(x, mode)];
        self.evaluate(theta, &mut at, mode, 1..last + 1);
        let [at] = at;
        at
    }

    /// [`Network::forward`] of the chunks of a batch, whose normalisations see all of them.
    pub fn forward_chunks(
        &self,
        theta: &Tensor<1>,
        xs: &[&Tensor<4>],
        mode: Mode<'_>,
        last: NodeId,
    ) -> Vec<Activations> {
        let mut at: Vec<_> = xs.iter().map(|x| self.begin(x, mode)).collect();
        self.evaluate(theta, &mut at, mode, 1..last + 1);
        at
    }

    /// The outputs of the nodes `wanted` alone: every other value is dropped when nothing reads it any more.
    pub fn outputs(&self, theta: &Tensor<1>, x: &Tensor<4>, mode: Mode<'_>, wanted: &[NodeId]) -> Vec<Tensor<4>> {
        let last = wanted.iter().copied().max().unwrap_or(0);
        let mut at = [self.begin(x, mode)];
        let mut last_reader: Vec<NodeId> = (0..=last).collect();
        for id in 1..=last {
            self.nodes[id].inputs.iter().for_each(|input| last_reader[*input] = id);
        }
        for id in 1..=last {
            self.evaluate(theta, &mut at, mode, id..id + 1);
            // The images are kept anyway, and tell how many they are.
            let done = |node: &NodeId| *node != 0 && last_reader[*node] == id && !wanted.contains(node);
            self.nodes[id].inputs.iter().filter(|node| done(node)).for_each(|node| at[0].forget(*node..*node + 1));
            at[0].forget_but_last(id..id + 1);
        }
        wanted.iter().map(|node| at[0].get(*node).clone()).collect()
    }

    /// The logits, `[B, K]`, of the images `x`.
    pub fn logits(&self, theta: &Tensor<1>, x: &Tensor<4>, mode: Mode<'_>) -> Tensor<2> {
        let output = self.outputs(theta, x, mode, &[self.output()]).remove(0);
        output.reshape([x.dims()[0], self.classes()])
    }

    /// A chunk of a batch before any node but the images is evaluated.
    pub(super) fn begin(&self, x: &Tensor<4>, mode: Mode<'_>) -> Activations {
        let x = self.rescale.map_or_else(|| x.clone(), |rescale| rescale.apply(x));
        let mut values = vec![None; self.nodes.len()];
        values[0] = Some(Value::plain(x));
        Activations { values, moments: vec![], train: matches!(mode, Mode::Train) }
    }

    /// Evaluates `nodes` of all chunks of a batch, whose inputs were evaluated before.
    pub(super) fn evaluate(&self, theta: &Tensor<1>, chunks: &mut [Activations], mode: Mode<'_>, nodes: Range<NodeId>) {
        for id in nodes {
            self.arrived();
            let node = &self.nodes[id];
            if let (Op::BatchNorm { gamma, beta, moments: nth, relu, .. }, Mode::Train) = (node.op, mode) {
                let xs = chunks.iter().map(|at| at.get(node.inputs[0]).clone()).collect();
                let affine = self.affine(theta, gamma, beta);
                let (evaluated, of_batch) = batch_norm::evaluate_chunks(xs, &affine, EPSILON, relu);
                for (at, evaluated) in chunks.iter_mut().zip(evaluated) {
                    // Where a stretch is evaluated once more, they are there already, and the same.
                    if at.moments.len() == nth {
                        at.moments.push(of_batch.clone());
                    }
                    at.values[id] = Some(Value::normalised(evaluated));
                }
            } else {
                for at in chunks.iter_mut() {
                    at.values[id] = Some(self.value(theta, at, mode, id));
                }
            }
        }
    }

    /// The value of node `id` of one chunk, that of a normalisation by running statistics.
    fn value(&self, theta: &Tensor<1>, at: &Activations, mode: Mode<'_>, id: NodeId) -> Value {
        let node = &self.nodes[id];
        let input = |nth: usize| at.get(node.inputs[nth]);
        match node.op {
            Op::Input => unreachable!("the images are given"),
            Op::Conv { weight, bias, kernel, geometry } => {
                self.count(id, at.batch(), 1);
                let terms = [(input(0), &self.kernel(theta, id, weight, kernel))];
                Value::plain(self.convolve(theta, id, &terms, bias, geometry))
            }
            Op::BatchNorm { gamma, beta, shift, moments: nth, relu } => {
                let Mode::Eval(running) = mode else {
                    unreachable!("a batch's own moments are those of all its chunks")
                };
                let moments = self.without_shift(theta, shift, &running.moments[nth]);
                let affine = self.affine(theta, gamma, beta);
                Value::normalised(batch_norm::evaluate_fixed(input(0).clone(), &moments, &affine, EPSILON, relu))
            }
            Op::AddRelu => Value::plain(add_relu::add_relu(input(0), input(1))),
            Op::Subsample { stride } => Value::plain(subsample::subsample(input(0), node.shape[0], stride)),
            Op::MaxPool(window) => {
                let (y, places) = max_pool::max_pool(input(0), window);
                Value { y, kept: Kept::Places(Box::new(places)) }
            }
            Op::GlobalAveragePool => {
                let pooled = channels::mean(input(0));
                let [batch, count] = pooled.dims();
                Value::plain(pooled.reshape([batch, count, 1, 1]))
            }
        }
    }
}
