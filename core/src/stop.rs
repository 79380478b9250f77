//! One token asks everything that a run does to end: reading, training, testing, checking.
//!
//! What takes long in steps looks at it between two of them. A pass over a network of large images takes half a minute and is
//! one step: it is left from inside, by unwinding, as a compiler's query is that nobody waits for any more (salsa's
//! `Cancelled`). Passes are functions of tensors that they do not change, so that nothing is half done behind one that was
//! left, and none of the many functions of a pass has to speak of an end. In a browser a panic ends the program; there nobody
//! can ask while a pass is computed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

/// Asks for an end from elsewhere; clones ask for the same one. What takes long looks at it again and again.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    /// How often [`Stop::leave`] looks before it is asked for; never where this is zero.
    #[cfg(test)]
    looks: Arc<std::sync::atomic::AtomicUsize>,
}

/// What a pass unwinds with.
struct Left;

impl Stop {
    /// Asks. There is no way back.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Goes on, or ends with `?` what is under way.
    ///
    /// # Errors
    /// [`Error::Stopped`] where somebody asked.
    pub fn check(&self) -> Result<()> {
        if self.is_asked() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Leaves what [`Stop::unless_left`] runs, from however deep inside, where somebody asked. No panic is reported.
    pub(crate) fn leave(&self) {
        #[cfg(test)]
        if self.looks.load(Ordering::Relaxed) > 0 && self.looks.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.ask();
        }
        if cfg!(not(target_family = "wasm")) && self.is_asked() {
            resume_unwind(Box::new(Left));
        }
    }

    /// What `work` gives, unless it is left. Nothing that it changes may be used behind that.
    ///
    /// # Errors
    /// [`Error::Stopped`] where it is.
    pub(crate) fn unless_left<R>(work: impl FnOnce() -> R) -> Result<R> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|panic| match panic.downcast::<Left>() {
            Ok(_) => Error::Stopped,
            Err(panic) => resume_unwind(panic),
        })
    }

    /// Asks itself when a pass has looked so often.
    #[cfg(test)]
    pub(crate) fn ask_after(&self, looks: usize) {
        self.looks.store(looks, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_ask_for_the_same_end() {
        let stop = Stop::default();
        let clone = stop.clone();
        assert_eq!((stop.check(), Stop::default().is_asked()), (Ok(()), false));
        clone.ask();
        assert_eq!((stop.check(), Stop::default().check()), (Err(Error::Stopped), Ok(())));
    }

    #[test]
    fn what_is_left_ends_there_and_other_panics_go_on() {
        let stop = Stop::default();
        let mut done = 0;
        let count = |stop: &Stop, done: &mut usize| {
            for _ in 0..5 {
                stop.leave();
                *done += 1;
            }
            *done
        };
        assert_eq!(Stop::unless_left(|| count(&stop, &mut done)), Ok(5));
        stop.ask_after(3);
        // From a thread that shares the work, as steps on the CPU are.
        let left = Stop::unless_left(|| rayon::scope(|_| count(&stop, &mut done)));
        assert_eq!((left, done, stop.is_asked()), (Err(Error::Stopped), 7, true));
        let other = catch_unwind(|| Stop::unless_left(|| resume_unwind(Box::new("another"))));
        assert_eq!(other.unwrap_err().downcast_ref::<&str>(), Some(&"another"));
    }
}
