//! f: what to transfer. `w = softmax(A p + a)`, for all pairs at once.

use burn_tensor::Tensor;
use l2t_shaders::linears::{Linear, values};
use l2t_shaders::segments::{Segments, softmax, softmax_gradient};

/// w, `[B, Σ C_m]`, from the pooled source features `p`, `[B, M]`; `layers` are A and a of every pair.
pub fn evaluate(phi: &Tensor<1>, pooled: &Tensor<2>, layers: &[Linear], segments: &Segments) -> Tensor<2> {
    softmax(&values(phi, pooled, layers), segments)
}

/// w where it is not learned: `1/C_m`.
pub fn uniform(pooled: &Tensor<2>, segments: &Segments) -> Tensor<2> {
    let logits = Tensor::zeros([pooled.dims()[0], segments.columns()], (&pooled.device(), pooled.dtype()));
    softmax(&logits, segments)
}

/// The cotangent of `A p + a`, `[B, Σ C_m]`, from `w̄`: `w (w̄ − Σ_c w_c w̄_c)`, a pair at a time.
pub fn logits_gradient(w: &Tensor<2>, w_bar: &Tensor<2>, segments: &Segments) -> Tensor<2> {
    softmax_gradient(w, w_bar, segments, 1.0)
}
