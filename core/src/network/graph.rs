//! A network as a list of operations, each naming the earlier ones that it reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use l2t_shaders::conv::{Geometry, LARGEST};
use l2t_shaders::max_pool::Window;

use super::layout::{Init, ParamId, ParamLayout};
use super::rescale::Rescale;
use super::weights::WeightMap;
use crate::error::Result;
use crate::stop::Stop;

/// Index of a node; node 0 is the input image.
pub type NodeId = usize;

/// What a node computes from its inputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    /// The network's input.
    Input,
    /// `y = W ∗ x [+ b]`. A linear layer is the 1 × 1 convolution of a 1 × 1 map.
    Conv { weight: ParamId, bias: Option<ParamId>, kernel: usize, geometry: Geometry },
    /// Batch normalisation, with the ReLU that follows if any; `moments` counts the normalisations. `shift` is the bias of the
    /// convolution in front: the mean of a batch takes it away again, so that it moves running means and nothing else, and its
    /// gradient is zero.
    BatchNorm { gamma: ParamId, beta: ParamId, shift: Option<ParamId>, moments: usize, relu: bool },
    /// `y = max(a + b, 0)`: the end of a residual block.
    AddRelu,
    /// Every `stride`-th pixel, between channels of zeros: the shortcut without parameters, "option A" of He et al. (2016).
    Subsample { stride: usize },
    /// Maximum over windows.
    MaxPool(Window),
    /// Mean over all pixels: `[B, C, H, W]` → `[B, C, 1, 1]`.
    GlobalAveragePool,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub op: Op,
    pub inputs: Vec<NodeId>,
    /// `[C, H, W]` of the output.
    pub shape: [usize; 3],
}

/// A feature map that can be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// Which node's output it is.
    pub node: NodeId,
    /// What people call it: `block 4`, `conv 2`.
    pub label: String,
    /// `[C, H, W]`.
    pub shape: [usize; 3],
    /// Whether rules take it that choose pairs; the others are matched where a list names them.
    pub by_rule: bool,
}

/// Names of one normalisation's running statistics in a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormName {
    /// Prefix: `features.1`, followed by `.running_mean` and `.running_var`.
    pub prefix: String,
    /// Number of channels.
    pub channels: usize,
}

/// A convolutional network: its graph, where its weights lie in a parameter vector, and its taps.
///
/// A network holds no weights. It is a function of a parameter vector, which is what the bilevel update needs: the same
/// network is evaluated at θ_0, θ_1, …
#[derive(Debug, Clone)]
pub struct Network {
    pub(super) nodes: Vec<Node>,
    pub(super) layout: Arc<ParamLayout>,
    pub(super) norms: Vec<NormName>,
    pub(super) taps: Vec<Tap>,
    pub(super) multiply_adds: Arc<AtomicU64>,
    /// Where the images are normalised otherwise than ours.
    pub(super) rescale: Option<Rescale>,
    /// What its passes are left by.
    stop: Option<Stop>,
}

impl Network {
    /// The same network, for images of our normalisation where `weights` say that theirs is another (notes `mean`, `std`).
    ///
    /// # Errors
    /// Names the note that is no three numbers.
    pub fn normalised_as(self, weights: &WeightMap) -> Result<Self> {
        Ok(Self { rescale: Rescale::of(weights)?, ..self })
    }

    /// The same network, whose passes are left where somebody asks `stop` for an end: they are run by [`Stop::unless_left`] alone.
    pub(crate) fn until(self, stop: &Stop) -> Self {
        Self { stop: Some(stop.clone()), ..self }
    }

    /// A pass has come to its next node.
    pub(super) fn arrived(&self) {
        self.stop.iter().for_each(Stop::leave);
    }

    /// Where the weights lie in a parameter vector.
    pub fn layout(&self) -> &ParamLayout {
        &self.layout
    }

    /// The feature maps that can be matched, in the order of the network.
    pub fn taps(&self) -> &[Tap] {
        &self.taps
    }

    /// The batch normalisations in the order of the network.
    pub fn norms(&self) -> &[NormName] {
        &self.norms
    }

    /// The last node: the logits, `[B, classes, 1, 1]`, or without a classifier the pooled features.
    pub fn output(&self) -> NodeId {
        self.nodes.len() - 1
    }

    /// `[C, H, W]` of the input image.
    pub fn input_shape(&self) -> [usize; 3] {
        self.nodes[0].shape
    }

