//! One token asks everything that a run does to end: reading, training, testing, checking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

/// Asks for an end from elsewhere; clones ask for the same one. What takes long looks at it again and again.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks. There is no way back.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Goes on, or ends with `?` what is under way.
    ///
    /// # Errors
    /// [`Error::Stopped`] where somebody asked.
    pub fn check(&self) -> Result<()> {
        if self.is_asked() { Err(Error::Stopped) } else { Ok(()) }
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
}
