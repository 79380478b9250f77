//! Which device a run is on.
//!
//! `auto` takes a hardware GPU where there is one and otherwise the CPU, and says which and why. A software driver
//! (lavapipe, SwiftShader) is correct but 25 to 40 times slower than the CPU device, so it is used only when asked for.

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod web;

use burn_tensor::Device;
use serde::{Deserialize, Serialize};

/// The handles of an opened GPU, for another user of the same device.
#[cfg(not(target_family = "wasm"))]
pub use burn_tensor::wgpu::WgpuSetup;
#[cfg(not(target_family = "wasm"))]
pub use native::{adapters, instead_of_lost, open, open_shared};
#[cfg(target_family = "wasm")]
pub use web::{construct, open};

/// What to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// A hardware GPU where there is one, otherwise the CPU.
    Auto,
    /// A hardware GPU, or an error.
    Gpu,
    /// The CPU.
    Cpu,
    /// A software Vulkan driver: for tests.
    SoftwareGpu,
}

/// An opened device.
#[derive(Debug, Clone)]
pub struct OpenDevice {
    /// For tensors.
    pub device: Device,
    /// For people: `CPU (2 threads)`, `NVIDIA GeForce RTX 3060 (Vulkan)`.
    pub name: String,
    /// Why this one.
    pub reason: String,
    /// What kind of GPU it is; `None` for the CPU.
    pub gpu: Option<AdapterKind>,
}

impl OpenDevice {
    /// Whether it is a GPU in software, which is slower than the CPU device.
    pub fn is_software(&self) -> bool {
        self.gpu == Some(AdapterKind::Software)
    }
}

/// The GPU that a browser offers, as a page found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebAdapter {
    /// As the browser calls it.
    pub name: String,
    /// Whether it is a software driver.
    pub software: bool,
}

/// A graphics adapter that could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// As its driver calls it.
    pub name: String,
    /// `Vulkan`, `Metal`, `Dx12`, ….
    pub api: String,
    /// What it is.
    pub kind: AdapterKind,
    /// Driver and its version.
    pub driver: String,
    /// Position among the adapters of its kind.
    pub index: usize,
}

/// Kinds of adapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterKind {
    /// A card of its own.
    Discrete,
    /// Part of the processor.
    Integrated,
    /// Passed through to a virtual machine.
    Virtual,
    /// A software driver on the CPU.
    Software,
    /// Anything else.
    Other,
}

impl AdapterKind {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discrete => "discrete GPU",
            Self::Integrated => "integrated GPU",
            Self::Virtual => "virtual GPU",
            Self::Software => "software driver",
            Self::Other => "other",
        }
    }

    /// Whether it is worth training on.
    pub fn is_hardware(self) -> bool {
        matches!(self, Self::Discrete | Self::Integrated | Self::Virtual)
    }
}
