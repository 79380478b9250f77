//! How evenly the window is drawn while a run goes on: the time from frame to frame, for a measurement.

use std::path::{Path, PathBuf};
use std::time::Instant;

use l2t_core::Result;
use l2t_core::experiment::store::write_whole;

/// Collects the times of frames and writes them when the window closes.
#[derive(Debug)]
pub struct FrameTimes {
    file: PathBuf,
    last: Option<Instant>,
    millis: Vec<f64>,
}

impl FrameTimes {
    /// To be written to `file`.
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), last: None, millis: vec![] }
    }

    /// A frame begins; counts from the one before if a run goes on.
    pub fn frame(&mut self, training: bool) {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now)
            && training
        {
            self.millis.push(1e3 * (now - last).as_secs_f64());
        }
    }

    /// Writes one line a frame.
    ///
    /// # Errors
    /// Names the file.
    pub fn write(&self) -> Result<()> {
        let lines: String = self.millis.iter().map(|millis| format!("{millis:.2}\n")).collect();
        write_whole(&self.file, format!("milliseconds\n{lines}").as_bytes())
    }
}
