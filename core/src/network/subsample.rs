//! The shortcut without parameters: every `stride`-th pixel, between channels of zeros.
//!
//! It is linear: its tangent is itself, and its gradient its transpose. Both are the strided 1 × 1 convolution with the
//! kernel that puts channel c of C at (C' − C) / 2 + c of C'.

use burn_tensor::{Tensor, TensorData};
use l2t_shaders::conv::{self, Geometry};

/// `[C', C, 1, 1]`, on the device of `like`.
fn kernel(channels: usize, like: &Tensor<4>, inputs: usize) -> Tensor<4> {
    let front = (channels - inputs) / 2;
    let mut values = vec![0.0f32; channels * inputs];
    (0..inputs).for_each(|channel| values[(front + channel) * inputs + channel] = 1.0);
    let data = TensorData::new(values, [channels, inputs, 1, 1]).convert_dtype(like.dtype());
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

fn geometry(stride: usize) -> Geometry {
    Geometry { stride, padding: 0 }
}

/// `[B, C, H, W]` → `[B, channels, ⌈H / stride⌉, ⌈W / stride⌉]`.
pub(super) fn subsample(x: &Tensor<4>, channels: usize, stride: usize) -> Tensor<4> {
    conv::convolve(&[(x, &kernel(channels, x, x.dims()[1]))], geometry(stride))
}

/// `x̄` from `ȳ`; `x` tells the shape.
pub(super) fn gradient(y_bar: &Tensor<4>, x: &Tensor<4>, stride: usize) -> Tensor<4> {
    let [_, channels, ..] = y_bar.dims();
    conv::input_gradient(&[(y_bar, &kernel(channels, y_bar, x.dims()[1]))], x, geometry(stride))
}

#[cfg(test)]
mod tests {
    use burn_tensor::{DType, Device};

    use super::*;

    #[test]
    fn it_is_what_pytorchs_slicing_and_padding_give_and_its_gradient_the_transpose() {
        // F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 1)) of two channels of three rows of five.
        let device = Device::flex();
        let like = (&device, DType::F64);
        let x = Tensor::<4>::from_data(TensorData::new((0..30).map(f64::from).collect(), [1, 2, 3, 5]), like);
        let y = subsample(&x, 4, 2);
        assert_eq!(y.dims(), [1, 4, 2, 3]);
        let mut expected = vec![0.0; 6];
        expected.extend([0.0, 2.0, 4.0, 10.0, 12.0, 14.0, 15.0, 17.0, 19.0, 25.0, 27.0, 29.0]);
        expected.extend([0.0; 6]);
        assert_eq!(y.clone().into_data().try_to_vec::<f64>().unwrap(), expected);
        // ⟨ȳ, A x⟩ = ⟨Aᵀ ȳ, x⟩, in whole numbers.
        let y_bar = Tensor::<4>::from_data(
            TensorData::new((0..24).map(|n| f64::from(n * n % 7)).collect(), [1, 4, 2, 3]),
            like,
        );
        let inner = |a: Tensor<4>, b: Tensor<4>| (a * b).sum().into_data().try_to_vec::<f64>().unwrap()[0];
        assert_eq!(inner(y_bar.clone(), y), inner(gradient(&y_bar, &x, 2), x));
    }
}
