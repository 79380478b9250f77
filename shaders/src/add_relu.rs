//! The end of a residual block: `y = max(a + b, 0)`; and where the gradients of ReLU and of its like with a ceiling pass.

use burn_tensor::Tensor;

use crate::cpu::{Cpu, PlaneShape, Real, by_dtype, map_planes, vectorised};
use crate::gpu::{Gpu, Wgsl, launch_elementwise, tensor};

const ADD_RELU: Wgsl = Wgsl::new("add_relu", include_str!("../wgsl/add_relu.wgsl"));
const WHERE_POSITIVE: Wgsl = Wgsl::new("where_positive", include_str!("../wgsl/where_positive.wgsl"));

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![ADD_RELU, WHERE_POSITIVE]
}

/// `y = max(a + b, 0)`, all `[B, C, H, W]`.
pub fn add_relu(a: &Tensor<4>, b: &Tensor<4>) -> Tensor<4> {
    if let (Some(left), Some(right)) = (Gpu::of(a), Gpu::of(b)) {
        let [y] = launch_elementwise(ADD_RELU, &[&left, &right], [&a.dims()], &[], &[]);
        return tensor(y);
    }
    let (Some(left), Some(right)) = (Cpu::of(a), Cpu::of(b)) else {
        return (a.clone() + b.clone()).clamp_min(0.0);
    };
    zip(a.dims(), &left, &right, Rule::Add)
}

/// `g` where `y > 0`, zero elsewhere: the gradient and the tangent of ReLU at the output `y`.
pub fn where_positive(y: &Tensor<4>, g: &Tensor<4>) -> Tensor<4> {
    if let Some(out) = where_on_gpu(y, g, None) {
        return out;
    }
    let (Some(left), Some(right)) = (Cpu::of(y), Cpu::of(g)) else {
        return g.clone().mask_fill(y.clone().lower_equal_elem(0.0), 0.0);
    };
    zip(y.dims(), &left, &right, Rule::Mask)
}

/// `g` where `0 < z < ceiling`, zero elsewhere: the gradient of `min(max(z, 0), ceiling)`, as PyTorch has it at its two kinks too.
pub fn where_between(z: &Tensor<2>, g: &Tensor<2>, ceiling: f64) -> Tensor<2> {
    where_on_gpu(z, g, Some(ceiling)).unwrap_or_else(|| {
        let flat = z.clone().lower_equal_elem(0.0).bool_or(z.clone().greater_equal_elem(ceiling));
        g.clone().mask_fill(flat, 0.0)
    })
}

fn where_on_gpu<const D: usize>(y: &Tensor<D>, g: &Tensor<D>, ceiling: Option<f64>) -> Option<Tensor<D>> {
    let inputs = [Gpu::of(y)?, Gpu::of(g)?];
    let sizes = [usize::from(ceiling.is_some())];
    let numbers = [ceiling.unwrap_or_default()];
    let [out] = launch_elementwise(WHERE_POSITIVE, &inputs.each_ref(), [&y.dims()[..]], &sizes, &numbers);
    Some(tensor(out))
}

#[derive(Clone, Copy)]
enum Rule {
    Add,
    Mask,
}

fn zip(dims: [usize; 4], a: &Cpu, b: &Cpu, rule: Rule) -> Tensor<4> {
    let shape = PlaneShape::of(dims);
    by_dtype!(a.dtype(), T => {
        let (a, b) = (a.slice::<T>(), b.slice::<T>());
        let out = map_planes(shape, |image, channel, out: &mut [T]| {
            let (a, b) = (shape.plane(a, image, channel), shape.plane(b, image, channel));
            let lines = out.iter_mut().zip(a).zip(b);
            match rule {
                // Written so that NaN passes.
                Rule::Add => vectorised!(|| lines.for_each(|((out, &a), &b)| {
                    let sum = a + b;
                    *out = if sum < T::ZERO { T::ZERO } else { sum };
                })),
                Rule::Mask => {
                    vectorised!(|| lines.for_each(|((out, &a), &b)| *out = if a > T::ZERO { b } else { T::ZERO }));
                }
            }
        });
        Cpu::tensor(out, dims)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::tests::values;
    use burn_tensor::{Device, Tolerance};

    #[test]
    fn agrees_with_burn() {
        let device = Device::flex();
        let (a, b) = (values([2, 3, 5, 4], 0.1, &device), values([2, 3, 5, 4], 0.9, &device));
        let y = add_relu(&a, &b);
        let expected = (a + b.clone()).clamp_min(0.0);
        y.to_data().assert_approx_eq::<f64>(&expected.to_data(), Tolerance::absolute(0.0));
        let expected = b.clone().mask_fill(y.clone().lower_equal_elem(0.0), 0.0);
        where_positive(&y, &b).to_data().assert_approx_eq::<f64>(&expected.to_data(), Tolerance::absolute(0.0));
    }
}
