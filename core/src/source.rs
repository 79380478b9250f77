//! A frozen source network S with its matched layers.

use burn_tensor::{DType, Device, Tensor};

#[cfg(not(target_family = "wasm"))]
use crate::embedded;
use crate::error::{Error, Result};
use crate::matching::SourceLayers;
use crate::network::architecture::{self, Architecture};
use crate::network::weights::{KeyReport, NetworkState, WeightMap};
use crate::network::{Activations, Mode, Network, NodeId};

/// What stands in front of the name of a network whose weights are not read but drawn.
pub(crate) const UNTRAINED: &str = "untrained-";

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

/// Reads weights from a file, or those that the program carries (`embedded`, `embedded:textures-resnet20`), or makes some
/// (`untrained-resnet32`, `untrained-resnet34`, for benchmarks).
///
/// # Errors
/// Names the file.
pub fn read_weights(from: &str) -> Result<WeightMap> {
    if let Some(name) = from.strip_prefix(UNTRAINED) {
        let architecture = architecture::published(name);
        let unknown = || {
            Error::weights(
                from,
                format!("is no network that is known: {UNTRAINED} and one of {}", architecture::names()),
            )
        };
        return untrained(from, &*architecture.ok_or_else(unknown)?);
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

/// A network as it is before training.
fn untrained(name: &str, architecture: &dyn Architecture) -> Result<WeightMap> {
    let network = architecture.build()?;
    let values = network.layout().init(crate::seed::Seed(0), "source");
    let mut map = WeightMap::new(name);
    for entry in network.layout().entries() {
        map.insert(&entry.name, entry.shape.clone(), values[entry.offset..entry.offset + entry.len()].to_vec());
    }
    for norm in network.norms() {
        map.insert(&format!("{}.running_mean", norm.prefix), vec![norm.channels], vec![0.0; norm.channels]);
        map.insert(&format!("{}.running_var", norm.prefix), vec![norm.channels], vec![1.0; norm.channels]);
    }
    Ok(map)
}

impl Source {
    /// Builds the network that `weights` describe for `size` × `size` images and fills it.
    ///
    /// `layers` are the taps to match; without it those that are usual for the architecture.
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
        let architecture = architecture::of_weights(weights, Some(size))?;
        let name = architecture.title();
        let network = architecture.build()?.normalised_as(weights)?;
        let (state, keys) = network.import(weights, device, dtype)?;
        let taps = layers.map_or_else(|| architecture.matched(), <[usize]>::to_vec);
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
        let mut wanted: Vec<NodeId> = self.taps.iter().map(|tap| self.network.taps()[*tap].node).collect();
        wanted.extend(logits.then(|| self.network.output()));
        let mode = Mode::Eval(&self.state.running);
        let mut features = self.network.outputs(&self.state.theta, x, mode, &wanted);
        let logits = features.drain(self.taps.len()..).next();
        let logits = logits.map(|logits| logits.reshape([x.dims()[0], self.network.classes()]));
        SourceOutputs { features, logits }
    }
}
