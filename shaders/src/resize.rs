//! Bilinear resizing with half-pixel centres and without antialiasing (PyTorch's `align_corners=False`).
//!
//! Resizing is separable and linear: `resize(S) = A_h S A_wᵀ` with two small matrices, so that its gradient is
//! `A_hᵀ · A_w`. A GPU samples instead, one launch each.

use burn_tensor::{Tensor, TensorData};

use crate::gpu::{Gpu, Wgsl, launch_elementwise, tensor};

/// The sampling rule in WGSL.
pub(crate) const BILINEAR: &str = include_str!("../wgsl/shared/bilinear.wgsl");
const RESIZE: Wgsl = Wgsl::new("resize", include_str!("../wgsl/resize.wgsl")).sharing(BILINEAR);
const GRADIENT: Wgsl = Wgsl::new("resize_gradient", include_str!("../wgsl/resize_gradient.wgsl")).sharing(BILINEAR);

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![RESIZE, GRADIENT]
}

/// The `[to, from]` matrix of resizing along one direction: output pixel `i` samples the input at
/// `(i + ½)·from/to − ½`, clamped to the first and last pixel's centre.
fn weights(from: usize, to: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; to * from];
    for (i, row) in matrix.chunks_mut(from).enumerate() {
        let at = ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, from as f64 - 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to valid pixels")]
        let low = at.floor() as usize;
        let high = (low + 1).min(from - 1);
        row[low] += 1.0 - (at - low as f64);
        row[high] += at - low as f64;
    }
    matrix
}

fn matrix(from: usize, to: usize, like: &Tensor<4>) -> Tensor<2> {
    Tensor::from_data(TensorData::new(weights(from, to), [to, from]), (&like.device(), like.dtype()))
}

/// `x` (`[B, C, H, W]`) at the size `[height, width]`.
pub fn resize(x: &Tensor<4>, [height, width]: [usize; 2]) -> Tensor<4> {
    let [batch, channels, from_height, from_width] = x.dims();
    if [from_height, from_width] == [height, width] {
        return x.clone();
    }
    if let Some(x) = Gpu::of(x) {
        let shape = [batch, channels, height, width];
        let [y] = launch_elementwise(RESIZE, &[&x], [&shape], &[from_height, from_width, height, width], &[]);
        return tensor(y);
    }
    apply(x, matrix(from_height, height, x), matrix(from_width, width, x))
}

/// The gradient of [`resize`]: `x̄` of the size `[height, width]` of its input from `y_bar`.
pub fn resize_gradient(y_bar: &Tensor<4>, [height, width]: [usize; 2]) -> Tensor<4> {
    let [batch, channels, to_height, to_width] = y_bar.dims();
    if [to_height, to_width] == [height, width] {
        return y_bar.clone();
    }
    if let Some(y_bar) = Gpu::of(y_bar) {
        let shape = [batch, channels, height, width];
        let sizes = [height, width, to_height, to_width];
        let [x_bar] = launch_elementwise(GRADIENT, &[&y_bar], [&shape], &sizes, &[]);
        return tensor(x_bar);
    }
    apply(y_bar, matrix(height, to_height, y_bar).transpose(), matrix(width, to_width, y_bar).transpose())
}

/// `rows · x · columnsᵀ` for every image and channel.
fn apply(x: &Tensor<4>, rows: Tensor<2>, columns: Tensor<2>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let ([to_height, _], [to_width, _]) = (rows.dims(), columns.dims());
    let along_width = x.clone().reshape([batch * channels * height, width]).matmul(columns.transpose());
    let swapped = along_width.reshape([batch * channels, height, to_width]).swap_dims(1, 2);
    let along_height = swapped.reshape([batch * channels * to_width, height]).matmul(rows.transpose());
    along_height
        .reshape([batch * channels, to_width, to_height])
        .swap_dims(1, 2)
        .reshape([batch, channels, to_height, to_width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_tensor::{DType, Device, Tolerance};

    /// `torch.nn.functional.interpolate(torch.tensor([[[[1., 2., 4.], [8., 16., 32.]]]]), size=(3, 2),
    /// mode='bilinear', align_corners=False)` by hand from the definition: rows at −1/6→0, 1/2, 7/6→1 and columns at
    /// 1/4 and 7/4.
    #[test]
    fn agrees_with_the_definition_up_and_down() {
        let x = Tensor::<4>::from_data(
            TensorData::new(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0], [1, 1, 2, 3]),
            (&Device::flex(), DType::F64),
        );
        let y = resize(&x, [3, 2]);
        let top = [1.25, 3.5];
        let bottom = [10.0, 28.0];
        let expected =
            vec![top[0], top[1], (top[0] + bottom[0]) / 2.0, (top[1] + bottom[1]) / 2.0, bottom[0], bottom[1]];
        let expected = TensorData::new(expected, [1, 1, 3, 2]);
        y.to_data().assert_approx_eq::<f64>(&expected, Tolerance::absolute(1e-14));
    }

    #[test]
    fn the_gradient_is_the_adjoint() {
        let device = Device::flex();
        let wave = |shape: [usize; 4], phase: f64| {
            let values: Vec<f64> = (0..shape.iter().product()).map(|i| (i as f64 * 0.9 + phase).sin()).collect();
            Tensor::<4>::from_data(TensorData::new(values, shape), (&device, DType::F64))
        };
        for (from, to) in [([7, 6], [3, 11]), ([4, 4], [4, 4]), ([5, 8], [10, 2])] {
            let (x, y_bar) = (wave([2, 3, from[0], from[1]], 0.1), wave([2, 3, to[0], to[1]], 0.5));
            let left = (resize(&x, to) * y_bar.clone()).sum().into_scalar::<f64>();
            let right = (resize_gradient(&y_bar, from) * x).sum().into_scalar::<f64>();
            assert!(left.abs() > 1e-3 && (left - right).abs() < 1e-12, "{left} {right}");
        }
    }
}
