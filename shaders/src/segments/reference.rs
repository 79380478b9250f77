//! By Burn's operations, segment by segment.

use burn_tensor::Tensor;
use burn_tensor::activation;

use super::Segments;

/// What `of` gives for every segment, at the segment's columns.
fn by_segment(segments: &Segments, of: impl Fn(usize) -> Tensor<2>) -> Tensor<2> {
    let mut order: Vec<usize> = (0..segments.ranges().len()).collect();
    order.sort_by_key(|&nth| segments.ranges()[nth].start);
    Tensor::cat(order.into_iter().map(of).collect(), 1)
}

pub fn softmax(z: &Tensor<2>, segments: &Segments) -> Tensor<2> {
    by_segment(segments, |nth| activation::softmax(segments.part(z, nth), 1))
}

pub fn softmax_gradient(w: &Tensor<2>, w_bar: &Tensor<2>, segments: &Segments, factor: f64) -> Tensor<2> {
    by_segment(segments, |nth| {
        let (w, w_bar) = (segments.part(w, nth), segments.part(w_bar, nth));
        w.clone() * (w_bar.clone() - (w * w_bar).sum_dim(1)) * factor
    })
}

pub fn products(
    a: &Tensor<2>,
    e: &Tensor<2>,
    k: &Tensor<2>,
    segments: &Segments,
    factor: f64,
) -> (Tensor<2>, Tensor<2>) {
    let scaled = by_segment(segments, |nth| segments.part(a, nth) * k.clone().narrow(1, nth, 1) * factor);
    let sum = |nth: usize| (segments.part(a, nth) * segments.part(e, nth)).sum_dim(1) * factor;
    (scaled, Tensor::cat((0..segments.ranges().len()).map(sum).collect(), 1))
}
