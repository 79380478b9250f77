//! Value and derivatives of an objective on one part of a batch: the images that one normalisation sees, in one chunk or in
//! several that a device takes one after another. [`super::by_group`] does the same with less memory.

use burn_tensor::Tensor;
use l2t_shaders::batch_norm::Moments;
use l2t_shaders::cross_entropy::{cross_entropy, gradient_tangent};

use super::{Keep, Memory, Objective, Part, SecondDerivatives, TargetModel};
use crate::matching::{MatchingPass, Mismatches};
use crate::meta::MetaCotangents;
use crate::network::{Activations, Cotangents, GradientParts, Mode, Tangents};

/// What an evaluation leaves: a few numbers an image, and the values of all nodes where they are kept.
#[derive(Debug, Clone)]
pub(super) struct PartPass {
    /// Of the normalisations that were reached.
    pub moments: Vec<Moments>,
    pub chunks: Vec<ChunkPass>,
    pub values: Option<Values>,
}

/// The numbers of a chunk's images.
#[derive(Debug, Clone)]
pub(super) struct ChunkPass {
    /// softmax of the logits, `[B, K]`.
    pub probabilities: Option<Tensor<2>>,
    pub mismatches: Option<Mismatches>,
}

/// What second derivatives need besides θ, of all chunks one after another.
#[derive(Debug, Clone)]
pub(super) struct Values {
    /// The target's values, in the order of its nodes.
    pub activations: Vec<Activations>,
    /// The cotangents of the nodes; only those that losses put in where the gradient was not gone back for.
    pub bars: Vec<Cotangents>,
    pub terms: Vec<Terms>,
}

/// What the losses have of a chunk.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    /// softmax of the logits, `[B, K]`.
    pub probabilities: Option<Tensor<2>>,
    pub mismatches: Option<Mismatches>,
    /// The maps behind these, where they are kept.
    pub matching: Option<MatchingPass>,
}

impl Values {
    /// What the evaluation leaves where they are not kept.
    pub fn pass(&self) -> PartPass {
        let numbers = |terms: &Terms| ChunkPass {
            probabilities: terms.probabilities.clone(),
            mismatches: terms.mismatches.clone(),
        };
        let chunks = self.terms.iter().map(numbers).collect();
        PartPass { moments: self.activations[0].moments.clone(), chunks, values: None }
    }
}

/// The losses of an evaluation, `[1]` each.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub task: Option<Tensor<1>>,
    pub matching: Option<Tensor<1>>,
    /// As many as the model has, or none.
    pub auxiliary: Vec<Tensor<1>>,
}

/// A chunk's share of a mean over the part.
pub(super) fn weighted<const D: usize>(of_chunk: Tensor<D>, share: f64) -> Tensor<D> {
    if share == 1.0 { of_chunk } else { of_chunk * share }
}

/// `sum + term`.
pub(super) fn plus(sum: Option<Tensor<1>>, term: Tensor<1>) -> Option<Tensor<1>> {
    Some(match sum {
        Some(sum) => sum + term,
        None => term,
    })
}

impl TargetModel {
    /// What [`TargetModel::evaluate_keeping`] needs of one part; losses and gradient are means over its images.
    pub(super) fn evaluate_part(
        &self,
        objective: Objective,
        theta: &Tensor<1>,
        part: &Part,
        keep: Keep,
    ) -> (PartPass, Losses, Tensor<1>) {
        if self.memory == Memory::ByGroup {
            assert_eq!(keep, Keep::Nothing, "nothing is kept where groups are evaluated again");
            return self.evaluate_by_group(objective, theta, part);
        }
        let (mut values, mut losses) = self.forward_part(objective, theta, part);
        let mut added = self.matching_gradient(theta, part, &mut values, true);
        if objective == Objective::Total {
            losses.auxiliary = self.auxiliary_losses(theta, part, &mut values, &mut added);
        }
        let mut pass = values.pass();
        let mut parts = match keep {
            Keep::Values => self.network.backward(theta, &values.activations, &mut values.bars),
            Keep::Nothing => {
                // The regressors' maps are not needed any more either.
                values.terms.clear();
                self.network.gradient(theta, &values.activations, std::mem::take(&mut values.bars))
            }
        };
        parts.extend(added);
        let gradient = parts.assemble(&self.layout, theta);
        pass.values = (keep == Keep::Values).then_some(values);
        (pass, losses, gradient)
    }

