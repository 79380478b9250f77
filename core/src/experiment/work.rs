//! What a run computes, counted before it starts.
//!
//! Work is counted in multiply-adds of convolutions, of the networks as they were built. An iteration is a number of forward
//! passes of the target, of the regressors and of the sources, by what every pass costs (ARCHITECTURE.md): a gradient two
//! more passes, a tangent two, a product H u six, all of them less where values are kept and more where they are evaluated again. A
//! bit is counted too much: the gradient of the images, and layers above the last one that is matched.

use serde::{Deserialize, Serialize};

use super::config::{Config, MetaConfig};
use super::plan::Plan;
use super::run::iterations;
use super::test_part::TestPart;
use crate::bilevel::{HypergradientMethod, MeasuredOn};
use crate::objective::{Memory, Objective};
use crate::source::Source;

/// Forward passes of an iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Passes {
    /// Of the target.
    pub target: f64,
    /// Of the regressors.
    pub regressors: f64,
}

impl Passes {
    /// An ordinary step: one forward, two for the gradient; one more where values are evaluated again group by group.
    pub fn plain(memory: Memory) -> Self {
        let again = f64::from(u8::from(memory == Memory::ByGroup));
        Self { target: 3.0 + again, regressors: 3.0 }
    }

    /// An iteration with a step on φ: with T virtual steps of matching and one on L_org (11 + 9 T) F of the target where values
    /// are kept, 29 F at T = 2; 2 T + 1 more where they are evaluated again, and 5 T + 5 where that is done group by group.
    pub fn learning(meta: &MetaConfig, memory: Memory) -> Self {
        let objectives = meta.scheme.objectives(meta.matching_steps);
        let matching = |objective: &&Objective| **objective != Objective::Task;
        let (steps, matched) = (objectives.len() as f64, objectives.iter().filter(matching).count() as f64);
        // The first virtual step starts where nothing depends on φ yet: its matching has a mixed product alone, a tangent.
        let first = f64::from(u8::from(objectives.first().is_some_and(|first| *first != Objective::Task)));
        let (behind, tangent) = ((steps - 1.0).max(0.0), 2.0 * steps.min(1.0));
        let (reverse, reverse_matching) = match meta.hypergradient {
            HypergradientMethod::Exact => (6.0 * behind + tangent, 6.0 * (matched - first) + 2.0 * first),
            // Two gradients on either side of every step, the first one too.
            HypergradientMethod::CentralDifferences => (6.0 * steps, 6.0 * matched),
            HypergradientMethod::FirstOrder => (2.0 * matched, 2.0 * matched),
        };
        let again = match memory {
            Memory::Keep => 0.0,
            Memory::Recompute => (2.0 * steps - 1.0).max(0.0),
            Memory::ByGroup => 5.0 * steps,
        };
        // Behind the ordinary step and the virtual ones L_org is measured, with its gradient.
        Self { target: 3.0 * (2.0 + steps) + reverse + again, regressors: 3.0 * (1.0 + matched) + reverse_matching }
    }
}

/// The work of a run in multiply-adds, with how it goes over the iterations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Of an iteration with a step on φ.
    pub learning: f64,
    /// Of one without.
    pub resting: f64,
    /// Of one that listens to no source.
    pub alone: f64,
    /// Of measuring an epoch.
    pub measuring: f64,
    /// Of the test.
    pub testing: f64,
    /// All epochs.
    pub epochs: usize,
    /// Iterations of an epoch.
    pub iterations: usize,
    /// Epochs with steps on φ, from the first.
    pub learning_epochs: usize,
    /// Epochs in which sources are listened to, from the first.
    pub transfer_epochs: usize,
    /// Iterations from one step on φ to the next.
    pub every: usize,
}

impl Work {
    /// That of all of a plan.
    pub fn of(plan: &Plan) -> Self {
        let (model, config) = (&plan.learner.model, &plan.config);
        let target = model.network.forward_multiply_adds(model.network.output()) as f64;
        let regressors = model.matching.as_ref().map_or(0, |matching| matching.forward_multiply_adds()) as f64;
        let sources = plan.heard().iter().map(|source: &Source| source.multiply_adds(plan.needs_logits()));
        let sources = sources.sum::<u64>() as f64;
        let batch = config.train.batch_size as f64;
        let of = |passes: Passes| batch * (passes.target * target + passes.regressors * regressors + sources);
        let resting = of(Passes::plain(plan.division.memory));
        let learning = plan.learner.meta_rule.map_or(resting, |_| {
            let measured = measured_images(config) - batch;
            of(Passes::learning(&config.meta, plan.division.memory)) + 3.0 * measured * target
        });
        Self {
            learning,
            resting,
            alone: batch * Passes::plain(plan.division.memory).target * target,
            measuring: plan.validation.as_ref().map_or(0, |part| part.len()) as f64 * target,
            testing: plan.test.as_ref().map_or(0, TestPart::images) as f64 * target,
            epochs: config.train.epochs,
            iterations: iterations(plan),
            learning_epochs: learning_epochs(config),
            transfer_epochs: transfer_epochs(config),
            every: config.meta.every,
        }
    }

