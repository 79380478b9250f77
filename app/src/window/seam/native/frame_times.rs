//! How evenly the window is drawn while a run goes on: the time from frame to frame, and the part of it that is the
//! program's own work and not the driver's, for a measurement.

use std::path::{Path, PathBuf};
use std::time::Instant;

use l2t_core::Result;
use l2t_core::experiment::store::write_whole;

/// Collects the times of frames and writes them when the window closes.
#[derive(Debug)]
pub struct FrameTimes {
    file: PathBuf,
    last: Option<Instant>,
    /// From the frame before, and of the program itself.
    millis: Vec<[f64; 2]>,
}

impl FrameTimes {
    /// To be written to `file`.
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), last: None, millis: vec![] }
    }

    /// A frame begins; counts from the one before, which took the program `own` seconds, if a run goes on.
    pub fn frame(&mut self, training: bool, own: Option<f32>) {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now)
            && training
        {
            self.millis.push([1e3 * (now - last).as_secs_f64(), 1e3 * f64::from(own.unwrap_or(f32::NAN))]);
        }
    }

    /// Writes one line a frame.
    ///
    /// # Errors
    /// Names the file.
    pub fn write(&self) -> Result<()> {
        let lines: String = self.millis.iter().map(|[frame, own]| format!("{frame:.2},{own:.2}\n")).collect();
        write_whole(&self.file, format!("frame_millis,own_millis\n{lines}").as_bytes())
    }
}
