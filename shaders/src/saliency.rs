//! Saliency maps: from the gradient of a loss in the image to what is laid over the image.
//!
//! Nothing here is differentiated. Each operation but the difference, where a
//! kernel gained nothing, is one WGSL kernel on a GPU; elsewhere its twin by Burn's operations.

use burn_tensor::{Int, Tensor, TensorData};

use crate::gpu::{Arguments, Gpu, MOST_GROUPS, WORKGROUP, Wgsl, launch, launch_elementwise, tensor};

const STRENGTH: Wgsl = Wgsl::new("saliency_strength", include_str!("../wgsl/saliency_strength.wgsl"));
const NORMALISE: Wgsl = Wgsl::new("saliency_normalise", include_str!("../wgsl/saliency_normalise.wgsl")).summing("f32");
const OVERLAY: Wgsl = Wgsl::new("saliency_overlay", include_str!("../wgsl/saliency_overlay.wgsl")).sharing(LAID_OVER);

/// What a pixel of an overlay is, for the kernel and for what is drawn.
const LAID_OVER: &str = include_str!("../wgsl/shared/overlay.wgsl");

/// The WGSL that draws [`overlay`] on a screen instead of computing it: entry points `corner` (three vertices) and `pixel`.
/// Bindings of group 0: images `[B, 3, H, W]`, maps `[B, H, W]`, colours `[K, 3]` (storage, `f32`, 0…1), and a uniform of
/// W, H, the image's place in the batch, K (`u32`), α (`f32`).
pub fn drawn_overlay() -> String {
    [LAID_OVER, include_str!("../wgsl/drawn/overlay.wgsl")].concat()
}

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![STRENGTH, NORMALISE, OVERLAY]
}

/// Grey from red, green and blue: ITU-R BT.601.
const GREY: [f64; 3] = [0.299, 0.587, 0.114];

/// `M_bij = max_c |g_bcij|`, `[B, C, H, W]` → `[B, H, W]`: the strength of a gradient over the colours.
pub fn strength(gradient: &Tensor<4>) -> Tensor<3> {
    let [batch, channels, height, width] = gradient.dims();
    let Some(values) = Gpu::of(gradient) else {
        return gradient.clone().abs().max_dim(1).reshape([batch, height, width]);
    };
    let [out] = launch_elementwise(STRENGTH, &[&values], [&[batch, height, width]], &[channels, height * width], &[]);
    tensor(out)
}

/// Each map (`[B, H, W]`, none negative) clipped and scaled to 0…1, and where it was clipped, `[B]`:
/// `min(m / τ, 1)` with τ the least value of the map such that values up to it make up the share `clip` of the map's
/// sum. A map that is zero everywhere stays so, with τ = 0.
///
/// This is captum's clip of outliers (`visualization._cumulative_sum_threshold`; its 2 % are `clip` = 0.98). τ is exact
/// but where a partial sum differs from `clip` times the whole by less than the rounding of the sums: then it may be the
/// neighbouring value.
pub fn normalise(m: &Tensor<3>, clip: f64) -> (Tensor<3>, Tensor<1>) {
    let [batch, height, width] = m.dims();
    let area = height * width;
    if let Some(values) = Gpu::of(m) {
        // Images along x: at most 65,535, far more than fit the memory of a forward pass.
        let shapes: [&[usize]; 2] = [&[batch, height, width], &[batch]];
        let arguments = Arguments { groups: [batch, 1, 1], sizes: &[area], numbers: &[clip] };
        let [out, threshold] = launch(NORMALISE, &[&values], shapes, arguments);
        return (tensor(out), tensor(threshold));
    }
    let sorted = m.clone().reshape([batch, area]).sort(1);
    let sums = sorted.clone().cumsum(1);
    let wanted = sums.clone().narrow(1, area - 1, 1) * clip;
    let threshold = sorted.mask_fill(sums.lower(wanted.expand([batch, area])), f64::MAX).min_dim(1);
    // A map of zeros is divided by one.
    let divisor = threshold.clone().mask_fill(threshold.clone().equal_elem(0.0), 1.0);
    let out = (m.clone() / divisor.reshape([batch, 1, 1])).clamp_max(1.0);
    (out, threshold.reshape([batch]))
}

/// The positive and the negative part of `a − b`: `(max(a − b, 0), max(b − a, 0))`.
pub fn difference(a: &Tensor<3>, b: &Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let difference = a.clone() - b.clone();
    (difference.clone().clamp_min(0.0), difference.neg().clamp_min(0.0))
}

/// Maps (`[B, H, W]`, 0…1; beyond, the nearest) in colours over their images turned grey (`[B, 3, H, W]`, 0…1):
/// `(1 − α) grey + α colour(m)`, as red, green, blue and opacity 1 of every pixel, `[B, H, W, 4]`, 0…1.
///
/// `colours` are the colours at m = 0, …, 1 at even steps, `[K, 3]`; between them the mix.
///
/// # Panics
/// When there are fewer than two colours.
pub fn overlay(image: &Tensor<4>, m: &Tensor<3>, colours: &Tensor<2>, alpha: f64) -> Tensor<4> {
    let [batch, height, width] = m.dims();
    let [steps, _] = colours.dims();
    assert!(steps >= 2, "a colour map has two colours at least");
    let Some(inputs) = Gpu::of(image).zip(Gpu::of(m)).zip(Gpu::of(colours)) else {
        return overlay_twin(image, m, colours, alpha);
    };
    let ((image, values), table) = inputs;
    let shape = [batch, height, width, 4];
    let [out] = launch(
        OVERLAY,
        &[&image, &values, &table],
        [&shape],
        Arguments {
            groups: [(batch * height * width).div_ceil(WORKGROUP as usize).min(MOST_GROUPS), 1, 1],
            sizes: &[height * width, batch * height * width, steps],
            numbers: &[alpha],
        },
    );
    tensor(out)
}

