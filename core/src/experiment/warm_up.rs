//! The first iteration on a GPU, which compiles its kernels: how far it is.
//!
//! A kernel is compiled when it is first launched, and launching returns at once. So the first iteration waits for the
//! device behind each of its parts; no other iteration does.

use burn::tensor::Device;
use l2t_shaders::KernelCounter;

use super::event::Event;
use crate::bilevel::{Iteration, Learner, Step};

/// Follows the first iteration of a run on a device that compiles kernels.
pub struct WarmUp<'a> {
    device: &'a Device,
    /// One a part, all started at the beginning: each counts to the end of its part.
    counters: Vec<KernelCounter>,
    done: usize,
    of: usize,
}

impl<'a> WarmUp<'a> {
    /// Begins, before anything of the iteration is launched.
    pub fn start(device: &'a Device, learner: &Learner) -> Self {
        // Preparing the batch is one more.
        let of = 1 + Iteration::steps(learner);
        Self { device, counters: (0..of).map(|_| KernelCounter::start()).collect(), done: 0, of }
    }

    /// `step` was handed to the device: waits for it. `None` behind the last step.
    pub fn reached(&mut self, step: Step) -> Option<Event> {
        let kernels = self.counters.pop()?.finish();
        // In a page nothing may block; there, this says what was handed over.
        #[cfg(not(target_family = "wasm"))]
        if let Err(error) = self.device.sync() {
            // The next read says so too, and ends the run.
            log::warn!("while compiling: {error:?}");
        }
        #[cfg(target_family = "wasm")]
        let _ = self.device;
        self.done += 1;
        Some(Event::Compiling { done: self.done, of: self.of, phase: step.phase(), kernels })
    }
}
