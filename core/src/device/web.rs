//! The one adapter that a browser gives.

use burn_tensor::Device;
use l2t_shaders::AdapterClass;

use super::{AdapterKind, DeviceChoice, OpenDevice, WebAdapter};
use crate::error::{Error, Result};

#[expect(unsafe_code, reason = "the linker makes this function; it takes and gives nothing")]
unsafe extern "C" {
    /// CubeCL's compiler registers itself in static constructors. Where nothing names this function, the linker wraps
    /// every export so that each call from JavaScript runs all of them again.
    safe fn __wasm_call_ctors();
}

/// Prepares this thread's module for [`open`]: to be called once, when the module starts.
pub fn construct() {
    __wasm_call_ctors();
}

/// Opens the device that `choice` stands for; `adapter` is the browser's GPU, and where there is none `reason` says why.
///
/// # Errors
/// When it is not there, or does not start.
pub async fn open(choice: DeviceChoice, adapter: Option<&WebAdapter>, reason: &str) -> Result<OpenDevice> {
    match (choice, adapter) {
        (DeviceChoice::Cpu, _) => Ok(cpu(if reason.is_empty() { "as asked for" } else { reason })),
        (DeviceChoice::Auto, None) => Ok(cpu(reason)),
        (DeviceChoice::Auto, Some(adapter)) if adapter.software => {
            Ok(cpu(&format!("the only GPU, {}, is a software driver and slower than this", adapter.name)))
        }
        (_, None) => Err(Error::Device(format!("no GPU can be used here ({reason}); choose the CPU"))),
        (_, Some(adapter)) => {
            let device = Device::wgpu_options().init_async().await;
            let device = device
                .map_err(|error| Error::Device(format!("{} does not start: {error}; choose the CPU", adapter.name)))?;
            if adapter.software {
                // The device itself does not say so.
                AdapterClass::Software.say();
            }
            let kind = if adapter.software { AdapterKind::Software } else { AdapterKind::Other };
            let reason = "the browser offers it by WebGPU".into();
            Ok(OpenDevice { device, name: format!("{} (WebGPU)", adapter.name), reason, gpu: Some(kind) })
        }
    }
}

fn cpu(reason: &str) -> OpenDevice {
    OpenDevice { device: Device::flex(), name: "CPU (1 thread, WebAssembly)".into(), reason: reason.into(), gpu: None }
}