    /// Number of classes; of a network without a classifier, whose output is the pooled features, as many as these are.
    pub fn classes(&self) -> usize {
        self.nodes[self.output()].shape[0]
    }

    /// Whether its output is the logits of classes.
    pub fn has_classifier(&self) -> bool {
        !matches!(self.nodes[self.output()].op, Op::GlobalAveragePool)
    }

    /// The node whose value the pooled features are read from: the input of the classifier.
    pub fn features(&self) -> NodeId {
        if self.has_classifier() { self.nodes[self.output()].inputs[0] } else { self.output() }
    }

    /// Elements of the largest value that one image has in a forward pass.
    pub fn widest(&self) -> usize {
        self.nodes.iter().map(|node| node.shape.iter().product()).max().unwrap_or(0)
    }

    /// Elements that [`super::Activations`] hold of one image, up to and with node `last`, without the image.
    pub fn values(&self, last: NodeId) -> usize {
        self.nodes[1..=last].iter().map(|node| node.shape.iter().product::<usize>()).sum()
    }

    /// Elements that [`super::Activations`] and [`super::Cotangents`] hold of one image, up to and with node `last`.
    pub fn kept(&self, last: NodeId) -> usize {
        let elements = |node: &Node| -> usize { node.shape.iter().product() };
        let kept = |node: &Node| match node.op {
            // The images are kept anyway, and have no cotangent.
            Op::Input => 0,
            // The places of the maxima besides.
            Op::MaxPool(_) => 3 * elements(node),
            _ => 2 * elements(node),
        };
        self.nodes[..=last].iter().map(kept).sum()
    }

    /// Pixels of the largest map that a convolution reads or writes for one image.
    pub fn most_pixels(&self) -> usize {
        self.nodes.iter().map(|node| node.shape[1] * node.shape[2]).max().unwrap_or(0)
    }

    /// Number of the features that [`Network::features`] has.
    pub fn feature_channels(&self) -> usize {
        self.nodes[self.features()].shape[0]
    }

    /// Multiply-adds of the convolutions of one forward pass for one image, up to and with node `last`.
    pub fn forward_multiply_adds(&self, last: NodeId) -> u64 {
        (0..=last).map(|node| self.multiply_adds_of(node)).sum()
    }

    pub(super) fn multiply_adds_of(&self, node: NodeId) -> u64 {
        let Node { op, inputs, shape } = &self.nodes[node];
        match op {
            Op::Conv { kernel, .. } => {
                let channels = self.nodes[inputs[0]].shape[0];
                (channels * kernel * kernel * shape.iter().product::<usize>()) as u64
            }
            _ => 0,
        }
    }

    /// Multiply-adds of all convolutions that this network has carried out so far, derivatives included.
    pub fn multiply_adds_done(&self) -> u64 {
        self.multiply_adds.load(Ordering::Relaxed)
    }

    /// Notes that `products` convolutions of the size of `node`'s were carried out on `batch` images.
    pub(super) fn count(&self, node: NodeId, batch: usize, products: usize) {
        self.multiply_adds.fetch_add(self.multiply_adds_of(node) * (batch * products) as u64, Ordering::Relaxed);
    }
}

/// Builds a [`Network`] node by node; every method returns the new node.
#[derive(Debug)]
pub(super) struct Builder {
    nodes: Vec<Node>,
    layout: ParamLayout,
    norms: Vec<NormName>,
    taps: Vec<Tap>,
}

impl Builder {
    pub fn new(input: [usize; 3]) -> Self {
        Self {
            nodes: vec![Node { op: Op::Input, inputs: vec![], shape: input }],
            layout: ParamLayout::default(),
            norms: vec![],
            taps: vec![],
        }
    }

    pub fn shape(&self, node: NodeId) -> [usize; 3] {
        self.nodes[node].shape
    }

    fn push(&mut self, op: Op, inputs: Vec<NodeId>, shape: [usize; 3]) -> NodeId {
        self.nodes.push(Node { op, inputs, shape });
        self.nodes.len() - 1
    }

