//! What the WGSL kernels share: tensors in GPU memory, kernels, and launching.
//!
//! Kernels keep to WebGPU's baseline: at most 8 storage buffers, 16 KiB of workgroup memory, 256 invocations a workgroup,
//! 65,535 workgroups a dimension, no subgroups. Sizes and numbers travel in a uniform buffer that the device keeps for
//! the next launch of the same sizes, so that one compiled kernel serves every layer and nothing is written between
//! launches: a write would end the batch of launches that is handed to the device at once.

use burn_tensor::Tensor;

mod adapter;
mod kernel;
mod launch;
mod observe;
#[cfg(not(target_family = "wasm"))]
mod resident;
mod storage;

pub use adapter::AdapterClass;
pub(crate) use kernel::Wgsl;
pub(crate) use launch::{
    Arguments, MOST_GROUPS, allocate, allocate_indices, indices, launch, launch_elementwise, launch_elementwise_into,
    launch_into, places_for, row_pitch, tensor, view, zeros_on_gpu,
};
pub use observe::{KernelCounter, LaunchCounter, Launches};
#[cfg(not(target_family = "wasm"))]
pub use resident::Resident;
pub(crate) use storage::Gpu;

/// Whether operations on `x` are kernels on a GPU, which are compiled when they are first needed.
pub fn compiles_kernels<const D: usize>(x: &Tensor<D>) -> bool {
    Gpu::holds(x)
}

/// Whether operations on `x` are kernels of a driver in software, as far as its device says; a browser's does not.
pub fn is_in_software<const D: usize>(x: &Tensor<D>) -> bool {
    Gpu::of(x).is_some_and(|gpu| gpu.is_in_software())
}

/// Bytes that one kernel can see of a tensor on the GPU that holds `x`; `None` in CPU memory, where there is no such limit.
pub fn largest_buffer<const D: usize>(x: &Tensor<D>) -> Option<u64> {
    Gpu::of(x).map(|gpu| gpu.0.client.properties().memory.max_page_size)
}

/// Invocations of a workgroup, where a kernel does not say otherwise.
pub(crate) const WORKGROUP: u32 = 256;

#[cfg(test)]
mod tests {
    use super::AdapterClass;
    use super::kernel::Access;

    /// Every kernel, as it is compiled, is valid WGSL for a device with none but WebGPU's baseline.
    #[test]
    fn every_kernel_is_valid() {
        let kernels = [
            crate::adam::kernels(),
            crate::add_relu::kernels(),
            crate::batch_norm::kernels(),
            crate::channels::kernels(),
            crate::conv::kernels(),
            crate::cross_entropy::kernels(),
            crate::linears::kernels(),
            crate::max_pool::kernels(),
            crate::mismatch::kernels(),
            crate::resize::kernels(),
            crate::saliency::kernels(),
            crate::segments::kernels(),
            crate::vector::kernels(),
        ]
        .concat();
        // At run time: a compiled-in path goes stale where several checkouts share a target folder.
        let folder = std::env::var("CARGO_MANIFEST_DIR").expect("Cargo names the crate's folder");
        let files = std::fs::read_dir(format!("{folder}/wgsl")).expect("the kernels' folder");
        let files = files.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_file()));
        let mut names: Vec<_> = kernels.iter().map(|kernel| kernel.name).collect();
        names.dedup();
        assert_eq!(names.len(), files.count(), "every file is a kernel that is listed: {names:?}");
        for (nth, kernel) in kernels.iter().enumerate() {
            // Tensors share allocations natively; in a browser each has its own, and inputs may be the same tensor.
            for (access, short) in [(Access::Shared, "shared"), (Access::Exclusive, "exclusive")] {
                let text = kernel.complete(access);
                validate(kernel.name, &text);
                write(&format!("{nth:02}-{}-{short}", kernel.name), &text);
                validate(kernel.name, &kernel.clone().on(AdapterClass::Software).complete(access));
            }
        }
    }

    /// For `cargo xtask test --only shaders`, which has them translated for other systems: it names the folder.
    fn write(name: &str, text: &str) {
        if let Some(folder) = std::env::var_os("L2T_KERNELS") {
            let file = std::path::Path::new(&folder).join(format!("{name}.wgsl"));
            std::fs::write(file, text).expect("a kernel can be written where it was asked for");
        }
    }

    #[test]
    fn what_is_drawn_is_valid() {
        let text = crate::saliency::drawn_overlay();
        write("drawn-overlay", &text);
        let entries = parse("overlay", &text).entry_points;
        let names: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.stage)).collect();
        assert_eq!(names, [("corner", naga::ShaderStage::Vertex), ("pixel", naga::ShaderStage::Fragment)]);
    }

    fn parse(name: &str, source: &str) -> naga::Module {
        let module =
            naga::front::wgsl::parse_str(source).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(source)));
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(source)));
        module
    }

    fn validate(name: &str, source: &str) {
        let module = parse(name, source);
        let of = |space: fn(&naga::AddressSpace) -> bool| {
            module.global_variables.iter().filter(move |(_, variable)| space(&variable.space))
        };
        let buffers = of(|space| matches!(space, naga::AddressSpace::Storage { .. })).count();
        assert!(buffers <= 8, "{name}: {buffers} storage buffers");
        let bytes: u32 = of(|space| *space == naga::AddressSpace::WorkGroup)
            .map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx()))
            .sum();
        assert!(bytes <= 16 * 1024, "{name}: {bytes} bytes of workgroup memory");
        let [x, y, z] = module.entry_points[0].workgroup_size;
        assert!(x * y * z <= 256, "{name}: {} invocations", x * y * z);
    }
}
