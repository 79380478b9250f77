//! Sums and products over the channels of feature maps: what weighted feature matching is made of.

use burn_tensor::Tensor;

use crate::cpu::{Cpu, PlaneShape, Real, by_dtype, channel_sums, lane_sums, map_images, map_planes, vectorised};
use crate::gpu::{Arguments, Gpu, Wgsl, launch, tensor};

const MEAN_PRODUCT: Wgsl =
    Wgsl::new("channel_mean_product", include_str!("../wgsl/channel_mean_product.wgsl")).summing("f32");
const SUM: Wgsl = Wgsl::new("channel_sum", include_str!("../wgsl/channel_sum.wgsl")).summing("f32");

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![MEAN_PRODUCT, SUM]
}

/// `⟨d, e⟩_{bc} = 1/(HW) Σ_ij d_{bcij} e_{bcij}`, `[B, C, H, W]` × 2 → `[B, C]`.
///
/// With `e = d = r − s` this is the mean squared mismatch of each channel; with `e` its derivative, half the derivative
/// of that.
pub fn mean_product(d: &Tensor<4>, e: &Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = d.dims();
    if let (Some(left), Some(right)) = (Gpu::of(d), Gpu::of(e)) {
        let arguments =
            Arguments { groups: [channels, batch, 1], sizes: &[channels, height * width], ..Arguments::default() };
        let [out] = launch(MEAN_PRODUCT.adding_up(height * width), &[&left, &right], [&[batch, channels]], arguments);
        return tensor(out);
    }
    let (Some(left), Some(right)) = (Cpu::of(d), Cpu::of(e)) else {
        return (d.clone() * e.clone())
            .reshape([batch, channels, height * width])
            .mean_dim(2)
            .reshape([batch, channels]);
    };
    let shape = PlaneShape::of(d.dims());
    by_dtype!(left.dtype(), T => {
        let (d, e) = (left.slice::<T>(), right.slice::<T>());
        let area = shape.area as f64;
        let out = map_images(batch, channels, |b, out: &mut [T]| {
            for (c, out) in out.iter_mut().enumerate() {
                let (d, e) = (shape.plane(d, b, c), shape.plane(e, b, c));
                let [sum] = vectorised!(|| lane_sums(d.len(), |i| [d[i] * e[i]]));
                *out = T::narrow(sum / area);
            }
        });
        Cpu::tensor(out, [batch, channels])
    })
}

/// `y_{bcij} = d_{bcij} k_{bc}`.
pub fn scale(d: &Tensor<4>, k: &Tensor<2>) -> Tensor<4> {
    let [batch, channels, _, _] = d.dims();
    let (Some(left), Some(right)) = (Cpu::of(d), Cpu::of(k)) else {
        return d.clone() * k.clone().reshape([batch, channels, 1, 1]);
    };
    let shape = PlaneShape::of(d.dims());
    by_dtype!(left.dtype(), T => {
        let (values, k) = (left.slice::<T>(), right.slice::<T>());
        let out = map_planes(shape, |b, c, out: &mut [T]| {
            let k = k[b * channels + c];
            let plane = shape.plane(values, b, c);
            vectorised!(|| out.iter_mut().zip(plane).for_each(|(out, &value)| *out = value * k));
        });
        Cpu::tensor(out, d.dims())
    })
}

/// `y_{bcij} = x_{bcij} + v_c [− s_{bcij}]`: a convolution's bias, and the mismatch `r − s` of its output in one pass.
pub fn add_bias(x: &Tensor<4>, v: &Tensor<1>, minus: Option<&Tensor<4>>) -> Tensor<4> {
    let (Some(left), Some(right)) = (Cpu::of(x), Cpu::of(v)) else {
        let y = x.clone() + v.clone().reshape([1, -1, 1, 1]);
        return match minus {
            Some(s) => y - s.clone(),
            None => y,
        };
    };
    let minus = minus.and_then(Cpu::of);
    let shape = PlaneShape::of(x.dims());
    by_dtype!(left.dtype(), T => {
        let (values, v) = (left.slice::<T>(), right.slice::<T>());
        let minus = minus.as_ref().map(|s| s.slice::<T>());
        let out = map_planes(shape, |b, c, out: &mut [T]| {
            let (plane, v) = (shape.plane(values, b, c), v[c]);
            match minus {
                Some(s) => {
                    let minus = shape.plane(s, b, c);
                    vectorised!(|| {
                        out.iter_mut().zip(plane).zip(minus).for_each(|((out, &x), &s)| *out = x + v - s);
                    });
                }
                None => vectorised!(|| out.iter_mut().zip(plane).for_each(|(out, &x)| *out = x + v)),
            }
        });
        Cpu::tensor(out, x.dims())
    })
}

