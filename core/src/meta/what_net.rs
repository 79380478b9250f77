//! f: what to transfer. `w = softmax(A p + a)`.

use burn_tensor::Tensor;
use burn_tensor::activation::softmax;

/// Channel weights `[B, C]` from the pooled source feature `p`, `[B, C]`; `A`: `[C, C]`, `a`: `[1, C]`.
pub fn evaluate(weight: &Tensor<2>, bias: &Tensor<2>, pooled: &Tensor<2>) -> Tensor<2> {
    softmax(pooled.clone().matmul(weight.clone().transpose()) + bias.clone(), 1)
}

/// `(Ā, ā)` from `w̄`: through the softmax, `z̄ = w (w̄ − Σ_c w_c w̄_c)`, then the linear layer.
pub fn gradient(w: &Tensor<2>, pooled: &Tensor<2>, w_bar: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let z_bar = w.clone() * (w_bar.clone() - (w.clone() * w_bar.clone()).sum_dim(1));
    (z_bar.clone().transpose().matmul(pooled.clone()), z_bar.sum_dim(0))
}
