//! The loop over epochs and batches, as a stream of events.

use burn_tensor::Tensor;
use l2t_shaders::in_pool;
use web_time::Instant;

use super::checkpoint::{Checkpoint, Position};
use super::config::{Config, LastBatch, PictureView};
use super::control::{Boundary, Control, Pace, Woken};
use super::evaluate::{accuracy, count_correct, upload_images, upload_labels};
use super::event::{Audience, Event, LOWER_RATE};
use super::history::{AuxiliaryLosses, EpochRecord, PairStatistics, RunSummary};
use super::outer::OuterBatches;
use super::pacing::{Pacing, wait_for};
use super::plan::Plan;
use super::test_part::TestPart;
use super::time_left::{expected_work, multiply_add_secs};
use super::warm_up::WarmUp;
use crate::bilevel::{Iteration, Learner, LearnerState, Report, Step, Taken};
use crate::data::{Augmentation, BatchPlan, Batches, HostBatch};
use crate::error::{Error, Result};
use crate::network::weights::{NetworkState, read};
use crate::objective::{Batch, Chunk, Objective, Part};
use crate::seed::Seed;
use crate::source::SourceOutputs;
use crate::stop::Stop;

/// Where checkpoints go.
pub trait Keeper {
    /// Keeps the newest; it replaces the one before.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn keep_latest(&mut self, checkpoint: &Checkpoint) -> Result<()>;

    /// Keeps the one with the best validation accuracy.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn keep_best(&mut self, checkpoint: &Checkpoint) -> Result<()>;

    /// Gives back the best.
    ///
    /// # Errors
    /// When it cannot be read.
    fn best(&self) -> Result<Checkpoint>;

    /// The run has ended: what was handed over must be kept now.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// In a few numbers; `complete` tells whether it was stopped.
    pub summary: RunSummary,
    /// All epochs.
    pub position: Position,
    /// The target's weights of the best epoch (of a stopped run: its present ones).
    pub target: NetworkState,
}

/// Sums over the iterations of an epoch, on the device: L_org, β L_wfm, correct images, every auxiliary loss, then λ − 1
/// and (λ − 1)² of every pair. One is taken off because λ starts there: its deviation would drown in the square of its mean.
struct EpochSums {
    sums: Tensor<1>,
    pairs: usize,
}

/// Sums before those of the auxiliary losses.
const COMMON: usize = 3;

impl EpochSums {
    fn new(plan: &Plan, learner: &Learner, from: &[f64]) -> Self {
        let pairs = learner.model.matching.as_ref().map_or(0, |matching| matching.pairs().len());
        let mut start = from.to_vec();
        start.resize(COMMON + learner.model.auxiliary.len() + 2 * pairs, 0.0);
        let shape = [start.len()];
        let data = burn_tensor::TensorData::new(start, shape);
        Self { sums: Tensor::from_data(data, (&plan.device, plan.dtype)), pairs }
    }

    fn add(&mut self, report: &Report, batch: &Batch) {
        let count = batch.images() as f64;
        let matching = report.matching_loss.clone().unwrap_or_else(|| report.task_loss.zeros_like());
        let losses = Tensor::cat(vec![report.task_loss.clone(), matching], 0) * count;
        let mut parts = vec![losses, count_correct(&report.probabilities, &batch.labels())];
        parts.extend(report.auxiliary_losses.iter().map(|(_, loss)| loss.clone() * count));
        if let Some(outputs) = &report.outputs {
            let centred = outputs.pair_weights.clone() - 1.0;
            parts.push(centred.clone().sum_dim(0).reshape([self.pairs]));
            parts.push(centred.square().sum_dim(0).reshape([self.pairs]));
        }
        self.sums = self.sums.clone() + Tensor::cat(parts, 0);
    }
}

