//! Second derivatives and hypergradients against central differences, symmetry and closed forms, in double precision.

use burn_tensor::{DType, Device, Tensor, TensorData};
use futures_lite::future::block_on;
use l2t_core::bilevel::hypergradient::{Products, ReversePass, hypergradient};
use l2t_core::bilevel::{HypergradientMethod, InnerBeta, InnerRule, MetaRule, Moving, Scheme, Sgd};
use l2t_core::meta::{Learned, MetaCotangents, MetaNetworks, WhereDesign, WherePer, WhereTotal};
use l2t_core::network::resnet::{BlockNames, ResNetConfig, Shortcut, Stem};
use l2t_core::network::weights::read;
use l2t_core::objective::{Batch, Chunk, Keep, Memory, Objective, Pass, SecondDerivatives, TargetModel};
use l2t_core::seed::Seed;
use l2t_tests::equations::{Setting, make};
use l2t_tests::fixture::{Setup, setup};

fn values(vector: &Tensor<1>) -> Vec<f64> {
    block_on(read(vector)).expect("the CPU answers")
}

fn vector(values: Vec<f64>) -> Tensor<1> {
    let shape = [values.len()];
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), DType::F64))
}

fn dot(a: &Tensor<1>, b: &Tensor<1>) -> f64 {
    (a.clone() * b.clone()).sum().into_scalar::<f64>()
}

fn norm(a: &Tensor<1>) -> f64 {
    dot(a, a).sqrt()
}

/// A direction without structure, zero in the padding between entries, where a parameter vector has no meaning.
fn direction(layout: &l2t_core::network::ParamLayout, phase: f64) -> Tensor<1> {
    let mut out = vec![0.0; layout.len()];
    for entry in layout.entries() {
        for (i, value) in out.iter_mut().enumerate().skip(entry.offset).take(entry.len()) {
            *value = (i as f64 * 1.37 + phase).sin();
        }
    }
    vector(out)
}

fn setting() -> Setting {
    Setting {
        source: vec![3, 5],
        target: vec![4, 2, 3],
        classes: 3,
        batch: 5,
        size: 8,
        hyper: [0.1, 0.9, 1e-2, 0.5, 2.0, 1e-3, 1e-2],
        inner_beta_left_out: false,
        seed: 11,
    }
}

fn start() -> (Setup, Batch) {
    let setup = setup(&make(&setting()), &Device::flex(), DType::F64);
    let batch = setup.batch();
    (setup, batch)
}

/// Central differences with step h err by h² times a third derivative and by 1e-16/h: about 1e-9 each here. No ReLU and
/// no maximum changes its choice within the step at these seeds, or the test would fail by orders of magnitude.
const STEP: f64 = 1e-5;
const TOLERANCE: f64 = 1e-6;

fn check_second_derivatives(model: &TargetModel, theta: &Tensor<1>, batch: &Batch, objective: Objective) {
    let (pass, gradient) = model.evaluate_keeping(Keep::Values, objective, theta, batch);
    let (u, v) = (direction(&model.layout, 0.3), direction(&model.layout, 4.1));
    let SecondDerivatives { mixed, hessian_vector } = model.second_derivatives(&pass, theta, &u, batch, true);
    let hu = hessian_vector.expect("asked for");
    let (plus, plus_gradient) = model.evaluate(objective, &(theta.clone() + u.clone() * STEP), batch);
    let (minus, minus_gradient) = model.evaluate(objective, &(theta.clone() - u.clone() * STEP), batch);
    let expected = (plus_gradient - minus_gradient) / (2.0 * STEP);
    assert!(norm(&expected) > 1e-2, "{objective:?}: H u is not near zero");
    let error = norm(&(hu.clone() - expected.clone())) / norm(&expected);
    assert!(error < TOLERANCE, "{objective:?}: H u errs by {error:.1e}");

    let hv = model.second_derivatives(&pass, theta, &v, batch, true).hessian_vector.expect("asked for");
    let (left, right) = (dot(&v, &hu), dot(&u, &hv));
    assert!(left.abs() > 1e-3, "{objective:?}: ⟨v, H u⟩ is not near zero");
    assert!(
        (left - right).abs() < 1e-11 * norm(&hu) * norm(&v),
        "{objective:?}: ⟨v, H u⟩ = {left}, ⟨u, H v⟩ = {right}"
    );

    check_evaluated_again(model, theta, &u, batch, (&pass, &gradient));

    let Some(mixed) = mixed else {
        assert_eq!(objective, Objective::Task, "only L_org does not depend on φ");
        return;
    };
    let (plus, minus) = (model.meta_gradient(&plus, batch), model.meta_gradient(&minus, batch));
    let (plus, minus) = (plus.expect("depends on φ"), minus.expect("depends on φ"));
    let segments = model.matching.as_ref().expect("something is matched").segments();
    for pair in 0..segments.ranges().len() {
        let of_pair = |bars: &MetaCotangents| {
            [segments.part(&bars.channel_weights, pair), bars.pair_weights.clone().narrow(1, pair, 1)]
        };
        for ((got, plus), minus) in of_pair(&mixed).into_iter().zip(of_pair(&plus)).zip(of_pair(&minus)) {
            let expected = ((plus.clone() - minus.clone()) / (2.0 * STEP)).flatten::<1>(0, 1);
            let got = got.clone().flatten::<1>(0, 1);
            assert!(norm(&expected) > 1e-4, "pair {pair}: the mixed product is not near zero");
            let error = norm(&(got - expected.clone())) / norm(&expected);
            assert!(error < TOLERANCE, "{objective:?}, pair {pair}: the mixed product errs by {error:.1e}");
        }
    }
}