    /// The way forward, with the cotangent that L_org puts in at the logits; and the losses. A chunk's are those of its images,
    /// weighted with their share of the part's.
    fn forward_part(&self, objective: Objective, theta: &Tensor<1>, part: &Part) -> (Values, Losses) {
        let last = self.last_node(objective);
        let at = self.network.forward_chunks(theta, &part.images_of_chunks(), Mode::Train, last);
        let (mut values, mut losses) = self.task(objective, at, part);
        if !self.has_matching(objective) {
            return (values, losses);
        }
        let chunks = part.chunks().iter().zip(part.shares()).zip(&values.activations).zip(&mut values.terms);
        for (((chunk, share), at), terms) in chunks {
            let (beta, matching) = (self.beta(objective) * share, self.matching());
            let pass = matching.evaluate(beta, &self.layout, theta, at, chunk.transfer());
            losses.matching = plus(losses.matching.take(), matching.loss(pass.mismatches(), chunk.transfer()));
            terms.mismatches = Some(pass.mismatches().clone());
            terms.matching = Some(pass);
        }
        (values, losses)
    }

    /// L_org at the activations, where it is part of the objective, with the cotangent that it puts in at the logits.
    pub(super) fn task(&self, objective: Objective, activations: Vec<Activations>, part: &Part) -> (Values, Losses) {
        let (mut losses, mut bars, mut all) = (Losses::default(), vec![], vec![]);
        for ((chunk, share), at) in part.chunks().iter().zip(part.shares()).zip(&activations) {
            let (mut terms, mut of_chunk) = (Terms::default(), Cotangents::default());
            if objective.has_task() {
                let output = self.network.output();
                let [count, classes] = chunk.y.dims();
                let found = cross_entropy(&at.get(output).clone().reshape([count, classes]), &chunk.y);
                of_chunk.add(output, weighted(found.z_bar, share).reshape([count, classes, 1, 1]));
                losses.task = plus(losses.task.take(), weighted(found.loss, share));
                terms.probabilities = Some(found.probabilities);
            }
            bars.push(of_chunk);
            all.push(terms);
        }
        (Values { activations, bars, terms: all }, losses)
    }

    /// The factor on L_wfm.
    pub(super) fn beta(&self, objective: Objective) -> f64 {
        let matching = self.matching();
        if objective == Objective::Matching { matching.inner_beta() } else { matching.beta() }
    }

    /// The cotangents that matching puts in at the taps, if anything is matched; its parts of the gradient only with
    /// `weights`.
    fn matching_gradient(&self, theta: &Tensor<1>, part: &Part, values: &mut Values, weights: bool) -> GradientParts {
        let Values { activations, bars, terms } = values;
        let mut gradient = GradientParts::default();
        for (((chunk, at), bars), terms) in part.chunks().iter().zip(activations).zip(bars).zip(terms) {
            let Some(pass) = &mut terms.matching else { continue };
            let of_chunk = self.matching().gradient(&self.layout, theta, at, chunk.transfer(), pass, bars, weights);
            gradient.add(of_chunk);
        }
        gradient
    }

    pub(super) fn auxiliary_losses(
        &self,
        theta: &Tensor<1>,
        part: &Part,
        values: &mut Values,
        gradient: &mut GradientParts,
    ) -> Vec<Tensor<1>> {
        let mut losses = vec![None; self.auxiliary.len()];
        let chunks = part.chunks().iter().zip(part.shares()).zip(&values.activations).zip(&mut values.bars);
        for (((chunk, share), at), bars) in chunks {
            assert_eq!(
                self.auxiliary.len(),
                chunk.auxiliary.len(),
                "a batch carries what every auxiliary loss asks for"
            );
            let mut of_chunk = Cotangents::default();
            for ((auxiliary, taught), sum) in self.auxiliary.iter().zip(&chunk.auxiliary).zip(&mut losses) {
                let (loss, parts) = auxiliary.evaluate(&self.layout, theta, at, taught, &mut of_chunk);
                gradient.add(parts.times(share));
                *sum = plus(sum.take(), weighted(loss, share));
            }
            bars.add_times(of_chunk, share);
        }
        losses.into_iter().map(|loss| loss.expect("a part has a chunk")).collect()
    }

