//! Every operation on a GPU in single precision against the same operation on the CPU in double precision, on odd and
//! distinct sizes.
//!
//! Where there is no adapter this says so and checks nothing, unless `L2T_REQUIRE_GPU=1` makes that a failure.

use burn::tensor::{DType, Device, Tensor, TensorData};
use futures_lite::future::block_on;
use l2t_core::network::weights::read;
use l2t_shaders::batch_norm::{Affine, Direction, Moments, evaluate, evaluate_fixed};
use l2t_shaders::conv::{Geometry, convolve, input_gradient, weight_gradient};
use l2t_shaders::max_pool::{Window, gather, max_pool, scatter};
use l2t_shaders::{add_relu, channels, vector};
use l2t_tests::gpu;

/// Single precision with sums of up to 882 terms of order one.
const TOLERANCE: f64 = 2e-5;
const SHAPE: [usize; 4] = [3, 5, 7, 6];

/// A device with the precision that it is to compute in.
struct On<'a>(&'a Device, DType);

impl On<'_> {
    fn values<const D: usize>(&self, shape: [usize; D], phase: f64) -> Tensor<D> {
        let values: Vec<f64> = (0..shape.iter().product()).map(|i| (i as f64 * 1.234 + phase).sin()).collect();
        Tensor::from_data(TensorData::new(values, shape), (self.0, self.1))
    }
}

/// Runs `operation` on both devices and compares all that it gives.
fn compare(gpu: &Device, name: &str, operation: impl Fn(&On<'_>) -> Vec<Vec<f64>>) {
    let expected = operation(&On(&Device::flex(), DType::F64));
    let got = operation(&On(gpu, DType::F32));
    assert_eq!(got.len(), expected.len());
    for (nth, (got, expected)) in got.iter().zip(&expected).enumerate() {
        let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
        let size = norm(&mut expected.iter().copied());
        assert!(size > 1e-2, "{name}[{nth}] is not near zero");
        let error = norm(&mut got.iter().zip(expected).map(|(a, b)| a - b)) / size;
        assert!(error < TOLERANCE, "{name}[{nth}] errs by {error:.1e}");
    }
}

fn host<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    block_on(read(tensor)).expect("the device answers")
}

#[test]
fn every_operation_agrees_with_the_cpu() {
    let Some(device) = gpu() else { return };
    let gpu = &device.device;
    for relu in [false, true] {
        compare(gpu, "batch norm", |on| batch_norm(on, relu));
    }
    compare(gpu, "channels", |on| {
        let (d, e, v) = (on.values(SHAPE, 0.1), on.values(SHAPE, 0.9), on.values([5], 0.4));
        vec![
            host(&channels::mean_product(&d, &e)),
            host(&channels::sum(&d)),
            host(&channels::scale(&d, &on.values([3, 5], 0.2))),
            host(&channels::add_bias(&d, &v, None)),
            host(&channels::add_bias(&d, &v, Some(&e))),
            host(&channels::mean(&d)),
            host(&add_relu::add_relu(&d, &e)),
            host(&add_relu::where_positive(&d, &e)),
        ]
    });
    compare(gpu, "vector", |on| {
        // More than one element for every invocation of a full grid would be 4 million: the stride is tested by size.
        let [x, y, z, w] = [0.1, 0.7, 1.9, 2.3].map(|phase| on.values([1000 + 37], phase));
        vec![
            host(&vector::combine(&[(2.5, &x)])),
            host(&vector::combine(&[(2.5, &x), (-1.0, &y)])),
            host(&vector::combine(&[(2.5, &x), (-1.0, &y), (0.3, &z)])),
            host(&vector::combine(&[(2.5, &x), (-1.0, &y), (0.3, &z), (1.0, &w)])),
            host(&vector::assemble(200, &[(64, on.values([7], 0.3)), (128, on.values([71], 0.5))], &x)),
        ]
    });
    for geometry in [Geometry { stride: 1, padding: 1 }, Geometry { stride: 2, padding: 1 }] {
        compare(gpu, "convolution", |on| convolution(on, geometry));
    }
    compare(gpu, "max pooling", |on| {
        let (window, x) = (Window { size: 2, stride: 2, padding: 0 }, on.values([2, 3, 8, 6], 0.4));
        let (y, places) = max_pool(&x, window);
        let y_bar = on.values(y.dims(), 2.0);
        vec![
            host(&y),
            host(&gather(&on.values([2, 3, 8, 6], 1.4), &places)),
            host(&scatter(&y_bar, &places, &x, window)),
        ]
    });
}

fn batch_norm(on: &On<'_>, relu: bool) -> Vec<Vec<f64>> {
    let affine = |phase: f64| Affine { gamma: on.values([5], phase), beta: on.values([5], phase + 1.0) };
    let (p, p_dot) = (affine(0.5), affine(2.5));
    let (x, x_dot) = (on.values(SHAPE, 0.2), on.values(SHAPE, 1.2));
    let (y_bar, y_bar_dot) = (on.values(SHAPE, 4.2), on.values(SHAPE, 6.2));
    let (at, moments) = evaluate(x.clone(), &p, 1e-5, relu);
    let (x_bar, bar) = at.gradient(&p.gamma, &y_bar);
    let (y_dot, tangent) = at.tangent(&p.gamma, &x_dot, &p_dot);
    let along = Direction { gamma: &p.gamma, gamma_dot: &p_dot.gamma, x_dot: &x_dot, moments: &tangent };
    let (x_bar_dot, bar_dot) = at.gradient_tangent(&along, &y_bar, &y_bar_dot);
    let given = Moments { mean: on.values([5], 0.3), variance: on.values([5], 0.9) + 2.0 };
    let fixed = evaluate_fixed(x, &given, &p, 1e-5, relu);
    let mut out: Vec<Vec<f64>> = [&at.y, &x_bar, &y_dot, &x_bar_dot, &fixed.y].map(host).to_vec();
    out.push(host(&fixed.gradient_fixed(&p.gamma, &y_bar)));
    out.extend([&moments.mean, &moments.variance, &bar.gamma, &bar.beta, &bar_dot.gamma, &bar_dot.beta].map(host));
    out
}

fn convolution(on: &On<'_>, geometry: Geometry) -> Vec<Vec<f64>> {
    let (x, w) = (on.values([2, 5, 7, 6], 0.1), on.values([3, 5, 3, 3], 0.7));
    let (x2, w2) = (on.values([2, 5, 7, 6], 2.0), on.values([3, 5, 3, 3], 3.0));
    let y = convolve(&[(&x, &w), (&x2, &w2)], geometry);
    let (y_bar, y_bar2) = (on.values(y.dims(), 0.3), on.values(y.dims(), 5.0));
    vec![
        host(&y),
        host(&input_gradient(&[(&y_bar, &w), (&y_bar2, &w2)], &x, geometry)),
        host(&weight_gradient(&[(&x, &y_bar), (&x2, &y_bar2)], &w, geometry)),
    ]
}
