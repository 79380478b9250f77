//! The rules in one or two passes over memory each.

use burn_tensor::Tensor;

use super::{Affine, Cotangent, Direction, Evaluated, Moments, TangentMoments};
use crate::cpu::{Cpu, PlaneShape, Real, by_dtype, channel_sums, lane_sums, map_planes, vectorised};

/// A per-channel vector on the CPU.
fn vector<T: Real>(values: impl Iterator<Item = f64>) -> Tensor<1> {
    let values: Vec<T> = values.map(T::narrow).collect();
    let shape = [values.len()];
    Cpu::tensor(values, shape)
}

fn cpu<const D: usize>(x: &Tensor<D>) -> Cpu {
    Cpu::of(x).expect("one normalisation's tensors are on one device")
}

/// The sums over all chunks of a batch, in their order.
fn total<const K: usize>(chunks: impl Iterator<Item = Vec<[f64; K]>>) -> Vec<[f64; K]> {
    let sum = |a: [f64; K], b: [f64; K]| std::array::from_fn(|k| a[k] + b[k]);
    let sums = chunks.reduce(|a, b| a.into_iter().zip(b).map(|(a, b)| sum(a, b)).collect());
    sums.expect("a batch has a chunk")
}

/// Number of values of a channel in all chunks.
fn count<'a>(chunks: impl Iterator<Item = &'a Tensor<4>>) -> f64 {
    chunks.map(|x| PlaneShape::of(x.dims())).map(|shape| (shape.batch * shape.area) as f64).sum()
}

pub fn moments(xs: &[Tensor<4>]) -> Moments {
    let n = count(xs.iter());
    let chunks: Vec<_> = xs.iter().map(|x| (PlaneShape::of(x.dims()), cpu(x))).collect();
    by_dtype!(chunks[0].1.dtype(), T => {
        let sums = total(chunks.iter().map(|(shape, x)| {
            let x = x.slice::<T>();
            channel_sums(*shape, |b, c| {
                let x = shape.plane(x, b, c);
                vectorised!(|| lane_sums(x.len(), |i| [x[i]]))
            })
        }));
        let means: Vec<f64> = sums.iter().map(|[sum]| sum / n).collect();
        // A second pass over the centred values: E[x²] − E[x]² would cancel in single precision.
        let squares = total(chunks.iter().map(|(shape, x)| {
            let x = x.slice::<T>();
            channel_sums(*shape, |b, c| {
                let (x, m) = (shape.plane(x, b, c), T::narrow(means[c]));
                vectorised!(|| lane_sums(x.len(), |i| [(x[i] - m) * (x[i] - m)]))
            })
        }));
        Moments {
            mean: vector::<T>(means.iter().copied()),
            variance: vector::<T>(squares.iter().map(|[sum]| sum / n)),
        }
    })
}

pub fn normalise(x: &Tensor<4>, mean: &Tensor<1>, inv_std: &Tensor<1>, affine: &Affine, relu: bool) -> Tensor<4> {
    let dims = x.dims();
    let shape = PlaneShape::of(dims);
    let (x, mean, inv_std, gamma, beta) = (cpu(x), cpu(mean), cpu(inv_std), cpu(&affine.gamma), cpu(&affine.beta));
    by_dtype!(x.dtype(), T => {
        let (x, mean, inv_std) = (x.slice::<T>(), mean.slice::<T>(), inv_std.slice::<T>());
        let (gamma, beta) = (gamma.slice::<T>(), beta.slice::<T>());
        let floor = if relu { T::ZERO } else { T::narrow(f64::NEG_INFINITY) };
        let y = map_planes(shape, |b, c, y: &mut [T]| {
            let x = &shape.plane(x, b, c)[..y.len()];
            let (m, scale, shift) = (mean[c], gamma[c] * inv_std[c], beta[c]);
            vectorised!(|| for (y, &x) in y.iter_mut().zip(x) {
                let value = (x - m) * scale + shift;
                // Written so that NaN passes: a diverged network must not look like a dead one.
                *y = if value < floor { floor } else { value };
            });
        });
        Cpu::tensor(y, dims)
    })
}

/// `value` where ReLU is active at the output `y`.
#[inline(always)]
fn gate<T: Real>(relu: bool, y: T, value: T) -> T {
    if relu && y <= T::ZERO { T::ZERO } else { value }
}

/// The evaluation of a chunk and another map of its shape, as slices.
struct Chunk<'a, T> {
    shape: PlaneShape,
    x: &'a [T],
    y: &'a [T],
    other: &'a [T],
}

/// Storages of chunks that are given as (evaluation, map).
fn storages(chunks: &[(&Evaluated, &Tensor<4>)]) -> Vec<(PlaneShape, [Cpu; 3])> {
    let of = |&(at, other): &(&Evaluated, &Tensor<4>)| (PlaneShape::of(other.dims()), [&at.x, &at.y, other].map(cpu));
    chunks.iter().map(of).collect()
}

