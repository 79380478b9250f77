//! How long a run takes on this device: said before it starts, from its counted work and the time of a few steps, and corrected
//! by what iterations take.

use burn_tensor::{Tensor, TensorData};
use l2t_shaders::in_pool;
use web_time::Instant;

use super::event::Event;
use super::pacing::wait_for;
use super::plan::Plan;
use super::test_part::TestPart;
use super::work::{Passes, Work};
use crate::bilevel::LearnerState;
use crate::error::Result;
use crate::objective::{Batch, Chunk, Objective};

/// Multiply-adds of a forward pass of the step that is timed: a few hundredths of a second on two cores, two seconds on a GPU in
/// software.
const TIMED: f64 = 5e8;

/// Images of it: with fewer, small maps fill no vector; more would say no more.
const IMAGES: (usize, usize) = (4, 64);

/// Seconds that are spent on steps behind the first, at most so many: a busy machine is not known from one short one.
const SPENT: f64 = 0.3;
const STEPS: usize = 8;

/// Weight of the newest iteration in the smoothed time of one.
const NEWEST: f64 = 0.2;

/// Seconds of a multiply-add on the device of `state`: those of ordinary steps on L_org over so many images as a kernel sees at
/// once, the mean of all but the first, which compiles kernels and fetches memory. Gradients take longer than what they are the
/// gradients of by more than their multiply-adds, and most of a run is gradients.
///
/// # Errors
/// When the device cannot be read.
pub async fn multiply_add_secs(plan: &Plan, state: &LearnerState) -> Result<f64> {
    let (model, theta) = (&plan.learner.model, &state.target.theta);
    let forward = model.network.forward_multiply_adds(model.network.output()).max(1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let images = ((TIMED / forward).min(IMAGES.1 as f64) as usize).max(IMAGES.0).min(plan.division.chunk);
    let batch = any_batch(plan, images);
    let (start, mut first, mut steps) = (Instant::now(), 0.0, 0);
    loop {
        let (_, gradient) = in_pool(theta, || model.evaluate(Objective::Task, theta, &batch));
        wait_for(&gradient).await?;
        let secs = start.elapsed().as_secs_f64();
        if steps == 0 {
            first = secs;
        } else if steps == STEPS || secs - first >= SPENT {
            let work = Passes::plain(plan.division.memory).target * forward * images as f64;
            return Ok((secs - first) / (steps as f64 * work));
        }
        steps += 1;
    }
}

/// Images of numbers that mean nothing, all of the first class.
fn any_batch(plan: &Plan, images: usize) -> Batch {
    let network = &plan.learner.model.network;
    let [channels, height, width] = network.input_shape();
    let shape = [images, channels, height, width];
    let values: Vec<f32> = (0..shape.iter().product()).map(|nth: usize| (nth % 17) as f32 / 8.0 - 1.0).collect();
    let x = Tensor::<4>::from_data(TensorData::new(values, shape), (&plan.device, plan.dtype));
    let classes = network.classes();
    let labels: Vec<f32> = (0..images * classes).map(|nth| f32::from(u8::from(nth % classes == 0))).collect();
    let y = Tensor::<2>::from_data(TensorData::new(labels, [images, classes]), (&plan.device, plan.dtype));
    Chunk { x, y, transfer: None, auxiliary: vec![] }.into()
}

/// The work of a run, with what else it is known to spend time on: drawing its test images.
///
/// # Errors
/// Where they cannot be drawn.
pub fn expected_work(plan: &Plan, multiply_add_secs: f64) -> Result<Work> {
    let drawing = plan.test.as_ref().map_or(Ok(0.0), TestPart::drawing_secs)?;
    let work = Work::of(plan);
    Ok(Work { testing: work.testing + drawing / multiply_add_secs, ..work })
}

/// The time left of a run, from what it says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimeLeft {
    work: Option<Work>,
    /// Seconds of a multiply-add.
    unit: f64,
    /// Iterations that corrected it.
    corrections: u32,
    /// Epoch, and iterations done in it.
    at: (usize, usize),
    /// When the last iteration was handed over, in seconds.
    last: Option<f64>,
    /// Smoothed seconds of an iteration.
    iteration: Option<f64>,
}

impl TimeLeft {
    /// Takes in what the run said at `now` seconds.
    pub fn hear(&mut self, event: &Event, now: f64) {
        match event {
            Event::Started { epoch, done, .. } => *self = Self { at: (*epoch, *done), ..Self::default() },
            Event::Expected { work, multiply_add_secs } => (self.work, self.unit) = (Some(*work), *multiply_add_secs),
            Event::Iteration { epoch, done, .. } => self.iteration((*epoch, *done), now),
            Event::Epoch(record) => (self.at, self.last) = ((record.epoch, 0), None),
            Event::Paused | Event::Testing { .. } => self.last = None,
            Event::Compiling { .. }
            | Event::Losses { .. }
            | Event::Step { .. }
            | Event::Stopped
            | Event::Finished(_) => {}
        }
    }

