//! Passes that keep the values of a few nodes and evaluate the others again, a stretch of the network at a time (Chen et al.,
//! *Training Deep Nets with Sublinear Memory Cost*, 2016).
//!
//! A stretch ends at a node through which everything behind it goes: the end of a block, a pooling, a node where a loss
//! enters. On the way forward only those are kept; on the way back each stretch is evaluated once more from the end of the
//! one before, and dropped. Every number is what it is where all is kept.

use std::ops::Range;

use burn_tensor::Tensor;

use super::evaluate::{Activations, Cotangents, Mode};
use super::gradient::{COMPLETE, Wanted};
use super::graph::{Network, NodeId, Op};
use super::layout::GradientParts;
use super::tangent::{Along, Tangents};

/// The stretches of a network in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretches(Vec<Range<NodeId>>);

impl Stretches {
    /// Elements of one image that are kept throughout, and of the stretch that has the most besides its end.
    pub fn elements(&self, network: &Network) -> (usize, usize) {
        let of = |node: NodeId| network.nodes[node].shape.iter().product::<usize>();
        let kept = self.0.iter().map(|stretch| of(stretch.end - 1)).sum();
        let inside = self.0.iter().map(|stretch| (stretch.start..stretch.end - 1).map(of).sum()).max();
        (kept, inside.unwrap_or(0))
    }
}

impl Network {
    /// The stretches up to and with node `last`, where losses enter at the nodes `losses`.
    ///
    /// # Panics
    /// Where a loss enters beside the way that everything goes.
    pub fn stretches(&self, last: NodeId, losses: &[NodeId]) -> Stretches {
        // The oldest node that any node behind each one reads.
        let mut reads = vec![last; last + 1];
        for id in (0..last).rev() {
            reads[id] = self.nodes[id + 1].inputs.iter().copied().fold(reads[id + 1], usize::min);
        }
        let (mut stretches, mut start) = (Vec::new(), 1);
        for (id, reads) in reads.into_iter().enumerate().skip(1) {
            let has_loss = losses.contains(&id);
            assert!(!has_loss || reads >= id, "a loss enters where everything goes through");
            let is_narrow = has_loss || matches!(self.nodes[id].op, Op::AddRelu | Op::MaxPool(_));
            if id == last || is_narrow && reads >= id {
                stretches.push(start..id + 1);
                start = id + 1;
            }
        }
        Stretches(stretches)
    }

    /// A forward pass over the chunks of a batch, in training mode, that keeps the ends of stretches.
    pub fn forward_in(&self, stretches: &Stretches, theta: &Tensor<1>, xs: &[&Tensor<4>]) -> Vec<Activations> {
        let mut at: Vec<_> = xs.iter().map(|x| self.begin(x, Mode::Train)).collect();
        for stretch in &stretches.0 {
            self.evaluate(theta, &mut at, Mode::Train, stretch.clone());
            at.iter_mut().for_each(|at| at.forget_but_last(stretch.clone()));
        }
        at
    }

    /// [`Network::gradient`] behind [`Network::forward_in`].
    pub fn gradient_in(
        &self,
        stretches: &Stretches,
        theta: &Tensor<1>,
        mut at: Vec<Activations>,
        mut bars: Vec<Cotangents>,
    ) -> GradientParts {
        let wanted = Wanted { weights: true, input: false, nodes: false };
        let mut gradient = GradientParts::default();
        for stretch in stretches.0.iter().rev() {
            self.evaluate(theta, &mut at, Mode::Train, stretch.clone());
            gradient.extend(self.pull_back(theta, &at, &mut bars, wanted, stretch.clone()));
            at.iter_mut().for_each(|at| at.forget(stretch.clone()));
        }
        gradient
    }

    /// [`Network::forward_in`] with the derivative along `theta_dot`.
    pub fn tangent_in(
        &self,
        stretches: &Stretches,
        theta: &Tensor<1>,
        theta_dot: &Tensor<1>,
        xs: &[&Tensor<4>],
    ) -> (Vec<Activations>, Vec<Tangents>) {
        let mut at: Vec<_> = xs.iter().map(|x| self.begin(x, Mode::Train)).collect();
        let mut dots = vec![Tangents::of(self); at.len()];
        for stretch in &stretches.0 {
            self.evaluate(theta, &mut at, Mode::Train, stretch.clone());
            self.differentiate(theta, theta_dot, &at, &mut dots, stretch.clone());
            at.iter_mut().for_each(|at| at.forget_but_last(stretch.clone()));
            dots.iter_mut().for_each(|dots| dots.forget_but_last(stretch.clone()));
        }
        (at, dots)
    }

    /// [`Network::backward_tangent`] behind [`Network::tangent_in`], from the cotangents where losses enter and their
    /// derivatives.
    pub fn backward_tangent_in(
        &self,
        stretches: &Stretches,
        theta: &Tensor<1>,
        theta_dot: &Tensor<1>,
        (mut at, mut dots): (Vec<Activations>, Vec<Tangents>),
        (mut bars, mut bar_dots): (Vec<Cotangents>, Vec<Cotangents>),
    ) -> GradientParts {
        let mut gradient = GradientParts::default();
        for stretch in stretches.0.iter().rev() {
            self.evaluate(theta, &mut at, Mode::Train, stretch.clone());
            self.differentiate(theta, theta_dot, &at, &mut dots, stretch.clone());
            self.pull_back(theta, &at, &mut bars, COMPLETE, stretch.clone());
            let along = Along { theta, theta_dot, at: &at, bars: &bars, dots: &dots };
            gradient.extend(self.pull_back_tangent(&along, &mut bar_dots, stretch.clone()));
            at.iter_mut().for_each(|at| at.forget(stretch.clone()));
            dots.iter_mut().for_each(|dots| dots.forget(stretch.clone()));
            bars.iter_mut().for_each(|bars| bars.forget(stretch.clone()));
        }
        gradient
    }
}
