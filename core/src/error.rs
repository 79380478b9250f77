//! The one error type: every message is a single line that names the file, key or device at fault.

use std::fmt::Display;
use std::path::Path;

/// What can go wrong with what the user gave us.
///
/// Broken invariants of our own are panics; a user's file, key or machine is an `Error`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A file or folder that cannot be read, written or understood.
    #[error("{path}: {reason}")]
    File {
        /// The file or folder, as the user would write it.
        path: String,
        /// Why, without the path.
        reason: String,
    },
    /// A key of the configuration with a value that cannot work.
    #[error("{key}: {reason}")]
    Config {
        /// Dotted key, as in the TOML file and in `--set`.
        key: String,
        /// Why, without the key.
        reason: String,
    },
    /// A target that the device cannot hold, not even one image at a time, and the width at which it can.
    #[error("target.width: {reason}; {fits} would fit, and the CPU has no limit")]
    TooWide {
        /// What is too large.
        reason: String,
        /// The widest target of a half, a quarter and so on that fits.
        fits: f64,
    },
    /// Network weights that do not fit the network.
    #[error("{weights}: {reason}")]
    Weights {
        /// Where the weights came from.
        weights: String,
        /// Which key does not fit, and why.
        reason: String,
    },
    /// A device that is missing or does not answer.
    #[error("device: {0}")]
    Device(String),
    /// The run produced numbers that are not finite.
    #[error("training diverged: {0}")]
    Diverged(String),
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

/// Result of anything that touches what the user gave us.
pub type Result<T, E = Error> = std::result::Result<T, E>;
