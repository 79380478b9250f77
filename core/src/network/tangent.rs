//! Derivatives along a direction: of a network's values, and of its gradient.

use std::ops::Range;

use burn_tensor::Tensor;
use l2t_shaders::batch_norm::{self, Direction, TangentMoments};
use l2t_shaders::{add_relu, channels, conv, max_pool};

use super::evaluate::{Activations, Cotangents};
use super::gradient::{sum, sum_of_rows};
use super::graph::{Network, NodeId, Op};
use super::layout::GradientParts;
use super::subsample;

/// `ẏ` of every node of a chunk along a direction `θ̇`; the input does not move, so its tangent is absent.
#[derive(Debug, Clone)]
pub struct Tangents {
    values: Vec<Option<Tensor<4>>>,
    moments: Vec<Option<TangentMoments>>,
}

impl Tangents {
    /// Before any node was differentiated.
    pub(super) fn of(network: &Network) -> Self {
        Self { values: vec![None; network.nodes.len()], moments: vec![None; network.nodes.len()] }
    }

    /// The derivative of the output of `node`, or `None` where it does not depend on θ.
    pub fn get(&self, node: NodeId) -> Option<&Tensor<4>> {
        self.values[node].as_ref()
    }

    /// Drops those of `nodes` but the last one, which what follows reads.
    pub(super) fn forget_but_last(&mut self, nodes: Range<NodeId>) {
        self.values[nodes.start..nodes.end - 1].fill_with(|| None);
        self.moments[nodes].fill_with(|| None);
    }

    /// Drops those of `nodes`.
    pub(super) fn forget(&mut self, nodes: Range<NodeId>) {
        self.values[nodes.clone()].fill_with(|| None);
        self.moments[nodes].fill_with(|| None);
    }
}

/// The terms of a bilinear product's derivative: `(a, ḃ)` always, `(ȧ, b)` where `a` moves.
fn product_rule<'a>(
    a: &'a Tensor<4>,
    a_dot: Option<&'a Tensor<4>>,
    b: &'a Tensor<4>,
    b_dot: &'a Tensor<4>,
) -> Vec<(&'a Tensor<4>, &'a Tensor<4>)> {
    let mut terms = vec![(a, b_dot)];
    terms.extend(a_dot.map(|a_dot| (a_dot, b)));
    terms
}

impl Network {
    /// The derivative of [`Network::forward`] (in training mode) along `theta_dot`, up to and with node `last`. The chunks of a
    /// batch are gone through together.
    pub fn tangent(&self, theta: &Tensor<1>, theta_dot: &Tensor<1>, at: &[Activations], last: NodeId) -> Vec<Tangents> {
        let mut dots = vec![Tangents::of(self); at.len()];
        self.differentiate(theta, theta_dot, at, &mut dots, 1..last + 1);
        dots
    }

    /// The derivatives of `nodes`, behind those that they read.
    pub(super) fn differentiate(
        &self,
        theta: &Tensor<1>,
        theta_dot: &Tensor<1>,
        at: &[Activations],
        dots: &mut [Tangents],
        nodes: Range<NodeId>,
    ) {
        assert!(at[0].train, "tangents go through the batch's moments");
        for id in nodes {
            self.arrived();
            let node = &self.nodes[id];
            if let Op::BatchNorm { gamma, beta, .. } = node.op {
                let (affine, affine_dot) = (self.affine(theta, gamma, beta), self.affine(theta_dot, gamma, beta));
                let evaluated = at.iter().map(|at| at.value(id).batch_norm());
                let moving = dots.iter().map(|dots| dots.get(node.inputs[0]).expect("a normalisation's input moves"));
                let chunks: Vec<_> = evaluated.zip(moving).collect();
                let (y_dots, found) = batch_norm::tangent(&chunks, &affine.gamma, &affine_dot);
                for (dots, y_dot) in dots.iter_mut().zip(y_dots) {
                    dots.values[id] = Some(y_dot);
                    dots.moments[id] = Some(found.clone());
                }
            } else {
                for (at, dots) in at.iter().zip(dots.iter_mut()) {
                    dots.values[id] = Some(self.differentiate_node(theta, theta_dot, at, dots, id));
                }
            }
        }
    }