/// Trains to the end or until `control` says stop, from `from` or from the start.
///
/// # Errors
/// When a file or the device fails, or the losses are no longer numbers.
pub async fn run(
    plan: &Plan,
    from: Option<&Checkpoint>,
    control: &Control,
    keeper: &mut impl Keeper,
    audience: &mut impl Audience,
) -> Result<Outcome> {
    let mut state = match from {
        Some(checkpoint) => checkpoint.restore(plan)?,
        None => plan.initial_state(),
    };
    let mut position = from.map_or_else(Position::default, |checkpoint| checkpoint.position.clone());
    let clock = Clock { before: position.elapsed_secs, since: Instant::now() };
    let epochs = plan.config.train.epochs;
    let (epoch_at, done) = (position.epoch, position.iteration);
    audience.hear(Event::Started { epoch: epoch_at, done, epochs, iterations: iterations(plan) });
    // Kernels are compiled from here to the end of the first iteration of a sitting.
    let warm_up =
        l2t_shaders::compiles_kernels(&state.target.theta).then(|| WarmUp::start(&plan.learner_at(position.epoch)));
    let multiply_add_secs = multiply_add_secs(plan, &state).await?;
    audience.hear(Event::Expected { work: expected_work(plan, multiply_add_secs)?, multiply_add_secs });
    let mut sitting = Sitting { warm_up, pacing: Pacing::start() };
    while position.epoch < epochs {
        state = plan.begun(state, &position);
        let (next, finished) = epoch(plan, state, &mut position, control, &mut sitting, audience).await?;
        state = next;
        position.elapsed_secs = clock.elapsed();
        let record = match finished {
            true => unless_stopped(measure(plan, &state, &position, control, &clock).await)?,
            false => None,
        };
        let Some(record) = record else {
            keeper.keep_latest(&Checkpoint::take(plan, &state, position.clone()).await?)?;
            keeper.finish()?;
            return Ok(stopped(plan, &state, position, audience));
        };
        position.history.epochs.push(record.clone());
        position.epoch += 1;
        position.iteration = 0;
        position.sums.clear();
        position.elapsed_secs = clock.elapsed();
        let checkpoint = Checkpoint::take(plan, &state, position.clone()).await?;
        if position.history.last_is_best() {
            keeper.keep_best(&checkpoint)?;
        }
        keeper.keep_latest(&checkpoint)?;
        audience.hear(Event::Epoch(Box::new(record)));
    }
    keeper.finish()?;
    let target = network_state(plan, &keeper.best()?.restore(plan)?);
    let Some(test) = unless_stopped(tested(plan, &target, control, audience).await)? else {
        return Ok(stopped(plan, &state, position, audience));
    };
    position.elapsed_secs = clock.elapsed();
    let summary = summary(plan, &position, test, true);
    audience.hear(Event::Finished(Box::new(summary.clone())));
    Ok(Outcome { summary, position, target })
}

/// Accuracy on the test part, if there is one.
async fn tested(
    plan: &Plan,
    target: &NetworkState,
    control: &Control,
    audience: &mut impl Audience,
) -> Result<Option<f64>> {
    let Some(test) = &plan.test else { return Ok(None) };
    let mut tell = |done, of| audience.hear(Event::Testing { done, of });
    tell(0, test.images());
    let data = test.data(control.token())?;
    accuracy(&plan.learner.model.network, target, data, control.token(), tell).await.map(Some)
}

/// What was measured, or nothing where somebody asked for an end meanwhile: the run is then taken up before it.
fn unless_stopped<T>(measured: Result<T>) -> Result<Option<T>> {
    match measured {
        Err(Error::Stopped) => Ok(None),
        other => other.map(Some),
    }
}

/// The outcome of a run that was stopped at `position` and kept.
fn stopped(plan: &Plan, state: &LearnerState, position: Position, audience: &mut impl Audience) -> Outcome {
    audience.hear(Event::Stopped);
    Outcome { summary: summary(plan, &position, None, false), target: network_state(plan, state), position }
}

/// Lets `audience` look at the state of a run that does not go on, whenever `control` asks for it, until it says stop.
///
/// # Errors
/// When the audience cannot look.
pub async fn show(plan: &Plan, state: &LearnerState, control: &Control, audience: &mut impl Audience) -> Result<()> {
    control.set(Pace::Pause);
    while !control.stopped() {
        match control.woken().await {
            // It ended, which has been said.
            Woken::Pause => {}
            Woken::Look => audience.look(plan, state).await?,
            Woken::GoOn => control.set(Pace::Pause),
        }
    }
    Ok(())
}

