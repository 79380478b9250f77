//! Every WGSL kernel against its twin of Burn's own operations, on a GPU (or a software adapter), in one run:
//! `cargo run --release -p l2t-tests --example kernels [-- BATCH [WIDTH]]`.
//!
//! Sizes are those of VGG-9 at the given width and batch. Times are the median of three, with the device idle before and
//! after; the first call, which compiles, is given apart.

use std::time::Instant;

use burn_tensor::{Device, Distribution, Tensor};
use l2t_shaders::conv::{Geometry, convolve, input_gradient, reference, weight_gradient};
use l2t_tests::gpu;

const REPEATS: usize = 3;
const PLAIN: Geometry = Geometry { stride: 1, padding: 1 };
/// Channels in, channels out, side of the maps: the convolutions of VGG-9.
const LAYERS: [[usize; 3]; 8] = [
    [3, 64, 32],
    [64, 128, 16],
    [128, 256, 8],
    [256, 256, 8],
    [256, 512, 4],
    [512, 512, 4],
    [512, 512, 2],
    [512, 512, 2],
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let batch: usize = arguments.next().map_or(8, |text| text.parse().expect("BATCH is a number"));
    let width: f64 = arguments.next().map_or(0.25, |text| text.parse().expect("WIDTH is a number"));
    let Some(device) = gpu() else { return println!("no adapter") };
    println!("{}, batch {batch}, width {width}", device.name);
    matrix_product(&device.device);
    for [channels, filters, side] in LAYERS {
        let scaled = |n: usize| if n == 3 { n } else { ((n as f64 * width).round() as usize).max(1) };
        convolution(&device.device, batch, scaled(channels), scaled(filters), side);
    }
}

/// The first call and the median of the others, in seconds.
fn time<T>(device: &Device, work: impl Fn() -> T) -> (f64, f64) {
    let once = || {
        device.sync().expect("the device answers");
        let start = Instant::now();
        let result = work();
        device.sync().expect("the device answers");
        drop(result);
        start.elapsed().as_secs_f64()
    };
    let first = once();
    let mut times: Vec<f64> = (0..REPEATS).map(|_| once()).collect();
    times.sort_by(f64::total_cmp);
    (first, times[REPEATS / 2])
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device)
}

fn matrix_product(device: &Device) {
    let n = 512;
    let (a, b) = (random([n, n], device), random([n, n], device));
    let (first, usual) = time(device, || a.clone().matmul(b.clone()));
    println!("Burn's {n}³ matrix product: {:.2} GFLOP/s (first {:.2} s)", 2e-9 * (n as f64).powi(3) / usual, first);
}

fn convolution(device: &Device, batch: usize, channels: usize, filters: usize, side: usize) {
    let x = random([batch, channels, side, side], device);
    let w = random([filters, channels, 3, 3], device);
    let y = random([batch, filters, side, side], device);
    let work = 2e-9 * (batch * channels * filters * 9 * side * side) as f64;
    let report = |name: &str, own: (f64, f64), twin: (f64, f64)| {
        println!(
            "{name:<16} {channels:>4} → {filters:<4} at {side:>2}²: {:8.2} ms ({:7.2} GFLOP/s), Burn {:8.2} ms, ratio {:5.1}; first {:.2} s, Burn {:.2} s",
            1e3 * own.1,
            work / own.1,
            1e3 * twin.1,
            twin.1 / own.1,
            own.0,
            twin.0
        );
    };
    report(
        "convolve",
        time(device, || convolve(&[(&x, &w)], PLAIN)),
        time(device, || reference::convolve(&[(&x, &w)], PLAIN)),
    );
    report(
        "input gradient",
        time(device, || input_gradient(&[(&y, &w)], &x, PLAIN)),
        time(device, || reference::input_gradient(&[(&y, &w)], &x, PLAIN)),
    );
    report(
        "weight gradient",
        time(device, || weight_gradient(&[(&x, &y)], &w, PLAIN)),
        time(device, || reference::weight_gradient(&[(&x, &y)], &w, PLAIN)),
    );
}
