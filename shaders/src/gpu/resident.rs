//! Where a tensor lies, for who draws on the device that it is on.

use burn_tensor::Tensor;
use cubecl::wgpu::wgpu::BindingResource;
use cubecl::wgpu::{AutoCompiler, WgpuResource, WgpuServer};
use cubecl_runtime::storage::ManagedResource;

use super::Gpu;

/// A single-precision tensor in GPU memory, in reading order. Its memory is used for nothing else for as long as this lives.
#[derive(Debug)]
pub struct Resident(ManagedResource<WgpuResource>);

impl Resident {
    /// Where `x` lies; all that computes it has been handed to the device by then. `None` where it is elsewhere.
    pub fn of<const D: usize>(x: &Tensor<D>) -> Option<Self> {
        let tensor = Gpu::of(x)?.0;
        let resource = tensor.client.get_resource::<WgpuServer<AutoCompiler>>(tensor.handle.clone()).ok()?;
        // What computes it may not be with the driver yet.
        tensor.client.flush().ok()?;
        Some(Self(resource))
    }

    /// To be bound as read-only storage.
    pub fn binding(&self) -> BindingResource<'_> {
        self.0.resource().as_wgpu_bind_resource()
    }
}
