//! What the WGSL kernels share: tensors in GPU memory, and launching.
//!
//! Kernels keep to WebGPU's baseline: at most 8 storage buffers, 256 invocations a workgroup, no subgroups. All buffers are
//! bound `read_write`, because tensors share large allocations and WebGPU does not let one allocation be bound for
//! reading and for writing at once. Sizes travel in a small buffer, so that one compiled kernel serves every layer.

use burn::backend::DispatchTensorKind;
use burn::backend::wgpu::{CubeDim, CubeTensor, KernelSource, SourceKernel, SourceTemplate, Wgpu, into_contiguous};
use burn::tensor::{DType, Tensor};
use cubecl::prelude::{CubeCount, KernelId};
use cubecl::server::{Handle, KernelArguments};

/// Invocations of a workgroup.
pub(crate) const WORKGROUP: u32 = 256;

/// A contiguous single-precision tensor in GPU memory.
pub(crate) struct Gpu(CubeTensor);

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
}

/// A kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wgsl {
    /// Unique among the kernels: compiled kernels are kept by it.
    pub name: &'static str,
    pub source: &'static str,
    /// The type that the kernel adds up over a workgroup, if it does; gives it `total` of `wgsl/shared/total.wgsl`.
    pub sum: Option<&'static str>,
}

impl KernelSource for Wgsl {
    fn source(&self) -> SourceTemplate {
        let template = SourceTemplate::new(self.source).register("workgroup", WORKGROUP.to_string());
        match self.sum {
            Some(sum) => template.add_template(include_str!("../../wgsl/shared/total.wgsl")).register("sum", sum),
            None => template,
        }
    }

    fn id(&self) -> KernelId {
        // The name stands for the source: both are constants of one kernel.
        KernelId::new::<Self>().info(self.name)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// Runs `kernel` with `groups` workgroups along x and y: inputs first, then outputs, then `sizes`. Returns the outputs.
pub(crate) fn launch<const N: usize>(
    kernel: Wgsl,
    groups: [usize; 2],
    inputs: &[&Gpu],
    outputs: [&[usize]; N],
    sizes: &[usize],
) -> [CubeTensor; N] {
    let like = &inputs[0].0;
    let outputs = outputs.map(|shape| {
        let elements: usize = shape.iter().product();
        let handle = like.client.empty(elements * size_of::<f32>());
        CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape.to_vec().into(), handle, DType::F32)
    });
    let number = |n: usize| u32::try_from(n).expect("tensors have fewer than 2³² elements");
    let sizes: Vec<u8> = sizes.iter().flat_map(|n| number(*n).to_le_bytes()).collect();
    let buffers: Vec<Handle> = inputs
        .iter()
        .map(|tensor| tensor.0.handle.clone())
        .chain(outputs.iter().map(|tensor| tensor.handle.clone()))
        .chain([like.client.create_from_slice(&sizes)])
        .collect();
    assert!(buffers.len() <= 8, "{}: WebGPU binds at most 8 storage buffers", kernel.name);
    assert!(
        groups.iter().all(|count| *count <= 65_535),
        "{}: WebGPU runs at most 65,535 workgroups a dimension",
        kernel.name
    );
    let arguments = KernelArguments::new().with_buffers(buffers.into_iter().map(|handle| handle.binding()).collect());
    let kernel = SourceKernel::new(kernel, CubeDim::new_1d(WORKGROUP));
    like.client.launch(Box::new(kernel), CubeCount::Static(number(groups[0]), number(groups[1]), 1), arguments);
    outputs
}

/// An output of [`launch`] as a tensor.
pub(crate) fn tensor<const D: usize>(output: CubeTensor) -> Tensor<D> {
    Tensor::from_primitive::<Wgpu>(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kernel, as it is compiled, is valid WGSL for a device with none but WebGPU's baseline.
    #[test]
    fn every_kernel_is_valid() {
        let kernels = [
            crate::batch_norm::KERNELS.as_slice(),
            crate::channels::KERNELS.as_slice(),
            crate::vector::KERNELS.as_slice(),
        ]
        .concat();
        // At run time: a compiled-in path goes stale where several checkouts share a target folder.
        let folder = std::env::var("CARGO_MANIFEST_DIR").expect("Cargo names the crate's folder");
        let files = std::fs::read_dir(format!("{folder}/wgsl")).expect("the kernels' folder");
        let files = files.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_file()));
        assert_eq!(kernels.len(), files.count(), "every file is a kernel that is listed");
        for kernel in kernels {
            let source = kernel.source().complete();
            let module = naga::front::wgsl::parse_str(&source)
                .unwrap_or_else(|e| panic!("{}: {}", kernel.name, e.emit_to_string(&source)));
            let capabilities = naga::valid::Capabilities::empty();
            naga::valid::Validator::new(naga::valid::ValidationFlags::all(), capabilities)
                .validate(&module)
                .unwrap_or_else(|e| panic!("{}: {}", kernel.name, e.emit_to_string(&source)));
            let buffers = module.global_variables.iter().filter(|(_, variable)| variable.binding.is_some()).count();
            assert!(buffers <= 8, "{}: {buffers} storage buffers", kernel.name);
        }
    }
}
