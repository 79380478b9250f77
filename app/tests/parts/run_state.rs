//! What the window makes of what a run tells: facts in, state out, without a window.

use l2t_app::window::run::facts::Fact;
use l2t_app::window::run::view_state::{LossPoint, Stage, ViewState};
use l2t_core::bilevel::{Phase, Step};
use l2t_core::experiment::work::Work;
use l2t_core::experiment::{Event, PairStatistics};
use l2t_core::matching::Pair;
use l2t_core::objective::Objective;

fn heard(events: Vec<Event>) -> ViewState {
    let mut state = ViewState::default();
    for (nth, event) in events.into_iter().enumerate() {
        state.apply(Fact::Run(event), nth as f64);
    }
    state
}

fn losses(task: f64) -> Event {
    let pair = Pair { source: 0, source_layer: 1, target_layer: 2 };
    let pair_weights = vec![PairStatistics { pair, mean: 1.5, std: 0.25 }];
    Event::Losses { task, matching: Some(0.5), auxiliary: Default::default(), pair_weights }
}

/// Two multiply-adds an iteration.
const WORK: Work = Work {
    learning: 2.0,
    resting: 2.0,
    alone: 2.0,
    measuring: 0.0,
    testing: 0.0,
    epochs: 2,
    iterations: 4,
    learning_epochs: 2,
    transfer_epochs: 2,
    every: 1,
};

#[test]
fn a_run_is_followed_from_start_to_end() {
    let mut state = heard(vec![
        Event::Started { epoch: 0, done: 0, epochs: 2, iterations: 4 },
        Event::Expected { work: WORK, multiply_add_secs: 0.5 },
        Event::Iteration { epoch: 0, done: 1, of: 4 },
        Event::Iteration { epoch: 0, done: 2, of: 4 },
        losses(2.25),
    ]);
    assert_eq!((state.stage.clone(), state.progress.at(), state.progress.left()), (Stage::Training, 0.5, 6));
    assert_eq!(state.losses, [LossPoint { at: 0.5, task: 2.25, matching: Some(0.5) }]);
    assert_eq!(state.latest_pairs().map(|pairs| pairs[0].mean), Some(1.5));
    assert_eq!((state.iteration_secs(), state.secs_left()), (Some(1.0), Some(6.0)), "as expected");
    state.apply(Fact::Run(Event::Paused), 9.0);
    assert_eq!((state.stage.clone(), state.secs_left()), (Stage::Waiting, Some(6.0)));
    state.going_on();
    assert_eq!(state.stage, Stage::Training);
    state.apply(Fact::Run(Event::Iteration { epoch: 0, done: 3, of: 4 }), 100.0);
    assert_eq!(state.iteration_secs(), Some(1.0), "a pause is not an iteration");
    state.apply(Fact::Run(Event::Testing { done: 1, of: 3 }), 101.0);
    assert_eq!((state.stage.clone(), state.testing, state.secs_left()), (Stage::Testing, Some((1, 3)), None));
}

#[test]
fn the_strip_begins_anew_with_every_iteration() {
    let step = |step| Event::Step { step, task: None, matching: None };
    let first = Step::Virtual { t: 0, objective: Objective::Matching };
    let state = heard(vec![step(Step::Source), step(Step::Target), step(first)]);
    assert_eq!(state.steps.len(), 3);
    let state = heard(vec![step(Step::Source), step(Step::Target), step(Step::Meta), step(Step::Source)]);
    assert_eq!(state.steps.iter().map(|taken| taken.step).collect::<Vec<_>>(), [Step::Source]);
}

#[test]
fn compiling_is_over_when_all_of_it_is_done() {
    let compiling = |done| Event::Compiling { done, of: 2, phase: Phase::Source, kernels: 7 };
    let half = heard(vec![compiling(1)]);
    assert_eq!((half.compiling.map(|c| (c.done, c.of)), half.kernels), (Some((1, 2)), Some(7)));
    let done = heard(vec![compiling(1), compiling(2)]);
    assert_eq!((done.compiling, done.kernels), (None, Some(7)));
}

#[test]
fn failures_are_kept_in_words_and_warnings_do_not_end_a_run() {
    let mut state = heard(vec![Event::Started { epoch: 0, done: 0, epochs: 1, iterations: 1 }]);
    state.apply(Fact::Warning("the folder is full".into()), 1.0);
    assert_eq!((state.stage.clone(), state.notices[0].warning), (Stage::Training, true));
    state.apply(Fact::Failed("the device is lost".into()), 2.0);
    assert_eq!(state.stage, Stage::Failed("the device is lost".into()));
    assert!(!state.can_go_on());
}
