//! Maximum over square windows. With the place of each maximum remembered, its derivatives are linear: the tangent
//! gathers there ([`gather`]) and the gradient scatters there ([`scatter`]).

use burn_backend::ops::ModuleOps;
use burn_dispatch::Dispatch;
use burn_tensor::ops::MaxPoolOptions;
use burn_tensor::{Int, Tensor, module::max_pool2d_with_indices};

use crate::cpu::{Cpu, PlaneShape, Real, by_dtype, map_images, map_planes};
use crate::gpu::{Gpu, Wgsl, allocate, allocate_indices, indices, launch_elementwise, launch_elementwise_into, tensor};

const MAX_POOL: Wgsl = Wgsl::new("max_pool", include_str!("../wgsl/max_pool.wgsl"));
const GATHER: Wgsl = Wgsl::new("max_pool_gather", include_str!("../wgsl/max_pool_gather.wgsl"));
const SCATTER: Wgsl = Wgsl::new("max_pool_scatter", include_str!("../wgsl/max_pool_scatter.wgsl"));

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![MAX_POOL, GATHER, SCATTER]
}

/// Size, stride and padding (by −∞) of the windows, the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Side of a window in pixels.
    pub size: usize,
    /// Distance between neighbouring windows in pixels.
    pub stride: usize,
    /// Pixels of padding on each side.
    pub padding: usize,
}

impl Window {
    /// Output length for an input of `length` pixels.
    pub fn output(self, length: usize) -> usize {
        (length + 2 * self.padding - self.size) / self.stride + 1
    }

    /// Sizes as the kernels read them: H, W, H', W', size, stride, padding.
    fn sizes(self, [height, width]: [usize; 2]) -> [usize; 7] {
        let Self { size, stride, padding } = self;
        [height, width, self.output(height), self.output(width), size, stride, padding]
    }

    /// The input pixels of window `at`.
    fn range(self, at: usize, length: usize) -> std::ops::Range<usize> {
        let start = at * self.stride;
        start.saturating_sub(self.padding)..(start + self.size - self.padding).min(length)
    }
}

/// The maxima of `x` (`[B, C, H, W]`) and their places: flat pixel indices within each plane, `[B, C, H', W']`. Of equal
/// maxima the first in reading order is taken.
pub fn max_pool(x: &Tensor<4>, window: Window) -> (Tensor<4>, Tensor<4, Int>) {
    let [batch, channels, height, width] = x.dims();
    let out = [batch, channels, window.output(height), window.output(width)];
    if let Some(x) = Gpu::of(x) {
        let outputs = [allocate(&x, &out), allocate_indices(&x, &out)];
        launch_elementwise_into(MAX_POOL, &[&x], &outputs, out.iter().product(), &window.sizes([height, width]), &[]);
        let [y, places] = outputs;
        return (tensor(y), indices(places));
    }
    let Some(values) = Cpu::of(x) else {
        return reference(x, window);
    };
    let shape = PlaneShape::of(x.dims());
    let out_shape = PlaneShape::of(out);
    by_dtype!(values.dtype(), T => {
        let values = values.slice::<T>();
        let places = map_images(batch * channels, out_shape.area, |plane, places: &mut [i32]| {
            let values = &values[plane * shape.area..][..shape.area];
            for (i, line) in places.chunks_mut(out[3]).enumerate() {
                for (j, place) in line.iter_mut().enumerate() {
                    *place = maximum(values, width, window.range(i, height), window.range(j, width));
                }
            }
        });
        let y = gathered(values, &places, shape, out_shape);
        (Cpu::tensor(y, out), Cpu::indices(places, out))
    })
}

/// The same by Burn's own pooling.
fn reference(x: &Tensor<4>, window: Window) -> (Tensor<4>, Tensor<4, Int>) {
    let options = MaxPoolOptions {
        kernel_size: [window.size; 2],
        stride: [window.stride; 2],
        padding: [(window.padding, window.padding); 2],
        dilation: [1, 1],
        ceil_mode: false,
    };
    max_pool2d_with_indices(x.clone(), options)
}

