//! What is said of attempts to keep a run: a failure once, and that it is over.

use l2t_core::Result;

/// How keeping goes.
#[derive(Debug, Default)]
pub struct Attempts {
    /// The run whose last attempt failed.
    failing: Option<String>,
}

impl Attempts {
    /// What to tell the user after an attempt to keep the run called `name`; the next comes at the end of the next epoch.
    pub fn after(&mut self, name: &str, attempt: Result<()>) -> Option<String> {
        let failed_before = self.failing.take().is_some_and(|failing| failing == name);
        self.failing = attempt.is_err().then(|| name.to_owned());
        match attempt {
            Err(error) if !failed_before => Some(format!("{error}; it is tried again at the end of every epoch")),
            Ok(()) if failed_before => Some(format!("{name} is kept in this browser again")),
            _ => None,
        }
    }
}