/// What lasts from one start of a run to its end or stop.
struct Sitting {
    /// The next iteration is the first, and compiles its kernels.
    warm_up: Option<WarmUp>,
    pacing: Pacing,
}

/// Time spent, over all sittings.
struct Clock {
    before: f64,
    since: Instant,
}

impl Clock {
    fn elapsed(&self) -> f64 {
        self.before + self.since.elapsed().as_secs_f64()
    }
}

/// How `images` training images are gone through from `position` on.
pub fn batch_plan(config: &Config, images: usize, position: &Position) -> BatchPlan {
    let batch_size = config.train.batch_size;
    BatchPlan {
        batch_size,
        shuffle: true,
        // A last batch of one image has no variance to normalise by where maps have one pixel.
        drop_last: config.train.last_batch == LastBatch::Dropped || images % batch_size == 1,
        augmentation: match (config.data.augment, config.data.view) {
            (0, _) => Augmentation::None,
            (_, PictureView::Cropped) => Augmentation::ResizedCropFlip,
            (pad, PictureView::Stretched) => Augmentation::CropFlip { pad },
        },
        seed: Seed(config.seed),
        epoch: position.epoch as u64,
        first_batch: position.iteration,
    }
}

/// Iterations of an epoch.
pub fn iterations(plan: &Plan) -> usize {
    iterations_over(&plan.config, plan.train.len())
}

/// Iterations of an epoch over so many training images.
pub fn iterations_over(config: &Config, images: usize) -> usize {
    batch_plan(config, images, &Position::default()).batches_per_epoch(images)
}

/// Puts a batch on the device, with what the sources say about it.
pub fn prepare(plan: &Plan, learner: &Learner, state: &LearnerState, host: HostBatch) -> Batch {
    let parts = host.parts(plan.division.part);
    let chunks = |part: HostBatch| {
        let chunks = part.parts(plan.division.chunk);
        Part::new(chunks.iter().map(|host| chunk(plan, learner, state, host)).collect())
    };
    Batch::new(in_pool(&state.target.theta, || parts.into_iter().map(chunks).collect()))
}

fn chunk(plan: &Plan, learner: &Learner, state: &LearnerState, host: &HostBatch) -> Chunk {
    let x = upload_images(host, &plan.device, plan.dtype);
    let y = upload_labels(host, learner.model.network.classes(), &plan.device, plan.dtype);
    let heard = if learner.model.total() == Objective::Task { &[] } else { plan.heard() };
    let outputs: Vec<SourceOutputs> = heard.iter().map(|source| source.outputs(&x, plan.needs_logits())).collect();
    let auxiliary = learner.model.taught(&outputs);
    let features = outputs.into_iter().map(|outputs| outputs.features).collect();
    let transfer = learner.transfer(&state.meta.phi, &features);
    Chunk { x, y, transfer, auxiliary }
}

/// The rest of an epoch. Returns whether it was finished; `position.sums` holds its sums.
async fn epoch(
    plan: &Plan,
    mut state: LearnerState,
    position: &mut Position,
    control: &Control,
    sitting: &mut Sitting,
    audience: &mut impl Audience,
) -> Result<(LearnerState, bool)> {
    let (rule, mut learner, of) = (plan.sgd(position.epoch), plan.learner_at(position.epoch), iterations(plan));
    learner.model.network = learner.model.network.until(control.token());
    // Between two steps on φ.
    let resting = Learner { meta_rule: None, ..learner.clone() };
    let mut sums = EpochSums::new(plan, &learner, &position.sums);
    let mut finished = true;
    let mut outer = OuterBatches::new(plan, position);
    for host in Batches::new(plan.train.clone(), batch_plan(&plan.config, plan.train.len(), position))? {
        let mut pause = Pause { plan, control, audience, warm_up: sitting.warm_up.take() };
        pause.wait(&state, Boundary::Iteration).await?;
        if control.stopped() {
            finished = false;
            break;
        }
        let batch = prepare(plan, &learner, &state, host?);
        let learns = plan.learns_at(of, position);
        let outer = outer.as_mut().filter(|_| learns).map(|outer| outer.next(plan)).transpose()?;
        pause.say(&Step::Source.into(), &state).await?;
        let learner = if learns { &learner } else { &resting };
        let mut iteration = Iteration::begin(learner, &state, &rule, &batch);
        if let Some(outer) = &outer {
            iteration = iteration.measured_on(outer);
        }
        let Some((next, report)) = unless_stopped(whole(iteration, &mut pause, &sitting.pacing).await)? else {
            finished = false;
            break;
        };
        state = next;
        sums.add(&report, &batch);
        position.iteration += 1;
        audience.hear(Event::Iteration { epoch: position.epoch, done: position.iteration, of });
        if sitting.pacing.handed_over() || position.iteration == of || control.slow() {
            audience.hear(losses(plan, &report, position).await?);
            sitting.pacing.caught_up();
        }
    }
    position.sums = read(&sums.sums).await?;
    // The losses of single iterations are not all looked at; their sums are.
    if position.sums.iter().any(|sum| !sum.is_finite()) {
        return Err(Error::Diverged(format!(
            "a loss or λ was not finite in epoch {}; {LOWER_RATE}",
            position.epoch + 1
        )));
    }
    Ok((state, finished))
}