/// Flat index of the largest value in a window; NaN counts as largest, so that it is not lost.
fn maximum<T: Real>(values: &[T], width: usize, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> i32 {
    let mut best = rows.start * width + columns.start;
    for y in rows {
        for x in columns.clone() {
            let value = values[y * width + x];
            // Not a number is what cannot be compared with itself.
            if value > values[best] || value.partial_cmp(&value).is_none() {
                best = y * width + x;
            }
        }
    }
    i32::try_from(best).expect("a plane has fewer than 2³¹ pixels")
}

fn gathered<T: Real>(x: &[T], places: &[i32], shape: PlaneShape, out: PlaneShape) -> Vec<T> {
    map_planes(out, |b, c, y| {
        let (x, places) = (shape.plane(x, b, c), out.plane(places, b, c));
        for (y, &place) in y.iter_mut().zip(places) {
            *y = x[place as usize];
        }
    })
}

/// The values of `x` (`[B, C, H, W]`) at `places` (`[B, C, H', W']`, from [`max_pool`]).
pub fn gather(x: &Tensor<4>, places: &Tensor<4, Int>) -> Tensor<4> {
    let (dims, out) = (x.dims(), places.dims());
    if let (Some(x), Some(places)) = (Gpu::of(x), Gpu::of_indices(places)) {
        let areas = [dims[2] * dims[3], out[2] * out[3]];
        let [y] = launch_elementwise(GATHER, &[&x, &places], [&out], &areas, &[]);
        return tensor(y);
    }
    let Some(values) = Cpu::of(x) else {
        let planes = [dims[0] * dims[1], dims[2] * dims[3]];
        let out_planes = [planes[0], out[2] * out[3]];
        return x.clone().reshape(planes).gather(1, places.clone().reshape(out_planes)).reshape(out);
    };
    let places = Cpu::of_indices(places).expect("places are on the device of their maxima");
    by_dtype!(values.dtype(), T => {
        let y = gathered(values.slice::<T>(), places.index_slice(), PlaneShape::of(dims), PlaneShape::of(out));
        Cpu::tensor(y, out)
    })
}

/// `x̄` of the shape of `x`: `ȳ` (`[B, C, H', W']`) added up at `places`, zero elsewhere.
pub fn scatter(y_bar: &Tensor<4>, places: &Tensor<4, Int>, x: &Tensor<4>, window: Window) -> Tensor<4> {
    scatter_plus(None, y_bar, places, x, window)
}

/// [`scatter`] added to what `x̄` has of elsewhere.
pub fn scatter_plus(
    plus: Option<Tensor<4>>,
    y_bar: &Tensor<4>,
    places: &Tensor<4, Int>,
    x: &Tensor<4>,
    window: Window,
) -> Tensor<4> {
    if let Some(x_bar) = scatter_on_gpu(plus.as_ref(), y_bar, places, x.dims(), window) {
        return x_bar;
    }
    let x_bar = scatter_elsewhere(y_bar, places, x, window);
    match plus {
        Some(plus) => plus + x_bar,
        None => x_bar,
    }
}

fn scatter_on_gpu(
    plus: Option<&Tensor<4>>,
    y_bar: &Tensor<4>,
    places: &Tensor<4, Int>,
    dims: [usize; 4],
    window: Window,
) -> Option<Tensor<4>> {
    let inputs = [Gpu::of(y_bar)?, Gpu::of_indices(places)?, Gpu::of(plus.unwrap_or(y_bar))?];
    let sizes = [&window.sizes([dims[2], dims[3]])[..], &[usize::from(plus.is_some())]].concat();
    let [x_bar] = launch_elementwise(SCATTER, &inputs.each_ref(), [&dims], &sizes, &[]);
    Some(tensor(x_bar))
}

fn scatter_elsewhere(y_bar: &Tensor<4>, places: &Tensor<4, Int>, x: &Tensor<4>, window: Window) -> Tensor<4> {
    let dims = x.dims();
    let Some(values) = Cpu::of(y_bar) else {
        return Tensor::from_dispatch(
            <Dispatch as ModuleOps<Dispatch>>::max_pool2d_with_indices_backward(
                x.clone().into_dispatch(),
                [window.size; 2],
                [window.stride; 2],
                [window.padding; 2],
                [1, 1],
                false,
                y_bar.clone().into_dispatch(),
                places.clone().into_dispatch(),
            )
            .x_grad,
        );
    };
    let out_shape = PlaneShape::of(y_bar.dims());
    let places = Cpu::of_indices(places).expect("places are on the device of their maxima");
    by_dtype!(values.dtype(), T => {
        let (values, places) = (values.slice::<T>(), places.index_slice());
        let x_bar = map_planes(PlaneShape::of(dims), |b, c, x_bar: &mut [T]| {
            for (&value, &place) in out_shape.plane(values, b, c).iter().zip(out_shape.plane(places, b, c)) {
                x_bar[place as usize] += value;
            }
        });
        Cpu::tensor(x_bar, dims)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::tests::values;
    use burn_tensor::{Device, Tolerance};

    #[test]
    fn agrees_with_burn_and_scatter_is_the_adjoint_of_gather() {
        let device = Device::flex();
        for (dims, window) in [
            ([2, 3, 8, 6], Window { size: 2, stride: 2, padding: 0 }),
            ([1, 5, 9, 7], Window { size: 3, stride: 2, padding: 1 }),
            ([3, 2, 5, 5], Window { size: 2, stride: 2, padding: 0 }),
        ] {
            let x = values(dims, 0.4, &device);
            let (y, places) = max_pool(&x, window);
            let (expected, _) = reference(&x, window);
            y.to_data().assert_approx_eq::<f64>(&expected.to_data(), Tolerance::absolute(0.0));
            gather(&x, &places).to_data().assert_approx_eq::<f64>(&y.to_data(), Tolerance::absolute(0.0));
            let y_bar = values(y.dims(), 3.0, &device);
            let left = (y * y_bar.clone()).sum().into_scalar::<f64>();
            let right = (scatter(&y_bar, &places, &x, window) * x).sum().into_scalar::<f64>();
            assert!(left.abs() > 1e-3 && (left - right).abs() < 1e-12);
        }
    }
}
