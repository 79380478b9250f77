//! How far a run may hurry ahead of its device.
//!
//! A GPU is given work much faster than it does it. All that waits for it, whoever presses *Pause* waits for, too, and
//! sees no loss of meanwhile. So a run waits for its device about every [`AHEAD`] seconds of work: every few iterations
//! where they are short, behind every step of one where they are long.

use burn_tensor::Tensor;
use web_time::Instant;

use crate::error::Result;
use crate::network::weights::read;

/// Seconds of work that may wait for the device. A wait costs about a thousandth of a second, in a browser a few.
const AHEAD: f64 = 0.25;

/// Iterations between two reads of the losses at most: often enough to see a run diverge.
const READ_EVERY: usize = 10;

/// Decides when to wait for the device, from how long it took lately.
#[derive(Debug)]
pub struct Pacing {
    caught_up: Instant,
    /// Since then.
    iterations: usize,
    /// Of an iteration; `None` before the first.
    secs: Option<f64>,
}

impl Pacing {
    /// At the start of a sitting.
    pub fn start() -> Self {
        Self { caught_up: Instant::now(), iterations: 0, secs: None }
    }

    /// One more iteration was handed to the device: whether it is time to read its losses, which waits for them.
    pub fn handed_over(&mut self) -> bool {
        self.iterations += 1;
        let waiting = self.secs.map_or(f64::INFINITY, |secs| secs * self.iterations as f64);
        self.iterations >= READ_EVERY || waiting >= AHEAD
    }

    /// The device has done all that it was given.
    pub fn caught_up(&mut self) {
        self.took(self.caught_up.elapsed().as_secs_f64());
        self.caught_up = Instant::now();
    }

    fn took(&mut self, secs: f64) {
        self.secs = Some(secs / self.iterations.max(1) as f64);
        self.iterations = 0;
    }

    /// Whether an iteration is too long to be waited for as a whole.
    pub fn is_slow(&self) -> bool {
        self.secs.is_some_and(|secs| secs > AHEAD)
    }
}

/// Waits until the device of `x` has done all that it was given. Reading is the one way to wait that a browser has, too.
///
/// # Errors
/// When the device cannot be read.
pub async fn wait_for(x: &Tensor<1>) -> Result<()> {
    read(&x.clone().narrow(0, 0, 1)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Iterations up to the next read.
    fn until_read(pacing: &mut Pacing) -> usize {
        (1..).find(|_| pacing.handed_over()).expect("it is read some time")
    }

    #[test]
    fn the_first_losses_are_read_at_once() {
        assert_eq!(until_read(&mut Pacing::start()), 1);
    }

    #[test]
    fn fast_iterations_are_read_now_and_then_and_slow_ones_step_by_step() {
        let mut pacing = Pacing::start();
        for (secs, reads, slow) in
            [(0.001, 10, false), (0.025, 10, false), (0.1, 3, false), (0.25, 1, false), (0.3, 1, true)]
        {
            pacing.iterations = 1;
            pacing.took(secs);
            assert_eq!((until_read(&mut pacing), pacing.is_slow()), (reads, slow), "{secs} s an iteration");
        }
    }

    #[test]
    fn the_time_of_several_iterations_is_shared_between_them() {
        let mut pacing = Pacing::start();
        pacing.iterations = 4;
        pacing.took(0.5);
        assert_eq!((pacing.secs, pacing.iterations), (Some(0.125), 0));
    }
}
