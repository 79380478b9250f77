//! The one error type: every message is a single line that names the file, key or device at fault.

use std::fmt::{self, Display, Formatter, Write};
use std::path::Path;

/// What can go wrong with what the user gave us.
///
/// Broken invariants of our own are panics; a user's file, key or machine is an `Error`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A file or folder that cannot be read, written or understood.
    #[error("{}: {}", OneLine(path), OneLine(reason))]
    File {
        /// The file or folder, as the user would write it.
        path: String,
        /// Why, without the path.
        reason: String,
    },
    /// A key of the configuration with a value that cannot work.
    #[error("{}: {}", OneLine(key), OneLine(reason))]
    Config {
        /// Dotted key, as in the TOML file and in `--set`.
        key: String,
        /// Why, without the key.
        reason: String,
    },
    /// A target that the device cannot hold, not even one image at a time, and the width at which it can.
    #[error("target.width: {}; {fits} would fit, and the CPU has no limit", OneLine(reason))]
    TooWide {
        /// What is too large.
        reason: String,
        /// The widest target of a half, a quarter and so on that fits.
        fits: f64,
    },
    /// Network weights that do not fit the network.
    #[error("{}: {}", OneLine(weights), OneLine(reason))]
    Weights {
        /// Where the weights came from.
        weights: String,
        /// Which key does not fit, and why.
        reason: String,
    },
    /// A device that is missing or does not answer.
    #[error("device: {}", OneLine(.0))]
    Device(String),
    /// The run produced numbers that are not finite.
    #[error("training diverged: {}", OneLine(.0))]
    Diverged(String),
    /// It was asked to end before it was done, see [`Stop`](crate::stop::Stop): nothing went wrong.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// An error about the file or folder `path`.
    pub fn file(path: impl AsRef<Path>, reason: impl Display) -> Self {
        Self::File { path: path.as_ref().display().to_string(), reason: reason.to_string() }
    }

    /// An error about the configuration key `key`.
    pub fn config(key: impl Into<String>, reason: impl Display) -> Self {
        Self::Config { key: key.into(), reason: reason.to_string() }
    }

    /// An error about weights read from `weights`.
    pub fn weights(weights: impl Display, reason: impl Display) -> Self {
        Self::Weights { weights: weights.to_string(), reason: reason.to_string() }
    }
}

/// Text on one line: what would break it, move the cursor or turn the direction of writing is shown as Rust writes it.
pub struct OneLine<'a>(pub &'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => write!(to, "{}", c.escape_unicode()),
            c if c.is_control() => write!(to, "{}", c.escape_default()),
            c => to.write_char(c),
        })
    }
}

/// Result of anything that touches what the user gave us.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_one_line_whatever_is_in_it() {
        let bad = "C:\temp\new\r\u{1b}[2J\u{202e}\u{85}\u{0} größe 🙂";
        let shown = r"C:\temp\new\r\u{1b}[2J\u{202e}\u{85}\u{0} größe 🙂";
        for error in [
            Error::file(bad, bad),
            Error::config(bad, bad),
            Error::weights(bad, bad),
            Error::TooWide { reason: bad.into(), fits: 0.5 },
            Error::Device(bad.into()),
            Error::Diverged(bad.into()),
            Error::file("again", Error::config(bad, bad)),
        ] {
            let message = error.to_string();
            assert!(message.contains(shown) && !message.contains(char::is_control), "{message}");
        }
    }
}
