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

#[cfg(test)]
mod tests {
    use l2t_core::Error;

    use super::*;

    #[test]
    fn a_failure_is_said_once_and_so_is_its_end() {
        let mut attempts = Attempts::default();
        let full = || Err(Error::file("last run", "the storage is full"));
        assert_eq!(attempts.after("last run", Ok(())), None);
        let said = attempts.after("last run", full()).expect("it is said");
        assert!(said.starts_with("last run: the storage is full; it is tried again"), "{said}");
        assert_eq!(attempts.after("last run", full()), None);
        assert_eq!(attempts.after("last run", Ok(())).as_deref(), Some("last run is kept in this browser again"));
        assert_eq!(attempts.after("last run", Ok(())), None);
        assert!(attempts.after("last run", full()).is_some(), "and another time");
        assert_eq!(attempts.after("mine", Ok(())), None, "which had not failed");
    }
}
