//! What a worker leaves behind however it ends: where it was, and what it measured.

use std::time::Duration;

/// Written before every input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Journal {
    /// The input that is read.
    pub number: u64,
    /// Inputs read before it.
    pub inputs: u64,
    /// Those that were taken.
    pub taken: u64,
    /// The most bytes that one took at once.
    pub peak: u64,
    /// The longest that one took, in microseconds.
    pub slowest: u64,
}

impl Journal {
    /// Adds an input that was read.
    pub fn add(&mut self, taken: bool, peak: usize, took: Duration) {
        self.inputs += 1;
        self.taken += u64::from(taken);
        self.peak = self.peak.max(peak as u64);
        self.slowest = self.slowest.max(took.as_micros() as u64);
    }

    /// Adds what another worker measured.
    pub fn include(&mut self, other: &Self) {
        self.number = other.number;
        self.inputs += other.inputs;
        self.taken += other.taken;
        self.peak = self.peak.max(other.peak);
        self.slowest = self.slowest.max(other.slowest);
    }

    /// As it is written.
    pub fn to_bytes(self) -> Vec<u8> {
        [self.number, self.inputs, self.taken, self.peak, self.slowest].map(u64::to_le_bytes).concat()
    }

    /// As it was written; a journal that was not begun is none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let numbers: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|number| u64::from_le_bytes(*number)).collect();
        let [number, inputs, taken, peak, slowest] = numbers[..] else { return None };
        Some(Self { number, inputs, taken, peak, slowest })
    }
}
