//! Many small linear layers at once, whose weights lie in one vector: `y_k = W_k x_k + b_k` for every image, where `x_k` and `y_k` are
//! ranges of columns of `x`, `[B, M]`, and of `y`, `[B, N]`.
//!
//! - value: [`values`]
//! - gradient: `W̄_k = Σ_b ȳ_k x_kᵀ`, `b̄_k = Σ_b ȳ_k`, at their places in a vector ([`gradient`])
//!
//! `x` is a constant to whoever asks, so there is no gradient in it, and no tangent.

use std::ops::Range;

use burn_tensor::Tensor;

use crate::cpu::{Cpu, Real, by_dtype, lane_sums, map_images_reading, zeros};
use crate::gpu::{Arguments, Gpu, MOST_GROUPS, WORKGROUP, Wgsl, launch, launch_into, places_for, tensor, zeros_on_gpu};

const LAYER: &str = include_str!("../wgsl/shared/layer.wgsl");
const VALUES: Wgsl = Wgsl::new("linears", include_str!("../wgsl/linears.wgsl")).sharing(LAYER);
const GRADIENT: Wgsl = Wgsl::new("linears_gradient", include_str!("../wgsl/linears_gradient.wgsl")).sharing(LAYER);

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    [VALUES, GRADIENT].map(|kernel| with(kernel, 2)).to_vec()
}

fn with(mut kernel: Wgsl, layers: usize) -> Wgsl {
    kernel.constants = vec![("places", places_for(layers) as u32)];
    kernel
}

