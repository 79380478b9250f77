//! What the CPU implementations share: typed access to Flex tensors, matrix product, per-channel loops.

mod gemm;
mod planes;
mod real;
mod storage;

pub(crate) use gemm::{Matrix, MatrixMut, gemm};
pub(crate) use planes::{PlaneShape, channel_sums, lane_sums, map_images, map_planes};
pub(crate) use real::Real;
pub(crate) use storage::{Cpu, by_dtype};
