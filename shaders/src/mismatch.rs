//! The mismatch of matched features, `d = r + b − resize(S)`, with its mean square: the inner part of weighted feature
//! matching.
//!
//! The channels of `r`, the regressors' output at one target layer, belong to the layer's pairs one after another; each
//! pair has a source feature `S` of its own size. With `D_bc = 1/(HW) Σ_ij d²`:
//!
//! - value: `d` and `D` ([`mismatch`])
//! - gradient of `f Σ_bc (k_bc HW/2) D_bc`: `r̄ = f k d`, `b̄ = Σ_bij r̄` ([`mismatch_gradient`]), and `S̄ = −resizeᵀ(r̄)`
//!   ([`source_gradient`])
//! - tangent: `ḋ = ṙ + ḃ`, `Ḋ = 2/(HW) Σ_ij d ḋ`, by [`crate::channels`]
//! - tangent of the gradient: `r̄̇ = f k ḋ`: [`mismatch_gradient`] again, linear in `d`
//!
//! The source features are the same in every step of an iteration. The CPU resizes them once ([`matched`]); a GPU, whose
//! time goes into memory, samples them where it needs them and never writes them down at another size.

use burn_tensor::Tensor;
use burn_wgpu::CubeTensor;

use crate::gpu::{Arguments, Gpu, Wgsl, allocate, launch, launch_into, places_for, tensor};
use crate::resize::{BILINEAR, resize, resize_gradient};
use crate::{channels, vector};

const MISMATCH: Wgsl =
    Wgsl::new("mismatch", include_str!("../wgsl/mismatch.wgsl")).summing("f32").sharing(BILINEAR).in_small_groups();
const GRADIENT: Wgsl = Wgsl::new("mismatch_gradient", include_str!("../wgsl/mismatch_gradient.wgsl")).summing("f32");

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![with(MISMATCH, 2), GRADIENT]
}

fn with(mut kernel: Wgsl, pairs: usize) -> Wgsl {
    kernel.constants = vec![("places", places_for(pairs) as u32)];
    kernel
}

/// What one target layer is matched with: the source features of its pairs, laid out for their device.
#[derive(Debug, Clone)]
pub struct Matched {
    layout: Layout,
    /// `[C_m, H_m, W_m]` of every pair.
    maps: Vec<[usize; 3]>,
}

#[derive(Debug, Clone)]
enum Layout {
    /// `resize(S)` of the pairs one after another, `[B, Σ C_m, H, W]`.
    Resized(Tensor<4>),
    /// All features of the batch one after another, and where each pair's begins.
    Packed { all: Tensor<1>, offsets: Vec<usize> },
}

/// Lays out a batch's `features` (each `[B, C_m, H_m, W_m]`) for target layers: the size of each with the indices of the
/// features that it is matched with.
pub fn matched(features: &[&Tensor<4>], layers: &[([usize; 2], Vec<usize>)]) -> Vec<Matched> {
    let maps = |indices: &[usize]| -> Vec<[usize; 3]> {
        indices
            .iter()
            .map(|&nth| features[nth].dims())
            .map(|[_, channels, height, width]| [channels, height, width])
            .collect()
    };
    if features.is_empty() || !Gpu::holds(features[0]) {
        let layout = |size: &[usize; 2], indices: &[usize]| {
            let mut parts: Vec<_> = indices.iter().map(|&nth| resize(features[nth], *size)).collect();
            Layout::Resized(if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 1) })
        };
        return layers
            .iter()
            .map(|(size, indices)| Matched { layout: layout(size, indices), maps: maps(indices) })
            .collect();
    }
    let mut begins = vec![0];
    begins.extend(features.iter().scan(0, |end, feature| {
        *end += feature.dims().iter().product::<usize>();
        Some(*end)
    }));
    let flat: Vec<Tensor<1>> = features.iter().map(|&feature| feature.clone().reshape([-1])).collect();
    let all = vector::concatenate(&flat.iter().collect::<Vec<_>>());
    layers
        .iter()
        .map(|(_, indices)| {
            let offsets = indices.iter().map(|&nth| begins[nth]).collect();
            Matched { layout: Layout::Packed { all: all.clone(), offsets }, maps: maps(indices) }
        })
        .collect()
}

/// What the mismatch of one target layer is taken of.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// `r`, `[B, C, H, W]`: the regressors' output without their bias.
    pub regressed: &'a Tensor<4>,
    /// `b`, `[C]`.
    pub bias: &'a Tensor<1>,
    /// S.
    pub matched: &'a Matched,
}

