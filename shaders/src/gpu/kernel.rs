//! A WGSL kernel with the constants that make a variant of it.

use burn_wgpu::SourceTemplate;
use cubecl::ir::UIntKind;
use cubecl::ir::metadata::Info;
use cubecl::prelude::*;
use cubecl::{CubeKernel, PrecompiledSource};

use super::{AdapterClass, WORKGROUP};

/// Invocations of a workgroup that adds up on a driver in software. Such a driver computes four or eight of them at once; the others wait
/// their turn, and all of them change places at every barrier.
const SOFTWARE_LANES: u32 = 8;

/// How the kernels' inputs are bound.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access {
    /// For reading and writing: tensors share allocations, and WebGPU does not let one allocation be bound for reading and
    /// for writing at once.
    Shared,
    /// For reading: every tensor is an allocation of its own, and two inputs may be the same one, which WebGPU allows
    /// only where neither can be written.
    Exclusive,
}

impl Access {
    /// CubeCL's choice for the platform.
    const fn here() -> Self {
        if cfg!(target_family = "wasm") { Self::Exclusive } else { Self::Shared }
    }
}

/// A kernel.
#[derive(Debug, Clone)]
pub(crate) struct Wgsl {
    /// Unique among the files; with [`constants`](Self::constants) it names the compiled kernel.
    pub name: &'static str,
    pub source: &'static str,
    /// The type that the kernel adds up over a workgroup, if it does; gives it `total` of `wgsl/shared/total.wgsl`.
    pub sum: Option<&'static str>,
    /// Put in front of the kernel: a file of `wgsl/shared/`.
    pub shared: Option<&'static str>,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Values of the placeholders `{{ … }}`.
    pub constants: Vec<(&'static str, u32)>,
}

impl Wgsl {
    /// A kernel without sum, shared code or constants.
    pub const fn new(name: &'static str, source: &'static str) -> Self {
        Self { name, source, sum: None, shared: None, workgroup: WORKGROUP, constants: Vec::new() }
    }

    /// The kernel with `total` over values of the type `sum`.
    pub const fn summing(mut self, sum: &'static str) -> Self {
        self.sum = Some(sum);
        self
    }

    /// The kernel with `shared` in front.
    pub const fn sharing(mut self, shared: &'static str) -> Self {
        self.shared = Some(shared);
        self
    }

    /// The kernel with small workgroups, where there are many of them with little to add up.
    pub const fn in_small_groups(mut self) -> Self {
        self.workgroup = 64;
        self
    }

    /// The kernel as it suits an adapter.
    pub fn on(mut self, adapter: AdapterClass) -> Self {
        if self.sum.is_some() && adapter == AdapterClass::Software {
            self.workgroup = SOFTWARE_LANES;
        }
        self
    }

    /// The source as it is compiled.
    pub fn complete(&self, access: Access) -> String {
        let mut template = SourceTemplate::new(self.shared.unwrap_or_default()).add_template(self.source);
        if let Some(sum) = self.sum {
            template = template.add_template(include_str!("../../wgsl/shared/total.wgsl")).register("sum", sum);
        }
        let read = match access {
            Access::Shared => "read_write",
            Access::Exclusive => "read",
        };
        template = template.register("workgroup", self.workgroup.to_string()).register("read", read);
        for (name, value) in &self.constants {
            template = template.register(*name, value.to_string());
        }
        template.complete()
    }
}

impl KernelMetadata for Wgsl {
    fn name(&self) -> &'static str {
        self.name
    }

    fn id(&self) -> KernelId {
        // The name stands for the source and the sum: they are constants of one kernel.
        KernelId::new::<Self>().info((self.name, self.workgroup, self.constants.clone()))
    }

    fn address_type(&self) -> ElemType {
        UIntKind::U32.into()
    }
}

impl CubeKernel for Wgsl {
    fn define(&self) -> KernelDefinition {
        // Text in the device's language is not compiled by CubeCL; what it asks for here describes no code.
        let settings = KernelSettings::new(*CubeDim::new_1d(1), ExecutionMode::Unchecked, AddressType::U32);
        KernelDefinition { body: Scope::root(settings.clone()), settings, info: Info::default() }
    }

    fn source(&self) -> Option<PrecompiledSource> {
        Some(PrecompiledSource { source: self.complete(Access::here()), entrypoint_name: "main".into(), lang: "wgsl" })
    }
}
