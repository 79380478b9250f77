//! Value and gradient of a network at a parameter vector.

use burn_tensor::{Int, Tensor};
use l2t_shaders::batch_norm::{self, Affine, Evaluated, Moments};
use l2t_shaders::vector::combine;
use l2t_shaders::{add_relu, channels, conv, max_pool};

use super::graph::{Network, NodeId, Op};
use super::layout::{GradientParts, ParamId};
use super::running::RunningStats;
use super::subsample;

/// PyTorch's default, in every checkpoint that we read.
pub(super) const EPSILON: f64 = 1e-5;

/// Where batch normalisation takes its moments from.
#[derive(Debug, Clone, Copy)]
pub enum Mode<'a> {
    /// From the batch; derivatives go through them.
    Train,
    /// From the running statistics; constants to every derivative.
    Eval(&'a RunningStats),
}

/// What a node computed, with what its derivatives need besides its inputs.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub y: Tensor<4>,
    pub kept: Kept,
}

#[derive(Debug, Clone)]
pub(super) enum Kept {
    Nothing,
    BatchNorm(Box<Evaluated>),
    Places(Box<Tensor<4, Int>>),
}

impl Value {
    fn plain(y: Tensor<4>) -> Self {
        Self { y, kept: Kept::Nothing }
    }

    /// The evaluated normalisation of a node that is one.
    pub fn batch_norm(&self) -> &Evaluated {
        match &self.kept {
            Kept::BatchNorm(evaluated) => evaluated,
            kept => unreachable!("forward keeps this for every normalisation, not {kept:?}"),
        }
    }

    /// The places of the maxima of a node that pools.
    pub fn places(&self) -> &Tensor<4, Int> {
        match &self.kept {
            Kept::Places(places) => places,
            kept => unreachable!("forward keeps these for every max-pooling, not {kept:?}"),
        }
    }
}

/// A forward pass: the value of every node up to the last one asked for.
#[derive(Debug, Clone)]
pub struct Activations {
    pub(super) values: Vec<Value>,
    /// Moments of the batch, one per normalisation that was reached, of what the convolution in front gives without its bias;
    /// empty after an evaluation with running statistics.
    pub moments: Vec<Moments>,
    pub(super) train: bool,
}

impl Activations {
    /// The output of `node`, `[B, C, H, W]`.
    pub fn get(&self, node: NodeId) -> &Tensor<4> {
        &self.values[node].y
    }

    /// Number of images.
    pub fn batch(&self) -> usize {
        self.get(0).dims()[0]
    }
}

/// `ȳ` for nodes of a network: where losses enter, and what a gradient pass found on its way.
#[derive(Debug, Clone, Default)]
pub struct Cotangents(pub(super) Vec<Option<Tensor<4>>>);

impl Cotangents {
    /// Adds `y_bar` to the cotangent of `node`.
    pub fn add(&mut self, node: NodeId, y_bar: Tensor<4>) {
        if self.0.len() <= node {
            self.0.resize(node + 1, None);
        }
        self.0[node] = Some(match self.0[node].take() {
            Some(sum) => sum + y_bar,
            None => y_bar,
        });
    }

    /// The cotangent of `node`, if any loss depends on it.
    pub fn get(&self, node: NodeId) -> Option<&Tensor<4>> {
        self.0.get(node)?.as_ref()
    }
}

/// Which cotangents a gradient pass is to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    /// Of the parameters.
    weights: bool,
    /// Of the input.
    input: bool,
    /// Of the nodes: they are left in place, and not dropped as soon as the pass is past them.
    nodes: bool,
}

impl Network {
    pub(super) fn affine(&self, theta: &Tensor<1>, gamma: ParamId, beta: ParamId) -> Affine {
        let channels = self.layout.entry(gamma).len();
        Affine { gamma: self.layout.get(theta, gamma, [channels]), beta: self.layout.get(theta, beta, [channels]) }
    }

