//! Cross-entropy of logits with labels, with its gradient.
//!
//! - value: `L = −1/B Σ_bk y_bk log p_bk` with `p = softmax(z)`
//! - gradient: `z̄ = (p − y) / B`, where the labels of every image add up to one
//! - tangent of the gradient: `z̄̇ = p (ż − Σ_k p_k ż_k) / B`, which is [`crate::segments::softmax_gradient`] with one segment

use burn_tensor::Tensor;
use burn_tensor::activation::log_softmax;

use crate::cpu::{Cpu, Real, by_dtype, zeros};
use crate::gpu::{Arguments, Gpu, Wgsl, launch, tensor};
use crate::segments::{Segments, softmax_gradient};

const CROSS_ENTROPY: Wgsl = Wgsl::new("cross_entropy", include_str!("../wgsl/cross_entropy.wgsl")).summing("f32");

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![CROSS_ENTROPY]
}

/// [`cross_entropy`] of a batch.
#[derive(Debug, Clone)]
pub struct CrossEntropy {
    /// L, `[1]`.
    pub loss: Tensor<1>,
    /// p, `[B, K]`.
    pub probabilities: Tensor<2>,
    /// z̄, `[B, K]`.
    pub z_bar: Tensor<2>,
}

/// L, p and z̄ from logits `z` and labels `y`, `[B, K]` each; the labels of an image are none below zero and add up to one.
pub fn cross_entropy(z: &Tensor<2>, y: &Tensor<2>) -> CrossEntropy {
    let [batch, classes] = z.dims();
    if let (Some(left), Some(right)) = (Gpu::of(z), Gpu::of(y)) {
        let arguments = Arguments { groups: [1; 3], sizes: &[batch, classes], ..Arguments::default() };
        let outputs: [&[usize]; 3] = [&[batch, classes], &[batch, classes], &[1]];
        let [p, z_bar, loss] = launch(CROSS_ENTROPY, &[&left, &right], outputs, arguments);
        return CrossEntropy { loss: tensor(loss), probabilities: tensor(p), z_bar: tensor(z_bar) };
    }
    let (Some(left), Some(right)) = (Cpu::of(z), Cpu::of(y)) else { return reference(z, y) };
    by_dtype!(left.dtype(), T => {
        let (z, y) = (left.slice::<T>(), right.slice::<T>());
        let (mut p, mut z_bar) = (zeros::<T>(z.len()), zeros::<T>(z.len()));
        let mut loss = 0.0;
        for image in (0..z.len()).step_by(classes.max(1)) {
            let row = image..image + classes;
            let highest = z[row.clone()].iter().map(|z| z.wide()).fold(f64::NEG_INFINITY, f64::max);
            let log_sum = highest + z[row.clone()].iter().map(|z| (z.wide() - highest).exp()).sum::<f64>().ln();
            for at in row {
                let log_p = z[at].wide() - log_sum;
                loss -= y[at].wide() * log_p;
                p[at] = T::narrow(log_p.exp());
                z_bar[at] = T::narrow((log_p.exp() - y[at].wide()) / batch as f64);
            }
        }
        let shape = [batch, classes];
        let loss = Cpu::tensor(vec![T::narrow(loss / batch as f64)], [1]);
        CrossEntropy { loss, probabilities: Cpu::tensor(p, shape), z_bar: Cpu::tensor(z_bar, shape) }
    })
}

/// z̄̇ from p and ż, `[B, K]` each.
pub fn gradient_tangent(probabilities: &Tensor<2>, z_dot: &Tensor<2>) -> Tensor<2> {
    let [batch, classes] = z_dot.dims();
    softmax_gradient(probabilities, z_dot, &Segments::consecutive(&[classes]), 1.0 / batch as f64)
}

/// By Burn's operations.
fn reference(z: &Tensor<2>, y: &Tensor<2>) -> CrossEntropy {
    let batch = z.dims()[0] as f64;
    let log_p = log_softmax(z.clone(), 1);
    let probabilities = log_p.clone().exp();
    let z_bar = (probabilities.clone() - y.clone()) / batch;
    CrossEntropy { loss: (log_p * y.clone()).sum() / -batch, probabilities, z_bar }
}

#[cfg(test)]
mod tests {
    use burn_tensor::{Device, TensorData, Tolerance};

    use super::*;
    use crate::conv::tests::values;

    /// Five images of seven classes, the labels of two of them divided among classes.
    fn labels(device: &Device) -> Tensor<2> {
        let mut y = vec![0.0; 35];
        for (at, share) in [(3, 1.0), (7, 0.25), (9, 0.75), (20, 1.0), (21, 1.0), (30, 0.5), (31, 0.5)] {
            y[at] = share;
        }
        Tensor::from_data(TensorData::new(y, [5, 7]), (device, burn_tensor::DType::F64))
    }

    #[test]
    fn agrees_with_burns_operations_and_with_differences() {
        let device = Device::flex();
        let (z, y, u) = (values([5, 7], 0.2, &device) * 4.0, labels(&device), values([5, 7], 1.2, &device));
        let (found, expected) = (cross_entropy(&z, &y), reference(&z, &y));
        let close = |a: TensorData, b: TensorData| a.assert_approx_eq::<f64>(&b, Tolerance::absolute(1e-14));
        close(found.loss.to_data(), expected.loss.to_data());
        close(found.probabilities.to_data(), expected.probabilities.to_data());
        close(found.z_bar.to_data(), expected.z_bar.to_data());

        let step = 1e-5;
        let at = |t: f64| cross_entropy(&(z.clone() + u.clone() * t), &y);
        let (plus, minus) = (at(step), at(-step));
        let slope = (plus.loss - minus.loss).into_scalar::<f64>() / (2.0 * step);
        let along = (found.z_bar * u.clone()).sum().into_scalar::<f64>();
        // step² and 1e-16/step are both about 1e-10.
        assert!(along.abs() > 1e-3 && (along - slope).abs() < 1e-9, "{along} {slope}");
        let expected = (plus.z_bar - minus.z_bar) / (2.0 * step);
        let tangent = gradient_tangent(&found.probabilities, &u);
        tangent.to_data().assert_approx_eq::<f64>(&expected.to_data(), Tolerance::absolute(1e-9));
    }

    /// exp(1000) is no number, and log 0 none either: the loss of a label that was all but ruled out is that many nats.
    #[test]
    fn is_finite_where_a_class_is_ruled_out() {
        let device = Device::flex();
        let of = |values: [f64; 2]| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), [1, 2]), (&device, burn_tensor::DType::F64))
        };
        let found = cross_entropy(&of([1000.0, 0.0]), &of([0.0, 1.0]));
        assert_eq!(found.loss.into_scalar::<f64>(), 1000.0);
        assert_eq!(found.z_bar.to_data().try_to_vec::<f64>().unwrap(), [1.0, -1.0]);
    }
}
