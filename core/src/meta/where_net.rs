//! g: where to transfer. `λ = min(max(c·p + d, 0), 6)`, for all pairs of one source feature at once.

use burn_tensor::Tensor;

/// The upper end of λ.
const CEILING: f64 = 6.0;

/// `(c·p + d, λ)` of some pairs, each `[B, pairs]`, from their pooled source feature `p`, `[B, C]`; `c`: `[pairs, C]`, `d`:
/// `[1, pairs]`.
pub fn evaluate(weight: &Tensor<2>, bias: &Tensor<2>, pooled: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let linear = pooled.clone().matmul(weight.clone().transpose()) + bias.clone();
    (linear.clone(), linear.clamp(0.0, CEILING))
}

/// `(c̄, d̄)` from `λ̄`: zero where ReLU6 is flat, as PyTorch has it at its two kinks too.
pub fn gradient(linear: &Tensor<2>, pooled: &Tensor<2>, pair_weight_bar: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let flat = linear.clone().lower_equal_elem(0.0).bool_or(linear.clone().greater_equal_elem(CEILING));
    let z_bar = pair_weight_bar.clone().mask_fill(flat, 0.0);
    (z_bar.clone().transpose().matmul(pooled.clone()), z_bar.sum_dim(0))
}
