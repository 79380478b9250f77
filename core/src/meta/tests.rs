use burn_tensor::{DType, Device, Tensor, TensorData};

use super::{Learned, MetaCotangents, MetaNetworks, WhereDesign, WherePer, WhereStart, WhereTotal};

fn wave<const D: usize>(shape: [usize; D], scale: f64, phase: f64) -> Tensor<D> {
    let values: Vec<f64> = (0..shape.iter().product()).map(|i| scale * (i as f64 * 1.7 + phase).sin()).collect();
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), DType::F64))
}

#[test]
fn starts_with_uniform_channels_and_matched_pairs() {
    let meta = MetaNetworks::new(&[5, 3], Learned { what: true, r#where: true });
    let phi = meta.layout().upload(meta.layout().init(crate::seed::Seed(1), "phi"), &Device::flex(), DType::F64);
    let pooled = [wave([4, 5], 0.1, 0.3), wave([4, 3], 0.1, 0.9)];
    let out = meta.evaluate(&phi, &[&pooled[0], &pooled[1]]);
    for (w, channels) in out.channel_weights.iter().zip([5.0, 3.0]) {
        let off = (w.clone() - 1.0 / channels).abs().max().into_scalar::<f64>();
        assert!(off < 1e-15, "zero-initialised f gives equal weights");
    }
    for pair_weight in &out.pair_weights {
        let off = (pair_weight.clone() - 1.0).abs().max().into_scalar::<f64>();
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
    let pooled = [wave([4, 5], 1.0, 0.3), wave([4, 3], 1.0, 0.9), wave([4, 3], 1.0, 1.9)];
    let pooled: Vec<_> = pooled.iter().collect();
    let bars = MetaCotangents {
        channel_weights: vec![wave([4, 5], 1.0, 2.0), wave([4, 3], 1.0, 3.0), wave([4, 3], 1.0, 3.5)],
        pair_weights: vec![wave([4, 1], 1.0, 4.0), wave([4, 1], 1.0, 5.0), wave([4, 1], 1.0, 6.0)],
    };
    let value = |phi: &Tensor<1>| -> f64 {
        let out = meta.evaluate(phi, &pooled);
        let w = out.channel_weights.iter().zip(&bars.channel_weights);
        let l = out.pair_weights.iter().zip(&bars.pair_weights);
        w.chain(l).map(|(a, b)| (a.clone() * b.clone()).sum().into_scalar::<f64>()).sum()
    };
    let out = meta.evaluate(&phi, &pooled);
    let range = |nth: usize| {
        let z = meta.pair_weight(&phi, nth, pooled[nth]).0;
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
    let slope = (meta.gradient(&phi, &pooled, &out, &bars) * direction.clone()).sum().into_scalar::<f64>();
    let h = 1e-5;
    let expected = (value(&(phi.clone() + direction.clone() * h)) - value(&(phi - direction * h))) / (2.0 * h);
    assert!(expected.abs() > 1e-2, "the derivative is not near zero");
    // h² and 1e-16/h are both about 1e-10.
    assert!((slope / expected - 1.0).abs() < 1e-8, "{slope} against {expected}");
}

const BOTH: Learned = Learned { what: true, r#where: true };

#[test]
fn an_even_start_gives_every_pair_a_weight_of_exactly_one() {
    for total in [WhereTotal::Free, WhereTotal::Constant] {
        let design = WhereDesign { start: WhereStart::Even, total, ..WhereDesign::default() };
        let meta = MetaNetworks::designed(&[5, 3], BOTH, design);
        let phi = meta.layout().upload(meta.layout().init(crate::seed::Seed(1), "phi"), &Device::flex(), DType::F64);
        let out = meta.evaluate(&phi, &[&wave([4, 5], 1.0, 0.3), &wave([4, 3], 1.0, 0.9)]);
        for pair_weight in &out.pair_weights {
            let off = (pair_weight.clone() - 1.0).abs().max().into_scalar::<f64>();
            // Where they are scaled, all but the millionth that the total is kept above zero by.
            assert!(off <= if total == WhereTotal::Free { 0.0 } else { 1e-6 }, "{total:?}: {off}");
        }
    }
}

/// The λ of every image add up to the number of pairs, but where g has switched all of them off.
#[test]
fn a_constant_total_is_the_number_of_pairs() {
    let design = WhereDesign { total: WhereTotal::Constant, ..WhereDesign::default() };
    let meta = MetaNetworks::designed(&[5, 3, 3], BOTH, design);
    let mut phi = meta.layout().init(crate::seed::Seed(2), "phi");
    let pooled = [wave([4, 5], 1.0, 0.3), wave([4, 3], 1.0, 0.9), wave([4, 3], 1.0, 1.9)];
    let total = |phi: &[f64]| {
        let phi = meta.layout().upload(phi.to_vec(), &Device::flex(), DType::F64);
        let out = meta.evaluate(&phi, &pooled.iter().collect::<Vec<_>>());
        Tensor::cat(out.pair_weights, 1).sum_dim(1).to_data().iter::<f64>().collect::<Vec<_>>()
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
        let out = meta.evaluate(&phi, &[&wave([2, 5], 1.0, 0.3), &wave([2, 3], 1.0, 0.9)]);
        let found = out.pair_weights.iter().map(|lambda| lambda.to_data().iter::<f64>().collect::<Vec<_>>());
        let expected = if per == WherePer::Pair { [[3.0; 2], [1.5; 2]] } else { [[2.25; 2]; 2] };
        assert_eq!(found.collect::<Vec<_>>(), expected, "{per:?}");
    }
}

/// Pairs of one feature are evaluated at once: the numbers are those of one after another, whatever their order.
#[test]
fn pairs_that_share_a_feature_are_as_they_are_alone() {
    for total in [WhereTotal::Free, WhereTotal::Constant] {
        let own = MetaNetworks::designed(&[3, 5, 3, 3], BOTH, WhereDesign { total, ..WhereDesign::default() });
        let shared = own.clone().reading(&[1, 0, 1, 1]);
        let mut phi = own.layout().init(crate::seed::Seed(3), "phi");
        phi.iter_mut().enumerate().for_each(|(nth, value)| *value += 0.3 * (nth as f64 * 0.77).sin());
        let phi = own.layout().upload(phi, &Device::flex(), DType::F64);
        let (small, large) = (wave([4, 3], 1.0, 0.9), wave([4, 5], 1.0, 0.3));
        let bars = MetaCotangents {
            channel_weights: [3, 5, 3, 3].map(|c| wave([4, c], 1.0, 2.0 + c as f64)).to_vec(),
            pair_weights: [4.0, 5.0, 6.0, 7.0].map(|phase| wave([4, 1], 1.0, phase)).to_vec(),
        };
        let found = |meta: &MetaNetworks, pooled: &[&Tensor<2>]| {
            let out = meta.evaluate(&phi, pooled);
            let gradient = meta.gradient(&phi, pooled, &out, &bars);
            let all = out.channel_weights.iter().chain(&out.pair_weights).map(|x| x.clone().flatten::<1>(0, 1));
            Tensor::cat(all.chain([gradient]).collect(), 0)
        };
        let alone = found(&own, &[&small, &large, &small, &small]);
        let off = (found(&shared, &[&large, &small]) - alone).abs().max().into_scalar::<f64>();
        // The same sums, perhaps in another order.
        assert!(off < 1e-14, "{total:?}: {off}");
    }
}