/// Values that were not kept are evaluated again, and are the same to the last bit: gradients, `H u` and mixed products.
fn check_evaluated_again(
    model: &TargetModel,
    theta: &Tensor<1>,
    u: &Tensor<1>,
    batch: &Batch,
    kept: (&Pass, &Tensor<1>),
) {
    let by_group = TargetModel { memory: Memory::ByGroup, ..model.clone() };
    for model in [model, &by_group] {
        check_evaluated_again_by(model, theta, u, batch, kept);
    }
}

fn check_evaluated_again_by(
    model: &TargetModel,
    theta: &Tensor<1>,
    u: &Tensor<1>,
    batch: &Batch,
    (kept, kept_gradient): (&Pass, &Tensor<1>),
) {
    let (anew, gradient) = model.evaluate(kept.objective, theta, batch);
    assert!(kept.keeps_values() && !anew.keeps_values());
    assert_eq!(values(&gradient), values(kept_gradient), "{:?}", kept.objective);
    for hessian in [true, false] {
        let of = |pass: &Pass| {
            let found = model.second_derivatives(pass, theta, u, batch, hessian);
            let mixed = found.mixed.map(|mixed| [mixed.channel_weights, mixed.pair_weights]);
            let mixed = mixed.into_iter().flatten().map(|bar| values(&bar.flatten::<1>(0, 1)));
            (found.hessian_vector.map(|product| values(&product)), mixed.collect::<Vec<_>>())
        };
        assert_eq!(of(kept).0.is_some(), hessian);
        assert!(of(&anew) == of(kept), "{:?}, H u {hessian}: other numbers", kept.objective);
    }
}

/// The five images at once, and in two parts.
const SPLITS: [&[usize]; 2] = [&[5], &[2, 3]];

#[test]
fn second_derivatives_of_every_objective() {
    let (setup, _) = start();
    for sizes in SPLITS {
        let batch = setup.batch_in_parts(&setup.state.meta.phi, sizes);
        for objective in [Objective::Task, Objective::Matching, Objective::Total] {
            check_second_derivatives(&setup.learner.model, &setup.state.target.theta, &batch, objective);
        }
    }
}

/// A residual target: strided convolutions, projections or shortcuts without parameters, sums before ReLU.
#[test]
fn second_derivatives_of_a_residual_network() {
    // The second has a ReLU that switches within the step at seed 3.
    let small = Stem::Small { bias: true };
    for (stem, stem_width, blocks, shortcut, size, seed) in [
        (small, 3, vec![2, 2], Shortcut::Projection, 8, 3),
        (small, 2, vec![2, 2], Shortcut::Subsample, 8, 4),
        (Stem::Large, 3, vec![1, 2], Shortcut::Projection, 13, 3),
    ] {
        let config = ResNetConfig {
            stem,
            stem_width,
            widths: vec![3, 5],
            blocks,
            shortcut,
            classes: Some(3),
            size,
            names: BlockNames::Authors,
        };
        check_residual(&config, Seed(seed));
    }
}