    /// Of a node of one chunk that is no normalisation.
    fn differentiate_node(
        &self,
        theta: &Tensor<1>,
        theta_dot: &Tensor<1>,
        at: &Activations,
        dots: &Tangents,
        id: NodeId,
    ) -> Tensor<4> {
        let node = &self.nodes[id];
        let dot = |nth: usize| dots.get(node.inputs[nth]);
        let moving = |nth: usize| dot(nth).expect("a node behind a convolution moves");
        match node.op {
            Op::Input | Op::BatchNorm { .. } => {
                unreachable!("the images do not move, and a normalisation is of all chunks")
            }
            Op::Conv { weight, bias, kernel, geometry } => {
                let (w, w_dot) = (self.kernel(theta, id, weight, kernel), self.kernel(theta_dot, id, weight, kernel));
                let terms = product_rule(at.get(node.inputs[0]), dot(0), &w, &w_dot);
                self.count(id, at.batch(), terms.len());
                self.convolve(theta_dot, id, &terms, bias, geometry)
            }
            Op::AddRelu => add_relu::where_positive(at.get(id), &(moving(0).clone() + moving(1).clone())),
            Op::Subsample { stride } => subsample::subsample(moving(0), node.shape[0], stride),
            Op::MaxPool(_) => max_pool::gather(moving(0), at.value(id).places()),
            Op::GlobalAveragePool => {
                let pooled = channels::mean(moving(0));
                let [batch, count] = pooled.dims();
                pooled.reshape([batch, count, 1, 1])
            }
        }
    }

    /// The derivative of [`Network::backward`] along `theta_dot`: parts of `H u` for `u = θ̇`.
    ///
    /// `bars` are the cotangents that `backward` completed, `dots` the tangents along `theta_dot`, `bar_dots` the
    /// derivatives of the cotangents where losses enter.
    pub fn backward_tangent(
        &self,
        theta: &Tensor<1>,
        theta_dot: &Tensor<1>,
        at: &[Activations],
        bars: &[Cotangents],
        dots: &[Tangents],
        mut bar_dots: Vec<Cotangents>,
    ) -> GradientParts {
        let all = 1..self.nodes.len();
        self.pull_back_tangent(&Along { theta, theta_dot, at, bars, dots }, &mut bar_dots, all)
    }

    /// [`Network::backward_tangent`] through `nodes`, from the last to the first.
    pub(super) fn pull_back_tangent(
        &self,
        along: &Along<'_>,
        bar_dots: &mut [Cotangents],
        nodes: Range<NodeId>,
    ) -> GradientParts {
        let mut gradient = GradientParts::default();
        for id in nodes.rev() {
            self.arrived();
            let of_chunk = |bar_dots: &mut Cotangents| bar_dots.0.get_mut(id)?.take();
            let Some(y_bar_dots) = bar_dots.iter_mut().map(of_chunk).collect::<Option<Vec<_>>>() else { continue };
            match self.nodes[id].op {
                Op::Conv { .. } => self.convolution_tangent(along, &y_bar_dots, bar_dots, id, &mut gradient),
                Op::BatchNorm { .. } => self.normalisation_tangent(along, &y_bar_dots, bar_dots, id, &mut gradient),
                _ => {
                    for ((at, y_bar_dot), bar_dots) in along.at.iter().zip(y_bar_dots).zip(&mut *bar_dots) {
                        self.pull_back_plain(at, y_bar_dot, bar_dots, id);
                    }
                }
            }
        }
        gradient
    }