    /// Running moments of what a convolution gives without the bias that the normalisation behind it took over.
    fn without_shift(&self, theta: &Tensor<1>, shift: Option<ParamId>, moments: &Moments) -> Moments {
        let Some(shift) = shift else { return moments.clone() };
        let bias = self.layout.get(theta, shift, moments.mean.dims());
        Moments { mean: combine(&[(1.0, &moments.mean), (-1.0, &bias)]), variance: moments.variance.clone() }
    }

    /// The weight of the convolution at `node` as `[O, C, K, K]`.
    pub(super) fn kernel(&self, theta: &Tensor<1>, node: NodeId, weight: ParamId, kernel: usize) -> Tensor<4> {
        let channels = self.nodes[self.nodes[node].inputs[0]].shape[0];
        self.layout.get(theta, weight, [self.nodes[node].shape[0], channels, kernel, kernel])
    }

    /// The values of all nodes up to and with `last` for the images `x`, `[B, C, H, W]`.
    pub fn forward(&self, theta: &Tensor<1>, x: &Tensor<4>, mode: Mode<'_>, last: NodeId) -> Activations {
        let mut values: Vec<Value> = Vec::with_capacity(last + 1);
        let mut moments = Vec::new();
        for (id, node) in self.nodes.iter().enumerate().take(last + 1) {
            let input = |nth: usize| &values[node.inputs[nth]].y;
            let value = match node.op {
                Op::Input => Value::plain(self.rescale.map_or_else(|| x.clone(), |rescale| rescale.apply(x))),
                Op::Conv { weight, bias, kernel, geometry } => {
                    self.count(id, x.dims()[0], 1);
                    let y = conv::convolve(&[(input(0), &self.kernel(theta, id, weight, kernel))], geometry);
                    Value::plain(match bias {
                        Some(bias) => channels::add_bias(&y, &self.layout.get(theta, bias, [node.shape[0]]), None),
                        None => y,
                    })
                }
                Op::BatchNorm { gamma, beta, shift, moments: nth, relu } => {
                    let affine = self.affine(theta, gamma, beta);
                    let x = input(0).clone();
                    let evaluated = match mode {
                        Mode::Train => {
                            let (at, of_batch) = batch_norm::evaluate(x, &affine, EPSILON, relu);
                            moments.push(of_batch);
                            at
                        }
                        Mode::Eval(running) => {
                            let moments = self.without_shift(theta, shift, &running.moments[nth]);
                            batch_norm::evaluate_fixed(x, &moments, &affine, EPSILON, relu)
                        }
                    };
                    Value { y: evaluated.y.clone(), kept: Kept::BatchNorm(Box::new(evaluated)) }
                }
                Op::AddRelu => Value::plain(add_relu::add_relu(input(0), input(1))),
                Op::Subsample { stride } => Value::plain(subsample::subsample(input(0), node.shape[0], stride)),
                Op::MaxPool(window) => {
                    let (y, places) = max_pool::max_pool(input(0), window);
                    Value { y, kept: Kept::Places(Box::new(places)) }
                }
                Op::GlobalAveragePool => {
                    let pooled = channels::mean(input(0));
                    let [batch, count] = pooled.dims();
                    Value::plain(pooled.reshape([batch, count, 1, 1]))
                }
            };
            values.push(value);
        }
        Activations { values, moments, train: matches!(mode, Mode::Train) }
    }

    /// Pulls cotangents back to the parameters, from the node behind the last cotangent to the first.
    ///
    /// Returns the gradient's parts; `bars` is completed with the cotangent of every node on the way but the input, which
    /// second derivatives need.
    pub fn backward(&self, theta: &Tensor<1>, at: &Activations, bars: &mut Cotangents) -> GradientParts {
        self.pull_back(theta, at, bars, Wanted { weights: true, input: false, nodes: true })
    }

    /// [`Network::backward`] where nothing but the gradient is wanted: a node's cotangent lives no longer than needed.
    pub fn gradient(&self, theta: &Tensor<1>, at: &Activations, mut bars: Cotangents) -> GradientParts {
        self.pull_back(theta, at, &mut bars, Wanted { weights: true, input: false, nodes: false })
    }