fn slices<T: Real>(storages: &[(PlaneShape, [Cpu; 3])]) -> Vec<Chunk<'_, T>> {
    storages
        .iter()
        .map(|(shape, [x, y, other])| Chunk { shape: *shape, x: x.slice(), y: y.slice(), other: other.slice() })
        .collect()
}

pub fn gradient(chunks: &[(&Evaluated, &Tensor<4>)], gamma: &Tensor<1>) -> (Vec<Tensor<4>>, Affine) {
    let (at, _) = chunks[0];
    let (n, relu) = (count(chunks.iter().map(|(at, _)| &at.x)), at.relu);
    let (mean, inv_std, gamma) = (cpu(&at.mean), cpu(&at.inv_std), cpu(gamma));
    let storages = storages(chunks);
    by_dtype!(mean.dtype(), T => {
        let (mean, inv_std, gamma) = (mean.slice::<T>(), inv_std.slice::<T>(), gamma.slice::<T>());
        let maps = slices::<T>(&storages);
        let sums = total(maps.iter().map(|&Chunk { shape, x, y, other: y_bar }| channel_sums(shape, |b, c| {
            let (x, y, y_bar) = (shape.plane(x, b, c), shape.plane(y, b, c), shape.plane(y_bar, b, c));
            let (m, s) = (mean[c], inv_std[c]);
            vectorised!(|| lane_sums(x.len(), |i| {
                let g = gate(relu, y[i], y_bar[i]);
                [g, g * (x[i] - m) * s]
            }))
        })));
        let x_bars = maps.iter().map(|&Chunk { shape, x, y, other: y_bar }| map_planes(shape, |b, c, x_bar: &mut [T]| {
            let area = x_bar.len();
            let (x, y) = (&shape.plane(x, b, c)[..area], &shape.plane(y, b, c)[..area]);
            let y_bar = &shape.plane(y_bar, b, c)[..area];
            let (m, s, scale) = (mean[c], inv_std[c], gamma[c] * inv_std[c]);
            let [mean_g, mean_gx] = sums[c].map(|sum| T::narrow(sum / n));
            vectorised!(|| for i in 0..area {
                let g = gate(relu, y[i], y_bar[i]);
                x_bar[i] = scale * (g - mean_g - (x[i] - m) * s * mean_gx);
            });
        }));
        let affine_bar = Affine {
            gamma: vector::<T>(sums.iter().map(|[_, gx]| *gx)),
            beta: vector::<T>(sums.iter().map(|[g, _]| *g)),
        };
        (x_bars.zip(chunks).map(|(x_bar, (_, y_bar))| Cpu::tensor(x_bar, y_bar.dims())).collect(), affine_bar)
    })
}

pub fn tangent(
    chunks: &[(&Evaluated, &Tensor<4>)],
    gamma: &Tensor<1>,
    affine_dot: &Affine,
) -> (Vec<Tensor<4>>, TangentMoments) {
    let (at, _) = chunks[0];
    let (n, relu) = (count(chunks.iter().map(|(at, _)| &at.x)), at.relu);
    let (mean, inv_std, gamma) = (cpu(&at.mean), cpu(&at.inv_std), cpu(gamma));
    let (gamma_dot, beta_dot) = (cpu(&affine_dot.gamma), cpu(&affine_dot.beta));
    let storages = storages(chunks);
    by_dtype!(mean.dtype(), T => {
        let (mean, inv_std, gamma) = (mean.slice::<T>(), inv_std.slice::<T>(), gamma.slice::<T>());
        let (gamma_dot, beta_dot) = (gamma_dot.slice::<T>(), beta_dot.slice::<T>());
        let maps = slices::<T>(&storages);
        let sums = total(maps.iter().map(|&Chunk { shape, x, other: x_dot, .. }| channel_sums(shape, |b, c| {
            let (x, x_dot) = (shape.plane(x, b, c), shape.plane(x_dot, b, c));
            let (m, s) = (mean[c], inv_std[c]);
            vectorised!(|| lane_sums(x.len(), |i| [x_dot[i], (x[i] - m) * s * x_dot[i]]))
        })));
        let y_dots = maps.iter().map(|&Chunk { shape, x, y, other: x_dot }| map_planes(shape, |b, c, y_dot: &mut [T]| {
            let area = y_dot.len();
            let (x, y) = (&shape.plane(x, b, c)[..area], &shape.plane(y, b, c)[..area]);
            let x_dot = &shape.plane(x_dot, b, c)[..area];
            let (m, s, scale) = (mean[c], inv_std[c], gamma[c] * inv_std[c]);
            let (gamma_dot, beta_dot) = (gamma_dot[c], beta_dot[c]);
            let [mean_dot, correlation] = sums[c].map(|sum| T::narrow(sum / n));
            vectorised!(|| for i in 0..area {
                let x_hat = (x[i] - m) * s;
                let value = gamma_dot * x_hat + scale * (x_dot[i] - mean_dot - x_hat * correlation) + beta_dot;
                y_dot[i] = gate(relu, y[i], value);
            });
        }));
        let moments = TangentMoments {
            mean: vector::<T>(sums.iter().map(|[sum, _]| sum / n)),
            correlation: vector::<T>(sums.iter().map(|[_, sum]| sum / n)), vectors: None
        };
        (y_dots.zip(chunks).map(|(y_dot, (_, x_dot))| Cpu::tensor(y_dot, x_dot.dims())).collect(), moments)
    })
}

