//! Every method's losses and gradients against PyTorch (2.5, float64), and the auxiliary gradients against central
//! differences.
//!
//! The numbers come from this program; each test shows the lines that it adds. One number stands for the gradient of each
//! entry of θ: its sum with the weights `sin(0.7 i + 0.2 k)`, which no wrong element leaves as it is.
//!
//! ```python
//! import torch, torch.nn.functional as F
//! torch.set_default_dtype(torch.float64)
//! def wave(shape, phase, size=1.0):
//!     n = torch.Size(shape).numel()
//!     return (size * torch.sin(1.234 * torch.arange(n) + phase)).reshape(shape)
//! shapes = [(3,3,3,3),(3,),(3,),(3,),(4,3,3,3),(4,),(4,),(4,),(3,4),(3,)]      # the target's entries of θ in order
//! def start(added):
//!     theta = [wave(s, k, 0.3) for k, s in enumerate(shapes + added)]
//!     theta[2] += 1; theta[6] += 1                                             # γ of both normalisations
//!     return [t.requires_grad_() for t in theta]
//! def target(p):
//!     bn = lambda y, g, b: F.relu(F.batch_norm(y, None, None, g, b, training=True))
//!     t0 = bn(F.conv2d(x, p[0], p[1], padding=1), p[2], p[3])
//!     t1 = bn(F.conv2d(F.max_pool2d(t0, 2), p[4], p[5], padding=1), p[6], p[7])
//!     h = F.max_pool2d(t1, 2).mean((2, 3))
//!     return [t0, t1], h, F.linear(h, p[8], p[9])
//! x, y = wave((3,3,10,10), 0.3), torch.tensor([0, 2, 1])
//! S = [[wave((3,5,7,6), 0.1), wave((3,2,5,5), 0.5)], [wave((3,6,4,4), 0.9)]]   # [source][layer]
//! logits = [wave((3,4), 0.2, 3), wave((3,6), 0.7, 3)]
//! pairs = [(0, 0, 0), (0, 1, 1), (1, 0, 1)]                                    # source, source layer, target layer
//! resize = lambda s, t: F.interpolate(s, size=t.shape[2:], mode='bilinear', align_corners=False)
//! def show(p, task, added):
//!     grads = torch.autograd.grad(task + sum(added), p)
//!     dots = [(g.flatten() * torch.sin(0.7 * torch.arange(g.numel()) + 0.2 * k)).sum() for k, g in enumerate(grads)]
//!     print([v.item() for v in [task, *added]], [round(d.item(), 12) for d in dots])
//! ```

use burn_tensor::{DType, Device, Tensor, TensorData};

use super::at::AttentionTransfer;
use super::lwf::Distillation;
use super::{Auxiliary, AuxiliaryKind, Method, SourceUse, at, lwf};
use crate::matching::{Matching, Pair, PairSet, SourceLayers, Transfer};
use crate::meta::MetaNetworks;
use crate::network::vgg::{Layer, VggConfig};
use crate::network::{Network, ParamLayout, Tap};
use crate::objective::{Batch, Chunk, Memory, Objective, Pass, TargetModel};
use crate::source::SourceOutputs;

/// Shapes of the source layers, `[C, H, W]`, by source.
const SOURCES: [&[[usize; 3]]; 2] = [&[[5, 7, 6], [2, 5, 5]], &[[6, 4, 4]]];
/// Classes of the sources.
const CLASSES: [usize; 2] = [4, 6];
/// Images of the batch.
const BATCH: usize = 3;

fn wave<const D: usize>(shape: [usize; D], phase: f64, size: f64) -> Tensor<D> {
    let values: Vec<f64> = (0..shape.iter().product()).map(|i| size * (i as f64 * 1.234 + phase).sin()).collect();
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), DType::F64))
}

/// A vector whose `k`-th entry has the values `f(k, i)`, zero in the padding between entries.
fn vector(layout: &ParamLayout, f: impl Fn(usize, usize) -> f64) -> Tensor<1> {
    let mut values = vec![0.0; layout.len()];
    for (k, entry) in layout.entries().iter().enumerate() {
        (0..entry.len()).for_each(|i| values[entry.offset + i] = f(k, i));
    }
    layout.upload(values, &Device::flex(), DType::F64)
}

fn theta(layout: &ParamLayout) -> Tensor<1> {
    let scale = |k: usize| f64::from(u8::from(k == 2 || k == 6));
    vector(layout, |k, i| scale(k) + 0.3 * (i as f64 * 1.234 + k as f64).sin())
}

