//! "Is this gradient right?", asked of a run where it stands: the hypergradient against central differences.
//!
//! For a random direction v of φ (|v| = 1), with everything in f64 on the CPU whatever the run computes in:
//!
//! ```text
//! analytic  ∇_φ L_org(θ_{T+1}) · v                                            by the reverse pass
//! central   (L_org(θ_{T+1}(φ + εv)) − L_org(θ_{T+1}(φ − εv))) / 2ε            by two more unrollings from the same θ_0
//! ```
//!
//! θ_0 stays as it is in all of them: φ is judged by the virtual steps alone, as in Algorithm 1.

use burn_tensor::{DType, Device, Tensor, TensorData};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::checkpoint::Position;
use super::config::Precision;
use super::outer::OuterBatches;
use super::plan::Plan;
use super::run::prepare;
use crate::bilevel::{AdamState, HypergradientMethod, Iteration, LearnerState, Moving};
use crate::data::{Augmentation, BatchPlan, Batches};
use crate::error::{Error, Result};
use crate::network::RunningStats;
use crate::network::weights::{NetworkState, read};
use crate::objective::Memory;
use crate::seed::Seed;
use crate::stop::Stop;
use l2t_shaders::batch_norm::Moments;

/// Images of the batch that is checked on: few, because f64 on the CPU is slow and exactness does not need many.
const IMAGES: usize = 8;

/// ε: the truncation error of central differences grows with ε², their rounding error with 1/ε; in f64 they meet near here.
const EPSILON: f64 = 1e-5;

/// A derivative twice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GradientCheck {
    /// By the reverse pass.
    pub analytic: f64,
    /// By central differences.
    pub central: f64,
    /// ε of those.
    pub epsilon: f64,
    /// Images of the batch.
    pub images: usize,
    /// Steps that were unrolled, the task step included.
    pub steps: usize,
}

impl GradientCheck {
    /// |analytic − central| / max(|analytic|, |central|); 0 where both are.
    pub fn relative_error(&self) -> f64 {
        let scale = self.analytic.abs().max(self.central.abs());
        if scale == 0.0 { 0.0 } else { (self.analytic - self.central).abs() / scale }
    }
}

/// Checks the hypergradient at `state`, with the rates of `epoch` (0-based), along a direction drawn from `seed`.
///
/// # Errors
/// When the method learns no φ, or a device or file fails; [`Error::Stopped`].
pub async fn check_hypergradient(plan: &Plan, state: &LearnerState, epoch: usize, seed: Seed) -> Result<GradientCheck> {
    if plan.learner.meta_rule.is_none() {
        let method = plan.config.method.name.name();
        return Err(Error::config("method.name", format!("{method} learns no φ: there is no hypergradient")));
    }
    let (exact, state) = (exact_plan(plan).await?, exact_state(state).await?);
    let (rule, mut learner) = (exact.sgd(epoch), exact.learner_at(epoch));
    let Some(meta_rule) = learner.meta_rule.as_mut() else {
        let reason = format!("no source is listened to in epoch {}: there is no hypergradient", epoch + 1);
        return Err(Error::config("method.epochs", reason));
    };
    // A run that uses differences itself would otherwise be checked against its like.
    meta_rule.method = HypergradientMethod::Exact;
    let meta_rule = *meta_rule;
    let images = IMAGES.min(exact.train.len());
    let host = || -> Result<_> {
        let order = BatchPlan {
            batch_size: images,
            shuffle: true,
            drop_last: true,
            augmentation: Augmentation::None,
            seed,
            epoch: 0,
            first_batch: 0,
        };
        Batches::new(exact.train.clone(), order)?.next().expect("there are as many images")
    };
    let stop = exact.stop();
    learner.model.network = learner.model.network.until(stop);
    let batch = prepare(&exact, &learner, &state, host()?);
    let position = Position { epoch, ..Position::default() };
    let outer = OuterBatches::new(&exact, &position).map(|mut outer| outer.next(&exact)).transpose()?;
    let mut iteration = Iteration::begin(&learner, &state, &rule, &batch);
    if let Some(outer) = &outer {
        iteration = iteration.measured_on(outer);
    }
    while !iteration.is_done() {
        stop.check()?;
        Stop::unless_left(|| iteration.advance())?;
    }
    let (after, report) = iteration.finish();
    let hypergradient = report.hypergradient.expect("φ is learned");
    let direction = direction(seed, &hypergradient);
    let analytic = read(&(hypergradient * direction.clone()).sum()).await?[0];
    let mut losses = [0.0; 2];
    // Nothing is gone back over here, so that nothing needs to be kept.
    let mut forward = learner.clone();
    if forward.model.memory == Memory::Keep {
        forward.model.memory = Memory::Recompute;
    }
    for (loss, sign) in losses.iter_mut().zip([1.0, -1.0]) {
        stop.check()?;
        let mut moved = state.clone();
        moved.meta.phi = moved.meta.phi + direction.clone() * (sign * EPSILON);
        let batch = prepare(&exact, &learner, &moved, host()?);
        let outer = outer.as_ref().unwrap_or(&batch);
        let unrolled = Stop::unless_left(|| forward.unroll(&after.target, &meta_rule, &batch, outer))?;
        *loss = read(&unrolled.measured.task_loss.expect("it measures L_org")).await?[0];
    }
    let central = (losses[0] - losses[1]) / (2.0 * EPSILON);
    let steps = meta_rule.scheme.objectives(meta_rule.matching_steps).len();
    Ok(GradientCheck { analytic, central, epsilon: EPSILON, images, steps })
}

