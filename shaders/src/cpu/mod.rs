//! What the CPU implementations share: typed access to Flex tensors, matrix product, per-channel loops.

use burn_tensor::Tensor;

mod gemm;
mod planes;
mod real;
mod simd;
mod storage;

pub(crate) use gemm::{Matrix, MatrixMut, gemm};
pub(crate) use planes::{PlaneShape, channel_sums, lane_sums, map_images, map_images_reading, map_planes, zeros};
pub(crate) use real::{Real, resized};
pub(crate) use simd::{LINE, Lanes, Linear, Map, map_lines, vectorised};
pub(crate) use storage::{Cpu, by_dtype};

/// Runs `work`, operations on the device of `like`. Those of the CPU are begun on one of the threads that share its work: from
/// any other thread every operation wakes one of them and waits for it, which costs as much as a small operation itself.
pub fn in_pool<const D: usize, R: Send>(like: &Tensor<D>, work: impl FnOnce() -> R + Send) -> R {
    if Cpu::holds(like) { rayon::scope(|_| work()) } else { work() }
}