fn sources() -> Vec<SourceOutputs> {
    let phases: [&[f64]; 2] = [&[0.1, 0.5], &[0.9]];
    let of = |nth: usize| {
        let layers = SOURCES[nth].iter().zip(phases[nth]);
        SourceOutputs {
            features: layers.map(|(&[c, h, w], phase)| wave([BATCH, c, h, w], *phase, 1.0)).collect(),
            logits: Some(wave([BATCH, CLASSES[nth]], [0.2, 0.7][nth], 3.0)),
        }
    };
    (0..2).map(of).collect()
}

fn source_layers() -> Vec<SourceLayers> {
    let tap = |shape: &[usize; 3]| Tap { node: 0, label: "layer".into(), shape: *shape, by_rule: true };
    SOURCES
        .iter()
        .map(|layers| SourceLayers { name: "source".into(), taps: layers.iter().map(tap).collect() })
        .collect()
}

fn pairs(target: &Network) -> PairSet {
    let pair = |(source, source_layer, target_layer)| Pair { source, source_layer, target_layer };
    let pairs = [(0, 0, 0), (0, 1, 1), (1, 0, 1)].map(pair).to_vec();
    PairSet::new(pairs, &source_layers(), target.taps()).expect("every layer exists")
}

/// The tiny target with what the method adds, by its recipe, and a batch.
fn setting(method: Method) -> (TargetModel, Tensor<1>, Batch) {
    let layers = vec![Layer::Conv(3), Layer::Pool, Layer::Conv(4), Layer::Pool];
    let network = VggConfig { layers, classes: Some(3), size: 10 }.build().expect("ten pixels can be halved twice");
    let (recipe, mut layout) = (method.recipe(), network.layout().clone());
    let auxiliary = recipe.auxiliary.iter().map(|kind| -> std::sync::Arc<dyn Auxiliary> {
        match kind {
            AuxiliaryKind::Distillation => {
                let (weight, temperature) = (lwf::WEIGHT, lwf::TEMPERATURE);
                std::sync::Arc::new(Distillation::new(CLASSES, &network, weight, temperature, &mut layout))
            }
            AuxiliaryKind::Attention => {
                std::sync::Arc::new(AttentionTransfer::new(pairs(&network), &network, at::WEIGHT))
            }
        }
    });
    let auxiliary: Vec<_> = auxiliary.collect();
    let matching = recipe.learned.map(|_| Matching::new(pairs(&network), &source_layers(), &network, 0.5, &mut layout));
    let transfer = matching.as_ref().zip(recipe.learned).map(|(matching, learned)| {
        let meta = MetaNetworks::new(matching.source_channels(), learned)
            .reading(&matching.pooled_columns(), matching.segments().clone());
        // The bias of g is near one, as it is when training begins.
        let one = |k: usize| f64::from(u8::from(k % 4 == 3));
        let phi = vector(meta.layout(), |k, i| one(k) + 2.0 * (i as f64 * 1.234 + k as f64).sin());
        Transfer::new(matching, &meta, &phi, &sources().into_iter().map(|source| source.features).collect())
    });
    let model = TargetModel { network, matching, auxiliary, layout, memory: Memory::default() };
    let labels = TensorData::new([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]].concat(), [BATCH, 3]);
    let y = Tensor::from_data(labels, (&Device::flex(), DType::F64));
    let x = wave([BATCH, 3, 10, 10], 0.3, 1.0);
    let batch = Chunk { x, y, transfer, auxiliary: model.taught(&sources()) }.into();
    let theta = theta(&model.layout);
    (model, theta, batch)
}

fn scalar(loss: &Tensor<1>) -> f64 {
    loss.clone().into_scalar::<f64>()
}

/// L_org, then what is added to it.
fn losses(pass: &Pass) -> Vec<f64> {
    let auxiliary = pass.auxiliary_losses.iter().map(|(_, loss)| loss);
    pass.task_loss.iter().chain(&pass.matching_loss).chain(auxiliary).map(scalar).collect()
}

/// PyTorch prints twelve digits behind the point here; the sums have some hundred terms in double precision.
fn check(method: Method, expected_losses: &[f64], expected_gradient: &[f64]) {
    let (model, theta, batch) = setting(method);
    let (pass, gradient) = model.evaluate(model.total(), &theta, &batch);
    let close = |got: f64, expected: f64| (got - expected).abs() < 1e-11 * expected.abs().max(1.0);
    let got = losses(&pass);
    assert_eq!(got.len(), expected_losses.len(), "{method:?}: {got:?}");
    for (got, expected) in got.iter().zip(expected_losses) {
        assert!(close(*got, *expected), "{method:?}: loss {got}, PyTorch {expected}");
    }
    let gradient = gradient.to_data().try_to_vec::<f64>().expect("double precision");
    assert_eq!(model.layout.entries().len(), expected_gradient.len(), "{method:?}: entries of θ");
    for (k, (entry, expected)) in model.layout.entries().iter().zip(expected_gradient).enumerate() {
        let part = &gradient[entry.offset..entry.offset + entry.len()];
        let got: f64 = part.iter().enumerate().map(|(i, g)| g * (0.7 * i as f64 + 0.2 * k as f64).sin()).sum();
        assert!(close(got, *expected), "{method:?}: gradient in {} {got}, PyTorch {expected}", entry.name);
    }
}

