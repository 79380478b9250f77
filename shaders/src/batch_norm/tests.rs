use burn_tensor::{Device, Tensor, Tolerance};

use super::{
    Affine, Cotangent, Direction, Evaluated, cpu, evaluate, evaluate_chunks, gradient, gradient_tangent, reference,
    tangent,
};
use crate::conv::tests::values;

const SHAPE: [usize; 4] = [3, 5, 7, 6];
const EPSILON: f64 = 1e-5;

fn affine(phase: f64, device: &Device) -> Affine {
    Affine { gamma: values([SHAPE[1]], phase, device), beta: values([SHAPE[1]], phase + 1.0, device) }
}

fn agree<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) {
    // Sums of 126 numbers of order one in double precision.
    a.to_data().assert_approx_eq::<f64>(&b.to_data(), Tolerance::absolute(1e-12));
}

#[test]
fn cpu_agrees_with_the_formulas() {
    let device = Device::flex();
    for relu in [false, true] {
        let (x, p, p_dot) = (values(SHAPE, 0.2, &device), affine(0.5, &device), affine(2.5, &device));
        let (x_dot, y_bar, y_bar_dot) =
            (values(SHAPE, 1.2, &device), values(SHAPE, 4.2, &device), values(SHAPE, 6.2, &device));
        let (at, moments) = evaluate(x.clone(), &p, EPSILON, relu);
        let expected = reference::moments(std::slice::from_ref(&x));
        agree(&moments.mean, &expected.mean);
        agree(&moments.variance, &expected.variance);
        agree(&at.y, &reference::normalise(&x, &at.mean, &at.inv_std, &p, relu));
        assert_eq!(relu, at.y.clone().min().into_scalar::<f64>() >= 0.0);

        let (x_bar, bar) = cpu::gradient(&[(&at, &y_bar)], &p.gamma);
        let (x_bar_ref, bar_ref) = reference::gradient(&[(&at, &y_bar)], &p.gamma);
        agree(&x_bar[0], &x_bar_ref[0]);
        agree(&bar.gamma, &bar_ref.gamma);
        agree(&bar.beta, &bar_ref.beta);

        let (y_dot, tangent) = cpu::tangent(&[(&at, &x_dot)], &p.gamma, &p_dot);
        let (y_dot_ref, tangent_ref) = reference::tangent(&[(&at, &x_dot)], &p.gamma, &p_dot);
        agree(&y_dot[0], &y_dot_ref[0]);
        agree(&tangent.mean, &tangent_ref.mean);
        agree(&tangent.correlation, &tangent_ref.correlation);

        let along = Direction { gamma: &p.gamma, gamma_dot: &p_dot.gamma, moments: &tangent };
        let chunks = [Cotangent { at: &at, x_dot: &x_dot, y_bar: &y_bar, y_bar_dot: &y_bar_dot }];
        let (x_bar_dot, bar_dot) = cpu::gradient_tangent(&chunks, &along);
        let (x_bar_dot_ref, bar_dot_ref) = reference::gradient_tangent(&chunks, &along);
        agree(&x_bar_dot[0], &x_bar_dot_ref[0]);
        agree(&bar_dot.gamma, &bar_dot_ref.gamma);
        agree(&bar_dot.beta, &bar_dot_ref.beta);
    }
}