    /// [`TargetModel::second_derivatives`] of one part, whose evaluation left `kept`.
    pub(super) fn second_derivatives_part(
        &self,
        objective: Objective,
        kept: Option<&Values>,
        along: &Direction<'_>,
    ) -> SecondDerivatives {
        if self.memory == Memory::ByGroup {
            return self.second_derivatives_by_group(objective, along);
        }
        let Direction { theta, u, hessian, .. } = *along;
        let again = kept.is_none().then(|| self.values_again(objective, along));
        let values = kept.or(again.as_ref()).expect("kept, or evaluated again");
        let dots = self.network.tangent(theta, u, &values.activations, self.last_node(objective));
        let (mixed, bar_dots, mut added) = self.along_part(along, values, &dots);
        let hessian_vector = hessian.then(|| {
            let Values { activations, bars, .. } = values;
            added.extend(self.network.backward_tangent(theta, u, activations, bars, &dots, bar_dots));
            added.assemble(&self.layout, theta)
        });
        SecondDerivatives { mixed, hessian_vector }
    }

    /// What second derivatives need of one part, from θ anew: the numbers that [`TargetModel::evaluate_part`] had. Without
    /// `H u` only the way forward, which is enough for mixed products.
    fn values_again(&self, objective: Objective, along: &Direction<'_>) -> Values {
        let (mut values, _) = self.forward_part(objective, along.theta, along.part);
        if along.hessian {
            self.matching_gradient(along.theta, along.part, &mut values, false);
            self.network.complete(along.theta, &values.activations, &mut values.bars);
        }
        values
    }

    /// The derivative of the losses along u: the mixed products, and with the Hessian the derivatives of the cotangents that
    /// losses put in and of the regressors' gradient.
    fn along_part(
        &self,
        along: &Direction<'_>,
        values: &Values,
        dots: &[Tangents],
    ) -> (Option<MetaCotangents>, Vec<Cotangents>, GradientParts) {
        let mut gradient = GradientParts::default();
        let mut bar_dots = self.task_along(along, values, dots);
        let chunks = along.part.chunks().iter().zip(&values.activations).zip(dots).zip(&values.terms);
        let mixed = chunks.zip(&mut bar_dots).map(|((((chunk, at), dots), terms), bar_dots)| {
            let (matching, layout, transfer) = (self.matching.as_ref()?, &self.layout, chunk.transfer.as_ref()?);
            let pass = terms.matching.as_ref()?;
            let found = matching.along(layout, along.theta, along.u, at, dots, pass);
            if along.hessian {
                let (theta, u) = (along.theta, along.u);
                gradient.add(matching.gradient_along(layout, theta, u, at, dots, transfer, pass, &found, bar_dots));
            }
            Some(matching.meta_gradient(found.mismatches(), transfer))
        });
        let mixed = mixed.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>().map(MetaCotangents::of_parts);
        (mixed, bar_dots, gradient)
    }

    /// The derivatives of the cotangents that L_org puts in at the logits, where it is part of the objective.
    pub(super) fn task_along(&self, along: &Direction<'_>, values: &Values, dots: &[Tangents]) -> Vec<Cotangents> {
        let chunks = values.terms.iter().zip(along.part.shares()).zip(dots);
        let bar_dots = chunks.map(|((terms, share), dots)| {
            let mut bar_dots = Cotangents::default();
            if let Some(p) = terms.probabilities.as_ref().filter(|_| along.hessian) {
                let output = self.network.output();
                let [count, classes] = p.dims();
                let z_dot = dots.get(output).expect("logits depend on θ").clone().reshape([count, classes]);
                bar_dots.add(output, weighted(gradient_tangent(p, &z_dot), share).reshape([count, classes, 1, 1]));
            }
            bar_dots
        });
        bar_dots.collect()
    }
}

/// The direction of second derivatives on a part, and whether `H u` is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Direction<'a> {
    pub theta: &'a Tensor<1>,
    pub u: &'a Tensor<1>,
    pub part: &'a Part,
    pub hessian: bool,
}