fn overlay_twin(image: &Tensor<4>, m: &Tensor<3>, colours: &Tensor<2>, alpha: f64) -> Tensor<4> {
    let [batch, height, width] = m.dims();
    let ([steps, _], pixels) = (colours.dims(), batch * height * width);
    let weights: Tensor<1> = Tensor::from_data(TensorData::new(GREY.to_vec(), [3]), (&m.device(), m.dtype()));
    let grey = (image.clone() * weights.reshape([1, 3, 1, 1])).sum_dim(1).reshape([pixels, 1]);
    let place = m.clone().clamp(0.0, 1.0).reshape([pixels]) * (steps - 1) as f64;
    let below = place.clone().floor().clamp_max((steps - 2) as f64);
    let share = (place - below.clone()).reshape([pixels, 1]);
    let row: Tensor<1, Int> = below.int();
    let (lower, upper) = (colours.clone().select(0, row.clone()), colours.clone().select(0, row + 1));
    let over = lower.clone() + (upper - lower) * share;
    let mixed = grey.clone() * (1.0 - alpha) + over * alpha;
    Tensor::cat(vec![mixed, grey.ones_like()], 1).reshape([batch, height, width, 4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::tests::values;
    use burn_tensor::{DType, Device, Tolerance};

    fn data<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), DType::F64))
    }

    fn host<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
        tensor.to_data().iter::<f64>().collect()
    }

    #[test]
    fn the_strongest_colour_counts_whatever_its_sign() {
        let gradient = data(&[0.5, -1.0, -2.0, 0.25, 1.0, -3.0], [1, 3, 1, 2]);
        assert_eq!(host(&strength(&gradient)), [2.0, 3.0]);
    }

    /// By hand from captum's `_cumulative_sum_threshold(np.array([4., 1., 0., 3., 2.]), 80)`: the sorted values
    /// `0 1 2 3 4` have the sums `0 1 3 6 10`, and the first that is at least 80 % of 10 is the last, at the value 4.
    #[test]
    fn the_clip_is_where_the_sorted_sums_reach_the_share() {
        let map = data(&[4.0, 1.0, 0.0, 3.0, 2.0], [1, 1, 5]);
        for (clip, threshold) in [(0.8, 4.0), (0.6, 3.0), (0.59, 3.0), (0.3, 2.0), (1.0, 4.0)] {
            let (normalised, found) = normalise(&map, clip);
            assert_eq!(host(&found), [threshold], "{clip}");
            let expected = [4.0, 1.0, 0.0, 3.0, 2.0].map(|value: f64| (value / threshold).min(1.0));
            assert_eq!(host(&normalised), expected, "{clip}");
        }
    }

    #[test]
    fn every_image_is_normalised_by_itself_and_zeros_stay_zeros() {
        let maps = data(&[1.0, 2.0, 4.0, 0.0, 0.0, 0.0, 10.0, 20.0, 40.0], [3, 3, 1]);
        let (normalised, threshold) = normalise(&maps, 1.0);
        assert_eq!(host(&threshold), [4.0, 0.0, 40.0]);
        assert_eq!(host(&normalised), [0.25, 0.5, 1.0, 0.0, 0.0, 0.0, 0.25, 0.5, 1.0]);
    }

    #[test]
    fn the_two_parts_of_a_difference_give_it_back_and_never_overlap() {
        let device = Device::flex();
        let (a, b) = (values([2, 5, 7], 0.1, &device), values([2, 5, 7], 0.9, &device));
        let (more, less) = difference(&a, &b);
        (more.clone() - less.clone()).to_data().assert_approx_eq::<f64>(&(a - b).to_data(), Tolerance::absolute(0.0));
        assert_eq!((more.clone() * less.clone()).abs().sum().into_scalar::<f64>(), 0.0);
        assert!(host(&more).iter().chain(&host(&less)).all(|value| *value >= 0.0));
    }

    #[test]
    fn the_overlay_mixes_grey_and_colour() {
        // One white and one blue pixel, under a map from black over red to white.
        let image = data(&[1.0, 0.0, 1.0, 0.0, 1.0, 1.0], [1, 3, 1, 2]);
        let map = data(&[0.25, 2.0], [1, 1, 2]);
        let colours = data(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0], [3, 3]);
        let over = |alpha| host(&overlay(&image, &map, &colours, alpha));
        let close = |found: &[f64], expected: &[f64]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15);
        // Grey 1 and 0.114; the map's colours (0.5, 0, 0) and, cut at 1, white.
        let expected = [0.75, 0.5, 0.5, 1.0, 0.557, 0.557, 0.557, 1.0];
        assert!(close(&over(0.5), &expected), "{:?}", over(0.5));
        assert!(close(&over(0.0)[..3], &[1.0; 3]) && close(&over(1.0)[..3], &[0.5, 0.0, 0.0]));
    }
}
