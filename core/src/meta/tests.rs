use burn_tensor::{DType, Device, Tensor, TensorData};

use super::{Learned, MetaCotangents, MetaNetworks};

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
    let learned = Learned { what: true, r#where: true };
    let meta = MetaNetworks::new(&[5, 3, 3], learned);
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
        let z = &out.linear[nth];
        (z.clone().min().into_scalar::<f64>(), z.clone().max().into_scalar::<f64>())
    };
    let ranges = [range(0), range(1), range(2)];
    assert!(ranges[0].0 > 0.1 && ranges[0].1 < 5.9 && ranges[1].1 < -0.1 && ranges[2].0 > 6.1, "{ranges:?}");
    let direction = wave([meta.layout().len()], 1.0, 0.2);
    let slope = (meta.gradient(&phi, &pooled, &out, &bars) * direction.clone()).sum().into_scalar::<f64>();
    let h = 1e-5;
    let expected = (value(&(phi.clone() + direction.clone() * h)) - value(&(phi - direction * h))) / (2.0 * h);
    assert!(expected.abs() > 1e-2, "the derivative is not near zero");
    // h² and 1e-16/h are both about 1e-10.
    assert!((slope / expected - 1.0).abs() < 1e-8, "{slope} against {expected}");
}