    /// [`Network::backward`] without the weights' gradients, half of its work: completes `bars` alone.
    pub fn complete(&self, theta: &Tensor<1>, at: &Activations, bars: &mut Cotangents) {
        self.pull_back(theta, at, bars, Wanted { weights: false, input: false, nodes: true });
    }

    /// Pulls cotangents back to the images: `x̄`, `[B, 3, H, W]`, or `None` where there is no cotangent. The weights'
    /// gradients are left out. After a pass in [`Mode::Eval`] the moments are constants, so that no image's gradient
    /// depends on another image.
    pub fn image_gradient(&self, theta: &Tensor<1>, at: &Activations, mut bars: Cotangents) -> Option<Tensor<4>> {
        self.pull_back(theta, at, &mut bars, Wanted { weights: false, input: true, nodes: false });
        let x_bar = bars.get(0).cloned()?;
        Some(match &self.rescale {
            Some(rescale) => rescale.gradient(x_bar),
            None => x_bar,
        })
    }

    fn pull_back(&self, theta: &Tensor<1>, at: &Activations, bars: &mut Cotangents, wanted: Wanted) -> GradientParts {
        let mut gradient = GradientParts::default();
        for id in (1..bars.0.len()).rev() {
            let y_bar = if wanted.nodes { bars.0[id].clone() } else { bars.0[id].take() };
            let Some(y_bar) = y_bar else { continue };
            let node = &self.nodes[id];
            let reached = |input: NodeId| input != 0 || wanted.input;
            match node.op {
                Op::Input => {}
                Op::Conv { weight, bias, kernel, geometry } => {
                    let (x, w) = (at.get(node.inputs[0]), self.kernel(theta, id, weight, kernel));
                    if wanted.weights {
                        gradient.set(&self.layout, weight, conv::weight_gradient(&[(x, &y_bar)], &w, geometry));
                        if let Some(bias) = bias {
                            gradient.set(&self.layout, bias, channels::sum(&y_bar));
                        }
                    }
                    if reached(node.inputs[0]) {
                        bars.add(node.inputs[0], conv::input_gradient(&[(&y_bar, &w)], x, geometry));
                    }
                    self.count(id, at.batch(), usize::from(wanted.weights) + usize::from(reached(node.inputs[0])));
                }
                Op::BatchNorm { gamma, beta, shift, .. } => {
                    let evaluated = at.values[id].batch_norm();
                    let scale = self.affine(theta, gamma, beta).gamma;
                    let x_bar = if at.train {
                        let (x_bar, affine_bar) = evaluated.gradient(&scale, &y_bar);
                        gradient.set(&self.layout, gamma, affine_bar.gamma);
                        gradient.set(&self.layout, beta, affine_bar.beta);
                        x_bar
                    } else {
                        evaluated.gradient_fixed(&scale, &y_bar)
                    };
                    if let Some(shift) = shift.filter(|_| !at.train && wanted.weights) {
                        gradient.set(&self.layout, shift, channels::sum(&x_bar));
                    }
                    bars.add(node.inputs[0], x_bar);
                }
                Op::AddRelu => {
                    let x_bar = add_relu::where_positive(at.get(id), &y_bar);
                    bars.add(node.inputs[0], x_bar.clone());
                    bars.add(node.inputs[1], x_bar);
                }
                Op::Subsample { stride } => {
                    let x = at.get(node.inputs[0]);
                    bars.add(node.inputs[0], subsample::gradient(&y_bar, x, stride));
                }
                Op::MaxPool(window) => {
                    bars.add(
                        node.inputs[0],
                        max_pool::scatter(&y_bar, at.values[id].places(), at.get(node.inputs[0]), window),
                    );
                }
                Op::GlobalAveragePool => {
                    let [batch, count, ..] = y_bar.dims();
                    let p_bar = y_bar.reshape([batch, count]);
                    bars.add(node.inputs[0], channels::mean_gradient(&p_bar, at.get(node.inputs[0])));
                }
            }
        }
        gradient
    }
}
