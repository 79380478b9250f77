//! Tensors in GPU memory.

use burn_dispatch::DispatchTensorKind;
use burn_tensor::{DType, Int, Tensor};
use burn_wgpu::{CubeTensor, Wgpu, into_contiguous};
use cubecl::wgpu::WgpuDeviceKind;

/// A contiguous single-precision tensor in GPU memory.
pub(crate) struct Gpu(pub(super) CubeTensor);

impl Gpu {
    /// Whether `x` lies in GPU memory, in single precision.
    pub fn holds<const D: usize>(x: &Tensor<D>) -> bool {
        x.dtype() == DType::F32 && matches!(x.clone().into_dispatch().kind, DispatchTensorKind::Cube(_))
    }

    /// The GPU storage of `x`, made contiguous, or `None` where it lies elsewhere or is not single precision.
    pub fn of<const D: usize>(x: &Tensor<D>) -> Option<Self> {
        if !Self::holds(x) {
            return None;
        }
        Some(Self(into_contiguous(x.clone().try_into_primitive::<Wgpu>().ok()?)))
    }

    /// Whether it lies on a driver in software, as far as its device says.
    pub fn is_in_software(&self) -> bool {
        matches!(&self.0.device, cubecl::Device::Wgpu(device) if device.kind == WgpuDeviceKind::Cpu)
    }

    /// The buffer that it is part of, and the element of it that it begins at.
    pub fn whole(&self) -> (Self, usize) {
        let mut whole = self.0.clone();
        let first = whole.handle.offset_start.take().unwrap_or(0) as usize / self.0.dtype.size();
        whole.handle.offset_end = None;
        (Self(whole), first)
    }

    /// Whether both are of one buffer.
    pub fn is_same_buffer(&self, other: &Self) -> bool {
        std::ptr::eq(self.0.handle.memory.descriptor(), other.0.handle.memory.descriptor())
    }

    /// Like [`Gpu::of`] for tensors of `i32`.
    pub fn of_indices<const D: usize>(x: &Tensor<D, Int>) -> Option<Self> {
        if x.dtype() != DType::I32 || !matches!(x.clone().into_dispatch().kind, DispatchTensorKind::Cube(_)) {
            return None;
        }
        Some(Self(into_contiguous(x.clone().try_into_primitive::<Wgpu>().ok()?)))
    }
}