fn check_residual(config: &ResNetConfig, seed: Seed) {
    let network = config.build();
    let layout = network.layout().clone();
    let theta = layout.upload(layout.init(seed, "theta"), &Device::flex(), DType::F64);
    // A linear layer of deviation 0.01 would make every derivative small.
    let theta = theta + direction(&layout, 1.9) * 0.1;
    let (setup, _) = start();
    // Of 8 × 8 pixels a large stem leaves too little; distinct sides, and none a multiple of what halves them.
    let sides = [5, 3, config.size, config.size - 2];
    let values = (0..sides.iter().product()).map(|i| (1.7 * i as f64).sin() + (0.3 * i as f64).cos()).collect();
    let x = if config.stem == Stem::Large { vector(values).reshape(sides) } else { setup.x };
    let batch = Chunk { x, y: setup.y, transfer: None, auxiliary: vec![] }.into();
    let model = TargetModel { network, matching: None, auxiliary: vec![], layout, memory: Memory::default() };
    check_second_derivatives(&model, &theta, &batch, Objective::Task);
}

/// L_org after the virtual steps, as a function of φ alone.
fn outer_loss(case: &Case<'_>, rule: &MetaRule, from: &Moving, phi: &Tensor<1>) -> f64 {
    let batch = case.setup.batch_in_parts(phi, case.sizes);
    let trajectory = case.setup.learner.unroll(from, rule, &batch, case.other.unwrap_or(&batch));
    trajectory.measured.task_loss.expect("L_org").into_scalar::<f64>()
}

/// A model, how its batch is cut up, and what the meta-objective is measured on, where that is another batch.
struct Case<'a> {
    setup: &'a Setup,
    sizes: &'a [usize],
    other: Option<&'a Batch>,
    /// Of the direction: in some of them a kink of a ReLU or of a maximum lies within the step.
    phase: f64,
}

/// The whole hypergradient in a direction against differencing the unrolled loop: T = 0 … 3, both rules with and without β
/// in the matching steps, both schemes, the batch whole and in parts.
#[test]
fn the_hypergradient_is_the_derivative_of_the_unrolled_loop() {
    let (mut setup, _) = start();
    for inner_beta in [InnerBeta::Kept, InnerBeta::LeftOut] {
        let matching = setup.learner.model.matching.take().expect("fixtures match");
        let factor = inner_beta.factor(InnerRule::Paper, matching.beta());
        setup.learner.model.matching = Some(matching.with_inner_beta(factor));
        for sizes in SPLITS {
            check_hypergradients(&Case { setup: &setup, sizes, other: None, phase: 0.7 });
        }
    }
}

/// The same where the meta-objective is measured on other images than those of the virtual steps.
#[test]
fn the_hypergradient_on_another_batch() {
    let (setup, _) = start();
    let images = |sign: f64| Chunk {
        x: setup.x.clone().flip([3]) * (0.8 * sign),
        y: setup.y.clone().flip([0]),
        transfer: None,
        auxiliary: vec![],
    };
    for other in [Batch::from(images(-1.0)), Batch::new(vec![images(1.0).into(), images(-1.0).into()])] {
        check_hypergradients(&Case { setup: &setup, sizes: SPLITS[1], other: Some(&other), phase: 0.7 });
    }
}

