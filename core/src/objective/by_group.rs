//! The same as [`super::part`] where as little as can be is kept: of the network the values between groups of nodes, of matching
//! the maps of one target layer at a time.

use burn_tensor::Tensor;

use super::part::{Direction, Losses, PartPass, Values, plus};
use super::{Chunk, Objective, Part, SecondDerivatives, TargetModel};
use crate::matching::Mismatches;
use crate::meta::MetaCotangents;
use crate::network::{Activations, Cotangents, GradientParts, NodeId, Stretches, Tangents};

impl TargetModel {
    /// The stretches that a pass for `objective` is taken in.
    pub(crate) fn stretches(&self, objective: Objective) -> Stretches {
        self.network.stretches(self.last_node(objective), &self.losses_at(objective))
    }

    /// The nodes where losses enter.
    fn losses_at(&self, objective: Objective) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        if self.has_matching(objective) {
            nodes.extend(self.matching().groups().iter().map(|group| group.node));
        }
        if objective == Objective::Total {
            nodes.extend(self.auxiliary.iter().flat_map(|auxiliary| auxiliary.nodes()));
        }
        nodes
    }

    pub(super) fn evaluate_by_group(
        &self,
        objective: Objective,
        theta: &Tensor<1>,
        part: &Part,
    ) -> (PartPass, Losses, Tensor<1>) {
        let stretches = self.stretches(objective);
        let at = self.network.forward_in(&stretches, theta, &part.images_of_chunks());
        let (mut values, mut losses) = self.task(objective, at, part);
        let mut added = GradientParts::default();
        if self.has_matching(objective) {
            let Values { activations, bars, terms } = &mut values;
            let chunks = part.chunks().iter().zip(part.shares()).zip(activations).zip(bars).zip(terms);
            for ((((chunk, share), at), bars), terms) in chunks {
                let beta = self.beta(objective) * share;
                let mismatches = self.matching_by_layer(beta, theta, chunk, at, bars, &mut added);
                let loss = self.matching().loss(&mismatches, chunk.transfer());
                losses.matching = plus(losses.matching.take(), loss);
                terms.mismatches = Some(mismatches);
            }
        }
        if objective == Objective::Total {
            losses.auxiliary = self.auxiliary_losses(theta, part, &mut values, &mut added);
        }
        let pass = values.pass();
        let Values { activations, bars, .. } = values;
        let mut parts = self.network.gradient_in(&stretches, theta, activations, bars);
        parts.extend(added);
        (pass, losses, parts.assemble(&self.layout, theta))
    }

    /// The mismatches of a chunk, and the gradient of `beta` L_wfm.
    fn matching_by_layer(
        &self,
        beta: f64,
        theta: &Tensor<1>,
        chunk: &Chunk,
        at: &Activations,
        bars: &mut Cotangents,
        gradient: &mut GradientParts,
    ) -> Mismatches {
        let layers = self.matching().layers().enumerate().map(|(nth, layer)| {
            let transfer = chunk.transfer().of_layer(nth);
            let mut pass = layer.evaluate(beta, &self.layout, theta, at, &transfer);
            gradient.add(layer.gradient(&self.layout, theta, at, &transfer, &mut pass, bars, true));
            pass.mismatches().clone()
        });
        Mismatches::of_layers(layers.collect())
    }

    pub(super) fn second_derivatives_by_group(&self, objective: Objective, along: &Direction<'_>) -> SecondDerivatives {
        let Direction { theta, u, part, hessian } = *along;
        let stretches = self.stretches(objective);
        let (at, dots) = self.network.tangent_in(&stretches, theta, u, &part.images_of_chunks());
        let (mut values, _) = self.task(objective, at, part);
        let mut bar_dots = self.task_along(along, &values, &dots);
        let mut added = GradientParts::default();
        let mixed = self.has_matching(objective).then(|| {
            let Values { activations, bars, .. } = &mut values;
            let of_chunks = part.chunks().iter().zip(part.shares()).zip(activations).zip(&dots);
            let mixed =
                of_chunks.zip(bars.iter_mut().zip(&mut bar_dots)).map(|((((chunk, share), at), dots), bars)| {
                    let beta = self.beta(objective) * share;
                    let moved = self.matching_along_by_layer(beta, along, chunk, (at, dots), bars, &mut added);
                    self.matching().meta_gradient(&moved, chunk.transfer())
                });
            MetaCotangents::of_parts(mixed.collect())
        });
        let hessian_vector = hessian.then(|| {
            let Values { activations, bars, .. } = values;
            let cotangents = (bars, bar_dots);
            added.extend(self.network.backward_tangent_in(&stretches, theta, u, (activations, dots), cotangents));
            added.assemble(&self.layout, theta)
        });
        SecondDerivatives { mixed, hessian_vector }
    }

    /// The derivative of a chunk's mismatches along u; with the Hessian the cotangents that matching puts in at the taps, their
    /// derivatives, and that of the regressors' gradient.
    fn matching_along_by_layer(
        &self,
        beta: f64,
        along: &Direction<'_>,
        chunk: &Chunk,
        (at, dots): (&Activations, &Tangents),
        (bars, bar_dots): (&mut Cotangents, &mut Cotangents),
        gradient: &mut GradientParts,
    ) -> Mismatches {
        let (layout, theta, u) = (&self.layout, along.theta, along.u);
        let layers = self.matching().layers().enumerate().map(|(nth, layer)| {
            let transfer = chunk.transfer().of_layer(nth);
            let mut pass = layer.evaluate(beta, layout, theta, at, &transfer);
            if along.hessian {
                layer.gradient(layout, theta, at, &transfer, &mut pass, bars, false);
            }
            let found = layer.along(layout, theta, u, at, dots, &pass);
            if along.hessian {
                gradient.add(layer.gradient_along(layout, theta, u, at, dots, &transfer, &pass, &found, bar_dots));
            }
            found.mismatches().clone()
        });
        Mismatches::of_layers(layers.collect())
    }
}
