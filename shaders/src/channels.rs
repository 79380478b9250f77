//! Sums and products over the channels of feature maps: what weighted feature matching is made of.

use burn_tensor::Tensor;

use crate::cpu::{
    Cpu, PlaneShape, Real, by_dtype, channel_sums, lane_sums, map_images_reading, map_planes, vectorised,
};
use crate::gpu::{Arguments, Gpu, Wgsl, allocate, launch, launch_into, tensor};

const MEAN_PRODUCT: Wgsl = Wgsl::new("channel_mean_product", include_str!("../wgsl/channel_mean_product.wgsl"))
    .summing("f32")
    .in_small_groups();
const MEAN: Wgsl =
    Wgsl::new("channel_mean", include_str!("../wgsl/channel_mean.wgsl")).summing("f32").in_small_groups();
const SUM: Wgsl = Wgsl::new("channel_sum", include_str!("../wgsl/channel_sum.wgsl")).summing("f32");

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![MEAN_PRODUCT, MEAN, SUM]
}

/// `f/(HW) Σ_ij d_{bcij} e_{bcij}` for pairs `(d, e)` of maps, `[B, C, H, W]` each of its own size, with the channels of one pair
/// behind those of another: `[B, Σ C]`.
///
/// With `e = d = r − s` this is the mean squared mismatch of each channel; with `e` its derivative, half the derivative
/// of that.
pub fn mean_products(maps: &[(&Tensor<4>, &Tensor<4>)], factor: f64) -> Tensor<2> {
    if let Some(out) = mean_products_on_gpu(maps, factor) {
        return out;
    }
    let operands = maps.iter().map(|(d, e)| Some((Cpu::of(d)?, Cpu::of(e)?))).collect::<Option<Vec<_>>>();
    let Some(operands) = operands else {
        let mean = |(d, e): &(&Tensor<4>, &Tensor<4>)| mean(&((*d).clone() * (*e).clone())) * factor;
        return Tensor::cat(maps.iter().map(mean).collect(), 1);
    };
    by_dtype!(operands[0].0.dtype(), T => {
        let planes = |nth: usize| (operands[nth].0.slice::<T>(), operands[nth].1.slice::<T>());
        side_by_side(&maps.iter().map(|(d, _)| *d).collect::<Vec<_>>(), |nth, shape, b, c| {
            let (d, e) = planes(nth);
            let (d, e) = (shape.plane(d, b, c), shape.plane(e, b, c));
            let [sum] = vectorised!(|| lane_sums(d.len(), |i| [d[i] * e[i]]));
            T::narrow(factor * sum / shape.area as f64)
        })
    })
}

/// `[B, Σ C]` in CPU memory: `of(map, its shape, image, channel)` for the channels of all maps, one map behind another.
fn side_by_side<T: Real>(maps: &[&Tensor<4>], of: impl Fn(usize, PlaneShape, usize, usize) -> T + Sync) -> Tensor<2> {
    let shapes: Vec<PlaneShape> = maps.iter().map(|map| PlaneShape::of(map.dims())).collect();
    let (batch, columns) = (shapes[0].batch, shapes.iter().map(|shape| shape.channels).sum());
    let read = shapes.iter().map(|shape| shape.channels * shape.area).sum();
    let values = map_images_reading(batch, columns, read, |b, out: &mut [T]| {
        let all = shapes.iter().enumerate().flat_map(|(nth, shape)| (0..shape.channels).map(move |c| (nth, *shape, c)));
        out.iter_mut().zip(all).for_each(|(out, (nth, shape, c))| *out = of(nth, shape, b, c));
    });
    Cpu::tensor(values, [batch, columns])
}

