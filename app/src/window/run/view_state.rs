//! What the window shows of a run: a pure function of the facts heard so far.

use std::sync::Arc;

use l2t_core::bilevel::Step;
use l2t_core::experiment::gradient_check::GradientCheck;
use l2t_core::experiment::run::iterations_over;
use l2t_core::experiment::{EpochRecord, Event, History, PairStatistics, RunSummary, TimeLeft};

use super::facts::{DeviceFacts, Experiment, Fact, KernelTimes};
pub use super::progress::{Compiling, LossPoint, Notice, Progress, Stage, TakenStep};
use crate::plots::PairPoint;

/// Points of a curve beyond which every second one is dropped.
const MOST_POINTS: usize = 4_000;

/// Everything that the window knows of a run.
#[derive(Debug, Clone, Default)]
pub struct ViewState {
    /// Where it stands.
    pub stage: Stage,
    /// Where it runs.
    pub device: Option<DeviceFacts>,
    /// Bytes in use on a GPU.
    pub memory: Option<u64>,
    /// What is fixed.
    pub experiment: Option<Arc<Experiment>>,
    /// How far it is.
    pub progress: Progress,
    /// While kernels are compiled.
    pub compiling: Option<Compiling>,
    /// Kernels that were compiled, on a GPU.
    pub kernels: Option<usize>,
    /// Losses as they were read back.
    pub losses: Vec<LossPoint>,
    /// λ as it was read back.
    pub pair_weights: Vec<PairPoint>,
    /// Complete epochs.
    pub history: History,
    /// Steps of the present iteration, where they are taken one at a time.
    pub steps: Vec<TakenStep>,
    /// The last check of the hypergradient.
    pub check: Option<Result<GradientCheck, String>>,
    /// Another is under way.
    pub checking: bool,
    /// Products whose kernels were timed, of all, while that goes on.
    pub timing: Option<(usize, usize)>,
    /// What they took.
    pub timed: Option<Result<KernelTimes, String>>,
    /// Test images done, of all.
    pub testing: Option<(usize, usize)>,
    /// The result.
    pub summary: Option<RunSummary>,
    /// What the user should know, the newest last.
    pub notices: Vec<Notice>,
    time_left: TimeLeft,
}

impl ViewState {
    /// Takes in a fact that was heard at `now` seconds.
    pub fn apply(&mut self, fact: Fact, now: f64) {
        match fact {
            Fact::Device(device) => self.device = Some(device),
            Fact::Ready(experiment) => self.ready(experiment),
            Fact::Run(event) => self.run(event, now),
            Fact::Narrowed(width, why) => {
                let text = format!("{why}: the target is of width {width} here");
                self.notices.push(Notice { text, warning: true });
            }
            Fact::Memory(bytes) => self.memory = Some(bytes),
            Fact::Checking => (self.check, self.checking) = (None, true),
            Fact::Checked(check) => (self.check, self.checking) = (Some(check), false),
            Fact::Timing(done, of) => self.timing = Some((done, of)),
            Fact::Timed(timed) => (self.timed, self.timing) = (Some(timed), None),
            Fact::Note(text) => self.notices.push(Notice { text, warning: false }),
            Fact::Warning(text) => self.notices.push(Notice { text, warning: true }),
            Fact::Failed(text) => self.stage = Stage::Failed(text),
        }
    }

    /// The user told the run to go on.
    pub fn going_on(&mut self) {
        if self.stage == Stage::Waiting {
            self.stage = Stage::Training;
        }
    }

    /// The last λ of every pair.
    pub fn latest_pairs(&self) -> Option<&[PairStatistics]> {
        self.pair_weights.last().map(|point| &point.pairs[..])
    }

    /// Seconds of an iteration, smoothed.
    pub fn iteration_secs(&self) -> Option<f64> {
        self.time_left.iteration_secs()
    }

    /// Seconds of training that are left: as expected before the first iteration, corrected by those that were timed.
    pub fn secs_left(&self) -> Option<f64> {
        self.can_go_on().then(|| self.time_left.secs())?
    }

    /// Whether the run can be told to go on.
    pub fn can_go_on(&self) -> bool {
        matches!(self.stage, Stage::Waiting | Stage::Training)
    }

    fn ready(&mut self, experiment: Arc<Experiment>) {
        let config = &experiment.config;
        let of = iterations_over(config, experiment.images[0]);
        self.history = experiment.history.clone();
        self.progress = Progress { epoch: self.history.epochs.len(), epochs: config.train.epochs, done: 0, of };
        // What an earlier sitting measured is there epoch by epoch.
        for record in &experiment.history.epochs {
            let at = record.epoch as f64;
            self.losses.push(LossPoint { at, task: record.task_loss, matching: record.matching_loss });
            self.push_pairs(at, record.pair_weights.clone());
        }
        self.experiment = Some(experiment);
    }

    fn run(&mut self, event: Event, now: f64) {
        self.time_left.hear(&event, now);
        match event {
            Event::Started { epoch, done, epochs, iterations } => {
                self.stage = Stage::Training;
                self.progress = Progress { epoch, epochs, done, of: iterations };
            }
            Event::Expected { .. } => {}
            Event::Compiling { done, of, phase, kernels } => {
                self.compiling = (done < of).then_some(Compiling { done, of, phase });
                self.kernels = Some(kernels);
            }
            Event::Iteration { epoch, done, of } => {
                self.progress = Progress { epoch, done, of, ..self.progress };
                self.stage = Stage::Training;
            }
            Event::Losses { task, matching, pair_weights, .. } => {
                let at = self.progress.at();
                self.losses.push(LossPoint { at, task, matching });
                thin(&mut self.losses);
                self.push_pairs(at, pair_weights);
            }
            Event::Step { step, task, matching } => {
                if step == Step::Source {
                    self.steps.clear();
                }
                self.steps.push(TakenStep { step, task, matching });
            }
            Event::Paused => self.stage = Stage::Waiting,
            Event::Epoch(record) => self.epoch(*record),
            Event::Testing { done, of } => {
                self.stage = Stage::Testing;
                self.testing = Some((done, of));
            }
            Event::Stopped => self.stage = Stage::Stopped,
            Event::Finished(summary) => {
                self.stage = Stage::Finished;
                self.testing = None;
                self.summary = Some(*summary);
            }
        }
    }

    fn epoch(&mut self, record: EpochRecord) {
        self.progress = Progress { epoch: record.epoch, done: 0, ..self.progress };
        self.history.epochs.push(record);
    }

    fn push_pairs(&mut self, at: f64, pairs: Vec<PairStatistics>) {
        if !pairs.is_empty() {
            self.pair_weights.push(PairPoint { at, pairs });
            thin(&mut self.pair_weights);
        }
    }
}

/// Drops every second point of a curve that has grown too long to draw; the newest stays.
fn thin<T>(points: &mut Vec<T>) {
    if points.len() > MOST_POINTS {
        let last = points.len() - 1;
        let mut nth = 0;
        points.retain(|_| {
            nth += 1;
            (last + 1 - nth).is_multiple_of(2)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_curves_are_thinned_and_keep_their_newest_point() {
        let mut points: Vec<usize> = (0..=MOST_POINTS).collect();
        thin(&mut points);
        assert_eq!(points.len(), MOST_POINTS / 2 + 1);
        assert_eq!(points.last(), Some(&MOST_POINTS));
        assert_eq!(points[..3], [0, 2, 4]);
    }
}
