//! The gradient in the image against central differences of the loss, through both networks.

use burn_tensor::{DType, Device, Tensor, TensorData};
use l2t_shaders::batch_norm::Moments;

use super::*;
use crate::matching::{Pair, PairSet};
use crate::meta::Learned;
use crate::network::architecture::Architecture as _;
use crate::network::resnet::{BlockNames, ResNetConfig, Shortcut, Stem};
use crate::network::vgg::{Layer, VggConfig};
use crate::network::weights::{KeyReport, NetworkState};
use crate::network::{Network, ParamLayout};
use crate::objective::Memory;
use crate::seed::Seed;
use crate::source::Source;

/// Rows and columns of the images: odd and different, so that neither sizes nor axes can be confused.
const SIZE: [usize; 2] = [13, 11];

fn at() -> (Device, DType) {
    (Device::flex(), DType::F64)
}

fn wave<const D: usize>(shape: [usize; D], (low, high): (f64, f64), phase: f64) -> Tensor<D> {
    let wave = |i: usize| ((i * i) as f64 * 0.37 + i as f64 * 1.7 + phase).sin();
    let values: Vec<f64> = (0..shape.iter().product()).map(|i| low + (high - low) * 0.5 * (1.0 + wave(i))).collect();
    let (device, dtype) = at();
    Tensor::from_data(TensorData::new(values, shape), (&device, dtype))
}

/// Statistics unlike those of any batch: a gradient through the batch's moments would show.
fn statistics(network: &Network, phase: f64) -> RunningStats {
    let moments = network.norms().iter().enumerate().map(|(nth, norm)| Moments {
        mean: wave([norm.channels], (-0.3, 0.3), phase + nth as f64),
        variance: wave([norm.channels], (0.5, 2.0), phase + 0.5 + nth as f64),
    });
    RunningStats::from_moments(moments.collect())
}

fn initial(layout: &ParamLayout, name: &str) -> Tensor<1> {
    let (device, dtype) = at();
    layout.upload(layout.init(Seed(3), name), &device, dtype)
}

/// A residual source and a VGG target, with random weights and w far from uniform.
struct World {
    sources: Vec<Source>,
    model: TargetModel,
    meta: MetaNetworks,
    theta: Tensor<1>,
    running: RunningStats,
    phi: Tensor<1>,
}

impl World {
    fn new(learned: Learned) -> Self {
        let config = ResNetConfig {
            stem: Stem::Small { bias: true },
            stem_width: 3,
            widths: vec![3, 5, 7],
            blocks: vec![1; 3],
            shortcut: Shortcut::Projection,
            classes: Some(4),
            size: 13,
            names: BlockNames::Single,
        };
        let network = config.build();
        let state = NetworkState { theta: initial(network.layout(), "source"), running: statistics(&network, 0.2) };
        let source = Source::from_parts("ResNet-8", network, state, KeyReport::default(), config.matched());
        let sources = vec![source];
        use Layer::{Conv, Pool};
        let layers = vec![Conv(5), Pool, Conv(6), Conv(4), Pool, Conv(9), Pool];
        let network = VggConfig { layers, classes: Some(3), size: 13 }.build().unwrap();
        let layers = vec![sources[0].layers()];
        let pair = |source_layer, target_layer| Pair { source: 0, source_layer, target_layer };
        // 13×11 to 13×11 (as it is), 13×11 to 3×2 (down), 4×3 to 13×11 and to 6×5 (up), 7×6 to 6×5.
        let pairs = vec![pair(0, 0), pair(0, 2), pair(2, 0), pair(2, 1), pair(1, 1)];
        let pairs = PairSet::new(pairs, &layers, network.taps()).unwrap();
        let mut layout = network.layout().clone();
        let matching = Matching::new(pairs, &layers, &network, 0.5, &mut layout);
        let meta = MetaNetworks::new(matching.source_channels(), learned)
            .reading(&matching.pooled_columns(), matching.segments().clone());
        let (theta, running) = (initial(&layout, "target"), statistics(&network, 0.9));
        let phi = wave([meta.layout().len()], (-2.0, 2.0), 0.1);
        Self {
            sources,
            model: TargetModel {
                network,
                matching: Some(matching),
                auxiliary: vec![],
                layout,
                memory: Memory::default(),
            },
            meta,
            theta,
            running,
            phi,
        }
    }

    fn pair(&self, pair: usize) -> PairGradient<'_> {
        let trained = Trained { theta: &self.theta, running: &self.running, phi: &self.phi };
        PairGradient::new(&self.model, Some(&self.meta), &self.sources, pair, trained).unwrap()
    }
}

