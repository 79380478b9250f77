//! Counting kernel launches: ours and Burn's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cubecl_runtime::launched::LaunchedKernels;
use cubecl_runtime::logging::{LaunchObservation, LaunchObserver};

/// Launches by kernel name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launches {
    /// Kernel → launches.
    pub by_kernel: BTreeMap<&'static str, usize>,
}

impl Launches {
    /// All of them.
    pub fn total(&self) -> usize {
        self.by_kernel.values().sum()
    }
}

#[derive(Debug, Default)]
struct Counter(Mutex<Launches>);

impl LaunchObserver for Counter {
    fn launched(&self, kernel: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).by_kernel.entry(kernel).or_default() += 1;
    }
}

/// Counts the kernels that the process launches, on any device, for as long as it lives.
#[derive(Debug)]
pub struct LaunchCounter {
    counter: Arc<Counter>,
    _observation: LaunchObservation,
}

impl LaunchCounter {
    /// Starts to count.
    pub fn start() -> Self {
        let counter = Arc::new(Counter::default());
        Self { counter: counter.clone(), _observation: LaunchObservation::new(counter) }
    }

    /// What was launched since the start.
    pub fn launches(&self) -> Launches {
        self.counter.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Counts the different kernels that the process launches, on any device: each has to be compiled once.
#[derive(Debug)]
pub struct KernelCounter(LaunchedKernels);

impl KernelCounter {
    /// Starts to count.
    pub fn start() -> Self {
        Self(LaunchedKernels::new())
    }

    /// The different kernels launched since the start.
    pub fn finish(self) -> usize {
        self.0.finish().len()
    }
}
