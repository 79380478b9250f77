use burn_tensor::{DType, Device, Tensor, TensorData};

use l2t_shaders::segments::Segments;

use super::{Learned, MetaCotangents, MetaNetworks, WhereDesign, WherePer, WhereStart, WhereTotal};

fn wave<const D: usize>(shape: [usize; D], scale: f64, phase: f64) -> Tensor<D> {
    let values: Vec<f64> = (0..shape.iter().product()).map(|i| scale * (i as f64 * 1.7 + phase).sin()).collect();
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), DType::F64))
}

#[test]
fn starts_with_uniform_channels_and_matched_pairs() {
    let meta = MetaNetworks::new(&[5, 3], Learned { what: true, r#where: true });
    let phi = meta.layout().upload(meta.layout().init(crate::seed::Seed(1), "phi"), &Device::flex(), DType::F64);
    let out = meta.evaluate(&phi, &wave([4, 8], 0.1, 0.3));
    for (pair, channels) in [5.0, 3.0].into_iter().enumerate() {
        let w = meta.segments().part(&out.channel_weights, pair);
        let off = (w - 1.0 / channels).abs().max().into_scalar::<f64>();
        assert!(off < 1e-15, "zero-initialised f gives equal weights");
        let lambda = out.pair_weights.clone().narrow(1, pair, 1);
        let off = (lambda - 1.0).abs().max().into_scalar::<f64>();
        assert!(off > 0.0 && off < 0.5, "λ starts near its bias of one, and depends on the image");
    }
}

/// The gradient against central differences of ⟨w̄, w⟩ + ⟨λ̄, λ⟩ in a direction. λ is kept off the kinks by its range,
/// which the test checks, but one pair's is pushed below zero and one above six, where the derivative is zero.
#[test]
fn gradient_agrees_with_central_differences() {
    for total in [WhereTotal::Free, WhereTotal::Constant] {
        for per in [WherePer::Image, WherePer::Pair, WherePer::All] {
            check_gradient(WhereDesign { total, per, ..WhereDesign::default() });
        }
    }
}

fn check_gradient(design: WhereDesign) {
    let meta = MetaNetworks::designed(&[5, 3, 3], BOTH, design);
    let mut phi = meta.layout().init(crate::seed::Seed(2), "phi");
    for (nth, value) in phi.iter_mut().enumerate() {
        *value += 0.3 * (nth as f64 * 0.77).sin();
    }
    for (name, bias) in [("where.0.bias", 3.0), ("where.1.bias", -4.0), ("where.2.bias", 10.0)] {
        phi[meta.layout().find(name).expect("every pair has g").offset] = bias;
    }
    let phi = meta.layout().upload(phi, &Device::flex(), DType::F64);
    let pooled = wave([4, 11], 1.0, 0.3);
    let bars = MetaCotangents { channel_weights: wave([4, 11], 1.0, 2.0), pair_weights: wave([4, 3], 1.0, 4.0) };
    let value = |phi: &Tensor<1>| -> f64 {
        let out = meta.evaluate(phi, &pooled);
        let sum = |a: Tensor<2>, b: &Tensor<2>| (a * b.clone()).sum().into_scalar::<f64>();
        sum(out.channel_weights, &bars.channel_weights) + sum(out.pair_weights, &bars.pair_weights)
    };
    let out = meta.evaluate(&phi, &pooled);
    let range = |nth: usize| {
        let z = meta.pair_weight(&phi, nth, &meta.segments().part(&pooled, nth)).0;
        (z.clone().min().into_scalar::<f64>(), z.max().into_scalar::<f64>())
    };
    let ranges = [range(0), range(1), range(2)];
    if design.per == WherePer::All {
        // The mean of 3, −4 and 10.
        assert_eq!(ranges, [(3.0, 3.0); 3]);
    } else {
        assert!(ranges[0].0 > 0.1 && ranges[0].1 < 5.9 && ranges[1].1 < -0.1 && ranges[2].0 > 6.1, "{ranges:?}");
    }
    let direction = wave([meta.layout().len()], 1.0, 0.2);
    let slope = (meta.gradient(&pooled, &out, &bars) * direction.clone()).sum().into_scalar::<f64>();
    let h = 1e-5;
    let expected = (value(&(phi.clone() + direction.clone() * h)) - value(&(phi - direction * h))) / (2.0 * h);
    assert!(expected.abs() > 1e-2, "the derivative is not near zero");
    // h² and 1e-16/h are both about 1e-10, of numbers of order one.
    assert!((slope - expected).abs() < 1e-9, "{slope} against {expected}");
}

const BOTH: Learned = Learned { what: true, r#where: true };

#[test]
fn an_even_start_gives_every_pair_a_weight_of_exactly_one() {
    for total in [WhereTotal::Free, WhereTotal::Constant] {
        let design = WhereDesign { start: WhereStart::Even, total, ..WhereDesign::default() };
        let meta = MetaNetworks::designed(&[5, 3], BOTH, design);
        let phi = meta.layout().upload(meta.layout().init(crate::seed::Seed(1), "phi"), &Device::flex(), DType::F64);
        let out = meta.evaluate(&phi, &wave([4, 8], 1.0, 0.3));
        let off = (out.pair_weights - 1.0).abs().max().into_scalar::<f64>();
        // Where they are scaled, all but the millionth that the total is kept above zero by.
        assert!(off <= if total == WhereTotal::Free { 0.0 } else { 1e-6 }, "{total:?}: {off}");
    }
}

/// The λ of every image add up to the number of pairs, but where g has switched all of them off.
#[test]
fn a_constant_total_is_the_number_of_pairs() {
    let design = WhereDesign { total: WhereTotal::Constant, ..WhereDesign::default() };
    let meta = MetaNetworks::designed(&[5, 3, 3], BOTH, design);
    let mut phi = meta.layout().init(crate::seed::Seed(2), "phi");
    let pooled = wave([4, 11], 1.0, 0.3);
    let total = |phi: &[f64]| {
        let phi = meta.layout().upload(phi.to_vec(), &Device::flex(), DType::F64);
        let out = meta.evaluate(&phi, &pooled);
        out.pair_weights.sum_dim(1).to_data().iter::<f64>().collect::<Vec<_>>()
    };
    assert!(total(&phi).iter().all(|sum| (sum - 3.0).abs() < 1e-5), "{:?}", total(&phi));
    for name in ["where.0.bias", "where.1.bias", "where.2.bias"] {
        phi[meta.layout().find(name).expect("every pair has g").offset] = -40.0;
    }
    assert_eq!(total(&phi), [0.0; 4]);
}

/// With one λ for a pair no image has another; with one for all no pair has.
#[test]
fn a_weight_per_pair_is_the_same_for_every_image() {
    for per in [WherePer::Pair, WherePer::All] {
        let meta = MetaNetworks::designed(&[5, 3], BOTH, WhereDesign { per, ..WhereDesign::default() });
        let mut phi = meta.layout().init(crate::seed::Seed(1), "phi");
        for (name, bias) in [("where.0.bias", 3.0), ("where.1.bias", 1.5)] {
            phi[meta.layout().find(name).expect("every pair has g").offset] = bias;
        }
        let phi = meta.layout().upload(phi, &Device::flex(), DType::F64);
        let out = meta.evaluate(&phi, &wave([2, 8], 1.0, 0.3));
        let expected = if per == WherePer::Pair { [3.0, 1.5, 3.0, 1.5] } else { [2.25; 4] };
        assert_eq!(out.pair_weights.to_data().iter::<f64>().collect::<Vec<_>>(), expected, "{per:?}");
    }
}

/// Pairs may read the same columns and have their w anywhere: the numbers are those of pairs with columns of their own.
#[test]
fn pairs_that_share_a_feature_are_as_they_are_alone() {
    for total in [WhereTotal::Free, WhereTotal::Constant] {
        let own = MetaNetworks::designed(&[3, 5, 3, 3], BOTH, WhereDesign { total, ..WhereDesign::default() });
        let segments = Segments::new(vec![8..11, 0..5, 11..14, 5..8]);
        let shared = own.clone().reading(&[5..8, 0..5, 5..8, 5..8], segments);
        let mut phi = own.layout().init(crate::seed::Seed(3), "phi");
        phi.iter_mut().enumerate().for_each(|(nth, value)| *value += 0.3 * (nth as f64 * 0.77).sin());
        let phi = own.layout().upload(phi, &Device::flex(), DType::F64);
        let (small, large) = (wave([4, 3], 1.0, 0.9), wave([4, 5], 1.0, 0.3));
        let w_bars = [3, 5, 3, 3].map(|c| wave([4, c], 1.0, 2.0 + c as f64));
        let found = |meta: &MetaNetworks, pooled: &[&Tensor<2>], in_order: [usize; 4]| {
            let beside = |parts: Vec<Tensor<2>>| Tensor::cat(parts, 1);
            let pooled = beside(pooled.iter().map(|&x| x.clone()).collect());
            let out = meta.evaluate(&phi, &pooled);
            let bars = MetaCotangents {
                channel_weights: beside(in_order.map(|pair| w_bars[pair].clone()).to_vec()),
                pair_weights: wave([4, 4], 1.0, 4.0),
            };
            let gradient = meta.gradient(&pooled, &out, &bars);
            let mut all: Vec<_> = (0..4).map(|pair| meta.segments().part(&out.channel_weights, pair)).collect();
            all.push(out.pair_weights);
            let flat = all.into_iter().map(|x| x.flatten::<1>(0, 1)).chain([gradient]);
            Tensor::cat(flat.collect(), 0)
        };
        let alone = found(&own, &[&small, &large, &small, &small], [0, 1, 2, 3]);
        let off = (found(&shared, &[&large, &small], [1, 3, 0, 2]) - alone).abs().max().into_scalar::<f64>();
        // The same sums in the same order.
        assert!(off < 1e-15, "{total:?}: {off}");
    }
}