/// A whole iteration: what is done of one when somebody asks for an end is thrown away.
///
/// # Errors
/// [`Error::Stopped`] then; where the device fails.
async fn whole<A: Audience>(
    mut iteration: Iteration<'_>,
    pause: &mut Pause<'_, A>,
    pacing: &Pacing,
) -> Result<(LearnerState, Report)> {
    while !iteration.is_done() {
        pause.wait(iteration.state(), Boundary::Step).await?;
        pause.control.token().check()?;
        if let Some(taken) = Stop::unless_left(|| iteration.advance())? {
            pause.say(&taken, iteration.state()).await?;
        }
        if pacing.is_slow() {
            wait_for(&iteration.state().target.theta).await?;
        }
    }
    Ok(iteration.finish())
}

/// What happens between two steps of an iteration.
struct Pause<'a, A> {
    plan: &'a Plan,
    control: &'a Control,
    audience: &'a mut A,
    warm_up: Option<WarmUp>,
}

impl<A: Audience> Pause<'_, A> {
    /// A step was taken: says so where it is worth waiting for the device.
    async fn say(&mut self, taken: &Taken, state: &LearnerState) -> Result<()> {
        if let Some(warm_up) = &mut self.warm_up {
            wait_for(&state.target.theta).await?;
            if let Some(event) = warm_up.reached(taken.step) {
                self.audience.hear(event);
            }
        }
        if self.control.slow() {
            let (task, matching) = (scalar(&taken.task_loss).await?, scalar(&taken.matching_loss).await?);
            self.audience.hear(Event::Step { step: taken.step, task, matching });
        }
        Ok(())
    }

    /// Waits where that was asked for.
    async fn wait(&mut self, state: &LearnerState, boundary: Boundary) -> Result<()> {
        // What others ask for while they have the thread counts at this boundary already.
        self.audience.rest().await;
        self.control.arrived(boundary);
        loop {
            match self.control.woken().await {
                Woken::Pause => self.audience.hear(Event::Paused),
                Woken::Look => self.audience.look(self.plan, state).await?,
                Woken::GoOn => return Ok(()),
            }
        }
    }
}

async fn scalar(loss: &Option<Tensor<1>>) -> Result<Option<f64>> {
    match loss {
        Some(loss) => Ok(read(loss).await?.first().copied()),
        None => Ok(None),
    }
}