    /// Seconds left; `None` until the run says what it expects.
    pub fn secs(&self) -> Option<f64> {
        self.work.map(|work| work.left(self.at.0, self.at.1) * self.unit)
    }

    /// Seconds of an iteration, smoothed; `None` until one was timed.
    pub fn iteration_secs(&self) -> Option<f64> {
        self.iteration
    }

    /// An iteration was handed over. What lies between two of them is one, unless an epoch was measured or somebody waited.
    fn iteration(&mut self, at: (usize, usize), now: f64) {
        let before = std::mem::replace(&mut self.at, at);
        let Some(last) = self.last.replace(now) else { return };
        let secs = now - last;
        let mix = |old: f64, new: f64, weight: f64| (1.0 - weight) * old + weight * new;
        self.iteration = Some(self.iteration.map_or(secs, |smoothed| mix(smoothed, secs, NEWEST)));
        let Some(work) = self.work else { return };
        let done = work.left(before.0, before.1) - work.left(at.0, at.1);
        if done > 0.0 {
            self.corrections += 1;
            // What was expected counts as one iteration.
            let weight = NEWEST.max(1.0 / f64::from(self.corrections + 1));
            self.unit = mix(self.unit, secs / done, weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn_tensor::Device;
    use futures_lite::future::block_on;

    use super::*;
    use crate::experiment::store::RunFolder;
    use crate::experiment::{Config, Control, run};

    const WORK: Work = Work {
        learning: 3.0,
        resting: 3.0,
        alone: 3.0,
        measuring: 1.0,
        testing: 2.0,
        epochs: 2,
        iterations: 4,
        learning_epochs: 2,
        transfer_epochs: 2,
        every: 1,
    };

    fn expecting(multiply_add_secs: f64) -> TimeLeft {
        let mut left = TimeLeft::default();
        left.hear(&Event::Started { epoch: 0, done: 0, epochs: 2, iterations: 4 }, 0.0);
        assert_eq!(left.secs(), None);
        left.hear(&Event::Expected { work: WORK, multiply_add_secs }, 0.0);
        left
    }

    #[test]
    fn it_is_known_before_the_first_iteration_and_corrected_by_those_that_follow() {
        let mut left = expecting(0.1);
        assert!((left.secs().unwrap() - 2.8).abs() < 1e-12, "24 + 2 + 2 multiply-adds");
        let iteration = |done| Event::Iteration { epoch: 0, done, of: 4 };
        // The first compiles kernels and is not timed; three seconds of the second say that a multiply-add takes one.
        left.hear(&iteration(1), 50.0);
        left.hear(&iteration(2), 53.0);
        assert!(
            (left.secs().unwrap() - 22.0 * 0.55).abs() < 1e-12,
            "half of what was expected, half of what was measured"
        );
        for done in 0..100 {
            left.hear(&iteration(2 + done % 2), 56.0 + 3.0 * done as f64);
        }
        assert!((left.iteration_secs().unwrap() - 3.0).abs() < 1e-12, "{:?}", left.iteration_secs());
        // Fifty of them go on, each takes a fifth of the error away: 0.8^50 is 1.4e-5.
        assert!((left.unit - 1.0).abs() < 1e-4, "{}", left.unit);
    }

    #[test]
    fn pauses_and_measuring_are_no_iterations() {
        let mut left = expecting(1.0);
        left.hear(&Event::Iteration { epoch: 0, done: 1, of: 4 }, 1.0);
        left.hear(&Event::Paused, 2.0);
        left.hear(&Event::Iteration { epoch: 0, done: 2, of: 4 }, 1000.0);
        assert_eq!((left.iteration_secs(), left.secs()), (None, Some(22.0)));
    }

    #[test]
    fn a_run_says_how_long_it_will_take_before_its_first_iteration() {
        let changes = ["target.width=0.125", "train.epochs=1", "data.per_class=3"].map(String::from);
        let plan = Plan::new(Config::preset("demo", &changes).unwrap(), Device::flex(), "CPU".into()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = RunFolder::create(&folder.path().join("run"), &plan.config).unwrap();
        let mut events = vec![];
        block_on(run(&plan, None, &Control::default(), &mut keeper, &mut |event| events.push(event))).unwrap();
        assert!(matches!(events[0], Event::Started { epoch: 0, done: 0, .. }), "{:?}", events[0]);
        let Event::Expected { work, multiply_add_secs } = events[1] else { panic!("{:?}", events[1]) };
        let counted = Work::of(&plan);
        assert!(work.testing > counted.testing, "the test images have to be drawn");
        assert_eq!(Work { testing: counted.testing, ..work }, counted);
        assert!(multiply_add_secs > 0.0 && multiply_add_secs.is_finite(), "{multiply_add_secs}");
    }
}