    /// What is left where `done` iterations of `epoch` (0-based) are done, measuring and the test included.
    pub fn left(&self, epoch: usize, done: usize) -> f64 {
        let at = epoch * self.iterations + done;
        let iterations = (self.epochs * self.iterations).saturating_sub(at);
        let last = self.learning_epochs * self.iterations;
        // Those whose number is a multiple of `every`.
        let learning = last.div_ceil(self.every).saturating_sub(at.div_ceil(self.every));
        let alone = iterations.min((self.epochs - self.transfer_epochs) * self.iterations);
        let epochs = self.epochs.saturating_sub(epoch) as f64;
        learning as f64 * self.learning
            + iterations.saturating_sub(learning + alone) as f64 * self.resting
            + alone as f64 * self.alone
            + epochs * self.measuring
            + self.testing
    }
}

/// Epochs in which φ is learned, where it is.
pub(super) fn learning_epochs(config: &Config) -> usize {
    at_most(config.meta.epochs, transfer_epochs(config))
}

/// Epochs in which sources are listened to, where they are.
pub(super) fn transfer_epochs(config: &Config) -> usize {
    at_most(config.method.epochs, config.train.epochs)
}

/// The first `epochs` of `all`, where 0 stands for all.
fn at_most(epochs: usize, all: usize) -> usize {
    if epochs == 0 { all } else { epochs.min(all) }
}

/// Images that the meta-objective is measured on.
fn measured_images(config: &Config) -> f64 {
    let others = config.meta.measured_on != MeasuredOn::SameBatch && config.meta.outer_batch > 0;
    (if others { config.meta.outer_batch } else { config.train.batch_size }) as f64
}

#[cfg(test)]
mod tests {
    use burn_tensor::Device;

    use super::*;
    use crate::data::Batches;
    use crate::experiment::checkpoint::Position;
    use crate::experiment::run::{batch_plan, prepare};

    fn plan(changes: &[&str]) -> Plan {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let config = Config::preset("demo", &changes).expect("valid");
        Plan::new(config, Device::flex(), "CPU".into()).expect("sound")
    }

    /// Multiply-adds that one iteration carries out.
    fn counted(plan: &Plan) -> f64 {
        let order = batch_plan(&plan.config, plan.train.len(), &Position::default());
        let host = Batches::new(plan.train.clone(), order).expect("sound").next().expect("a batch").expect("in memory");
        let (state, learner) = (plan.initial_state(), plan.learner_at(0));
        let sources: u64 = plan.heard().iter().map(|source| source.multiply_adds(plan.needs_logits())).sum();
        let batch = prepare(plan, &learner, &state, host);
        learner.iteration(&state, &plan.sgd(0), &batch, |_| {});
        let model = &plan.learner.model;
        let regressors = model.matching.as_ref().map_or(0, |matching| matching.multiply_adds_done());
        let batch = plan.config.train.batch_size as u64;
        (model.network.multiply_adds_done() + regressors + batch * sources) as f64
    }

    /// What is said of an iteration beforehand is what the convolutions count while it is carried out, but for what is left out
    /// of it: up to a fifth on networks as narrow as these, whose images are a large part of their first layer's work.
    #[test]
    fn an_iteration_is_the_work_that_was_counted_before() {
        let vgg = ["target.width=0.125", "data.per_class=2", "train.batch_size=6"];
        let small = ["target.network=resnet8", "data.per_class=2", "train.batch_size=5"];
        let large = [
            "target.network=resnet18",
            "target.width=0.125",
            "data.size=64",
            "sources=[{weights=\"untrained-resnet-1-1-1-1\"}]",
            "data.per_class=2",
            "train.batch_size=4",
        ];
        let ways = [
            &["method.name=scratch"][..],
            &["method.name=fm", "method.pairs=all-to-all"],
            &["method.name=lwf"],
            &["meta.matching_steps=1"],
            &["train.recompute=never"],
            &["train.recompute=always"],
            &["train.recompute=groups"],
            &["meta.scheme=two-stage", "train.recompute=never"],
            &["meta.hypergradient=central-differences"],
            &["meta.hypergradient=first-order"],
        ];
        for network in [&vgg[..], &small, &large] {
            for way in ways {
                let plan = plan(&[network, way].concat());
                let ratio = Work::of(&plan).learning / counted(&plan);
                assert!((0.95..1.25).contains(&ratio), "{network:?}, {way:?}: {ratio:.3}");
            }
        }
    }

    #[test]
    fn what_is_left_is_the_sum_over_what_is_to_come() {
        let plain = Work {
            learning: 7.0,
            resting: 2.0,
            alone: 1.0,
            measuring: 0.5,
            testing: 11.0,
            epochs: 5,
            iterations: 4,
            learning_epochs: 3,
            transfer_epochs: 5,
            every: 3,
        };
        for (every, learning_epochs, transfer_epochs) in [(1, 5, 5), (3, 3, 5), (2, 1, 3), (7, 2, 2)] {
            let work = Work { every, learning_epochs, transfer_epochs, ..plain };
            for epoch in 0..5 {
                for done in 0..=4 {
                    let to_come = (epoch * 4 + done..20).map(|number| {
                        let (epoch, step) = (number / 4, number % every == 0);
                        let passes = if epoch < transfer_epochs { 2.0 } else { 1.0 };
                        if epoch < learning_epochs && step { 7.0 } else { passes }
                    });
                    let expected = to_come.sum::<f64>() + 0.5 * (5 - epoch) as f64 + 11.0;
                    assert_eq!(work.left(epoch, done), expected, "{every}, {learning_epochs}: {done} of {epoch}");
                }
            }
            assert_eq!(work.left(5, 0), 11.0, "the test");
        }
    }
}