/// `v_c = Σ_{bij} y_{bcij}`, `[B, C, H, W]` → `[C]`: the gradient of [`add_bias`] in its bias.
pub fn sum(y: &Tensor<4>) -> Tensor<1> {
    let [batch, channels, height, width] = y.dims();
    if let Some(y) = Gpu::of(y) {
        let sizes = [batch, channels, height * width];
        let arguments = Arguments { groups: [channels, 1, 1], sizes: &sizes, ..Arguments::default() };
        let [out] = launch(SUM, &[&y], [&[channels]], arguments);
        return tensor(out);
    }
    let Some(values) = Cpu::of(y) else {
        return y.clone().sum_dim(3).sum_dim(2).sum_dim(0).reshape([channels]);
    };
    let shape = PlaneShape::of(y.dims());
    by_dtype!(values.dtype(), T => {
        let values = values.slice::<T>();
        let sums = channel_sums(shape, |b, c| {
            let plane = shape.plane(values, b, c);
            vectorised!(|| lane_sums(plane.len(), |i| [plane[i]]))
        });
        Cpu::tensor(sums.into_iter().map(|[sum]| T::narrow(sum)).collect(), [channels])
    })
}

/// `p_{bc} = 1/(HW) Σ_ij x_{bcij}`, `[B, C, H, W]` → `[B, C]`: global average pooling.
pub fn mean(x: &Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = x.dims();
    x.clone().reshape([batch, channels, height * width]).mean_dim(2).reshape([batch, channels])
}

/// `x̄_{bcij} = p̄_{bc}/(HW)`: the gradient of [`mean`], of the shape of `x`.
pub fn mean_gradient(p_bar: &Tensor<2>, x: &Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    (p_bar.clone() / (height * width) as f64).reshape([batch, channels, 1, 1]).expand([batch, channels, height, width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::tests::values;
    use burn_tensor::{Device, Tolerance};

    #[test]
    fn cpu_agrees_with_burns_operations() {
        let (device, dims) = (Device::flex(), [2, 5, 7, 6]);
        let (d, e) = (values(dims, 0.1, &device), values(dims, 0.9, &device));
        let (k, v) = (values([2, 5], 0.3, &device), values([5], 0.8, &device));
        let close = |a: burn_tensor::TensorData, b: burn_tensor::TensorData| {
            // Sums of 42 to 84 products of numbers below one, in double precision.
            a.assert_approx_eq::<f64>(&b, Tolerance::absolute(1e-13));
        };
        let product = (d.clone() * e.clone()).mean_dim(3).mean_dim(2).reshape([2, 5]);
        close(mean_product(&d, &e).to_data(), product.to_data());
        close(scale(&d, &k).to_data(), (d.clone() * k.reshape([2, 5, 1, 1])).to_data());
        let biased = d.clone() + v.clone().reshape([1, 5, 1, 1]);
        close(add_bias(&d, &v, None).to_data(), biased.to_data());
        close(add_bias(&d, &v, Some(&e)).to_data(), (biased - e.clone()).to_data());
        close(sum(&d).to_data(), d.clone().sum_dim(3).sum_dim(2).sum_dim(0).reshape([5]).to_data());
        let p_bar = values([2, 5], 1.7, &device);
        let left = (mean(&d) * p_bar.clone()).sum().into_scalar::<f64>();
        let right = (mean_gradient(&p_bar, &d) * d).sum().into_scalar::<f64>();
        assert!(left.abs() > 1e-3 && (left - right).abs() < 1e-13);
    }
}
