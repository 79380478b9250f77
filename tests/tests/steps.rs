//! A run that is taken a step at a time: the steps of Algorithm 1 in order, looked at in between, and in the end the numbers
//! of a run that was not.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use burn_tensor::Device;
use futures_lite::future::block_on;
use l2t_core::Result;
use l2t_core::bilevel::{LearnerState, Step};
use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::run::{Keeper, Outcome};
use l2t_core::experiment::{Audience, Config, Control, Event, Pace, Plan, run};
use l2t_core::network::weights::read;
use l2t_core::objective::Objective;

#[derive(Default)]
struct Kept(Option<Checkpoint>);

impl Keeper for Kept {
    fn keep_latest(&mut self, _: &Checkpoint) -> Result<()> {
        Ok(())
    }

    fn keep_best(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.0 = Some(checkpoint.clone());
        Ok(())
    }

    fn best(&self) -> Result<Checkpoint> {
        Ok(self.0.clone().expect("an epoch was kept"))
    }
}

/// Somebody who presses *Step* whenever the run waits, *Step iteration* after the first iteration, and then *Train*.
struct Presser {
    control: Control,
    steps: Vec<(Step, Option<f64>, Option<f64>)>,
    iterations: usize,
    looks: usize,
    pairs: usize,
}

impl Audience for Presser {
    fn hear(&mut self, event: Event) {
        match event {
            Event::Step { step, task, matching } => self.steps.push((step, task, matching)),
            Event::Iteration { .. } => self.iterations += 1,
            Event::Losses { pair_weights, .. } => self.pairs = pair_weights.len(),
            Event::Paused => {
                self.control.look();
                self.control.set(match self.iterations {
                    0 => Pace::Step,
                    1 => Pace::Iteration,
                    _ => Pace::Run,
                });
            }
            _ => {}
        }
    }

    async fn look(&mut self, plan: &Plan, state: &LearnerState) -> Result<()> {
        self.looks += 1;
        assert_eq!(read(&state.target.theta).await?.len(), plan.learner.model.layout.len());
        Ok(())
    }
}

/// A demo of a few iterations an epoch, with `changes`.
fn small(changes: &[&str]) -> Plan {
    let set = ["target.width=0.0625", "data.per_class=5", "train.batch_size=10"];
    let set: Vec<String> = set.iter().chain(changes).map(ToString::to_string).collect();
    Plan::new(Config::preset("demo", &set).expect("valid"), Device::flex(), "CPU".into()).expect("sound")
}

#[test]
fn a_run_taken_step_by_step() {
    let plan = small(&["train.epochs=1"]);
    let control = Control::at(Pace::Pause);
    let mut presser = Presser { control: control.clone(), steps: vec![], iterations: 0, looks: 0, pairs: 0 };
    let stepped = block_on(run(&plan, None, &control, &mut Kept::default(), &mut presser)).expect("goes well");
    let whole = block_on(run(&plan, None, &Control::default(), &mut Kept::default(), &mut |_| {})).expect("goes well");

    let virtual_step = |t, objective| Step::Virtual { t, objective };
    let order = [
        Step::Source,
        Step::Target,
        virtual_step(0, Objective::Matching),
        virtual_step(1, Objective::Matching),
        virtual_step(2, Objective::Task),
        Step::Measure,
        Step::Reverse { t: 2 },
        Step::Reverse { t: 1 },
        Step::Reverse { t: 0 },
        Step::Meta,
    ];
    let taken: Vec<Step> = presser.steps.iter().map(|(step, ..)| *step).collect();
    assert_eq!(taken, [order, order].concat(), "an iteration of single steps, and one whole");
    for (step, task, matching) in &presser.steps {
        let losses = (task.is_some(), matching.is_some());
        let expected = match step {
            Step::Target => (true, true),
            Step::Virtual { objective: Objective::Matching, .. } => (false, true),
            Step::Virtual { .. } | Step::Measure => (true, false),
            Step::Source | Step::Reverse { .. } | Step::Meta => (false, false),
        };
        assert_eq!(losses, expected, "{step:?}");
    }
    // Before the first step, behind each of the ten, the last of which ends the iteration, and behind the second one.
    assert_eq!((presser.iterations, presser.looks, presser.pairs), (5, 12, 15));
    let theta = |outcome: &Outcome| block_on(read(&outcome.target.theta)).expect("CPU");
    assert!(theta(&stepped) == theta(&whole), "waiting changed the numbers");
}

