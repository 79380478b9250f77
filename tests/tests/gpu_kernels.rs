//! Every operation on a GPU in single precision against the same operation on the CPU in double precision, on odd and
//! distinct sizes.
//!
//! Where there is no adapter this says so and checks nothing, unless `L2T_REQUIRE_GPU=1` makes that a failure.

use std::collections::BTreeSet;
use std::process::Command;

use burn_tensor::{DType, Device, Tensor, TensorData};
use futures_lite::future::block_on;
use l2t_core::network::weights::read;
use l2t_shaders::batch_norm::{
    Affine, Cotangent, Direction, Moments, evaluate, evaluate_chunks, evaluate_fixed, gradient, gradient_tangent,
    tangent,
};
use l2t_shaders::conv::{
    Family, Geometry, LARGEST, Shape, Tile, Tiles, Variant, convolve, convolve_biased, convolve_by, input_gradient,
    input_gradient_by, weight_gradient, weight_gradient_by,
};
use l2t_shaders::linears::Linear;
use l2t_shaders::max_pool::{Window, gather, max_pool, scatter, scatter_plus};
use l2t_shaders::mismatch::{Compared, matched, mismatch, mismatch_gradient, source_gradient};
use l2t_shaders::resize::{resize, resize_gradient};
use l2t_shaders::segments::{Segments, inner, products, softmax, softmax_gradient};
use l2t_shaders::{AdapterClass, adam, add_relu, attention, channels, cross_entropy, linears, saliency, vector};
use l2t_tests::gpu;

/// Single precision with sums of up to some ten thousand terms of order one.
const TOLERANCE: f64 = 2e-5;
const SHAPE: [usize; 4] = [3, 5, 7, 6];
/// More pixels a map than a workgroup has invocations.
const LARGE: [usize; 4] = [2, 5, 23, 19];
/// More elements than a full grid has invocations: some of them take two.
const LONG: usize = (1 << 14) * 256 + 1037;

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

/// Set in a process whose adapter is taken for hardware, whatever it is: what is said of it holds for a process.
const AS_HARDWARE: &str = "L2T_TEST_AS_HARDWARE";

/// Workgroups are larger on hardware, and products are computed by tiles.
#[test]
fn every_operation_agrees_with_the_cpu_as_on_hardware() {
    let mut again = Command::new(std::env::current_exe().expect("this program"));
    let again = again.args(["--exact", "every_operation_agrees_with_the_cpu"]).env(AS_HARDWARE, "1").output();
    let told = String::from_utf8(again.expect("it starts").stdout).expect("text");
    assert!(told.contains("1 passed; 0 failed"), "{told}");
}