/// As the kernels read them.
fn sizes(first: [usize; 4], layers: &[Linear]) -> Vec<usize> {
    let mut sizes: Vec<usize> = first.into_iter().chain(layers.iter().flat_map(Linear::sizes)).collect();
    sizes.resize(4 + 8 * places_for(layers.len()), 0);
    sizes
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linear {
    /// Where `W`, `[outputs, inputs]`, begins in the vector.
    pub weight: usize,
    /// Where `b`, `[outputs]`, begins in the vector.
    pub bias: usize,
    /// Columns of `x` that it reads.
    pub inputs: Range<usize>,
    /// Columns of `y` that it writes.
    pub outputs: Range<usize>,
}

impl Linear {
    fn sizes(&self) -> [usize; 8] {
        let (inputs, outputs) = (&self.inputs, &self.outputs);
        [inputs.start, inputs.len(), outputs.start, outputs.len(), self.weight, self.bias, 0, 0]
    }
}

/// Columns that the layers write.
fn columns(layers: &[Linear]) -> usize {
    layers.iter().map(|layer| layer.outputs.end).max().unwrap_or(0)
}

/// `y`, `[B, N]`, from `x`, `[B, M]`, where the weights lie in `parameters`. Every column of `y` is written by one layer.
pub fn values(parameters: &Tensor<1>, x: &Tensor<2>, layers: &[Linear]) -> Tensor<2> {
    let [batch, inputs] = x.dims();
    let outputs = columns(layers);
    if let (Some(left), Some(right)) = (Gpu::of(parameters), Gpu::of(x)) {
        let most = layers.iter().map(|layer| layer.outputs.len()).max().unwrap_or(0);
        let groups = [most.div_ceil(WORKGROUP as usize), layers.len(), batch];
        let sizes = sizes([inputs, outputs, 0, 0], layers);
        let arguments = Arguments { groups, sizes: &sizes, ..Arguments::default() };
        let [y] = launch(with(VALUES, layers.len()), &[&left, &right], [&[batch, outputs]], arguments);
        return tensor(y);
    }
    let (Some(left), Some(right)) = (Cpu::of(parameters), Cpu::of(x)) else {
        return reference(parameters, x, layers);
    };
    by_dtype!(left.dtype(), T => {
        let (parameters, x) = (left.slice::<T>(), right.slice::<T>());
        let read = layers.iter().map(|layer| layer.inputs.len() * layer.outputs.len()).sum();
        let y = map_images_reading(batch, outputs, read, |b, y: &mut [T]| {
            let x = &x[b * inputs..][..inputs];
            for layer in layers {
                let x = &x[layer.inputs.clone()];
                for (nth, y) in y[layer.outputs.clone()].iter_mut().enumerate() {
                    let weight = &parameters[layer.weight + nth * x.len()..][..x.len()];
                    let [sum] = lane_sums(x.len(), |i| [weight[i] * x[i]]);
                    *y = T::narrow(sum + parameters[layer.bias + nth].wide());
                }
            }
        });
        Cpu::tensor(y, [batch, outputs])
    })
}

/// A vector of `len` entries with `W̄` and `b̄` of some layers at their places and zeros elsewhere, from `ȳ`, `[B, N]`, of each set of
/// layers and the `x`, `[B, M]`, that all of them read.
pub fn gradient(len: usize, x: &Tensor<2>, sets: &[(&Tensor<2>, &[Linear])]) -> Tensor<1> {
    if let Some(vector) = gradient_on_gpu(len, x, sets) {
        return vector;
    }
    let [batch, inputs] = x.dims();
    let Some(x_values) = Cpu::of(x) else { return reference_gradient(len, x, sets) };
    by_dtype!(x_values.dtype(), T => {
        let x = x_values.slice::<T>();
        let mut out = zeros::<T>(len);
        for (y_bar, layers) in sets {
            let outputs = y_bar.dims()[1];
            let y_bar = Cpu::of(y_bar).expect("cotangents are where the values are");
            let y_bar = y_bar.slice::<T>();
            for (layer, b) in layers.iter().flat_map(|layer| (0..batch).map(move |b| (layer, b))) {
                let x = &x[b * inputs..][layer.inputs.clone()];
                for (nth, &bar) in y_bar[b * outputs..][layer.outputs.clone()].iter().enumerate() {
                    out[layer.bias + nth] += bar;
                    let weight = &mut out[layer.weight + nth * x.len()..][..x.len()];
                    weight.iter_mut().zip(x).for_each(|(weight, &x)| *weight += bar * x);
                }
            }
        }
        Cpu::tensor(out, [len])
    })
}

/// One launch for each set; the entries between them are zeros from before.
fn gradient_on_gpu(len: usize, x: &Tensor<2>, sets: &[(&Tensor<2>, &[Linear])]) -> Option<Tensor<1>> {
    let [batch, inputs] = x.dims();
    let left = Gpu::of(x)?;
    let bars = sets.iter().map(|(y_bar, _)| Gpu::of(*y_bar)).collect::<Option<Vec<_>>>()?;
    let out = zeros_on_gpu(len, x)?;
    for ((y_bar, layers), bars) in sets.iter().zip(&bars) {
        let entries = |layer: &Linear| (layer.inputs.len() + 1) * layer.outputs.len();
        let most = layers.iter().map(entries).max().unwrap_or(0);
        let groups = [most.div_ceil(WORKGROUP as usize).clamp(1, MOST_GROUPS), layers.len(), 1];
        let sizes = sizes([inputs, y_bar.dims()[1], batch, groups[0] * WORKGROUP as usize], layers);
        let arguments = Arguments { groups, sizes: &sizes, ..Arguments::default() };
        launch_into(with(GRADIENT, layers.len()), &[&left, bars], std::slice::from_ref(&out), arguments);
    }
    Some(tensor(out))
}

/// By Burn's operations: `W` and `b` of a layer.
fn entries(parameters: &Tensor<1>, layer: &Linear) -> (Tensor<2>, Tensor<2>) {
    let (inputs, outputs) = (layer.inputs.len(), layer.outputs.len());
    let entry =
        |begin: usize, shape: [usize; 2]| parameters.clone().slice([begin..begin + shape[0] * shape[1]]).reshape(shape);
    (entry(layer.weight, [outputs, inputs]), entry(layer.bias, [1, outputs]))
}

fn reference(parameters: &Tensor<1>, x: &Tensor<2>, layers: &[Linear]) -> Tensor<2> {
    let batch = x.dims()[0];
    let y = Tensor::zeros([batch, columns(layers)], (&x.device(), x.dtype()));
    layers.iter().fold(y, |y, layer| {
        let (weight, bias) = entries(parameters, layer);
        let x = x.clone().slice([0..batch, layer.inputs.clone()]);
        y.slice_assign([0..batch, layer.outputs.clone()], x.matmul(weight.transpose()) + bias)
    })
}

fn reference_gradient(len: usize, x: &Tensor<2>, sets: &[(&Tensor<2>, &[Linear])]) -> Tensor<1> {
    let batch = x.dims()[0];
    let zeros = Tensor::zeros([len], (&x.device(), x.dtype()));
    let all = sets.iter().flat_map(|(y_bar, layers)| layers.iter().map(move |layer| (y_bar, layer)));
    all.fold(zeros, |out, (y_bar, layer)| {
        let x = x.clone().slice([0..batch, layer.inputs.clone()]);
        let y_bar = (*y_bar).clone().slice([0..batch, layer.outputs.clone()]);
        let weights = layer.inputs.len() * layer.outputs.len();
        out.slice_assign([layer.weight..layer.weight + weights], y_bar.clone().transpose().matmul(x).reshape([weights]))
            .slice_assign([layer.bias..layer.bias + layer.outputs.len()], y_bar.sum_dim(0).reshape([-1]))
    })
}

#[cfg(test)]
mod tests {
    use burn_tensor::{Device, Tolerance};

    use super::*;
    use crate::conv::tests::values as sines;

    /// Three layers of other sizes, two of which read the same columns, with gaps between their entries.
    fn layers() -> Vec<Linear> {
        vec![
            Linear { weight: 3, bias: 60, inputs: 0..19, outputs: 4..7 },
            Linear { weight: 70, bias: 65, inputs: 19..24, outputs: 0..4 },
            Linear { weight: 90, bias: 109, inputs: 0..19, outputs: 7..8 },
        ]
    }

    #[test]
    fn agrees_with_burns_operations() {
        let (device, layers) = (Device::flex(), layers());
        let (parameters, x, y_bar) =
            (sines([113], 0.3, &device), sines([5, 24], 0.9, &device), sines([5, 8], 1.7, &device));
        // Sums of at most 19 numbers below one, in another order.
        let tolerance = Tolerance::absolute(1e-13);
        let y = values(&parameters, &x, &layers);
        y.to_data().assert_approx_eq::<f64>(&reference(&parameters, &x, &layers).to_data(), tolerance);
        let sets: [(&Tensor<2>, &[Linear]); 2] = [(&y_bar, &layers[..2]), (&y_bar, &layers[2..])];
        let vector = gradient(113, &x, &sets);
        vector.to_data().assert_approx_eq::<f64>(&reference_gradient(113, &x, &sets).to_data(), tolerance);
        // Linear in its parameters: ⟨ȳ, y(p)⟩ = ⟨p̄, p⟩.
        let left = (y * y_bar).sum().into_scalar::<f64>();
        let right = (vector * parameters).sum().into_scalar::<f64>();
        assert!(left.abs() > 1e-3 && (left - right).abs() < 1e-12, "{left} {right}");
    }
}