const BOTH: Learned = Learned { what: true, r#where: true };

fn images() -> Tensor<4> {
    wave([2, 3, SIZE[0], SIZE[1]], (-2.0, 2.0), 0.4)
}

fn host<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// Every fifth number, from a different one for every `first`: a fifth of the time, and over the pairs all pixels.
fn some(first: usize, values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    values.into_iter().skip(first).step_by(5).collect()
}

/// `[L(x + h e_k) − L(x − h e_k)] / 2h` for [`some`] pixels and colours k, of the sum over the images.
fn central_differences(pair: &PairGradient<'_>, x: &Tensor<4>, w: &Tensor<2>, first: usize) -> Vec<f64> {
    const STEP: f64 = 1e-6;
    let (values, (device, dtype)) = (host(x), at());
    let loss = |k: usize, step: f64| {
        let mut moved = values.clone();
        moved[k] += step;
        let moved = Tensor::from_data(TensorData::new(moved, x.dims()), (&device, dtype));
        pair.loss(&moved, w).sum().into_scalar::<f64>()
    };
    let places = (first..values.len()).step_by(5);
    places.map(|k| (loss(k, STEP) - loss(k, -STEP)) / (2.0 * STEP)).collect()
}

fn relative_error(found: &[f64], expected: &[f64]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    norm(&mut found.iter().zip(expected).map(|(a, b)| a - b)) / norm(&mut expected.iter().copied())
}

/// Truncation and rounding of a central difference at 1e-6 in double precision are each about 1e-9 here. A step across a
/// kink of ReLU or max-pooling would cost 1e-3 in one pixel, and these images have none so near.
const TOLERANCE: f64 = 1e-7;

#[test]
fn the_gradient_in_the_image_is_that_of_central_differences_through_both_networks() {
    let world = World::new(BOTH);
    let x = images();
    for nth in 0..5 {
        let pair = world.pair(nth);
        let found = pair.of(&x);
        let w = pair.channel_weights(&x);
        let uniform = w.full_like(1.0 / w.dims()[1] as f64);
        let expected = central_differences(&pair, &x, &uniform, nth);
        let error = relative_error(&some(nth, host(&found.uniform)), &expected);
        assert!(error < TOLERANCE, "pair {nth}, uniform: {error:.1e}");
        let learned = host(&found.learned.expect("w is learned"));
        let error = relative_error(&some(nth, learned.clone()), &central_differences(&pair, &x, &w, nth));
        assert!(error < TOLERANCE, "pair {nth}, learned: {error:.1e}");
        let apart = relative_error(&learned, &host(&found.uniform));
        assert!(apart > 0.05, "pair {nth}: learned and uniform differ by {apart:.1e} only");
    }
}

#[test]
fn the_loss_is_the_definition() {
    let world = World::new(BOTH);
    let (pair, x) = (world.pair(3), images());
    let w = pair.channel_weights(&x);
    let d = pair.mismatch(&x).d;
    let ([_, channels, height, width], d, weights) = (d.dims(), host(&d), host(&w));
    let expected: Vec<f64> = (0..2)
        .map(|b| {
            let mean = |c: usize| {
                let plane = &d[(b * channels + c) * height * width..][..height * width];
                plane.iter().map(|v| v * v).sum::<f64>() / (height * width) as f64
            };
            (0..channels).map(|c| weights[b * channels + c] * mean(c)).sum()
        })
        .collect();
    assert!(relative_error(&host(&pair.loss(&x, &w)), &expected) < 1e-14);
    let row_sums = host(&w.sum_dim(1));
    assert!(row_sums.iter().all(|sum| (sum - 1.0).abs() < 1e-14), "{row_sums:?}");
}

#[test]
fn an_images_gradient_does_not_depend_on_the_images_beside_it() {
    let world = World::new(BOTH);
    let (pair, x) = (world.pair(2), images());
    let together = pair.of(&x);
    let (one, all) = (x.dims().iter().product::<usize>() / 2, host(&together.learned.unwrap()));
    for b in 0..2 {
        let alone = host(&pair.of(&x.clone().narrow(0, b, 1)).learned.unwrap());
        // Sums are added up in another order.
        assert!(relative_error(&alone, &all[b * one..][..one]) < 1e-12, "image {b}");
    }
}

#[test]
fn a_method_that_does_not_learn_what_has_no_second_map() {
    let world = World::new(Learned { what: false, r#where: true });
    assert!(world.pair(0).of(&images()).learned.is_none());
}

#[test]
fn a_model_that_matches_nothing_is_refused() {
    let mut world = World::new(BOTH);
    world.model.matching = None;
    let trained = Trained { theta: &world.theta, running: &world.running, phi: &world.phi };
    let error = PairGradient::new(&world.model, None, &world.sources, 0, trained).map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with("method.name: matches no features"), "{error}");
}

#[test]
fn effective_channels_count_even_weights() {
    for (w, expected) in [(&[0.25; 4][..], 4.0), (&[0.5, 0.0, 0.5], 2.0), (&[0.0, 1.0], 1.0)] {
        assert!((effective_channels(w) - expected).abs() < 1e-14, "{w:?}");
    }
    assert!(effective_channels(&[0.3, 0.2, 0.25, 0.25]) < 4.0);
}