#[test]
fn every_operation_agrees_with_the_cpu() {
    if std::env::var_os(AS_HARDWARE).is_some() {
        AdapterClass::Hardware.say();
    }
    let Some(device) = gpu() else { return };
    let gpu = &device.device;
    for shape in [SHAPE, LARGE] {
        for relu in [false, true] {
            compare(gpu, "batch norm", |on| batch_norm(on, shape, relu));
        }
        compare(gpu, "batch norm of chunks", |on| batch_norm_of_chunks(on, shape));
        compare(gpu, "channels", |on| over_channels(on, shape));
        compare(gpu, "attention", |on| {
            let (a, b) = (on.values(shape, 0.1), on.values(shape, 0.9));
            vec![
                host(&attention::map(&a)),
                host(&attention::product(&a, &b)),
                host(&attention::gradient(&a, &on.values([shape[0], shape[2] * shape[3]], 0.5))),
            ]
        });
    }
    compare(gpu, "vector", |on| {
        let [x, y, z, w] = [0.1, 0.7, 1.9, 2.3].map(|phase| on.values([1000 + 37], phase));
        let long = on.values([LONG], 0.3);
        vec![
            host(&vector::combine(&[(2.5, &x)])),
            host(&vector::combine(&[(2.5, &x), (-1.0, &y)])),
            host(&vector::combine(&[(2.5, &x), (-1.0, &y), (0.3, &z)])),
            host(&vector::combine(&[(2.5, &x), (-1.0, &y), (0.3, &z), (1.0, &w)])),
            host(&vector::assemble(200, &[(64, on.values([1, 7], 0.3)), (128, on.values([5, 71], 0.5))], &x)),
            host(&vector::combine(&[(2.5, &long), (-1.0, &on.values([LONG], 0.7))])),
            host(&vector::assemble(LONG + 5, &[(3, long.reshape([1, LONG]))], &x)),
        ]
    });
    compare(gpu, "many pieces", many_pieces);
    compare(gpu, "Adam", adam_steps);
    compare(gpu, "saliency", saliency_maps);
    for (x, w, geometry) in CONVOLUTIONS {
        compare(gpu, &format!("convolution of {x:?} by {w:?}"), |on| convolution(on, x, w, geometry));
    }
    compare(gpu, "small matrices", small_matrices);
    compare(gpu, "mismatch", |on| feature_mismatch(on, [7, 6]));
    compare(gpu, "mismatch", |on| feature_mismatch(on, [23, 19]));
    for (from, to) in [([7, 6], [3, 11]), ([5, 4], [10, 8]), ([16, 9], [2, 3]), ([3, 3], [1, 13])] {
        compare(gpu, "resize", |on| {
            let (x, y_bar) = (on.values([2, 3, from[0], from[1]], 0.1), on.values([2, 3, to[0], to[1]], 0.5));
            vec![host(&resize(&x, to)), host(&resize_gradient(&y_bar, from))]
        });
    }
    for (shape, [size, stride, padding]) in POOLINGS {
        let window = Window { size, stride, padding };
        compare(gpu, &format!("max pooling by {size}/{stride}/{padding} of {shape:?}"), |on| {
            // All below zero, so that padding by zeros would be the maximum at every edge.
            let x = on.values(shape, 0.4) - 2.0;
            let (y, places) = max_pool(&x, window);
            let y_bar = on.values(y.dims(), 2.0);
            let places_read = places.clone().float().flatten::<1>(0, 3);
            vec![
                host(&y),
                host(&places_read),
                host(&gather(&on.values(shape, 1.4), &places)),
                host(&scatter(&y_bar, &places, &x, window)),
                host(&scatter_plus(Some(on.values(shape, 3.1)), &y_bar, &places, &x, window)),
            ]
        });
    }
}

/// The first step and a later one, with rates and without.
fn adam_steps(on: &On<'_>) -> Vec<Vec<f64>> {
    let [phi, first, gradient, rates] = [0.1, 0.7, 1.9, 2.3].map(|phase| on.values([1037], phase));
    let second = on.values([1037], 1.1).abs();
    let rule = |step| adam::Rule { lr: 0.01, betas: (0.9, 0.999), epsilon: 1e-8, weight_decay: 0.2, step };
    let mut out = vec![];
    for (rates, step) in [(None, 1), (Some(&rates), 7)] {
        let vectors = adam::Adam { phi: &phi, first: &first, second: &second, rates };
        out.extend(vectors.step(&gradient, &rule(step)).iter().map(host));
    }
    out
}