/// x, y, ẋ, ȳ and ȳ̇ of a chunk.
fn all_of(chunk: &Cotangent<'_>) -> (PlaneShape, [Cpu; 5]) {
    let Cotangent { at, x_dot, y_bar, y_bar_dot } = *chunk;
    (PlaneShape::of(y_bar.dims()), [&at.x, &at.y, x_dot, y_bar, y_bar_dot].map(cpu))
}

pub fn gradient_tangent(chunks: &[Cotangent<'_>], along: &Direction<'_>) -> (Vec<Tensor<4>>, Affine) {
    let at = chunks[0].at;
    let (n, relu) = (count(chunks.iter().map(|chunk| &chunk.at.x)), at.relu);
    let (mean, inv_std) = (cpu(&at.mean), cpu(&at.inv_std));
    let (gamma, gamma_dot) = (cpu(along.gamma), cpu(along.gamma_dot));
    let (mean_dot, correlation) = (cpu(&along.moments.mean), cpu(&along.moments.correlation));
    let storages: Vec<_> = chunks.iter().map(all_of).collect();
    by_dtype!(mean.dtype(), T => {
        let (mean, inv_std) = (mean.slice::<T>(), inv_std.slice::<T>());
        let (gamma, gamma_dot) = (gamma.slice::<T>(), gamma_dot.slice::<T>());
        let (mean_dot, correlation) = (mean_dot.slice::<T>(), correlation.slice::<T>());
        let maps: Vec<_> =
            storages.iter().map(|(shape, maps)| (*shape, maps.each_ref().map(|map| map.slice::<T>()))).collect();
        let sums = total(maps.iter().map(|&(shape, maps)| channel_sums(shape, |b, c| {
            let [x, y, x_dot, y_bar, y_bar_dot] = maps.map(|map| shape.plane(map, b, c));
            let (m, s, m_dot, r) = (mean[c], inv_std[c], mean_dot[c], correlation[c]);
            vectorised!(|| lane_sums(x.len(), |i| {
                let (g, g_dot) = (gate(relu, y[i], y_bar[i]), gate(relu, y[i], y_bar_dot[i]));
                let x_hat = (x[i] - m) * s;
                let x_hat_dot = (x_dot[i] - m_dot - x_hat * r) * s;
                [g, g * x_hat, g_dot, g_dot * x_hat + g * x_hat_dot]
            }))
        })));
        let x_bar_dots = maps.iter().map(|&(shape, maps)| map_planes(shape, |b, c, out: &mut [T]| {
            let area = out.len();
            let [x, y, x_dot, y_bar, y_bar_dot] = maps.map(|map| &shape.plane(map, b, c)[..area]);
            let (m, s, m_dot, r) = (mean[c], inv_std[c], mean_dot[c], correlation[c]);
            let scale = gamma[c] * s;
            let scale_dot = gamma_dot[c] * s - gamma[c] * s * s * r;
            let [a, mean_gx, a_dot, mean_gx_dot] = sums[c].map(|sum| T::narrow(sum / n));
            vectorised!(|| for i in 0..area {
                let (g, g_dot) = (gate(relu, y[i], y_bar[i]), gate(relu, y[i], y_bar_dot[i]));
                let x_hat = (x[i] - m) * s;
                let x_hat_dot = (x_dot[i] - m_dot - x_hat * r) * s;
                out[i] = scale_dot * (g - a - x_hat * mean_gx)
                    + scale * (g_dot - a_dot - x_hat_dot * mean_gx - x_hat * mean_gx_dot);
            });
        }));
        let affine_bar_dot = Affine {
            gamma: vector::<T>(sums.iter().map(|[_, _, _, gx_dot]| *gx_dot)),
            beta: vector::<T>(sums.iter().map(|[_, _, g_dot, _]| *g_dot)),
        };
        let dims = chunks.iter().map(|chunk| chunk.y_bar.dims());
        (x_bar_dots.zip(dims).map(|(out, dims)| Cpu::tensor(out, dims)).collect(), affine_bar_dot)
    })
}
