//! The tensor operations of L2T: each with its value, its gradient, its tangent and the tangent of its gradient.
//!
//! This crate knows tensors, not the algorithm. Burn differentiates once, and the hypergradient needs second
//! derivatives, so every operation here states all four rules beside each other. With `ẋ` the derivative of `x` along a
//! direction and `x̄ = ∂L/∂x`:
//!
//! | rule | gives | used for |
//! |---|---|---|
//! | value | `y(x)` | every pass |
//! | gradient | `x̄` from `ȳ` | `∇L` |
//! | tangent | `ẏ` from `ẋ` | `L̇`, the derivative of a loss along a direction |
//! | tangent of the gradient | `x̄̇` from `ȳ̇` | `H u`, the derivative of `∇L` along a direction |
//!
//! An operation that is linear in each argument (convolution, pooling by a fixed choice, resizing) needs no rule of its
//! own for the last two: they are sums of its value or gradient with one argument replaced by its derivative.
//!
//! Every operation has a *reference*, composed of Burn's own tensor operations, which is what a GPU runs and what tests
//! compare with; on Burn's Flex device a hand-written CPU implementation takes its place, and on a GPU a WGSL kernel where there
//! is one.

pub mod adam;
pub mod add_relu;
pub mod attention;
pub mod batch_norm;
pub mod channels;
pub mod conv;
mod cpu;
pub mod cross_entropy;
mod gpu;
pub mod linears;
pub mod max_pool;
pub mod mismatch;
pub mod resize;
pub mod saliency;
pub mod segments;
pub mod vector;

pub use cpu::in_pool;
#[cfg(not(target_family = "wasm"))]
pub use gpu::Resident;
pub use gpu::{AdapterClass, KernelCounter, LaunchCounter, Launches, compiles_kernels, is_in_software, largest_buffer};