/// More pieces than a launch has places for, more buffers than it binds, parts of one buffer, and sums of more terms than it takes.
fn many_pieces(on: &On<'_>) -> Vec<Vec<f64>> {
    let whole = on.values([64 * 40], 0.2);
    let parts: Vec<_> = (0..40).map(|nth| vector::part(&whole, 64 * nth..64 * nth + nth + 1)).collect();
    let others: Vec<_> = (0..11).map(|nth| on.values([3, nth + 1], nth as f64)).collect();
    let pieces = parts.iter().enumerate().map(|(nth, part)| (100 * nth + 5, part.clone().reshape([1, nth + 1])));
    let more = others.iter().enumerate().map(|(nth, rows)| (100 * nth + 60, rows.clone()));
    let mut out = vec![host(&vector::assemble(4500, &pieces.chain(more).collect::<Vec<_>>(), &whole))];
    // An end that is at no multiple of 64, and a beginning that is not either.
    out.extend([host(&vector::part(&whole, 64..75)), host(&vector::part(&whole, 3..75))]);
    let sets: Vec<_> = (0..40).map(|nth| vec![(0.9, &parts[nth]), (-0.3, &parts[nth]), (1.7, &parts[nth])]).collect();
    out.extend(vector::combine_each(&sets).iter().map(host));
    let rows: Vec<_> = others.iter().map(|rows| rows.clone().flatten::<1>(0, 1)).collect();
    let sets: Vec<_> = rows.iter().map(|x| vec![(0.9, x), (1.0, x)]).collect();
    out.extend(vector::combine_each(&sets).iter().map(host));
    let four = vec![(1.0, &rows[4]), (2.0, &rows[4]), (3.0, &rows[4]), (4.0, &rows[4])];
    out.extend(vector::combine_each(&[four, vec![(0.5, &rows[2])]]).iter().map(host));
    out
}

/// Segments of a matrix, cross-entropy, and linear layers in one vector.
fn small_matrices(on: &On<'_>) -> Vec<Vec<f64>> {
    // A segment longer than a workgroup, one of a single column, and not in the order of their columns.
    let segments = Segments::new(vec![5..142, 0..5, 142..143]);
    let [a, e] = [0.1, 0.9].map(|phase| on.values([3, 143], phase));
    let w = softmax(&(a.clone() * 3.0), &segments);
    let (scaled, sums) = products(&a, &e, &on.values([3, 3], 1.7), &segments, 0.3);
    let mut out = vec![host(&w), host(&softmax_gradient(&w, &e, &segments, 0.7)), host(&scaled), host(&sums)];
    out.push(host(&inner(&a, &(e + 0.2))));

    // More images than a workgroup has invocations.
    let y = softmax(&on.values([301, 7], 0.4), &Segments::consecutive(&[7]));
    let found = cross_entropy::cross_entropy(&(on.values([301, 7], 0.2) * 4.0), &y);
    out.push(host(&cross_entropy::gradient_tangent(&found.probabilities, &on.values([301, 7], 1.2))));
    out.extend([host(&found.loss), host(&found.probabilities), host(&found.z_bar)]);

    // The second layer has more outputs than a workgroup has invocations.
    let layers = [
        Linear { weight: 3, bias: 60, inputs: 0..19, outputs: 300..303 },
        Linear { weight: 70, bias: 1600, inputs: 19..24, outputs: 0..300 },
    ];
    let (x, y_bar) = (on.values([5, 24], 0.9), on.values([5, 303], 1.7));
    out.push(host(&linears::values(&on.values([1907], 0.3), &x, &layers)));
    out.push(host(&linears::gradient(1907, &x, &[(&y_bar, &layers[..1]), (&y_bar, &layers[1..])])));
    out
}

/// Shape, and size/stride/padding of the windows: beside each other, overlapping, with gaps, with padding, and on maps that
/// they do not fill.
const POOLINGS: [([usize; 4], [usize; 3]); 7] = [
    ([2, 3, 8, 6], [2, 2, 0]),
    ([3, 2, 7, 5], [2, 2, 0]),
    ([2, 5, 11, 9], [3, 2, 1]),
    ([1, 4, 8, 10], [3, 2, 1]),
    ([2, 3, 6, 7], [3, 1, 1]),
    ([2, 2, 9, 5], [2, 1, 0]),
    ([2, 3, 13, 8], [2, 3, 0]),
];

