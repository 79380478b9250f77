//! f: what to transfer. `w = softmax(A p + a)`, for all pairs of one source feature at once: their rows of A and a stand one
//! after another.

use burn_tensor::Tensor;
use burn_tensor::activation::softmax;

/// Channel weights of `pairs` pairs, `[B, pairs · C]`, from their pooled source feature `p`, `[B, C]`; `A`: `[pairs · C, C]`,
/// `a`: `[1, pairs · C]`. The weights of each pair add up to one.
pub fn evaluate(weight: &Tensor<2>, bias: &Tensor<2>, pooled: &Tensor<2>) -> Tensor<2> {
    let [batch, channels] = pooled.dims();
    let logits = pooled.clone().matmul(weight.clone().transpose()) + bias.clone();
    let rows = logits.dims()[1];
    softmax(logits.reshape([batch, rows / channels, channels]), 2).reshape([batch, rows])
}

/// `(Ā, ā)` from `w̄`, each of the shape of what it is the cotangent of: through the softmax, `z̄ = w (w̄ − Σ_c w_c w̄_c)`, then
/// the linear layer.
pub fn gradient(w: &Tensor<2>, pooled: &Tensor<2>, w_bar: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let [batch, channels] = pooled.dims();
    let rows = w.dims()[1];
    let of_pairs = |x: &Tensor<2>| x.clone().reshape([batch, rows / channels, channels]);
    let (w, w_bar) = (of_pairs(w), of_pairs(w_bar));
    let z_bar = (w.clone() * (w_bar.clone() - (w * w_bar).sum_dim(2))).reshape([batch, rows]);
    (z_bar.clone().transpose().matmul(pooled.clone()), z_bar.sum_dim(0))
}
