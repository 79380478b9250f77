//! A frozen source network S with its matched layers.

use burn_tensor::{DType, Device, Tensor};

#[cfg(not(target_family = "wasm"))]
use crate::embedded;
use crate::error::{Error, Result};
use crate::matching::SourceLayers;
use crate::network::resnet::ResNetConfig;
use crate::network::vgg::VggConfig;
use crate::network::weights::{KeyReport, NetworkState, WeightMap};
use crate::network::{Activations, Mode, Network, NodeId};

/// What a source says about a batch of images.
#[derive(Debug, Clone)]
pub struct SourceOutputs {
    /// The matched feature maps, `[B, C_m, H_m, W_m]` each.
    pub features: Vec<Tensor<4>>,
    /// The logits, `[B, K]`, where they were asked for.
    pub logits: Option<Tensor<2>>,
}

/// A frozen network in evaluation mode.
#[derive(Debug, Clone)]
pub struct Source {
    /// What to call it: its architecture.
    pub name: String,
    /// S.
    pub network: Network,
    /// Its weights and running statistics.
    pub state: NetworkState,
    /// Which keys of the file met a weight.
    pub keys: KeyReport,
    /// What reading did to the file, see [`WeightMap::read_as`].
    pub read_as: Vec<String>,
    taps: Vec<usize>,
}

/// Reads weights from a file, or those that the program carries (`embedded`, `embedded:textures-resnet20`), or makes some (`untrained-resnet32`, for
/// benchmarks).
///
/// # Errors
/// Names the file.
pub fn read_weights(from: &str) -> Result<WeightMap> {
    if let Some(depth) = from.strip_prefix("untrained-resnet").and_then(|depth| depth.parse().ok()) {
        if !(8..=1202).contains(&depth) || (depth - 2) % 6 != 0 {
            return Err(Error::weights(
                from,
                "is none of untrained-resnet8, untrained-resnet14, untrained-resnet20, …",
            ));
        }
        return Ok(untrained(from, depth));
    }
    #[cfg(not(target_family = "wasm"))]
    {
        if let Some(bytes) = embedded::bytes(from)? {
            return WeightMap::from_safetensors(from, bytes);
        }
        WeightMap::load(std::path::Path::new(from))
    }
    #[cfg(target_family = "wasm")]
    Err(Error::file(from, "a page has no files of its own: drop the weights on it"))
}

/// A ResNet of 200 classes as it is before training.
fn untrained(name: &str, depth: usize) -> WeightMap {
    let network = ResNetConfig::cifar(depth, 200, 32).build();
    let values = network.layout().init(crate::seed::Seed(0), "source");
    let mut map = WeightMap::new(name);
    for entry in network.layout().entries() {
        map.insert(&entry.name, entry.shape.clone(), values[entry.offset..entry.offset + entry.len()].to_vec());
    }
    for norm in network.norms() {
        map.insert(&format!("{}.running_mean", norm.prefix), vec![norm.channels], vec![0.0; norm.channels]);
        map.insert(&format!("{}.running_var", norm.prefix), vec![norm.channels], vec![1.0; norm.channels]);
    }
    map
}

/// The architecture that a checkpoint's keys and shapes describe, its name, and the taps that are matched by default.
///
/// # Errors
/// Names the key that no known architecture has.
pub fn infer(weights: &WeightMap, size: usize) -> Result<(Network, String, Vec<usize>)> {
    if let Some(name) = weights.names().find(|name| weights.get(name).is_some_and(|tensor| tensor.values.is_empty())) {
        return Err(weights.error(format!("{name} is empty")));
    }
    for name in weights.names().filter(|name| name.ends_with("conv1.weight")) {
        let shape = weights.shape(name).unwrap_or_default();
        if shape.len() != 4 {
            return Err(weights.error(format!("{name} is no convolution but has shape {shape:?}")));
        }
    }
    if weights.shape("features.0.weight").is_some() {
        let network = VggConfig::infer(weights, size)?.build()?;
        let taps = (0..network.taps().len()).collect();
        return Ok((network, "VGG".into(), taps));
    }
    if weights.shape("conv1.weight").is_some() && weights.shape("block1.conv1.weight").is_some() {
        let config = ResNetConfig::infer(weights, size)?;
        return Ok((config.build(), format!("ResNet-{}", config.depth()), config.last_of_group()));
    }
    if weights.shape("layer1.0.conv3.weight").is_some() {
        return Err(
            weights.error("is a ResNet of bottleneck blocks (ResNet-50 or deeper), and those of basic blocks are read")
        );
    }
    Err(weights.error("is neither a ResNet (conv1, block1, …, fc) nor a VGG (features.0, …, classifier)"))
}

