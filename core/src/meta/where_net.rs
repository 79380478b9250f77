//! g: where to transfer. `λ = min(max(c·p + d, 0), 6)`, for all pairs at once; see [`WherePer`] for what else it may depend on.

use burn_tensor::Tensor;
use l2t_shaders::add_relu::where_between;
use l2t_shaders::linears::{Linear, values};

use super::WherePer;

/// The upper end of λ.
const CEILING: f64 = 6.0;

/// `(c·p + d, λ)` of all pairs, each `[B, K]`, from the pooled source features `p`, `[B, M]`; `layers` are c and d of every pair, or d alone.
pub fn evaluate(phi: &Tensor<1>, pooled: &Tensor<2>, layers: &[Linear], per: WherePer) -> (Tensor<2>, Tensor<2>) {
    let linear = for_all(values(phi, pooled, layers), per);
    (linear.clone(), linear.clamp(0.0, CEILING))
}

/// The mean over pairs for each of them, where λ is the same for all: a map that is its own transpose.
fn for_all(linear: Tensor<2>, per: WherePer) -> Tensor<2> {
    if per != WherePer::All {
        return linear;
    }
    let dims = linear.dims();
    linear.mean_dim(1).expand(dims)
}

/// The cotangent of `c·p + d`, `[B, K]`, from `λ̄`: zero where ReLU6 is flat, as PyTorch has it at its two kinks too.
pub fn linear_gradient(linear: &Tensor<2>, pair_weight_bar: &Tensor<2>, per: WherePer) -> Tensor<2> {
    for_all(where_between(linear, pair_weight_bar, CEILING), per)
}
