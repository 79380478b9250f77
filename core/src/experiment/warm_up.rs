//! The first iteration on a GPU, which compiles its kernels: how far it is.
//!
//! A kernel is compiled when it is first launched, and launching returns at once. So the first iteration waits for the
//! device behind each of its parts; others do where they are slow (see [`super::pacing`]).

use l2t_shaders::KernelCounter;

use super::event::Event;
use crate::bilevel::{Iteration, Learner, Step};

/// Follows the first iteration of a run on a device that compiles kernels.
pub struct WarmUp {
    /// One a part, all started at the beginning: each counts to the end of its part.
    counters: Vec<KernelCounter>,
    done: usize,
    of: usize,
}

impl WarmUp {
    /// Begins, before anything of the iteration is launched.
    pub fn start(learner: &Learner) -> Self {
        // Preparing the batch is one more.
        let of = 1 + Iteration::steps(learner);
        Self { counters: (0..of).map(|_| KernelCounter::start()).collect(), done: 0, of }
    }

    /// The device has done `step`. `None` behind the last step.
    pub fn reached(&mut self, step: Step) -> Option<Event> {
        let kernels = self.counters.pop()?.finish();
        self.done += 1;
        Some(Event::Compiling { done: self.done, of: self.of, phase: step.phase(), kernels })
    }
}