impl Source {
    /// Builds the network that `weights` describe for `size` × `size` images and fills it.
    ///
    /// `layers` are the taps to match; without it those of [`infer`].
    ///
    /// # Errors
    /// Names the key that is missing or misshapen, or the layer that does not exist.
    pub fn new(
        weights: &WeightMap,
        layers: Option<&[usize]>,
        size: usize,
        device: &Device,
        dtype: DType,
    ) -> Result<Self> {
        let (network, name, default) = infer(weights, size)?;
        let network = network.normalised_as(weights)?;
        let (state, keys) = network.import(weights, device, dtype)?;
        let taps = layers.map_or(default, <[usize]>::to_vec);
        if let Some(tap) = taps.iter().find(|tap| **tap >= network.taps().len()) {
            let reason = format!("layer {tap} does not exist: {name} has {}", network.taps().len());
            return Err(Error::config("layers", reason));
        }
        if let Some((_, tap)) = taps.iter().enumerate().find(|(nth, tap)| taps[..*nth].contains(tap)) {
            return Err(Error::config("layers", format!("layer {tap} is there twice")));
        }
        if taps.is_empty() {
            return Err(Error::config("layers", "at least one layer is needed"));
        }
        Ok(Self { name, network, state, keys, read_as: weights.read_as(), taps })
    }

    /// A source from a network and its weights as they are, its layers `taps` matched.
    #[cfg(test)]
    pub(crate) fn from_parts(
        name: &str,
        network: Network,
        state: NetworkState,
        keys: KeyReport,
        taps: Vec<usize>,
    ) -> Self {
        Self { name: name.into(), network, state, keys, read_as: vec![], taps }
    }

    /// The matched layers.
    pub fn layers(&self) -> SourceLayers {
        SourceLayers {
            name: self.name.clone(),
            taps: self.taps.iter().map(|tap| self.network.taps()[*tap].clone()).collect(),
        }
    }

    /// Multiply-adds of the pass that [`Source::outputs`] makes, for one image.
    pub fn multiply_adds(&self, logits: bool) -> u64 {
        self.network.forward_multiply_adds(if logits { self.network.output() } else { self.last_node() })
    }

    fn last_node(&self) -> NodeId {
        self.taps.iter().map(|tap| self.network.taps()[*tap].node).max().expect("a source has matched layers")
    }

    /// The node of the matched layer `layer`, and the values of the images `x` up to it, for a gradient in `x`.
    ///
    /// # Panics
    /// When the source has no such matched layer.
    pub fn evaluate(&self, x: &Tensor<4>, layer: usize) -> (NodeId, Activations) {
        let node = self.network.taps()[self.taps[layer]].node;
        (node, self.network.forward(&self.state.theta, x, Mode::Eval(&self.state.running), node))
    }

    /// The matched feature maps of the images `x`, `[B, C_m, H_m, W_m]` each; nothing above the last is evaluated.
    pub fn features(&self, x: &Tensor<4>) -> Vec<Tensor<4>> {
        self.outputs(x, false).features
    }

    /// The matched feature maps and, with `logits`, the logits of the images `x`, in one pass.
    pub fn outputs(&self, x: &Tensor<4>, logits: bool) -> SourceOutputs {
        let last = if logits { self.network.output() } else { self.last_node() };
        let at = self.network.forward(&self.state.theta, x, Mode::Eval(&self.state.running), last);
        let features = self.taps.iter().map(|tap| at.get(self.network.taps()[*tap].node).clone());
        let logits = logits.then(|| at.get(last).clone().reshape([at.batch(), self.network.classes()]));
        SourceOutputs { features: features.collect(), logits }
    }
}