/// From a gradient to the picture. The clip is a value of the map, found on the GPU by halving and on the CPU by sorting:
/// no sorted sum of these maps is so near the share that rounding could choose the neighbour.
fn saliency_maps(on: &On<'_>) -> Vec<Vec<f64>> {
    let shape = [3, 3, 37, 29];
    let m = saliency::strength(&on.values(shape, 0.1));
    // The second image's map is zero everywhere, and few values of the others are large.
    let lit = Tensor::from_data(TensorData::new(vec![1.0, 0.0, 0.3], [3, 1, 1]), (on.0, on.1));
    let peaked = m.clone() * m.clone() * m.clone() * m.clone() * lit;
    let (normalised, threshold) = saliency::normalise(&peaked, 0.9);
    let (whole, most) = saliency::normalise(&m, 1.0);
    let (more, less) = saliency::difference(&normalised, &(whole.clone() * 0.7));
    let colours = on.values([5, 3], 0.3).abs();
    let (image, alpha) = (on.values(shape, 2.0).abs(), 0.4);
    let over = saliency::overlay(&image, &normalised, &colours, alpha);
    vec![
        host(&m),
        host(&normalised),
        host(&threshold),
        host(&whole),
        host(&most),
        host(&more),
        host(&less),
        host(&over),
    ]
}

fn over_channels(on: &On<'_>, shape: [usize; 4]) -> Vec<Vec<f64>> {
    let (d, e, v) = (on.values(shape, 0.1) + 0.3, on.values(shape, 0.9) - 0.2, on.values([shape[1]], 0.4));
    vec![
        host(&channels::mean_products(&[(&d, &e), (&e, &e)], 0.7)),
        host(&channels::means(&[&d, &e])),
        host(&channels::sum(&d)),
        host(&channels::scale(&d, &on.values([shape[0], shape[1]], 0.2))),
        host(&channels::add_bias(&d, &v, None)),
        host(&channels::add_bias(&d, &v, Some(&e))),
        host(&channels::mean(&d)),
        host(&add_relu::add_relu(&d, &e)),
        host(&add_relu::where_positive(&d, &e)),
        host(&add_relu::where_between(&channels::means(&[&d]), &channels::means(&[&e]), 0.3)),
    ]
}

fn batch_norm(on: &On<'_>, shape: [usize; 4], relu: bool) -> Vec<Vec<f64>> {
    let affine = |phase: f64| Affine { gamma: on.values([5], phase), beta: on.values([5], phase + 1.0) };
    let (p, p_dot) = (affine(0.5), affine(2.5));
    // Not about zero, as the mean of a large map of sines is.
    let (x, x_dot) = (on.values(shape, 0.2) + 0.4, on.values(shape, 1.2) + 0.2);
    let (y_bar, y_bar_dot) = (on.values(shape, 4.2), on.values(shape, 6.2));
    let (at, moments) = evaluate(x.clone(), &p, 1e-5, relu);
    let (x_bar, bar) = at.gradient(&p.gamma, &y_bar);
    let (y_dot, tangent) = at.tangent(&p.gamma, &x_dot, &p_dot);
    let along = Direction { gamma: &p.gamma, gamma_dot: &p_dot.gamma, moments: &tangent };
    let (x_bar_dot, bar_dot) = at.gradient_tangent(&along, &x_dot, &y_bar, &y_bar_dot);
    let given = Moments { mean: on.values([5], 0.3), variance: on.values([5], 0.9) + 2.0 };
    let fixed = evaluate_fixed(x, &given, &p, 1e-5, relu);
    let mut out: Vec<Vec<f64>> = [&at.y, &x_bar, &y_dot, &x_bar_dot, &fixed.y].map(host).to_vec();
    out.push(host(&fixed.gradient_fixed(&p.gamma, &y_bar)));
    out.extend([&moments.mean, &moments.variance, &bar.gamma, &bar.beta, &bar_dot.gamma, &bar_dot.beta].map(host));
    out
}