    /// A convolution whose key is `name`; Kaiming-normal weight, zero bias.
    pub fn conv(
        &mut self,
        name: &str,
        x: NodeId,
        filters: usize,
        kernel: usize,
        geometry: Geometry,
        bias: bool,
    ) -> NodeId {
        assert!(
            kernel <= LARGEST,
            "a GPU has no kernel for {kernel} × {kernel} pixels, and Burn's own needs minutes to begin"
        );
        let [channels, height, width] = self.shape(x);
        let shape = [filters, channels, kernel, kernel];
        let weight = self.layout.push(format!("{name}.weight"), &shape, Init::kaiming_fan_out(&shape));
        let bias = bias.then(|| self.layout.push(format!("{name}.bias"), &[filters], Init::Constant(0.0)));
        let out = [filters, geometry.output(height, kernel), geometry.output(width, kernel)];
        self.push(Op::Conv { weight, bias, kernel, geometry }, vec![x], out)
    }

    /// A linear layer on a pooled feature, whose weight and bias are drawn as `drawn` says.
    pub fn linear(&mut self, name: &str, x: NodeId, outputs: usize, drawn: [Init; 2]) -> NodeId {
        let [channels, height, width] = self.shape(x);
        assert_eq!([height, width], [1, 1], "a linear layer follows pooling");
        let weight = self.layout.push(format!("{name}.weight"), &[outputs, channels], drawn[0]);
        let bias = Some(self.layout.push(format!("{name}.bias"), &[outputs], drawn[1]));
        let geometry = Geometry { stride: 1, padding: 0 };
        self.push(Op::Conv { weight, bias, kernel: 1, geometry }, vec![x], [outputs, 1, 1])
    }

    /// A batch normalisation whose key is `name`, with or without ReLU behind it; γ = 1, β = 0. It takes over the bias of a
    /// convolution in front, whose output nothing else reads.
    pub fn batch_norm(&mut self, name: &str, x: NodeId, relu: bool) -> NodeId {
        let shape = self.shape(x);
        let shift = match &mut self.nodes[x].op {
            Op::Conv { bias, .. } => bias.take(),
            _ => None,
        };
        let gamma = self.layout.push(format!("{name}.weight"), &[shape[0]], Init::Constant(1.0));
        let beta = self.layout.push(format!("{name}.bias"), &[shape[0]], Init::Constant(0.0));
        let moments = self.norms.len();
        self.norms.push(NormName { prefix: name.to_owned(), channels: shape[0] });
        self.push(Op::BatchNorm { gamma, beta, shift, moments, relu }, vec![x], shape)
    }

    pub fn add_relu(&mut self, a: NodeId, b: NodeId) -> NodeId {
        assert_eq!(self.shape(a), self.shape(b), "a residual and its shortcut have one shape");
        self.push(Op::AddRelu, vec![a, b], self.shape(a))
    }

    /// Every `stride`-th pixel of `x`, with as many channels of zeros in front as behind up to `channels`.
    pub fn subsample(&mut self, x: NodeId, channels: usize, stride: usize) -> NodeId {
        let [_, height, width] = self.shape(x);
        let shape = [channels, height.div_ceil(stride), width.div_ceil(stride)];
        self.push(Op::Subsample { stride }, vec![x], shape)
    }

    pub fn max_pool(&mut self, x: NodeId, window: Window) -> NodeId {
        let [channels, height, width] = self.shape(x);
        self.push(Op::MaxPool(window), vec![x], [channels, window.output(height), window.output(width)])
    }

    pub fn global_average_pool(&mut self, x: NodeId) -> NodeId {
        let channels = self.shape(x)[0];
        self.push(Op::GlobalAveragePool, vec![x], [channels, 1, 1])
    }

    pub fn tap(&mut self, node: NodeId, label: impl Into<String>) {
        self.taps.push(Tap { node, label: label.into(), shape: self.shape(node), by_rule: true });
    }

    /// A tap that no rule for pairs takes.
    pub fn tap_for_lists(&mut self, node: NodeId, label: impl Into<String>) {
        self.taps.push(Tap { node, label: label.into(), shape: self.shape(node), by_rule: false });
    }

    pub fn finish(self) -> Network {
        for (id, node) in self.nodes.iter().enumerate() {
            let Op::BatchNorm { shift: Some(_), .. } = node.op else { continue };
            let x = node.inputs[0];
            let others = self.nodes.iter().enumerate().filter(|(other, node)| *other != id && node.inputs.contains(&x));
            let is_read = others.count() > 0 || self.taps.iter().any(|tap| tap.node == x);
            assert!(!is_read, "a convolution whose bias went to a normalisation has another reader");
        }
        Network {
            nodes: self.nodes,
            layout: Arc::new(self.layout),
            norms: self.norms,
            taps: self.taps,
            multiply_adds: Arc::default(),
            rescale: None,
            stop: None,
        }
    }
}
