//! Adapters by wgpu, devices by Burn.

use burn_tensor::{Device, DeviceKind};

use super::{Adapter, AdapterKind, DeviceChoice, OpenDevice, WgpuSetup};
use crate::error::{Error, Result};

/// All adapters that this machine offers for computing, the best first.
pub fn adapters() -> Vec<Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor);
    let found = futures_lite::future::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let mut adapters: Vec<Adapter> = Vec::new();
    for info in found.iter().map(wgpu::Adapter::get_info) {
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
            wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
            wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
            wgpu::DeviceType::Cpu => AdapterKind::Software,
            wgpu::DeviceType::Other => AdapterKind::Other,
        };
        let index = adapters.iter().filter(|adapter| adapter.kind == kind).count();
        let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
        adapters.push(Adapter { name: info.name, api: format!("{:?}", info.backend), kind, driver, index });
    }
    let rank = |adapter: &Adapter| {
        [
            AdapterKind::Discrete,
            AdapterKind::Integrated,
            AdapterKind::Virtual,
            AdapterKind::Other,
            AdapterKind::Software,
        ]
        .iter()
        .position(|kind| *kind == adapter.kind)
    };
    adapters.sort_by_key(rank);
    adapters
}

/// Opens the device that `choice` stands for.
///
/// # Errors
/// When it is not there, or does not start; says what is there instead.
pub fn open(choice: DeviceChoice) -> Result<OpenDevice> {
    open_shared(choice).map(|(device, _)| device)
}

/// [`open`], with the handles of a GPU for whoever draws on it. `None` for the CPU, and for a device that this process
/// opened before.
///
/// # Errors
/// As [`open`].
pub fn open_shared(choice: DeviceChoice) -> Result<(OpenDevice, Option<WgpuSetup>)> {
    let cpu = |reason: &str| (cpu(reason), None);
    if choice == DeviceChoice::Cpu {
        return Ok(cpu("as asked for"));
    }
    let adapters = adapters();
    let hardware = adapters.iter().find(|adapter| adapter.kind.is_hardware());
    let software = adapters.iter().find(|adapter| adapter.kind == AdapterKind::Software);
    match (choice, hardware, software) {
        (DeviceChoice::SoftwareGpu, _, Some(adapter)) => gpu(adapter, "as asked for; a software driver is slow"),
        (DeviceChoice::SoftwareGpu, _, None) => {
            Err(Error::Device("no software Vulkan driver was found; install mesa-vulkan-drivers".into()))
        }
        (_, Some(adapter), _) => gpu(adapter, "it is the best hardware GPU"),
        (DeviceChoice::Gpu, None, Some(adapter)) => Err(Error::Device(format!(
            "no hardware GPU was found, only the software driver {}; use --device cpu, or software-gpu to insist",
            adapter.name
        ))),
        (DeviceChoice::Gpu, None, None) => Err(Error::Device("no GPU was found; use --device cpu".into())),
        (_, None, Some(adapter)) => {
            Ok(cpu(&format!("the only adapter, {}, is a software driver and slower than this", adapter.name)))
        }
        (_, None, None) => Ok(cpu("no GPU was found")),
    }
}

/// The CPU, for a run whose GPU was lost: CubeCL's thread of a lost device is not to be trusted with another.
pub fn instead_of_lost() -> OpenDevice {
    cpu("the graphics device was lost; start the program again to use it")
}

fn cpu(reason: &str) -> OpenDevice {
    let threads = rayon::current_num_threads();
    let name = format!("CPU ({threads} {})", if threads == 1 { "thread" } else { "threads" });
    OpenDevice { device: Device::flex(), name, reason: reason.into(), gpu: None }
}

fn gpu(adapter: &Adapter, reason: &str) -> Result<(OpenDevice, Option<WgpuSetup>)> {
    let kind = match adapter.kind {
        AdapterKind::Discrete => DeviceKind::DiscreteGpu(adapter.index),
        AdapterKind::Integrated => DeviceKind::IntegratedGpu(adapter.index),
        AdapterKind::Virtual => DeviceKind::VirtualGpu(adapter.index),
        AdapterKind::Software => DeviceKind::Cpu,
        AdapterKind::Other => DeviceKind::DefaultDevice,
    };
    // A device that this process opened before cannot be configured again, only used.
    let (device, setup) = match Device::wgpu_options().device_kind(kind.clone()).init_with_setup() {
        Ok((device, setup)) => (device, Some(setup)),
        Err(error) if error.to_string().contains("already") => (Device::wgpu(kind), None),
        Err(error) => return Err(Error::Device(format!("{} does not start: {error}", adapter.name))),
    };
    let name = format!("{} ({})", adapter.name, adapter.api);
    Ok((OpenDevice { device, name, reason: reason.into(), gpu: Some(adapter.kind) }, setup))
}