/// The same where the λ of an image have a constant total, and where a pair or all of them have one for all images.
#[test]
fn the_hypergradient_of_other_designs_of_where() {
    let constant = WhereDesign { total: WhereTotal::Constant, ..WhereDesign::default() };
    let per = |per| WhereDesign { per, ..WhereDesign::default() };
    for (design, phase) in [(constant, 2.6), (per(WherePer::Pair), 0.7), (per(WherePer::All), 0.7)] {
        let (mut setup, _) = start();
        let matching = setup.learner.model.matching.as_ref().expect("fixtures match");
        let learned = Learned { what: true, r#where: true };
        let meta = MetaNetworks::designed(matching.source_channels(), learned, design);
        setup.learner.meta = Some(meta.reading(&matching.pooled_columns(), matching.segments().clone()));
        for sizes in SPLITS {
            check_hypergradients(&Case { setup: &setup, sizes, other: None, phase });
        }
    }
}

fn check_hypergradients(case: &Case<'_>) {
    let base = case.setup.learner.meta_rule.expect("φ is learned");
    for scheme in [Scheme::ThreeStage, Scheme::TwoStage] {
        for inner in [InnerRule::Paper, InnerRule::Authors] {
            for matching_steps in 0..=3 {
                let rule = MetaRule { scheme, matching_steps, inner: inner.sgd(0.1, &case.setup.rule), ..base };
                let name = format!("{scheme:?}, {inner:?}, T = {matching_steps}, parts of {:?}", case.sizes);
                check_hypergradient(case, &rule, &name);
            }
        }
    }
}

fn check_hypergradient(case: &Case<'_>, rule: &MetaRule, name: &str) {
    let setup = case.setup;
    let meta = setup.learner.meta.as_ref().expect("φ is learned");
    let batch = setup.batch_in_parts(&setup.state.meta.phi, case.sizes);
    let outer = case.other.unwrap_or(&batch);
    let (state, _) = setup.learner.target_step(&setup.state, &setup.rule, &batch);
    let (trajectory, phi) = (setup.learner.unroll(&state.target, rule, &batch, outer), &state.meta.phi);
    let exact = HypergradientMethod::Exact;
    let u = direction(meta.layout(), case.phase);
    let gradient = hypergradient(&setup.learner.model, meta, phi, &rule.inner, &trajectory, &batch, exact);
    for memory in [Memory::Recompute, Memory::ByGroup] {
        let mut learner = setup.learner.clone();
        learner.model.memory = memory;
        let anew = learner.unroll(&state.target, rule, &batch, outer);
        assert!(anew.steps.iter().all(|step| !step.pass.keeps_values()), "{name}");
        let again = hypergradient(&learner.model, meta, phi, &rule.inner, &anew, &batch, exact);
        assert_eq!(values(&again), values(&gradient), "{name}, {memory:?}: evaluating again gives other numbers");
    }
    let got = dot(&gradient, &u);
    if rule.matching_steps == 0 {
        assert_eq!(got, 0.0, "{name}: without a matching step nothing depends on φ");
        return;
    }
    let at = |sign: f64| outer_loss(case, rule, &state.target, &(phi.clone() + u.clone() * (sign * 1e-4)));
    let expected = (at(1.0) - at(-1.0)) / 2e-4;
    assert!(expected.abs() > 1e-5, "{name}: the derivative is not near zero");
    let error = (got - expected).abs() / expected.abs();
    // h² = 1e-8 and 1e-16/(h·1e-4) = 1e-8.
    assert!(error < 1e-6, "{name}: {got} against {expected}, {error:.1e}");
}

/// A batch that shows the same images twice has the moments of either half, so here even batch normalisation does not
/// tell two parts from the whole: an iteration gives the same θ, φ, statistics and losses.
#[test]
fn equal_parts_are_the_whole() {
    let (mut setup, _) = start();
    let twice = |x: &Tensor<4>| Tensor::cat(vec![x.clone(), x.clone()], 0);
    (setup.x, setup.y) = (twice(&setup.x), Tensor::cat(vec![setup.y.clone(), setup.y.clone()], 0));
    let iteration = |sizes: &[usize]| {
        let batch = setup.batch_in_parts(&setup.state.meta.phi, sizes);
        let (state, report) = setup.learner.iteration(&setup.state, &setup.rule, &batch, |_| {});
        let pairs = report.outputs.expect("something is matched").pair_weights;
        let probabilities = report.probabilities.flatten::<1>(0, 1);
        [
            vec![state.target.theta, state.target.velocity, state.meta.phi, state.meta.first, probabilities],
            vec![report.task_loss, report.matching_loss.expect("something is matched")],
            vec![report.adapted_task_loss.expect("φ is learned"), report.hypergradient.expect("φ is learned")],
            // The unbiased variance knows how many images a pass saw, n/(n − 1), and so differs.
            state.running.moments().iter().map(|moments| moments.mean.clone()).collect(),
            vec![pairs.flatten::<1>(0, 1)],
        ]
        .concat()
    };
    let (whole, parts) = (iteration(&[10]), iteration(&[5, 5]));
    assert_eq!(whole.len(), parts.len());
    for (nth, (whole, part)) in whole.iter().zip(&parts).enumerate() {
        assert!(norm(whole) > 1e-6, "quantity {nth} is not near zero");
        // The order of double-precision sums differs; Adam's root magnifies that where a gradient is near zero.
        let error = norm(&(part.clone() - whole.clone())) / norm(whole);
        assert!(error < 1e-9, "quantity {nth} errs by {error:.1e}");
    }
}

/// The approximations are approximations: central differences come close, dropping second derivatives does not.
#[test]
fn the_approximate_hypergradients_differ_from_the_exact_one() {
    let (setup, batch) = start();
    let (state, _, trajectory) = setup.unrolled(&batch);
    let meta = setup.learner.meta.as_ref().expect("φ is learned");
    let rule = setup.learner.meta_rule.expect("φ is learned");
    let by =
        |method| hypergradient(&setup.learner.model, meta, &state.meta.phi, &rule.inner, &trajectory, &batch, method);
    let exact = by(HypergradientMethod::Exact);
    let error = |other: Tensor<1>| norm(&(other - exact.clone())) / norm(&exact);
    let (differences, first_order) =
        (error(by(HypergradientMethod::CentralDifferences)), error(by(HypergradientMethod::FirstOrder)));
    assert!(norm(&exact) > 1e-4, "the hypergradient is not near zero");
    // Steps of length 0.001 cross a kink now and then; far from exact, far from arbitrary.
    assert!(differences > 1e-12 && differences < 0.1, "central differences err by {differences:.1e}");
    assert!(first_order > 1e-3, "first order errs by {first_order:.1e}");
}

/// inner = mean(v1²) + Σ λ∘v2², outer = mean(v1·v2): each coordinate follows a linear map of (θ, v), so the
/// hypergradient is a derivative of its tenth power.
#[test]
fn the_quadratic_toy_against_its_closed_form() {
    const STEPS: usize = 10;
    let rule = Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.01 };
    let (v1, v2, lambda) = ([1.0, 3.0], [-1.0, -2.0, 1.0, 0.0], [0.3, 0.7, 0.2, 0.5]);
    let curvature = |l: &[f64]| -> Vec<f64> { [1.0, 1.0].into_iter().chain(l.iter().map(|l| 2.0 * l)).collect() };
    let h = vector(curvature(&lambda));

    // Our reverse pass, with the toy's second derivatives.
    let mut at = Moving::at_rest(vector([v1.as_slice(), &v2].concat()));
    let mut trajectory = vec![];
    for _ in 0..STEPS {
        trajectory.push(at.theta.clone());
        at = rule.step(&at, &(h.clone() * at.theta.clone()));
    }
    let end = values(&at.theta);
    let outer: Vec<f64> =
        (0..2).map(|j| (end[2 + j] + end[4 + j]) / 4.0).chain((0..4).map(|k| end[k % 2] / 4.0)).collect();
    let mut pass = ReversePass::begin(STEPS, vector(outer));
    let products = |t: usize, u: &Tensor<1>, with_hessian: bool| Products {
        mixed: Some((trajectory[t].clone() * u.clone() * 2.0).slice([2..6])),
        hessian_vector: with_hessian.then(|| h.clone() * u.clone()),
    };
    while pass.advance(&rule, products, |a, b| a + b).is_some() {}
    let got = values(&pass.finish().expect("every step depends on λ"));

    // (θ, v) ← M (θ, v), M = [[1 − η(h + wd), −ημ], [h + wd, μ]].
    let power = |h: f64, n: usize| (0..n).fold([[1.0, 0.0], [0.0, 1.0]], |p, _| product(matrix(&rule, h), p));
    for k in 0..4 {
        let h = 2.0 * lambda[k];
        let derivative = [[-rule.lr * 2.0, 0.0], [2.0, 0.0]];
        let theta_dot: f64 =
            (0..STEPS).map(|i| product(power(h, STEPS - 1 - i), product(derivative, power(h, i)))[0][0] * v2[k]).sum();
        let v1_end = power(1.0, STEPS)[0][0] * v1[k % 2];
        let expected = v1_end / 4.0 * theta_dot;
        assert!(v2[k] == 0.0 || expected.abs() > 1e-3, "the derivative is not near zero");
        // Ten steps of double precision.
        assert!((got[k] - expected).abs() < 1e-13, "λ[{k}]: {} against {expected}", got[k]);
    }
}

type Matrix = [[f64; 2]; 2];

fn matrix(rule: &Sgd, h: f64) -> Matrix {
    let g = h + rule.weight_decay;
    [[1.0 - rule.lr * g, -rule.lr * rule.momentum], [g, rule.momentum]]
}

fn product(a: Matrix, b: Matrix) -> Matrix {
    let at = |r: usize, c: usize| a[r][0] * b[0][c] + a[r][1] * b[1][c];
    [[at(0, 0), at(0, 1)], [at(1, 0), at(1, 1)]]
}