/// Runs a kernel that writes a number for every image and channel, once a map, all into one `[B, Σ C]`; its `Sizes` are channels,
/// area, first column, columns, and the factor.
fn columns_on_gpu(kernel: &Wgsl, maps: &[Vec<&Gpu>], shapes: &[[usize; 4]], factor: f64) -> Tensor<2> {
    let columns = shapes.iter().map(|[_, channels, ..]| channels).sum();
    let out = allocate(maps[0][0], &[shapes[0][0], columns]);
    let mut first = 0;
    for (inputs, [batch, channels, height, width]) in maps.iter().zip(shapes) {
        let sizes = [*channels, height * width, first, columns];
        let arguments = Arguments { groups: [*channels, *batch, 1], sizes: &sizes, numbers: &[factor] };
        launch_into(kernel.clone(), inputs, std::slice::from_ref(&out), arguments);
        first += channels;
    }
    tensor(out)
}

fn mean_products_on_gpu(maps: &[(&Tensor<4>, &Tensor<4>)], factor: f64) -> Option<Tensor<2>> {
    let operands: Vec<_> = maps.iter().map(|(d, e)| Some((Gpu::of(d)?, Gpu::of(e)?))).collect::<Option<_>>()?;
    let inputs: Vec<_> = operands.iter().map(|(d, e)| vec![d, e]).collect();
    let shapes: Vec<_> = maps.iter().map(|(d, _)| d.dims()).collect();
    Some(columns_on_gpu(&MEAN_PRODUCT, &inputs, &shapes, factor))
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

/// `p_{bc} = 1/(HW) Σ_ij x_{bcij}`, `[B, C, H, W]` → `[B, C]`: global average pooling. One pixel is its own mean.
pub fn mean(x: &Tensor<4>) -> Tensor<2> {
    match x.dims() {
        [batch, channels, 1, 1] => x.clone().reshape([batch, channels]),
        _ => means(&[x]),
    }
}

/// [`mean`] of several maps, the channels of one behind those of another: `[B, Σ C]`.
pub fn means(maps: &[&Tensor<4>]) -> Tensor<2> {
    if let Some(operands) = maps.iter().map(|x| Gpu::of(*x)).collect::<Option<Vec<_>>>() {
        let inputs: Vec<_> = operands.iter().map(|x| vec![x]).collect();
        let shapes: Vec<_> = maps.iter().map(|x| x.dims()).collect();
        return columns_on_gpu(&MEAN, &inputs, &shapes, 1.0);
    }
    let Some(operands) = maps.iter().map(|x| Cpu::of(*x)).collect::<Option<Vec<_>>>() else {
        let mean = |x: &&Tensor<4>| {
            let [batch, channels, height, width] = x.dims();
            (*x).clone().reshape([batch, channels, height * width]).mean_dim(2).reshape([batch, channels])
        };
        return Tensor::cat(maps.iter().map(mean).collect(), 1);
    };
    by_dtype!(operands[0].dtype(), T => {
        side_by_side(maps, |nth, shape, b, c| {
            let x = shape.plane(operands[nth].slice::<T>(), b, c);
            let [sum] = vectorised!(|| lane_sums(x.len(), |i| [x[i]]));
            T::narrow(sum / shape.area as f64)
        })
    })
}

/// `x̄_{bcij} = p̄_{bc}/(HW)`: the gradient of [`mean`], of the shape of `x`.
pub fn mean_gradient(p_bar: &Tensor<2>, x: &Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    if [height, width] == [1, 1] {
        return p_bar.clone().reshape([batch, channels, 1, 1]);
    }
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
        close(mean_products(&[(&d, &e)], 1.0).to_data(), product.to_data());
        // Another size behind it.
        let other = values([2, 3, 4, 11], 2.2, &device);
        let squared = (other.clone() * other.clone()).mean_dim(3).mean_dim(2).reshape([2, 3]);
        let both = Tensor::cat(vec![product, squared], 1) * 0.7;
        close(mean_products(&[(&d, &e), (&other, &other)], 0.7).to_data(), both.to_data());
        let averages = [&d, &other].map(|x| x.clone().mean_dim(3).mean_dim(2).reshape([2, x.dims()[1] as i32]));
        close(means(&[&d, &other]).to_data(), Tensor::cat(averages.to_vec(), 1).to_data());
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