/// ```python
/// p = start([]); T, h, z = target(p); show(p, F.cross_entropy(z, y), [])
/// ```
#[test]
fn scratch_and_fine_tuning_agree_with_pytorch() {
    #[rustfmt::skip]
    let gradient = [-0.01538434458, 0.0, -0.010727666419, 0.033091122617, 0.558109570502, 0.0, 0.066531404252,
        0.036824710274, -0.603833983408, 0.006925514206];
    for method in [Method::Scratch, Method::FineTuning] {
        check(method, &[1.150450594779829], &gradient);
    }
}

/// ```python
/// def lwf(h, V):
///     soft = [F.softmax(z / 2, 1) for z in logits]
///     return sum(F.cross_entropy(F.linear(h, *v) / 2, q) for v, q in zip(V, soft))
/// p = start([(4,4),(4,),(6,4),(6,)]); T, h, z = target(p)
/// show(p, F.cross_entropy(z, y), [lwf(h, [p[10:12], p[12:14]])])
/// ```
#[test]
fn lwf_agrees_with_pytorch() {
    #[rustfmt::skip]
    let gradient = [-0.016822396349, 0.0, -0.029905488008, 0.029348294984, 0.743798715909, 0.0, 0.053763628572,
        0.028631223389, -0.603833983408, 0.006925514206, 0.096010546858, 0.000463593317, 0.037812719536,
        -0.04182463614];
    check(Method::Lwf, &[1.150450594779829, 3.0342460881204323], &gradient);
}

/// ```python
/// def at(T):
///     Q = lambda a: F.normalize((a ** 2).sum(1).flatten(1))
///     return 1e3 * sum((Q(T[n]) - Q(resize(S[s][m], T[n]))).pow(2).mean() for s, m, n in pairs)
/// p = start([]); T, h, z = target(p); show(p, F.cross_entropy(z, y), [at(T)])
/// ```
#[test]
fn at_agrees_with_pytorch() {
    #[rustfmt::skip]
    let gradient = [0.324536643325, 0.0, 0.700501087384, -5.708770875133, 62.320531516872, 0.0, 3.463045429302,
        -21.095864366717, -0.603833983408, 0.006925514206];
    check(Method::At, &[1.150450594779829, 73.23539910222279], &gradient);
}

/// ```python
/// p = start([(4,4),(4,),(6,4),(6,)]); T, h, z = target(p)
/// show(p, F.cross_entropy(z, y), [lwf(h, [p[10:12], p[12:14]]), at(T)])
/// ```
#[test]
fn lwf_at_agrees_with_pytorch() {
    #[rustfmt::skip]
    let gradient = [0.323098591556, 0.0, 0.681323265795, -5.712513702766, 62.506220662278, 0.0, 3.450277653622,
        -21.104057853602, -0.603833983408, 0.006925514206, 0.096010546858, 0.000463593317, 0.037812719536,
        -0.04182463614];
    check(Method::LwfAt, &[1.150450594779829, 3.0342460881204323, 73.23539910222279], &gradient);
}