/// `d = r + b − resize(S)` of every target layer, `[B, C, H, W]` each, and `D`, with the channels of one layer behind those of another,
/// `[B, Σ C]`.
///
/// # Panics
/// Where there is no layer.
pub fn mismatch(layers: &[Compared<'_>]) -> (Vec<Tensor<4>>, Tensor<2>) {
    if let Some(found) = mismatch_on_gpu(layers) {
        return found;
    }
    let d = layers.iter().map(|Compared { regressed, bias, matched }| match &matched.layout {
        Layout::Resized(resized) => channels::add_bias(regressed, bias, Some(resized)),
        Layout::Packed { .. } => unreachable!("matched features are on the device of what they are compared with"),
    });
    let d: Vec<_> = d.collect();
    let squared = channels::mean_products(&d.iter().map(|d| (d, d)).collect::<Vec<_>>(), 1.0);
    (d, squared)
}

/// One launch a layer, all of which write into one D.
fn mismatch_on_gpu(layers: &[Compared<'_>]) -> Option<(Vec<Tensor<4>>, Tensor<2>)> {
    let first = layers.first().expect("at least one layer is matched").regressed;
    let columns = layers.iter().map(|layer| layer.regressed.dims()[1]).sum();
    let squared = allocate(&Gpu::of(first)?, &[first.dims()[0], columns]);
    let mut at = 0;
    let d = layers.iter().map(|layer| {
        at += layer.regressed.dims()[1];
        let columns = [at - layer.regressed.dims()[1], columns];
        layer_on_gpu(*layer, &squared, columns)
    });
    Some((d.collect::<Option<_>>()?, tensor(squared)))
}

/// d of one layer; its D goes into `squared` from the first of the two columns on, of as many as the second says.
fn layer_on_gpu(layer: Compared<'_>, squared: &CubeTensor, columns: [usize; 2]) -> Option<Tensor<4>> {
    let Compared { regressed, bias, matched } = layer;
    let Layout::Packed { all, offsets } = &matched.layout else { return None };
    let dims = regressed.dims();
    let [batch, channels, height, width] = dims;
    let inputs = [Gpu::of(regressed)?, Gpu::of(bias)?, Gpu::of(all)?];
    let (count, places) = (matched.maps.len(), places_for(matched.maps.len()));
    let kernel = with(MISMATCH, count);
    let mut sizes = vec![channels, height, width, count, columns[0], columns[1], 0, 0];
    sizes.extend(offsets.iter().flat_map(|&offset| [offset, 0, 0, 0]));
    sizes.resize(8 + 4 * places, 0);
    let mut first = 0;
    for [channels, height, width] in &matched.maps {
        sizes.extend([first, *channels, *height, *width]);
        first += channels;
    }
    sizes.resize(8 + 8 * places, 0);
    assert_eq!(first, channels, "the pairs' channels make up those of the regressors");
    let d = allocate(&inputs[0], &dims);
    let arguments = Arguments { groups: [channels, batch, 1], sizes: &sizes, ..Arguments::default() };
    launch_into(kernel, &[&inputs[0], &inputs[1], &inputs[2]], &[d.clone(), squared.clone()], arguments);
    Some(tensor(d))
}

/// `r̄ = f k d`, `[B, C, H, W]`, and `b̄ = Σ_bij r̄`, `[C]`, from `d` and the columns of `k`, `[B, N]`, from `first` on.
pub fn mismatch_gradient(d: &Tensor<4>, k: &Tensor<2>, first: usize, factor: f64) -> (Tensor<4>, Tensor<1>) {
    let dims = d.dims();
    let [batch, channels, height, width] = dims;
    if let (Some(left), Some(right)) = (Gpu::of(d), Gpu::of(k)) {
        let sizes = [batch, channels, height * width, first, k.dims()[1]];
        let arguments = Arguments { groups: [channels, 1, 1], sizes: &sizes, numbers: &[factor] };
        let [r_bar, bias_bar] = launch(GRADIENT, &[&left, &right], [&dims, &[channels]], arguments);
        return (tensor(r_bar), tensor(bias_bar));
    }
    let r_bar = channels::scale(d, &(k.clone().narrow(1, first, channels) * factor));
    let bias_bar = channels::sum(&r_bar);
    (r_bar, bias_bar)
}

/// `S̄ = −resizeᵀ(r̄)` of every pair, each `[B, C_m, H_m, W_m]`.
pub fn source_gradient(r_bar: &Tensor<4>, matched: &Matched) -> Vec<Tensor<4>> {
    let mut first = 0;
    let gradient = |&[channels, height, width]: &[usize; 3]| {
        let part = r_bar.clone().narrow(1, first, channels);
        first += channels;
        -resize_gradient(&part, [height, width])
    };
    matched.maps.iter().map(gradient).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::tests::values;
    use burn_tensor::{Device, Tolerance};

    const SIZE: [usize; 2] = [7, 6];

    /// `½ Σ k_bc Σ_ij (r + b − resize(S))²` by Burn's operations, with the features resized one by one.
    fn half_weighted_sum(r: &Tensor<4>, bias: &Tensor<1>, features: [&Tensor<4>; 2], k: &Tensor<2>) -> f64 {
        let resized = Tensor::cat(features.map(|s| resize(s, SIZE)).to_vec(), 1);
        let d = r.clone() + bias.clone().reshape([1, 5, 1, 1]) - resized;
        (d.clone() * d * k.clone().reshape([2, 5, 1, 1])).sum().into_scalar::<f64>() / 2.0
    }

    #[test]
    fn gradients_agree_with_central_differences_for_every_argument() {
        let device = Device::flex();
        let (r, bias, k) =
            (values([2, 5, 7, 6], 0.1, &device), values([5], 0.5, &device), values([2, 5], 0.7, &device));
        // One feature is enlarged, one is made smaller.
        let (small, large) = (values([2, 2, 3, 4], 1.3, &device), values([2, 3, 11, 9], 2.3, &device));
        let matched = matched(&[&small, &large], &[(SIZE, vec![0, 1])]).remove(0);
        let compared = Compared { regressed: &r, bias: &bias, matched: &matched };
        let (d, squared) = mismatch(&[compared, compared]);
        // The second layer's stand behind those of the first.
        squared.clone().narrow(1, 5, 5).to_data().assert_eq(&squared.clone().narrow(1, 0, 5).to_data(), true);
        let (d, squared) = (d[0].clone(), squared.narrow(1, 0, 5));
        let area = 42.0;
        let value = (squared * k.clone()).sum().into_scalar::<f64>() * area / 2.0;
        assert!((value - half_weighted_sum(&r, &bias, [&small, &large], &k)).abs() < 1e-12);

        let (r_bar, bias_bar) = mismatch_gradient(&d, &Tensor::cat(vec![k.clone() * 3.0, k.clone() / 0.7], 1), 5, 0.7);
        let source_bars = source_gradient(&r_bar, &matched);
        // The function is quadratic, so central differences are exact but for rounding: 1e-16/1e-3 of values near 10.
        let (step, tolerance) = (1e-3, 1e-10);
        let along = |bar: f64, moved: &dyn Fn(f64) -> f64| {
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            assert!(bar.abs() > 1e-3 && (bar - difference).abs() < tolerance, "{bar} {difference}");
        };
        let (u, v) = (values([2, 5, 7, 6], 4.0, &device), values([5], 5.0, &device));
        let dot = |bar: Tensor<4>, u: &Tensor<4>| (bar * u.clone()).sum().into_scalar::<f64>();
        along(dot(r_bar, &u), &|t| half_weighted_sum(&(r.clone() + u.clone() * t), &bias, [&small, &large], &k));
        along((bias_bar * v.clone()).sum().into_scalar::<f64>(), &|t| {
            half_weighted_sum(&r, &(bias.clone() + v.clone() * t), [&small, &large], &k)
        });
        let (s, l) = (values([2, 2, 3, 4], 6.0, &device), values([2, 3, 11, 9], 7.0, &device));
        along(dot(source_bars[0].clone(), &s), &|t| {
            half_weighted_sum(&r, &bias, [&(small.clone() + s.clone() * t), &large], &k)
        });
        along(dot(source_bars[1].clone(), &l), &|t| {
            half_weighted_sum(&r, &bias, [&small, &(large.clone() + l.clone() * t)], &k)
        });
    }

    #[test]
    fn one_feature_of_the_same_size_is_subtracted_as_it_is() {
        let device = Device::flex();
        let (r, s, bias) =
            (values([2, 3, 4, 5], 0.1, &device), values([2, 3, 4, 5], 0.9, &device), values([3], 0.3, &device));
        let matched = matched(&[&s], &[([4, 5], vec![0])]).remove(0);
        let (d, _) = mismatch(&[Compared { regressed: &r, bias: &bias, matched: &matched }]);
        let expected = r + bias.reshape([1, 3, 1, 1]) - s;
        d[0].to_data().assert_approx_eq::<f64>(&expected.to_data(), Tolerance::absolute(1e-15));
    }
}