/// A batch of three images as two and one: every result is that of the whole, by either implementation.
#[test]
fn chunks_are_normalised_as_the_batch_that_they_are() {
    let device = Device::flex();
    let cut = |x: &Tensor<4>| [x.clone().narrow(0, 0, 2), x.clone().narrow(0, 2, 1)];
    let agree_all = |chunks: &[Tensor<4>], whole: &Tensor<4>| agree(&Tensor::cat(chunks.to_vec(), 0), whole);
    for relu in [false, true] {
        let (x, p, p_dot) = (values(SHAPE, 0.2, &device), affine(0.5, &device), affine(2.5, &device));
        let (x_dot, y_bar, y_bar_dot) =
            (values(SHAPE, 1.2, &device), values(SHAPE, 4.2, &device), values(SHAPE, 6.2, &device));
        let (whole, moments) = evaluate(x.clone(), &p, EPSILON, relu);
        let (at, found) = evaluate_chunks(cut(&x).to_vec(), &p, EPSILON, relu);
        agree(&found.mean, &moments.mean);
        agree(&found.variance, &moments.variance);
        agree(&reference::moments(&cut(&x)).variance, &moments.variance);
        agree_all(&[at[0].y.clone(), at[1].y.clone()], &whole.y);

        let (y_bars, x_dots, y_bar_dots) = (cut(&y_bar), cut(&x_dot), cut(&y_bar_dot));
        let with = |maps: &[Tensor<4>; 2]| [(&at[0], maps[0].clone()), (&at[1], maps[1].clone())];
        let (with_bars, with_dots) = (with(&y_bars), with(&x_dots));
        let [bars, dots] = [&with_bars, &with_dots].map(|maps| maps.each_ref().map(|(at, map)| (*at, map)));
        let (expected, expected_bar) = whole.gradient(&p.gamma, &y_bar);
        for (x_bar, bar) in [gradient(&bars, &p.gamma), reference::gradient(&bars, &p.gamma)] {
            agree_all(&x_bar, &expected);
            agree(&bar.gamma, &expected_bar.gamma);
            agree(&bar.beta, &expected_bar.beta);
        }
        let (expected, moments) = whole.tangent(&p.gamma, &x_dot, &p_dot);
        for (y_dot, found) in [tangent(&dots, &p.gamma, &p_dot), reference::tangent(&dots, &p.gamma, &p_dot)] {
            agree_all(&y_dot, &expected);
            agree(&found.mean, &moments.mean);
            agree(&found.correlation, &moments.correlation);
        }
        let along = Direction { gamma: &p.gamma, gamma_dot: &p_dot.gamma, moments: &moments };
        let chunks: Vec<Cotangent<'_>> = (0..2)
            .map(|nth| Cotangent {
                at: &at[nth],
                x_dot: &x_dots[nth],
                y_bar: &y_bars[nth],
                y_bar_dot: &y_bar_dots[nth],
            })
            .collect();
        let (expected, expected_bar) = whole.gradient_tangent(&along, &x_dot, &y_bar, &y_bar_dot);
        for (out, bar) in [gradient_tangent(&chunks, &along), reference::gradient_tangent(&chunks, &along)] {
            agree_all(&out, &expected);
            agree(&bar.gamma, &expected_bar.gamma);
            agree(&bar.beta, &expected_bar.beta);
        }
    }
}

/// Everything that depends on the input and the affine parameters, moved by `step` along a fixed direction.
fn moved(step: f64, relu: bool, device: &Device) -> (Evaluated, Affine, Tensor<4>) {
    let (p, p_dot) = (affine(0.5, device), affine(2.5, device));
    let p = Affine { gamma: p.gamma + p_dot.gamma * step, beta: p.beta + p_dot.beta * step };
    let x = values(SHAPE, 0.2, device) + values(SHAPE, 1.2, device) * step;
    let y_bar = values(SHAPE, 4.2, device) + values(SHAPE, 6.2, device) * step;
    (evaluate(x, &p, EPSILON, relu).0, p, y_bar)
}

/// Central differences of value and gradient against the tangent rules. No output lies within the step of ReLU's kink,
/// which the test checks.
#[test]
fn tangents_are_the_derivatives() {
    let (device, h) = (Device::flex(), 1e-5);
    for relu in [false, true] {
        let (at, p, y_bar) = moved(0.0, relu, &device);
        let p_dot = affine(2.5, &device);
        let x_dot = values(SHAPE, 1.2, &device);
        let (y_dot, tangent) = at.tangent(&p.gamma, &x_dot, &p_dot);
        let along = Direction { gamma: &p.gamma, gamma_dot: &p_dot.gamma, moments: &tangent };
        let (x_bar_dot, bar_dot) = at.gradient_tangent(&along, &x_dot, &y_bar, &values(SHAPE, 6.2, &device));

        let ((plus, p_plus, y_bar_plus), (minus, p_minus, y_bar_minus)) =
            (moved(h, relu, &device), moved(-h, relu, &device));
        let active = |e: &Evaluated| e.y.clone().greater_elem(0.0).int().sum().into_scalar::<i64>();
        assert_eq!(active(&plus), active(&minus), "no output crosses the kink");
        let (x_bar_plus, bar_plus) = plus.gradient(&p_plus.gamma, &y_bar_plus);
        let (x_bar_minus, bar_minus) = minus.gradient(&p_minus.gamma, &y_bar_minus);
        close(y_dot, (plus.y - minus.y) / (2.0 * h));
        close(x_bar_dot, (x_bar_plus - x_bar_minus) / (2.0 * h));
        close(bar_dot.gamma, (bar_plus.gamma - bar_minus.gamma) / (2.0 * h));
        close(bar_dot.beta, (bar_plus.beta - bar_minus.beta) / (2.0 * h));
    }
}

/// Relative 1e-7: central differences with h = 1e-5 err by h² and by 1e-16/h, about 1e-10 each, times derivatives of
/// order ten to a hundred.
fn close<const D: usize>(a: Tensor<D>, b: Tensor<D>) {
    let norm = |t: &Tensor<D>| (t.clone() * t.clone()).sum().into_scalar::<f64>().sqrt();
    let scale = norm(&b);
    assert!(scale > 1e-2, "the derivative is not near zero");
    let error = norm(&(a - b)) / scale;
    assert!(error < 1e-7, "relative error {error:.1e}");
}