/// The losses and λ of an iteration, in one read.
async fn losses(plan: &Plan, report: &Report, position: &Position) -> Result<Event> {
    let mut parts = vec![report.task_loss.clone()];
    parts.extend(report.matching_loss.clone());
    parts.extend(report.auxiliary_losses.iter().map(|(_, loss)| loss.clone()));
    // [B, K] → [K, B]
    let lambda = report.outputs.iter().map(|outputs| outputs.pair_weights.clone().transpose());
    parts.extend(lambda.map(|lambda| lambda.flatten::<1>(0, 1)));
    let values = read(&Tensor::cat(parts, 0)).await?;
    let mut values = values.into_iter();
    let mut next = || values.next().expect("as many values as were read");
    let task = next();
    let matching = report.matching_loss.is_some().then(&mut next);
    let auxiliary: AuxiliaryLosses = report.auxiliary_losses.iter().map(|(kind, _)| (*kind, next())).collect();
    let named = [("L_org", Some(task)), ("β L_wfm", matching)].into_iter();
    for (name, value) in named.chain(auxiliary.iter().map(|(kind, loss)| (kind.name(), Some(*loss)))) {
        if value.is_some_and(|value| !value.is_finite()) {
            return Err(Error::Diverged(format!(
                "{name} is not finite at epoch {}, iteration {}; {LOWER_RATE}",
                position.epoch + 1,
                position.iteration
            )));
        }
    }
    let lambda: Vec<f64> = values.collect();
    let pairs = plan.learner.model.matching.as_ref().map_or(&[][..], |matching| matching.pairs().pairs());
    let images = lambda.len() / pairs.len().max(1);
    let pair_weights = pairs.iter().zip(lambda.chunks(images.max(1))).map(|(pair, values)| {
        let mean = values.iter().sum::<f64>() / images as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / images as f64;
        PairStatistics { pair: *pair, mean, std: variance.sqrt() }
    });
    Ok(Event::Losses { task, matching, auxiliary, pair_weights: pair_weights.collect() })
}

/// The target network of `state`, without what a method adds to θ.
pub fn network_state(plan: &Plan, state: &LearnerState) -> NetworkState {
    let len = plan.learner.model.network.layout().len();
    NetworkState { theta: state.target.theta.clone().slice([0..len]), running: state.running.clone() }
}

/// The record of the epoch that `position` has just finished.
async fn measure(
    plan: &Plan,
    state: &LearnerState,
    position: &Position,
    control: &Control,
    clock: &Clock,
) -> Result<EpochRecord> {
    let network = &plan.learner.model.network;
    let validation = match &plan.validation {
        Some(data) => Some(accuracy(network, &network_state(plan, state), data, control.token(), |_, _| {}).await?),
        None => None,
    };
    // The last batch may be a short one.
    let images = (position.iteration * plan.config.train.batch_size).min(plan.train.len()) as f64;
    let mean: Vec<f64> = position.sums.iter().map(|sum| sum / images).collect();
    let model = plan.learner_at(position.epoch).model;
    let matching = model.matching.as_ref();
    let pairs = matching.map_or(&[][..], |matching| matching.pairs().pairs());
    let auxiliary = &model.auxiliary;
    let first_pair = COMMON + auxiliary.len();
    let pair_weights = pairs.iter().enumerate().map(|(nth, pair)| {
        let (first, second) = (mean[first_pair + nth], mean[first_pair + pairs.len() + nth]);
        PairStatistics { pair: *pair, mean: 1.0 + first, std: (second - first * first).max(0.0).sqrt() }
    });
    Ok(EpochRecord {
        epoch: position.epoch + 1,
        lr: plan.sgd(position.epoch).lr,
        task_loss: mean[0],
        matching_loss: matching.map(|_| mean[1]),
        auxiliary_losses: auxiliary.iter().zip(&mean[COMMON..]).map(|(term, mean)| (term.kind(), *mean)).collect(),
        train_accuracy: mean[2],
        validation_accuracy: validation,
        pair_weights: pair_weights.collect(),
        elapsed_secs: clock.elapsed(),
    })
}

fn summary(plan: &Plan, position: &Position, test: Option<f64>, complete: bool) -> RunSummary {
    let best = position.history.best();
    RunSummary {
        method: plan.config.method.name.name().into(),
        seed: plan.config.seed,
        device: plan.device_name.clone(),
        test_accuracy: test,
        validation_accuracy: best.and_then(|record| record.validation_accuracy),
        best_epoch: best.map_or(0, |record| record.epoch),
        epochs: position.epoch,
        complete,
        wall_secs: position.elapsed_secs,
        images: (
            plan.train.len(),
            plan.validation.as_ref().map_or(0, |d| d.len()),
            plan.test.as_ref().map_or(0, TestPart::images),
        ),
        normalised_together: (plan.division.part < plan.division.batch).then_some(plan.division.part),
        folder: ".".into(),
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
