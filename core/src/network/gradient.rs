//! The gradient of a network at a parameter vector.

use std::ops::Range;

use burn_tensor::Tensor;
use l2t_shaders::{add_relu, batch_norm, channels, conv, max_pool};

use super::evaluate::{Activations, Cotangents};
use super::graph::{Network, NodeId, Op};
use super::layout::GradientParts;
use super::subsample;

/// Which cotangents a gradient pass is to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Of the parameters.
    pub weights: bool,
    /// Of the input.
    pub input: bool,
    /// Of the nodes: they are left in place, and not dropped as soon as the pass is past them.
    pub nodes: bool,
}

impl Network {
    /// Pulls cotangents back to the parameters, from the node behind the last cotangent to the first.
    ///
    /// Returns the gradient's parts; `bars` is completed with the cotangent of every node on the way but the input, which
    /// second derivatives need. The chunks of a batch, and their cotangents, are gone through together.
    pub fn backward(&self, theta: &Tensor<1>, at: &[Activations], bars: &mut [Cotangents]) -> GradientParts {
        let wanted = Wanted { weights: true, input: false, nodes: true };
        self.pull_back(theta, at, bars, wanted, 1..self.nodes.len())
    }

    /// [`Network::backward`] where nothing but the gradient is wanted: a node's cotangent lives no longer than needed.
    pub fn gradient(&self, theta: &Tensor<1>, at: &[Activations], mut bars: Vec<Cotangents>) -> GradientParts {
        let wanted = Wanted { weights: true, input: false, nodes: false };
        self.pull_back(theta, at, &mut bars, wanted, 1..self.nodes.len())
    }

    /// [`Network::backward`] without the weights' gradients, half of its work: completes `bars` alone.
    pub fn complete(&self, theta: &Tensor<1>, at: &[Activations], bars: &mut [Cotangents]) {
        self.pull_back(theta, at, bars, COMPLETE, 1..self.nodes.len());
    }

    /// Pulls cotangents back to the images: `x̄`, `[B, 3, H, W]`, or `None` where there is no cotangent. The weights'
    /// gradients are left out. After a pass in [`super::Mode::Eval`] the moments are constants, so that no image's gradient
    /// depends on another image.
    pub fn image_gradient(&self, theta: &Tensor<1>, at: &Activations, bars: Cotangents) -> Option<Tensor<4>> {
        let mut bars = [bars];
        let wanted = Wanted { weights: false, input: true, nodes: false };
        self.pull_back(theta, std::slice::from_ref(at), &mut bars, wanted, 1..self.nodes.len());
        let x_bar = bars[0].get(0).cloned()?;
        Some(match &self.rescale {
            Some(rescale) => rescale.gradient(x_bar),
            None => x_bar,
        })
    }

    /// Pulls cotangents back through `nodes`, from the last to the first.
    pub(super) fn pull_back(
        &self,
        theta: &Tensor<1>,
        at: &[Activations],
        bars: &mut [Cotangents],
        wanted: Wanted,
        nodes: Range<NodeId>,
    ) -> GradientParts {
        let mut gradient = GradientParts::default();
        for id in nodes.rev() {
            self.arrived();
            let of_chunk = |bars: &mut Cotangents| {
                let y_bar = bars.0.get_mut(id)?;
                if wanted.nodes { y_bar.clone() } else { y_bar.take() }
            };
            // A loss that enters at a node of one chunk enters there in all of them.
            let Some(y_bars) = bars.iter_mut().map(of_chunk).collect::<Option<Vec<_>>>() else { continue };
            let found = match self.nodes[id].op {
                Op::Conv { .. } => self.pull_back_convolution(theta, at, &y_bars, bars, wanted, id),
                Op::BatchNorm { .. } => self.pull_back_normalisation(theta, at, &y_bars, bars, wanted, id),
                _ => {
                    for ((at, y_bar), bars) in at.iter().zip(y_bars).zip(&mut *bars) {
                        self.pull_back_plain(at, y_bar, bars, id);
                    }
                    GradientParts::default()
                }
            };
            gradient.extend(found);
        }
        gradient
    }

