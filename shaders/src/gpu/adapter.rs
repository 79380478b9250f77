//! What kind of adapter a device is on, and who says so.

use std::sync::OnceLock;

use super::Gpu;

/// What kind of adapter a device is on, as far as kernels care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterClass {
    /// A driver in software: its workgroup memory is memory, and a barrier costs it dearly.
    Software,
    /// A card, a part of a processor, or one passed through to a virtual machine.
    Hardware,
}

/// What was said, for all devices of the process.
static SAID: OnceLock<AdapterClass> = OnceLock::new();

impl AdapterClass {
    /// Of the device of `x`.
    pub(crate) fn of(x: &Gpu) -> Self {
        let found = if x.is_in_software() { Self::Software } else { Self::Hardware };
        SAID.get().copied().unwrap_or(found)
    }

    /// From here on all devices are on such an adapter; what is said first holds. A browser's device does not say what it is on, and its
    /// page knows.
    pub fn say(self) {
        // A second word is not taken: kernels may be compiled already.
        let _ = SAID.set(self);
    }
}
