//! Derivatives along a direction: of a network's values, and of its gradient.

use burn_tensor::Tensor;
use l2t_shaders::batch_norm::{Direction, TangentMoments};
use l2t_shaders::{add_relu, channels, conv, max_pool};

use super::evaluate::{Activations, Cotangents};
use super::graph::{Network, NodeId, Op};
use super::layout::GradientParts;
use super::subsample;

/// `ẏ` of every node along a direction `θ̇`; the input does not move, so its tangent is absent.
#[derive(Debug, Clone)]
pub struct Tangents {
    values: Vec<Option<Tensor<4>>>,
    moments: Vec<Option<TangentMoments>>,
}

impl Tangents {
    /// The derivative of the output of `node`, or `None` where it does not depend on θ.
    pub fn get(&self, node: NodeId) -> Option<&Tensor<4>> {
        self.values[node].as_ref()
    }
}

/// The terms of a bilinear product's derivative: `(a, ḃ)` always, `(ȧ, b)` where `a` moves.
fn product_rule<'a>(
    a: &'a Tensor<4>,
    a_dot: Option<&'a Tensor<4>>,
    b: &'a Tensor<4>,
    b_dot: &'a Tensor<4>,
) -> Vec<(&'a Tensor<4>, &'a Tensor<4>)> {
    let mut terms = vec![(a, b_dot)];
    terms.extend(a_dot.map(|a_dot| (a_dot, b)));
    terms
}

impl Network {
    /// The derivative of [`Network::forward`] (in training mode) along `theta_dot`, up to the last node of `at`.
    pub fn tangent(&self, theta: &Tensor<1>, theta_dot: &Tensor<1>, at: &Activations) -> Tangents {
        assert!(at.train, "tangents go through the batch's moments");
        let mut values: Vec<Option<Tensor<4>>> = Vec::with_capacity(at.values.len());
        let mut moments = vec![None; at.values.len()];
        for (id, computed) in at.values.iter().enumerate() {
            let node = &self.nodes[id];
            let dot = |nth: usize| values[node.inputs[nth]].as_ref();
            let moving = |nth: usize| dot(nth).expect("a node behind a convolution moves");
            let value = match node.op {
                Op::Input => None,
                Op::Conv { weight, bias, kernel, geometry } => {
                    let (w, w_dot) =
                        (self.kernel(theta, id, weight, kernel), self.kernel(theta_dot, id, weight, kernel));
                    let terms = product_rule(at.get(node.inputs[0]), dot(0), &w, &w_dot);
                    self.count(id, at.batch(), terms.len());
                    let y_dot = conv::convolve(&terms, geometry);
                    Some(match bias {
                        Some(bias) => {
                            channels::add_bias(&y_dot, &self.layout.get(theta_dot, bias, [node.shape[0]]), None)
                        }
                        None => y_dot,
                    })
                }
                Op::BatchNorm { gamma, beta, .. } => {
                    let evaluated = computed.batch_norm();
                    let (affine, affine_dot) = (self.affine(theta, gamma, beta), self.affine(theta_dot, gamma, beta));
                    let (y_dot, found) = evaluated.tangent(&affine.gamma, moving(0), &affine_dot);
                    moments[id] = Some(found);
                    Some(y_dot)
                }
                Op::AddRelu => {
                    let sum = moving(0).clone() + moving(1).clone();
                    Some(add_relu::where_positive(at.get(id), &sum))
                }
                Op::Subsample { stride } => Some(subsample::subsample(moving(0), node.shape[0], stride)),
                Op::MaxPool(_) => Some(max_pool::gather(moving(0), computed.places())),
                Op::GlobalAveragePool => {
                    let pooled = channels::mean(moving(0));
                    let [batch, count] = pooled.dims();
                    Some(pooled.reshape([batch, count, 1, 1]))
                }
            };
            values.push(value);
        }
        Tangents { values, moments }
    }

    /// The derivative of [`Network::backward`] along `theta_dot`: parts of `H u` for `u = θ̇`.
    ///
    /// `bars` are the cotangents that `backward` completed, `dots` the tangents along `theta_dot`, `bar_dots` the
    /// derivatives of the cotangents where losses enter.
    pub fn backward_tangent(
        &self,
        theta: &Tensor<1>,
        theta_dot: &Tensor<1>,
        at: &Activations,
        bars: &Cotangents,
        dots: &Tangents,
        mut bar_dots: Cotangents,
    ) -> GradientParts {
        let mut gradient = GradientParts::default();
        for id in (1..bar_dots.0.len()).rev() {
            let Some(y_bar_dot) = bar_dots.0[id].take() else { continue };
            let node = &self.nodes[id];
            let y_bar = bars.get(id).expect("backward visited every node that moves");
            match node.op {
                Op::Input => {}
                Op::Conv { weight, bias, kernel, geometry } => {
                    let (w, w_dot) =
                        (self.kernel(theta, id, weight, kernel), self.kernel(theta_dot, id, weight, kernel));
                    let input = node.inputs[0];
                    let terms = product_rule(at.get(input), dots.get(input), y_bar, &y_bar_dot);
                    self.count(id, at.batch(), terms.len() + if input == 0 { 0 } else { 2 });
                    gradient.set(&self.layout, weight, conv::weight_gradient(&terms, &w, geometry));
                    if let Some(bias) = bias {
                        gradient.set(&self.layout, bias, channels::sum(&y_bar_dot));
                    }
                    if input != 0 {
                        let terms = product_rule(y_bar, Some(&y_bar_dot), &w, &w_dot);
                        bar_dots.add(input, conv::input_gradient(&terms, at.get(input), geometry));
                    }
                }
                Op::BatchNorm { gamma, beta, .. } => {
                    let evaluated = at.values[id].batch_norm();
                    let (affine, affine_dot) = (self.affine(theta, gamma, beta), self.affine(theta_dot, gamma, beta));
                    let along = Direction {
                        gamma: &affine.gamma,
                        gamma_dot: &affine_dot.gamma,
                        x_dot: dots.get(node.inputs[0]).expect("a normalisation's input moves"),
                        moments: dots.moments[id].as_ref().expect("recorded by tangent"),
                    };
                    let (x_bar_dot, affine_bar_dot) = evaluated.gradient_tangent(&along, y_bar, &y_bar_dot);
                    gradient.set(&self.layout, gamma, affine_bar_dot.gamma);
                    gradient.set(&self.layout, beta, affine_bar_dot.beta);
                    bar_dots.add(node.inputs[0], x_bar_dot);
                }
                Op::AddRelu => {
                    let x_bar_dot = add_relu::where_positive(at.get(id), &y_bar_dot);
                    bar_dots.add(node.inputs[0], x_bar_dot.clone());
                    bar_dots.add(node.inputs[1], x_bar_dot);
                }
                Op::Subsample { stride } => {
                    let x = at.get(node.inputs[0]);
                    bar_dots.add(node.inputs[0], subsample::gradient(&y_bar_dot, x, stride));
                }
                Op::MaxPool(window) => {
                    let x = at.get(node.inputs[0]);
                    bar_dots.add(node.inputs[0], max_pool::scatter(&y_bar_dot, at.values[id].places(), x, window));
                }
                Op::GlobalAveragePool => {
                    let [batch, count, ..] = y_bar_dot.dims();
                    let p_bar_dot = y_bar_dot.reshape([batch, count]);
                    bar_dots.add(node.inputs[0], channels::mean_gradient(&p_bar_dot, at.get(node.inputs[0])));
                }
            }
        }
        gradient
    }
}
