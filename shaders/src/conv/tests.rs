use super::*;
use burn_tensor::{DType, Device, TensorData, Tolerance};

/// Distinct values without structure.
pub(crate) fn values<const D: usize>(shape: [usize; D], phase: f64, device: &Device) -> Tensor<D> {
    let count = shape.iter().product();
    let values: Vec<f64> = (0..count).map(|i| (i as f64 * 1.234 + phase).sin()).collect();
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F64))
}

/// (x, weight, geometry): odd, distinct sizes; strides; a batch that is no multiple of the images per product.
const CASES: [([usize; 4], [usize; 4], Geometry); 6] = [
    ([2, 5, 7, 6], [3, 5, 3, 3], Geometry { stride: 1, padding: 1 }),
    ([3, 2, 9, 7], [4, 2, 3, 3], Geometry { stride: 2, padding: 1 }),
    ([5, 9, 4, 3], [2, 9, 1, 1], Geometry { stride: 1, padding: 0 }),
    ([2, 3, 8, 10], [6, 3, 1, 1], Geometry { stride: 2, padding: 0 }),
    ([7, 11, 2, 2], [5, 11, 3, 3], Geometry { stride: 1, padding: 1 }),
    ([1, 3, 11, 13], [4, 3, 7, 7], Geometry { stride: 2, padding: 3 }),
];

/// Sums of at most 11 · 9 · 143 products of numbers below one, in double precision.
fn tolerance() -> Tolerance<f64> {
    Tolerance::absolute(1e-11)
}

#[test]
fn cpu_agrees_with_burns_convolution() {
    let device = Device::flex();
    for (x_shape, w_shape, geometry) in CASES {
        let (x, w) = (values(x_shape, 0.1, &device), values(w_shape, 0.7, &device));
        let (x2, w2) = (values(x_shape, 2.0, &device), values(w_shape, 3.0, &device));
        let forward = [(&x, &w), (&x2, &w2)];
        let y = convolve(&forward, geometry);
        y.to_data().assert_approx_eq::<f64>(&reference::convolve(&forward, geometry).to_data(), tolerance());

        let (y, y2) = (values(y.dims(), 0.3, &device), values(y.dims(), 5.0, &device));
        let back = [(&y, &w), (&y2, &w2)];
        input_gradient(&back, &x, geometry)
            .to_data()
            .assert_approx_eq::<f64>(&reference::input_gradient(&back, &x, geometry).to_data(), tolerance());
        let correlate = [(&x, &y), (&x2, &y2)];
        weight_gradient(&correlate, &w, geometry)
            .to_data()
            .assert_approx_eq::<f64>(&reference::weight_gradient(&correlate, &w, geometry).to_data(), tolerance());
    }
}

/// ⟨ȳ, W ∗ x⟩ = ⟨x̄, x⟩ = ⟨W̄, W⟩: the gradients are the adjoints of the value, whatever computes it.
#[test]
fn gradients_are_adjoints() {
    let device = Device::flex();
    for (x_shape, w_shape, geometry) in CASES {
        let (x, w) = (values(x_shape, 0.1, &device), values(w_shape, 0.7, &device));
        let y = convolve(&[(&x, &w)], geometry);
        let y_bar = values(y.dims(), 0.3, &device);
        let dot = |a: Tensor<4>, b: Tensor<4>| (a * b).sum().into_scalar::<f64>();
        let expected = dot(y, y_bar.clone());
        assert!(expected.abs() > 1e-3, "the product is not near zero");
        let by_input = dot(input_gradient(&[(&y_bar, &w)], &x, geometry), x.clone());
        let by_weight = dot(weight_gradient(&[(&x, &y_bar)], &w, geometry), w.clone());
        assert!((by_input - expected).abs() < 1e-9 && (by_weight - expected).abs() < 1e-9);
    }
}
