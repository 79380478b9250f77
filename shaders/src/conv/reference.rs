//! The same three products by Burn's own convolution: what the implementations are compared with and measured against.

use burn_backend::ops::ModuleOps;
use burn_dispatch::Dispatch;
use burn_tensor::ops::ConvOptions;
use burn_tensor::{Tensor, module::conv2d};

use super::Geometry;

fn options(geometry: Geometry) -> ConvOptions<2> {
    ConvOptions::new([geometry.stride; 2], [geometry.padding; 2], [1, 1], 1)
}

fn sum(terms: impl Iterator<Item = Tensor<4>>) -> Tensor<4> {
    terms.reduce(|a, b| a + b).expect("checked by the caller")
}

/// See [`super::convolve`].
pub fn convolve(terms: &[(&Tensor<4>, &Tensor<4>)], geometry: Geometry) -> Tensor<4> {
    sum(terms.iter().map(|&(x, w)| conv2d(x.clone(), w.clone(), None, options(geometry))))
}

/// See [`super::input_gradient`].
pub fn input_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], x: &Tensor<4>, geometry: Geometry) -> Tensor<4> {
    sum(terms.iter().map(|&(y, w)| {
        Tensor::from_dispatch(<Dispatch as ModuleOps<Dispatch>>::conv2d_x_backward(
            x.clone().into_dispatch(),
            w.clone().into_dispatch(),
            y.clone().into_dispatch(),
            options(geometry),
        ))
    }))
}

/// See [`super::weight_gradient`].
pub fn weight_gradient(terms: &[(&Tensor<4>, &Tensor<4>)], weight: &Tensor<4>, geometry: Geometry) -> Tensor<4> {
    sum(terms.iter().map(|&(x, y)| {
        Tensor::from_dispatch(<Dispatch as ModuleOps<Dispatch>>::conv2d_weight_backward(
            x.clone().into_dispatch(),
            weight.clone().into_dispatch(),
            y.clone().into_dispatch(),
            options(geometry),
        ))
    }))
}
