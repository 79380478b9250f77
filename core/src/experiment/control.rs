//! How a run is told to stop, to wait, to go on, or to take a single step.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use serde::{Deserialize, Serialize};

use crate::stop::Stop;

/// How far a run goes before it waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pace {
    /// To its end.
    #[default]
    Run,
    /// It waits where it is.
    Pause,
    /// One step of an iteration.
    Step,
    /// To the end of the iteration.
    Iteration,
}

/// Where a run asks whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boundary {
    /// Inside an iteration.
    Step,
    /// Between two iterations.
    Iteration,
}

/// Why a run was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// To go on.
    GoOn,
    /// To say that it waits, once for every time that it was told to.
    Pause,
    /// To let the audience look at it.
    Look,
}

#[derive(Debug, Default)]
struct Asked {
    look: bool,
    pace: Pace,
    /// It was said that the run waits as this pace has it.
    said: bool,
    waiting: Vec<Waker>,
}

impl Asked {
    fn go(&mut self, pace: Pace) {
        (self.pace, self.said) = (pace, false);
    }
}

/// Controls a run from elsewhere; clones control the same run.
#[derive(Debug, Clone, Default)]
pub struct Control {
    stop: Stop,
    asked: Arc<Mutex<Asked>>,
}

impl Control {
    /// A control whose run begins at `pace`.
    pub fn at(pace: Pace) -> Self {
        let control = Self::default();
        control.set(pace);
        control
    }

    /// Asks the run to stop. What it has done of an iteration is thrown away, and done again where the run goes on.
    pub fn stop(&self) {
        self.stop.ask();
        // Whoever waits is woken.
        self.change(|_| {});
    }

    /// What else the run does ends by the same token.
    pub fn token(&self) -> &Stop {
        &self.stop
    }

    /// Whether somebody asked it to stop.
    pub fn stopped(&self) -> bool {
        self.stop.is_asked()
    }

    /// Tells the run how far to go. Pausing takes effect behind the step that it is in.
    pub fn set(&self, pace: Pace) {
        self.change(|asked| asked.go(pace));
    }

    /// How far the run was told to go, or `Pause` where it has gone there.
    pub fn pace(&self) -> Pace {
        self.asked().pace
    }

    /// Asks the run to let its audience look at its state.
    pub fn look(&self) {
        self.change(|asked| asked.look = true);
    }

    /// Whether the losses of single steps are worth waiting for.
    pub(super) fn slow(&self) -> bool {
        self.asked().pace != Pace::Run
    }

    /// The run has come to `boundary`: what was asked for ends there, or does not.
    pub(super) fn arrived(&self, boundary: Boundary) {
        let mut asked = self.asked();
        if asked.pace == Pace::Step || (asked.pace == Pace::Iteration && boundary == Boundary::Iteration) {
            asked.go(Pace::Pause);
        }
    }

    /// Waits while there is nothing to do.
    pub(super) async fn woken(&self) -> Woken {
        poll_fn(|context| {
            let mut asked = self.asked();
            // Whoever asks for it may do so while the run is looked at.
            let pauses = asked.pace == Pace::Pause && !self.stopped();
            if pauses && !std::mem::replace(&mut asked.said, true) {
                return Poll::Ready(Woken::Pause);
            }
            if std::mem::take(&mut asked.look) {
                return Poll::Ready(Woken::Look);
            }
            if !pauses {
                return Poll::Ready(Woken::GoOn);
            }
            asked.waiting.push(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        // Whoever panicked has left plain values behind.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Asked)) {
        let mut asked = self.asked();
        change(&mut asked);
        let waiting = std::mem::take(&mut asked.waiting);
        drop(asked);
        waiting.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, poll_once};

    use super::*;

    #[test]
    fn a_step_and_an_iteration_end_where_they_should() {
        let control = Control::at(Pace::Step);
        control.arrived(Boundary::Step);
        assert_eq!(control.pace(), Pace::Pause);
        control.set(Pace::Iteration);
        control.arrived(Boundary::Step);
        assert_eq!(control.pace(), Pace::Iteration);
        control.arrived(Boundary::Iteration);
        assert_eq!(control.pace(), Pace::Pause);
        control.set(Pace::Run);
        control.arrived(Boundary::Iteration);
        assert_eq!(control.pace(), Pace::Run);
    }

    #[test]
    fn a_paused_run_waits_until_it_is_asked() {
        let control = Control::at(Pace::Pause);
        assert_eq!(block_on(control.woken()), Woken::Pause);
        let mut waiting = Box::pin(control.woken());
        assert_eq!(block_on(poll_once(&mut waiting)), None);
        control.look();
        assert_eq!(block_on(&mut waiting), Woken::Look);
        let mut waiting = Box::pin(control.woken());
        assert_eq!(block_on(poll_once(&mut waiting)), None);
        let other = control.clone();
        let thread = std::thread::spawn(move || other.set(Pace::Run));
        assert_eq!(block_on(waiting), Woken::GoOn);
        thread.join().expect("the thread only asks");
        control.set(Pace::Pause);
        control.stop();
        assert_eq!(block_on(control.woken()), Woken::GoOn, "to stop, a run must go on");
    }

    #[test]
    fn a_run_says_that_it_waits_whenever_it_is_told_to() {
        let control = Control::at(Pace::Run);
        control.look();
        assert_eq!(block_on(control.woken()), Woken::Look);
        // While it is looked at.
        control.set(Pace::Pause);
        assert_eq!(block_on(control.woken()), Woken::Pause);
        control.set(Pace::Step);
        control.arrived(Boundary::Step);
        assert_eq!(block_on(control.woken()), Woken::Pause);
        control.look();
        assert_eq!(block_on(control.woken()), Woken::Look);
        assert_eq!(block_on(poll_once(Box::pin(control.woken()))), None, "said already");
    }
}