    fn convolution_tangent(
        &self,
        along: &Along<'_>,
        y_bar_dots: &[Tensor<4>],
        bar_dots: &mut [Cotangents],
        id: NodeId,
        gradient: &mut GradientParts,
    ) {
        let node = &self.nodes[id];
        let Op::Conv { weight, bias, kernel, geometry } = node.op else { unreachable!("it is a convolution") };
        let kernel = |theta| self.kernel(theta, id, weight, kernel);
        let (w, w_dot, input) = (kernel(along.theta), kernel(along.theta_dot), node.inputs[0]);
        let w_bar_dots = along.chunks(id).zip(y_bar_dots).map(|((at, y_bar, dots), y_bar_dot)| {
            let terms = product_rule(at.get(input), dots.get(input), y_bar, y_bar_dot);
            self.count(id, at.batch(), terms.len() + if input == 0 { 0 } else { 2 });
            conv::weight_gradient_rows(&terms, &w, geometry)
        });
        gradient.set_rows(&self.layout, weight, sum_of_rows(w_bar_dots));
        if let Some(bias) = bias {
            gradient.set(&self.layout, bias, sum(y_bar_dots.iter().map(channels::sum)));
        }
        if input == 0 {
            return;
        }
        for (((at, y_bar, _), y_bar_dot), bar_dots) in along.chunks(id).zip(y_bar_dots).zip(bar_dots) {
            let terms = product_rule(y_bar, Some(y_bar_dot), &w, &w_dot);
            bar_dots.add(input, conv::input_gradient(&terms, at.get(input), geometry));
        }
    }

    fn normalisation_tangent(
        &self,
        along: &Along<'_>,
        y_bar_dots: &[Tensor<4>],
        bar_dots: &mut [Cotangents],
        id: NodeId,
        gradient: &mut GradientParts,
    ) {
        let node = &self.nodes[id];
        let Op::BatchNorm { gamma, beta, .. } = node.op else { unreachable!("it is a normalisation") };
        let affine = |theta| self.affine(theta, gamma, beta);
        let (affine, affine_dot) = (affine(along.theta), affine(along.theta_dot));
        let chunks = along.chunks(id).zip(y_bar_dots).map(|((at, y_bar, dots), y_bar_dot)| {
            let x_dot = dots.get(node.inputs[0]).expect("a normalisation's input moves");
            batch_norm::Cotangent { at: at.value(id).batch_norm(), x_dot, y_bar, y_bar_dot }
        });
        let direction = Direction {
            gamma: &affine.gamma,
            gamma_dot: &affine_dot.gamma,
            moments: along.dots[0].moments[id].as_ref().expect("recorded by tangent"),
        };
        let (x_bar_dots, affine_bar_dot) = batch_norm::gradient_tangent(&chunks.collect::<Vec<_>>(), &direction);
        gradient.set(&self.layout, gamma, affine_bar_dot.gamma);
        gradient.set(&self.layout, beta, affine_bar_dot.beta);
        x_bar_dots.into_iter().zip(bar_dots).for_each(|(x_bar_dot, bar_dots)| bar_dots.add(node.inputs[0], x_bar_dot));
    }
}

/// What the derivative of a gradient is taken at, the chunks of a batch one after another.
pub(super) struct Along<'a> {
    pub theta: &'a Tensor<1>,
    pub theta_dot: &'a Tensor<1>,
    pub at: &'a [Activations],
    pub bars: &'a [Cotangents],
    pub dots: &'a [Tangents],
}

impl<'a> Along<'a> {
    /// Of every chunk the values, `ȳ` of node `id`, and the tangents.
    fn chunks(&self, id: NodeId) -> impl Iterator<Item = (&'a Activations, &'a Tensor<4>, &'a Tangents)> {
        let bars = self.bars.iter().map(move |bars| bars.get(id).expect("backward visited every node that moves"));
        self.at.iter().zip(bars).zip(self.dots).map(|((at, y_bar), dots)| (at, y_bar, dots))
    }
}