/// Lets the run go on as soon as it waits, and counts the steps that it took since it was told to wait: only then does it
/// tell of single steps.
struct Impatient {
    control: Control,
    waiting: Sender<usize>,
    steps: usize,
}

impl Audience for Impatient {
    fn hear(&mut self, event: Event) {
        match event {
            Event::Step { .. } => self.steps += 1,
            Event::Paused => {
                self.control.set(Pace::Run);
                self.waiting.send(std::mem::take(&mut self.steps)).expect("who pressed waits for it");
            }
            _ => {}
        }
    }
}

#[test]
fn pause_takes_effect_behind_the_step_that_the_run_is_in() {
    let mut plan = small(&["train.epochs=40"]);
    (plan.validation, plan.test) = (None, None);
    let (control, (sender, waiting)) = (Control::at(Pace::Run), channel());
    let pressed = control.clone();
    let presses = std::thread::spawn(move || {
        let press = |nth: u64| {
            // Anywhere in an iteration, which takes about 40 ms.
            std::thread::sleep(Duration::from_millis(3 + 17 * nth % 41));
            pressed.set(Pace::Pause);
            waiting.recv().expect("the run goes on until it is stopped")
        };
        let steps: Vec<usize> = (0..25).map(press).collect();
        pressed.stop();
        steps
    });
    let mut audience = Impatient { control: control.clone(), waiting: sender, steps: 0 };
    let outcome = block_on(run(&plan, None, &control, &mut Kept::default(), &mut audience)).expect("goes well");
    let steps = presses.join().expect("it only presses");
    assert!(steps.iter().all(|steps| *steps <= 1), "{steps:?}");
    assert!(steps.contains(&1), "no press came inside a step: {steps:?}");
    assert!(!outcome.summary.complete, "the run ended before all presses were made");
}

/// Somebody who presses *Pause* while the run is looked at, which takes a while on a slow device, and *Train* as soon as it is said
/// that the run waits.
struct PausesALook {
    control: Control,
    looks: usize,
    paused: usize,
}

impl Audience for PausesALook {
    fn hear(&mut self, event: Event) {
        match event {
            Event::Iteration { .. } => self.control.look(),
            Event::Paused => {
                self.paused += 1;
                self.control.set(Pace::Run);
            }
            _ => {}
        }
    }

    async fn look(&mut self, _: &Plan, _: &LearnerState) -> Result<()> {
        self.looks += 1;
        self.control.set(Pace::Pause);
        Ok(())
    }
}

#[test]
fn a_run_that_is_told_to_wait_while_it_is_looked_at_says_that_it_waits() {
    let plan = small(&["train.epochs=1"]);
    let control = Control::default();
    let mut audience = PausesALook { control: control.clone(), looks: 0, paused: 0 };
    // It goes on only if it is said.
    block_on(run(&plan, None, &control, &mut Kept::default(), &mut audience)).expect("goes well");
    assert!(audience.looks > 0);
    assert_eq!(audience.paused, audience.looks);
}

/// Whoever closes a window that waits does not wait for an iteration.
#[test]
fn a_run_that_waits_between_two_iterations_stops_there() {
    let plan = small(&[]);
    let control = Control::at(Pace::Pause);
    control.stop();
    let mut kept = Kept::default();
    let mut iterations = 0;
    let mut count = |event: Event| iterations += usize::from(matches!(event, Event::Iteration { .. }));
    let outcome = block_on(run(&plan, None, &control, &mut kept, &mut count)).expect("goes well");
    assert_eq!((iterations, outcome.position.epoch, outcome.position.iteration), (0, 0, 0));
    assert!(!outcome.summary.complete);
}