/// The same experiment in f64 on the CPU: with the data and the sources that the run has, neither of which is read again.
async fn exact_plan(plan: &Plan) -> Result<Plan> {
    let mut exact = plan.clone();
    exact.config.train.precision = Precision::F64;
    (exact.device, exact.device_name, exact.dtype) = (Device::flex(), "CPU".into(), DType::F64);
    exact.largest_buffer = None;
    for source in &mut exact.sources {
        let NetworkState { theta, running } = &source.state;
        source.state = NetworkState { theta: exactly(theta).await?, running: exact_statistics(running).await? };
    }
    Ok(exact)
}

async fn exact_state(state: &LearnerState) -> Result<LearnerState> {
    let LearnerState { target, running, meta } = state;
    Ok(LearnerState {
        target: Moving { theta: exactly(&target.theta).await?, velocity: exactly(&target.velocity).await? },
        running: exact_statistics(running).await?,
        meta: AdamState {
            phi: exactly(&meta.phi).await?,
            first: exactly(&meta.first).await?,
            second: exactly(&meta.second).await?,
            steps: meta.steps,
        },
    })
}

async fn exact_statistics(running: &RunningStats) -> Result<RunningStats> {
    let mut moments = Vec::with_capacity(running.moments().len());
    for Moments { mean, variance } in running.moments() {
        moments.push(Moments { mean: exactly(mean).await?, variance: exactly(variance).await? });
    }
    Ok(RunningStats::from_moments(moments))
}

/// The same numbers in f64 on the CPU.
async fn exactly(vector: &Tensor<1>) -> Result<Tensor<1>> {
    let data = TensorData::new(read(vector).await?, vector.dims());
    Ok(Tensor::from_data(data, (&Device::flex(), DType::F64)))
}

/// A direction of length 1 with entries of equal size and random sign, like `phi`.
fn direction(seed: Seed, phi: &Tensor<1>) -> Tensor<1> {
    let mut random = seed.stream("gradient check", 0);
    let len = phi.dims()[0];
    let entry = 1.0 / (len as f64).sqrt();
    let values: Vec<f64> = (0..len).map(|_| if random.next_u32() & 1 == 0 { entry } else { -entry }).collect();
    Tensor::from_data(TensorData::new(values, [len]), (&phi.device(), DType::F64))
}

#[cfg(test)]
mod tests {
    use futures_lite::future::block_on;

    use super::*;
    use crate::experiment::Config;

    /// In single precision, with the source and the data gone from where they were read: the check does with what the run
    /// has in memory.
    #[test]
    fn nothing_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        for (class, shade) in [("dark", 40u8), ("light", 200)] {
            std::fs::create_dir_all(folder.path().join("train").join(class)).expect("a folder");
            for nth in 0..5u8 {
                let pixel = |x: u32, y: u32| image::Rgb([shade, (7 * x + u32::from(nth)) as u8, (11 * y) as u8]);
                let path = folder.path().join("train").join(class).join(format!("{nth}.png"));
                image::RgbImage::from_fn(32, 32, pixel).save(path).expect("written");
            }
        }
        let path = format!("data.path={}", toml::Value::String(folder.path().display().to_string()));
        let set = ["target.width=0.0625", "train.batch_size=4", "data.validation=0", "data.per_class=0", &path];
        let config = Config::preset("demo", &set.map(String::from)).expect("valid");
        let mut plan = Plan::new(config, Device::flex(), "CPU".into()).expect("sound");
        drop(folder);
        plan.config.sources[0].weights = "gone.pth".into();
        let state = plan.initial_state();
        let found = block_on(check_hypergradient(&plan, &state, 0, Seed(1))).expect("nothing is missing");
        assert_eq!((found.images, found.steps), (8, 3));
        // A kink of ReLU or a maximum within the step would cost digits; there is none at this seed.
        assert!(found.analytic.abs() > 1e-9 && found.relative_error() < 1e-5, "{found:?}");
    }
}
