//! Launching a kernel on tensors.

use std::ops::Range;

use burn_tensor::{DType, Int, Tensor};
use burn_wgpu::{CubeTensor, Wgpu};
use cubecl::prelude::CubeCount;
use cubecl::server::{Handle, KernelArguments, MetadataBindingInfo};

use super::{AdapterClass, Gpu, WORKGROUP, Wgsl};

/// Workgroups of an elementwise kernel at most: enough for any GPU, well within WebGPU's limit.
pub(crate) const MOST_GROUPS: usize = 1 << 14;

/// What a launch is given besides its inputs.
#[derive(Debug, Default)]
pub(crate) struct Arguments<'a> {
    /// Workgroups along x, y and z.
    pub groups: [usize; 3],
    /// The first members of the kernel's `Sizes`, `u32` each.
    pub sizes: &'a [usize],
    /// The members behind them, `f32` each.
    pub numbers: &'a [f64],
}

/// Runs `kernel`: its bindings are the inputs, the outputs of the given shapes, then `Sizes`. Returns the outputs.
pub(crate) fn launch<const N: usize>(
    kernel: Wgsl,
    inputs: &[&Gpu],
    outputs: [&[usize]; N],
    arguments: Arguments<'_>,
) -> [CubeTensor; N] {
    let outputs = outputs.map(|shape| allocate(inputs[0], shape));
    launch_into(kernel, inputs, &outputs, arguments);
    outputs
}

/// A tensor of `shape` on the device of `like`, with anything in it.
pub(crate) fn allocate(like: &Gpu, shape: &[usize]) -> CubeTensor {
    allocate_as(DType::F32, like, shape)
}

/// The same of `i32`.
pub(crate) fn allocate_indices(like: &Gpu, shape: &[usize]) -> CubeTensor {
    allocate_as(DType::I32, like, shape)
}

fn allocate_as(dtype: DType, like: &Gpu, shape: &[usize]) -> CubeTensor {
    let like = &like.0;
    let elements: usize = shape.iter().product();
    let handle = like.client.empty(elements * dtype.size());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape.to_vec().into(), handle, dtype)
}

/// Places of an array in `Sizes` that has `count` elements: few sizes of arrays are few variants of a kernel.
pub(crate) fn places_for(count: usize) -> usize {
    count.next_multiple_of(16)
}

/// Elements from one row to the next where each is to begin where WebGPU lets a kernel begin to read: at 256 bytes.
pub(crate) fn row_pitch(elements: usize) -> usize {
    elements.next_multiple_of(64)
}

/// The elements `range` of `vector` where they are; `None` where a kernel cannot begin to read there. Burn's own slices are copies
/// wherever one of their *ends* is no such place.
pub(crate) fn view(vector: &Gpu, range: Range<usize>) -> Option<CubeTensor> {
    let vector = &vector.0;
    let bytes = |elements: usize| (elements * vector.dtype.size()) as u64;
    let behind = vector.meta.shape().num_elements().checked_sub(range.end)?;
    let handle = vector.handle.clone().offset_start(bytes(range.start)).offset_end(bytes(behind));
    let is_aligned =
        handle.offset_start.is_none_or(|at| at.is_multiple_of(vector.client.properties().memory.alignment));
    let shape = vec![range.len()].into();
    let view = || CubeTensor::new_contiguous(vector.client.clone(), vector.device.clone(), shape, handle, vector.dtype);
    is_aligned.then(view)
}

/// A vector of `len` zeros on the device of `like`; `None` where that is no GPU.
pub(crate) fn zeros_on_gpu<const D: usize>(len: usize, like: &Tensor<D>) -> Option<CubeTensor> {
    Tensor::<1>::zeros([len], (&like.device(), like.dtype())).try_into_primitive::<Wgpu>().ok()
}

/// [`launch`] with outputs that are there already.
pub(crate) fn launch_into(kernel: Wgsl, inputs: &[&Gpu], outputs: &[CubeTensor], arguments: Arguments<'_>) {
    let kernel = kernel.on(AdapterClass::of(inputs[0]));
    let client = &inputs[0].0.client;
    let buffers: Vec<Handle> = inputs.iter().map(|tensor| &tensor.0).chain(outputs).map(|t| t.handle.clone()).collect();
    assert!(buffers.len() <= 8, "{}: WebGPU binds at most 8 storage buffers", kernel.name);
    let fits = arguments.groups.iter().all(|count| *count <= 65_535);
    assert!(fits, "{}: WebGPU runs at most 65,535 workgroups a dimension", kernel.name);
    let [x, y, z] = arguments.groups.map(|count| count as u32);
    let bindings = KernelArguments::new()
        .with_buffers(buffers.into_iter().map(|handle| handle.binding()).collect())
        .with_info(MetadataBindingInfo::custom(words(&arguments)));
    client.launch(Box::new(kernel), CubeCount::Static(x, y, z), bindings);
}

/// Runs `kernel` with an invocation for every element of the first output, or fewer that take several. `Sizes` begins with
/// the elements and the invocations; `sizes` follow.
pub(crate) fn launch_elementwise<const N: usize>(
    kernel: Wgsl,
    inputs: &[&Gpu],
    outputs: [&[usize]; N],
    sizes: &[usize],
    numbers: &[f64],
) -> [CubeTensor; N] {
    let elements = outputs[0].iter().product();
    let outputs = outputs.map(|shape| allocate(inputs[0], shape));
    launch_elementwise_into(kernel, inputs, &outputs, elements, sizes, numbers);
    outputs
}

/// [`launch_elementwise`] for `elements` of outputs that are there already.
pub(crate) fn launch_elementwise_into(
    kernel: Wgsl,
    inputs: &[&Gpu],
    outputs: &[CubeTensor],
    elements: usize,
    sizes: &[usize],
    numbers: &[f64],
) {
    let groups = elements.div_ceil(WORKGROUP as usize).min(MOST_GROUPS);
    let sizes = [&[elements, groups * WORKGROUP as usize], sizes].concat();
    launch_into(kernel, inputs, outputs, Arguments { groups: [groups, 1, 1], sizes: &sizes, numbers });
}

/// The bytes of `Sizes`, in the eight-byte words that CubeCL keeps them in.
fn words(arguments: &Arguments<'_>) -> Vec<u64> {
    let size = |n: &usize| u32::try_from(*n).expect("tensors have fewer than 2³² elements");
    let words = arguments.sizes.iter().map(size).chain(arguments.numbers.iter().map(|x| (*x as f32).to_bits()));
    let words: Vec<u32> = words.collect();
    words.chunks(2).map(|pair| u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32).collect()
}

/// An output of [`launch`] as a tensor.
pub(crate) fn tensor<const D: usize>(output: CubeTensor) -> Tensor<D> {
    Tensor::from_primitive::<Wgpu>(output)
}

/// An output of [`allocate_indices`] as a tensor.
pub(crate) fn indices<const D: usize>(output: CubeTensor) -> Tensor<D, Int> {
    Tensor::from_primitive::<Wgpu>(output)
}