/// Three chunks of one, two and three images.
fn batch_norm_of_chunks(on: &On<'_>, [_, channels, height, width]: [usize; 4]) -> Vec<Vec<f64>> {
    let affine = |phase: f64| Affine { gamma: on.values([channels], phase), beta: on.values([channels], phase + 1.0) };
    let (p, p_dot) = (affine(0.5), affine(2.5));
    let maps =
        |phase: f64| [1, 2, 3].map(|images| on.values([images, channels, height, width], phase + images as f64) + 0.3);
    let (x_dots, y_bars, y_bar_dots) = (maps(1.2), maps(4.2), maps(6.2));
    let (at, moments) = evaluate_chunks(maps(0.2).to_vec(), &p, 1e-5, true);
    let mut out: Vec<Vec<f64>> = at.iter().map(|at| host(&at.y)).collect();
    let (y_bar_pairs, x_dot_pairs): (Vec<_>, Vec<_>) =
        (at.iter().zip(&y_bars).collect(), at.iter().zip(&x_dots).collect());
    let (x_bars, bar) = gradient(&y_bar_pairs, &p.gamma);
    let (y_dots, tangents) = tangent(&x_dot_pairs, &p.gamma, &p_dot);
    let cotangents = at.iter().zip(&x_dots).zip(y_bars.iter().zip(&y_bar_dots));
    let cotangents: Vec<_> =
        cotangents.map(|((at, x_dot), (y_bar, y_bar_dot))| Cotangent { at, x_dot, y_bar, y_bar_dot }).collect();
    let along = Direction { gamma: &p.gamma, gamma_dot: &p_dot.gamma, moments: &tangents };
    let (x_bar_dots, bar_dot) = gradient_tangent(&cotangents, &along);
    out.extend(x_bars.iter().chain(&y_dots).chain(&x_bar_dots).map(host));
    out.extend([&moments.mean, &moments.variance, &bar.gamma, &bar.beta, &bar_dot.gamma, &bar_dot.beta].map(host));
    out
}

/// (x, weight, geometry): more rows and columns than one tile has, and none a multiple of it.
/// [`every_variant_is_reached`] says what they lead to.
const CONVOLUTIONS: [([usize; 4], [usize; 4], Geometry); 21] = [
    ([2, 5, 7, 6], [3, 5, 3, 3], Geometry { stride: 1, padding: 1 }),
    ([3, 2, 9, 7], [27, 2, 3, 3], Geometry { stride: 2, padding: 1 }),
    ([5, 19, 8, 9], [70, 19, 3, 3], Geometry { stride: 1, padding: 1 }),
    ([3, 70, 5, 4], [21, 70, 1, 1], Geometry { stride: 1, padding: 0 }),
    ([2, 33, 8, 10], [6, 33, 1, 1], Geometry { stride: 2, padding: 0 }),
    ([1, 3, 11, 13], [4, 3, 7, 7], Geometry { stride: 2, padding: 3 }),
    ([2, 5, 45, 33], [19, 5, 7, 7], Geometry { stride: 2, padding: 3 }),
    // Larger kernels, and even ones; one of 17 × 17 is left to Burn.
    ([2, 2, 19, 21], [3, 2, 17, 17], Geometry { stride: 1, padding: 4 }),
    ([2, 3, 35, 33], [5, 3, 16, 16], Geometry { stride: 3, padding: 5 }),
    ([3, 5, 23, 19], [7, 5, 5, 5], Geometry { stride: 1, padding: 2 }),
    ([2, 13, 29, 31], [5, 13, 5, 5], Geometry { stride: 2, padding: 2 }),
    ([1, 9, 5, 7], [35, 9, 5, 5], Geometry { stride: 1, padding: 2 }),
    ([6, 17, 21, 23], [11, 17, 2, 2], Geometry { stride: 1, padding: 0 }),
    ([1, 3, 9, 8], [9, 3, 4, 4], Geometry { stride: 1, padding: 1 }),
    // Many pixels: a workgroup shares one sum, which is cut into runs, and is one run where the result is large.
    ([7, 3, 41, 37], [6, 3, 3, 3], Geometry { stride: 1, padding: 1 }),
    ([4, 19, 17, 17], [97, 19, 3, 3], Geometry { stride: 1, padding: 1 }),
    // Few of them, and many or few rows.
    ([3, 260, 6, 5], [70, 260, 1, 1], Geometry { stride: 1, padding: 0 }),
    ([3, 3, 9, 7], [3, 3, 3, 3], Geometry { stride: 1, padding: 1 }),
    ([1, 5, 7, 9], [259, 5, 1, 1], Geometry { stride: 1, padding: 0 }),
    ([1, 259, 7, 9], [5, 259, 1, 1], Geometry { stride: 1, padding: 0 }),
    ([1, 37, 5, 6], [9, 37, 3, 3], Geometry { stride: 1, padding: 1 }),
];