/// ```python
/// def wfm(T, R, w, lam):
///     loss = 0
///     for k, (s, m, n) in enumerate(pairs):
///         d = F.conv2d(T[n], R[k][0][:, :, None, None], R[k][1]) - resize(S[s][m], T[n])
///         loss = loss + 0.5 * (lam[k] * (w[k] * (d ** 2).mean((2, 3))).sum(1)).mean()
///     return loss
/// # One entry a target layer, the rows of its pairs one after another.
/// regressors = lambda p: [(p[10], p[11]), (p[12][:2], p[13][:2]), (p[12][2:], p[13][2:])]
/// C = [5, 2, 6]
/// pooled = [S[s][m].mean((2, 3)) for s, m, n in pairs]
/// uniform, one = [torch.full((3, c), 1 / c) for c in C], [torch.ones(3)] * 3
/// phi = lambda k, c: (wave((c, c), 4*k, 2), wave((c,), 4*k + 1, 2), wave((1, c), 4*k + 2, 2), wave((1,), 4*k + 3, 2) + 1)
/// f = [F.softmax(F.linear(pooled[k], *phi(k, c)[:2]), 1) for k, c in enumerate(C)]
/// g = [F.relu6(F.linear(pooled[k], *phi(k, c)[2:]))[:, 0] for k, c in enumerate(C)]
/// for w, lam in [(uniform, one), (f, one), (uniform, g), (f, g)]:             # fm, l2t-w, l2t-where, l2t-ww
///     p = start([(5,3),(5,),(8,4),(8,)]); T, h, z = target(p)
///     show(p, F.cross_entropy(z, y), [wfm(T, regressors(p), w, lam)])
/// ```
#[test]
fn feature_matching_agrees_with_pytorch() {
    #[rustfmt::skip]
    let rows: [(Method, f64, [f64; 14]); 4] = [
        (Method::Fm, 0.7505002432702113,
            [-0.01793744703, 0.0, 0.025696182596, 0.060472449927, 0.689039567058, 0.0, 0.153752437159, 0.050424243108,
            -0.603833983408, 0.006925514206, -0.018143519773, -0.13642110065, -0.029352157592, 0.125585172558]),
        (Method::L2tW, 0.7471326316820222,
            [-0.011152834694, 0.0, 0.043186729854, 0.084765838078, 0.626600724566, 0.0, 0.119213447568, 0.012714638132,
            -0.603833983408, 0.006925514206, -0.243802774589, -0.184758301931, 0.021967011841, 0.035328361799]),
        (Method::L2tWhere, 1.0044614816653248,
            [-0.019958995226, 0.0, 0.041671813711, 0.071494326813, 0.763644261659, 0.0, 0.15940375607, 0.028805177481,
            -0.603833983408, 0.006925514206, -0.024781090923, -0.181870388794, -0.128230066291, 0.143257268092]),
        (Method::L2tWw, 0.991453138016112,
            [-0.006814928997, 0.0, 0.062171662269, 0.10013979735, 0.740041912218, 0.0, 0.100274255257, -0.039656646124,
            -0.603833983408, 0.006925514206, -0.325742907928, -0.246507645523, -0.001077857258, -0.010906382629]),
    ];
    for (method, matching, gradient) in rows {
        check(method, &[1.150450594779829, matching], &gradient);
    }
}

/// Differences with step h err by h² times a third derivative and by 1e-15/h: below 1e-7 of the gradient here.
#[test]
fn the_auxiliary_gradients_are_those_of_central_differences() {
    const STEP: f64 = 1e-5;
    for method in [Method::Lwf, Method::At, Method::LwfAt] {
        let (model, theta, batch) = setting(method);
        let (_, gradient) = model.evaluate(Objective::Total, &theta, &batch);
        for phase in [0.3, 4.1] {
            let u = vector(&model.layout, |_, i| (i as f64 * 1.37 + phase).sin());
            let at = |step: f64| {
                let (pass, _) = model.evaluate(Objective::Total, &(theta.clone() + u.clone() * step), &batch);
                losses(&pass).iter().sum::<f64>()
            };
            let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let got = (gradient.clone() * u.clone()).sum().into_scalar::<f64>();
            assert!(expected.abs() > 1e-2, "{method:?}: {expected} is not near zero");
            assert!((got - expected).abs() < 1e-6 * expected.abs(), "{method:?}: {got}, differences {expected}");
        }
    }
}

/// A target layer whose ReLU is closed everywhere has no direction: its attention map is zero, and so is its gradient.
#[test]
fn a_dead_layer_has_a_finite_attention_gradient() {
    let (model, _, batch) = setting(Method::At);
    let theta = vector(&model.layout, |k, _| if k == 3 { -1.0 } else { 0.0 });
    let (pass, gradient) = model.evaluate(Objective::Total, &theta, &batch);
    assert!(losses(&pass).iter().all(|loss| loss.is_finite()), "{:?}", losses(&pass));
    assert!(gradient.to_data().try_to_vec::<f64>().expect("double precision").iter().all(|g| g.is_finite()));
}

#[test]
fn the_table_is_consistent() {
    for method in Method::ALL {
        let recipe = method.recipe();
        let name = toml::Value::try_from(method).expect("a unit variant");
        assert_eq!(name.as_str(), Some(recipe.name), "the name in files is the name in tables");
        let needs_pairs = recipe.learned.is_some() || recipe.auxiliary.contains(&AuxiliaryKind::Attention);
        assert_eq!(recipe.pairs.is_some(), needs_pairs, "{}", recipe.name);
        let listens = recipe.learned.is_some() || !recipe.auxiliary.is_empty();
        assert_eq!(recipe.sources == SourceUse::EveryBatch, listens, "{}", recipe.name);
        assert!(include_str!("mod.rs").contains(&format!("| `{}` |", recipe.name)), "{} is not listed", recipe.name);
    }
    for kind in [AuxiliaryKind::Distillation, AuxiliaryKind::Attention] {
        assert_eq!(toml::Value::try_from(kind).expect("a unit variant").as_str(), Some(kind.name()));
    }
}