    fn pull_back_convolution(
        &self,
        theta: &Tensor<1>,
        at: &[Activations],
        y_bars: &[Tensor<4>],
        bars: &mut [Cotangents],
        wanted: Wanted,
        id: NodeId,
    ) -> GradientParts {
        let node = &self.nodes[id];
        let Op::Conv { weight, bias, kernel, geometry } = node.op else { unreachable!("it is a convolution") };
        let (input, w) = (node.inputs[0], self.kernel(theta, id, weight, kernel));
        let reached = input != 0 || wanted.input;
        let mut gradient = GradientParts::default();
        if wanted.weights {
            let w_bar = |(at, y_bar): (&Activations, &Tensor<4>)| {
                conv::weight_gradient_rows(&[(at.get(input), y_bar)], &w, geometry)
            };
            gradient.set_rows(&self.layout, weight, sum_of_rows(at.iter().zip(y_bars).map(w_bar)));
            if let Some(bias) = bias {
                gradient.set(&self.layout, bias, sum(y_bars.iter().map(channels::sum)));
            }
        }
        for ((at, y_bar), bars) in at.iter().zip(y_bars).zip(bars) {
            if reached {
                bars.add(input, conv::input_gradient(&[(y_bar, &w)], at.get(input), geometry));
            }
            self.count(id, at.batch(), usize::from(wanted.weights) + usize::from(reached));
        }
        gradient
    }

    fn pull_back_normalisation(
        &self,
        theta: &Tensor<1>,
        at: &[Activations],
        y_bars: &[Tensor<4>],
        bars: &mut [Cotangents],
        wanted: Wanted,
        id: NodeId,
    ) -> GradientParts {
        let node = &self.nodes[id];
        let Op::BatchNorm { gamma, beta, shift, .. } = node.op else { unreachable!("it is a normalisation") };
        let scale = self.affine(theta, gamma, beta).gamma;
        let chunks: Vec<_> = at.iter().map(|at| at.value(id).batch_norm()).zip(y_bars).collect();
        let mut gradient = GradientParts::default();
        let x_bars = if at[0].train {
            let (x_bars, affine_bar) = batch_norm::gradient(&chunks, &scale);
            gradient.set(&self.layout, gamma, affine_bar.gamma);
            gradient.set(&self.layout, beta, affine_bar.beta);
            x_bars
        } else {
            let x_bars: Vec<_> = chunks.iter().map(|(at, y_bar)| at.gradient_fixed(&scale, y_bar)).collect();
            if let Some(shift) = shift.filter(|_| wanted.weights) {
                gradient.set(&self.layout, shift, sum(x_bars.iter().map(channels::sum)));
            }
            x_bars
        };
        x_bars.into_iter().zip(bars).for_each(|(x_bar, bars)| bars.add(node.inputs[0], x_bar));
        gradient
    }

    /// Through a node without parameters; linear in `ȳ`, so that it is the tangent's rule, too.
    pub(super) fn pull_back_plain(&self, at: &Activations, y_bar: Tensor<4>, bars: &mut Cotangents, id: NodeId) {
        let node = &self.nodes[id];
        let input = node.inputs.first().copied().unwrap_or_default();
        match node.op {
            Op::AddRelu => {
                let x_bar = add_relu::where_positive(at.get(id), &y_bar);
                bars.add(node.inputs[0], x_bar.clone());
                bars.add(node.inputs[1], x_bar);
            }
            Op::Subsample { stride } => bars.add(input, subsample::gradient(&y_bar, at.get(input), stride)),
            Op::MaxPool(window) => {
                let (places, so_far) = (at.value(id).places(), bars.take(input));
                bars.add(input, max_pool::scatter_plus(so_far, &y_bar, places, at.get(input), window));
            }
            Op::GlobalAveragePool => {
                let [batch, count, ..] = y_bar.dims();
                let p_bar = y_bar.reshape([batch, count]);
                bars.add(input, channels::mean_gradient(&p_bar, at.get(input)));
            }
            Op::Input | Op::Conv { .. } | Op::BatchNorm { .. } => unreachable!("it has parameters, or is none"),
        }
    }
}

/// What [`Network::complete`] wants.
pub(super) const COMPLETE: Wanted = Wanted { weights: false, input: false, nodes: true };

/// [`sum`] of what is itself the sum of rows, `[R, N]`, and is left so where there is one chunk.
pub(super) fn sum_of_rows(chunks: impl Iterator<Item = Tensor<2>>) -> Tensor<2> {
    let one_row = |rows: Tensor<2>| if rows.dims()[0] == 1 { rows } else { rows.sum_dim(0) };
    chunks.reduce(|a, b| one_row(a) + one_row(b)).expect("a batch has a chunk")
}

/// The sum over the chunks of a batch.
pub(super) fn sum<const D: usize>(chunks: impl Iterator<Item = Tensor<D>>) -> Tensor<D> {
    chunks.reduce(|a, b| a + b).expect("a batch has a chunk")
}