/// Every tile of convolution and of its gradient in the input; of its gradient in the weight every way to share a sum, in
/// one run and in several; every size of kernel that there is a kernel for, alone and in a sum; and what is left to Burn.
#[test]
fn every_variant_is_reached() {
    let (mut tiles, mut shared, mut sizes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (x, w, geometry) in CONVOLUTIONS {
        let products = [Variant::of_convolve(x, w, geometry), Variant::of_input_gradient(x, w)];
        let weights = Variant::of_weight_gradient(x, w, geometry);
        tiles.extend(products.iter().flatten().map(|variant| (variant.kernel, variant.tiles)));
        shared.extend(weights.iter().map(|variant| (variant.tiles.row_lanes, variant.runs() > 1)));
        for variant in products.into_iter().chain([weights]) {
            sizes.insert(variant.map(|variant| (variant.kernel, variant.size)));
        }
    }
    for kernel in ["convolve", "convolve_input_gradient"] {
        for (blocks, row_lanes) in [1, 2].into_iter().flat_map(|blocks| [1, 2, 4, 8].map(|lanes| (blocks, lanes))) {
            assert!(
                tiles.contains(&(kernel, Tiles { blocks, row_lanes })),
                "{kernel}: {blocks} {row_lanes}: {tiles:?}"
            );
        }
    }
    // 4, 16 and 64 invocations a sum; only the last is ever cut up.
    assert_eq!(shared, BTreeSet::from([(16, false), (4, false), (1, false), (1, true)]));
    for kernel in ["convolve", "convolve_input_gradient", "convolve_weight_gradient"] {
        for size in [1, 2, 3, 4, 5, 7, LARGEST] {
            assert!(sizes.contains(&Some((kernel, size))), "{kernel}: {size} × {size}");
        }
    }
    assert!(sizes.contains(&None), "kernels of 17 × 17 are Burn's");
}

fn convolution(on: &On<'_>, x: [usize; 4], w: [usize; 4], geometry: Geometry) -> Vec<Vec<f64>> {
    let (x, x2) = (on.values(x, 0.1), on.values(x, 2.0));
    let (w, w2) = (on.values(w, 0.7), on.values(w, 3.0));
    let y = convolve(&[(&x, &w), (&x2, &w2)], geometry);
    let (y_bar, y_bar2) = (on.values(y.dims(), 0.3), on.values(y.dims(), 5.0));
    let bias = on.values([w.dims()[0]], 1.3);
    vec![
        host(&y),
        host(&convolve_biased(&[(&x, &w)], &bias, geometry)),
        host(&convolve_biased(&[(&x, &w), (&x2, &w2)], &bias, geometry)),
        host(&convolve(&[(&x, &w)], geometry)),
        host(&input_gradient(&[(&y_bar, &w), (&y_bar2, &w2)], &x, geometry)),
        host(&input_gradient(&[(&y_bar, &w)], &x, geometry)),
        host(&weight_gradient(&[(&x, &y_bar), (&x2, &y_bar2)], &w, geometry)),
        host(&weight_gradient(&[(&x, &y_bar)], &w, geometry)),
    ]
}

/// Products that fill large tiles: of the value, of the gradient in the input, and of that in the weight, the last also in several runs.
const LARGE_TILES: [([usize; 4], [usize; 4], Geometry); 4] = [
    ([2, 3, 65, 67], [70, 3, 3, 3], Geometry { stride: 1, padding: 1 }),
    ([2, 70, 65, 67], [5, 70, 3, 3], Geometry { stride: 2, padding: 1 }),
    ([1, 460, 3, 4], [70, 460, 3, 3], Geometry { stride: 1, padding: 1 }),
    ([3, 5, 41, 37], [37, 5, 7, 7], Geometry { stride: 2, padding: 3 }),
];

/// Tiles in workgroup memory give what registers do, and what the CPU does, whichever of them a device would choose.
#[test]
fn every_family_of_kernels_agrees_with_the_cpu() {
    let Some(device) = gpu() else { return };
    let mut seen = BTreeSet::new();
    let have_kernels = CONVOLUTIONS.into_iter().filter(|(_, w, _)| w[2] <= LARGEST);
    for (x, w, geometry) in have_kernels.chain(LARGE_TILES) {
        let shapes = [
            Shape::of_convolve(x, w, geometry),
            Shape::of_input_gradient(x, w),
            Shape::of_weight_gradient(x, w, geometry),
        ];
        seen.extend(shapes.iter().enumerate().map(|(product, shape)| (product, Tile::of(*shape))));
        for family in Family::ALL {
            compare(&device.device, &format!("{} on {x:?} by {w:?}", family.name()), |on| {
                by_family(on, family, x, w, geometry)
            });
        }
    }
    assert_eq!(seen.len(), 6, "both sizes of tile for all three products: {seen:?}");
}

/// The three products with one and with two terms by `family`; on the CPU by what it has.
fn by_family(on: &On<'_>, family: Family, x: [usize; 4], w: [usize; 4], geometry: Geometry) -> Vec<Vec<f64>> {
    let (x, x2) = (on.values(x, 0.1), on.values(x, 2.0));
    let (w, w2) = (on.values(w, 0.7), on.values(w, 3.0));
    let like = convolve(&[(&x, &w)], geometry).dims();
    let (y, y2) = (on.values(like, 0.3), on.values(like, 5.0));
    let is_gpu = on.1 == DType::F32;
    let by = |found: Option<Tensor<4>>, elsewhere: &dyn Fn() -> Tensor<4>| {
        assert_eq!(found.is_some(), is_gpu, "a GPU has kernels of every family for all of these");
        host(&found.unwrap_or_else(elsewhere))
    };
    let mut out = vec![];
    for terms in [1, 2] {
        let values = &[(&x, &w), (&x2, &w2)][..terms];
        out.push(by(convolve_by(family, values, geometry), &|| convolve(values, geometry)));
        let bars = &[(&y, &w), (&y2, &w2)][..terms];
        out.push(by(input_gradient_by(family, bars, &x, geometry), &|| input_gradient(bars, &x, geometry)));
        let both = &[(&x, &y), (&x2, &y2)][..terms];
        out.push(by(weight_gradient_by(family, both, &w, geometry), &|| weight_gradient(both, &w, geometry)));
    }
    out
}

/// One target layer matched with a smaller feature, a larger one, and one of its own size; a second one with two of them.
fn feature_mismatch(on: &On<'_>, size: [usize; 2]) -> Vec<Vec<f64>> {
    let [height, width] = size;
    let features =
        [on.values([3, 2, 3, 4], 0.3), on.values([3, 4, 29, 31], 1.3), on.values([3, 1, height, width], 2.3)];
    let layers = [(size, vec![0, 1, 2]), ([2, 3], vec![2, 0])];
    let found = matched(&features.iter().collect::<Vec<_>>(), &layers);
    let mut out = vec![];
    let shapes = [[7, height, width], [3, 2, 3]];
    let r = shapes.map(|[channels, height, width]| on.values([3, channels, height, width], 0.4));
    let bias = shapes.map(|[channels, ..]| on.values([channels], 0.8));
    let compared = |nth: usize| Compared { regressed: &r[nth], bias: &bias[nth], matched: &found[nth] };
    let (d, squared) = mismatch(&[compared(0), compared(1)]);
    out.push(host(&squared));
    for ((matched, d), first) in found.iter().zip(&d).zip([0, 7]) {
        let (r_bar, bias_bar) = mismatch_gradient(d, &on.values([3, 10], 0.6), first, 0.7);
        out.extend([host(d), host(&r_bar), host(&bias_bar)]);
        out.extend(source_gradient(&r_bar, matched).iter().map(host));
    }
    out
}
