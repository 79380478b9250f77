//! Attention maps: `Q_p = Σ_c a_{cp}²` at every pixel p of a feature map (Zagoruyko and Komodakis, 2017, Section 3.1).
//!
//! The four rules, with `⟨a, b⟩_p = Σ_c a_{cp} b_{cp}` ([`product`]) and `(a ⊙ q)_{cp} = a_{cp} q_p`:
//!
//! | rule | |
//! |---|---|
//! | value | `Q = ⟨a, a⟩`, [`map`] |
//! | gradient | `ā = 2 a ⊙ Q̄`, [`gradient`] |
//! | tangent | `Q̇ = 2 ⟨a, ȧ⟩` |
//! | tangent of the gradient | `ā̇ = 2 ȧ ⊙ Q̄ + 2 a ⊙ Q̄̇` |
//!
//! The last two are the first two with one argument replaced by its derivative.
//!
//! On a GPU these are Burn's operations. WGSL kernels of one launch each were written and measured: on lavapipe (a busy
//! machine, `[32, 64, 32, 32]`) the map took as long as Burn's operations and the gradient 1.3 to 1.8 times as long.

use burn_tensor::Tensor;

use crate::cpu::{Cpu, PlaneShape, by_dtype, map_images, map_planes};

/// `Q_p = Σ_c a_{cp}²`, `[B, C, H, W]` → `[B, H·W]`.
pub fn map(a: &Tensor<4>) -> Tensor<2> {
    product(a, a)
}

/// `⟨a, b⟩_p = Σ_c a_{cp} b_{cp}`, `[B, C, H, W]` × 2 → `[B, H·W]`.
pub fn product(a: &Tensor<4>, b: &Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = a.dims();
    let area = height * width;
    let (Some(left), Some(right)) = (Cpu::of(a), Cpu::of(b)) else {
        return product_reference(a, b);
    };
    let shape = PlaneShape::of(a.dims());
    by_dtype!(left.dtype(), T => {
        let (a, b) = (left.slice::<T>(), right.slice::<T>());
        let out = map_images(batch, area, |image, out: &mut [T]| {
            for channel in 0..channels {
                let planes = shape.plane(a, image, channel).iter().zip(shape.plane(b, image, channel));
                out.iter_mut().zip(planes).for_each(|(out, (&a, &b))| *out += a * b);
            }
        });
        Cpu::tensor(out, [batch, area])
    })
}

fn product_reference(a: &Tensor<4>, b: &Tensor<4>) -> Tensor<2> {
    let [batch, _, height, width] = a.dims();
    (a.clone() * b.clone()).sum_dim(1).reshape([batch, height * width])
}

/// `ā_{cp} = 2 a_{cp} Q̄_p`: the gradient of [`map`] from `q_bar`, `[B, H·W]`, of the shape of `a`.
pub fn gradient(a: &Tensor<4>, q_bar: &Tensor<2>) -> Tensor<4> {
    let [_, _, height, width] = a.dims();
    let area = height * width;
    let (Some(values), Some(q_bar)) = (Cpu::of(a), Cpu::of(q_bar)) else {
        return gradient_reference(a, q_bar);
    };
    let shape = PlaneShape::of(a.dims());
    by_dtype!(values.dtype(), T => {
        let (values, q_bar) = (values.slice::<T>(), q_bar.slice::<T>());
        let out = map_planes(shape, |image, channel, out: &mut [T]| {
            let q_bar = &q_bar[image * area..][..area];
            for ((out, &a), &q_bar) in out.iter_mut().zip(shape.plane(values, image, channel)).zip(q_bar) {
                let twice = a + a;
                *out = twice * q_bar;
            }
        });
        Cpu::tensor(out, a.dims())
    })
}

fn gradient_reference(a: &Tensor<4>, q_bar: &Tensor<2>) -> Tensor<4> {
    let [batch, _, height, width] = a.dims();
    a.clone() * q_bar.clone().reshape([batch, 1, height, width]) * 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::tests::values;
    use burn_tensor::{Device, Tolerance};

    const SHAPE: [usize; 4] = [2, 5, 7, 6];

    #[test]
    fn cpu_agrees_with_burns_operations() {
        let device = Device::flex();
        let (a, b, q_bar) = (values(SHAPE, 0.1, &device), values(SHAPE, 0.9, &device), values([2, 42], 0.4, &device));
        // Sums of five products of numbers below one, in double precision.
        let close = Tolerance::<f64>::absolute(1e-14);
        product(&a, &b).to_data().assert_approx_eq(&product_reference(&a, &b).to_data(), close);
        gradient(&a, &q_bar).to_data().assert_approx_eq(&gradient_reference(&a, &q_bar).to_data(), close);
    }

    /// `⟨Q̄, Q(a + h u) − Q(a − h u)⟩ / 2h` is exact for a quadratic up to rounding, which is some 1e-16/h.
    #[test]
    fn the_gradient_and_the_tangent_are_those_of_central_differences() {
        let device = Device::flex();
        let (a, u, q_bar) = (values(SHAPE, 0.1, &device), values(SHAPE, 2.9, &device), values([2, 42], 0.4, &device));
        let step = 1e-3;
        let difference = (map(&(a.clone() + u.clone() * step)) - map(&(a.clone() - u.clone() * step))) / (2.0 * step);
        let expected = (difference * q_bar.clone()).sum().into_scalar::<f64>();
        let by_gradient = (gradient(&a, &q_bar) * u.clone()).sum().into_scalar::<f64>();
        let by_tangent = (product(&a, &u) * 2.0 * q_bar).sum().into_scalar::<f64>();
        assert!(expected.abs() > 1e-2, "{expected} is not near zero");
        assert!((by_gradient - expected).abs() < 1e-10 && (by_tangent - expected).abs() < 1e-10);
    }
}
