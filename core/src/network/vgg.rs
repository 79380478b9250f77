//! VGG for small images: 3 × 3 convolutions with batch normalisation, halved by max-pooling.
//!
//! The paper's VGG-9 is `64 M 128 M 256 256 M 512 512 M 512 512 M` with one linear layer on the average-pooled end. Its
//! taps are the tensors just before each pooling, where a group of layers is complete.

use l2t_shaders::conv::Geometry;
use l2t_shaders::max_pool::Window;

use super::architecture::{Architecture, Family, classes, scaled};
use super::graph::{Builder, Network};
use super::layout::Init;
use super::weights::WeightMap;
use crate::error::{Error, Result};

/// VGGs for small images.
pub const FAMILY: Family = Family {
    names: "vgg9",
    offered: &["vgg9"],
    has_width: true,
    size: 32,
    classes: 200,
    named: |wanted| {
        let vgg9 = || Box::new(VggConfig::vgg9(wanted.width, wanted.classes, wanted.size)) as _;
        (wanted.name == "vgg9").then(vgg9)
    },
    of_weights: |weights, size| {
        weights.shape("features.0.weight")?;
        Some(VggConfig::infer(weights, size).map(|config| Box::new(config) as _))
    },
};

/// A step of a VGG's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Convolution to this many channels, normalised, with ReLU.
    Conv(usize),
    /// Halving by the maximum.
    Pool,
}

/// Shape of a VGG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VggConfig {
    /// Convolutions and poolings in order.
    pub layers: Vec<Layer>,
    /// Number of classes; `None` for a network without its last layer.
    pub classes: Option<usize>,
    /// Side of the square input in pixels.
    pub size: usize,
}

impl VggConfig {
    /// The paper's VGG-9 with every number of channels multiplied by `width` (1 is the paper's), for `size` × `size`
    /// images.
    pub fn vgg9(width: f64, classes: usize, size: usize) -> Self {
        use Layer::{Conv, Pool};
        let paper = [
            Conv(64),
            Pool,
            Conv(128),
            Pool,
            Conv(256),
            Conv(256),
            Pool,
            Conv(512),
            Conv(512),
            Pool,
            Conv(512),
            Conv(512),
            Pool,
        ];
        let layers = paper
            .map(|layer| match layer {
                Conv(channels) => Conv(scaled(channels, width)),
                Pool => Pool,
            })
            .to_vec();
        Self { layers, classes: Some(classes), size }
    }

    /// Reads the shape off the keys and shapes of a checkpoint: `features.<n>.weight` of a convolution is followed by
    /// its normalisation at n + 1, ReLU at n + 2, and by the next convolution at n + 3 or, behind a pooling, n + 4.
    pub fn infer(weights: &WeightMap, size: usize) -> Result<Self> {
        let mut layers = Vec::new();
        let mut next = 0;
        while let Some(at) = (next..next + 2).find(|at| weights.shape(&format!("features.{at}.weight")).is_some()) {
            let shape = weights.shape(&format!("features.{at}.weight")).unwrap_or_default();
            let &[filters, _, 3, 3] = shape else {
                return Err(
                    weights.error(format!("features.{at}.weight is no 3×3 convolution but has shape {shape:?}"))
                );
            };
            if at > next {
                layers.push(Layer::Pool);
            }
            layers.push(Layer::Conv(filters));
            next = at + 3;
        }
        let classes = classes(weights, "classifier")?;
        if layers.is_empty() {
            return Err(weights.error("features.0.weight is missing"));
        }
        layers.push(Layer::Pool);
        Ok(Self { layers, classes, size })
    }

    /// Builds the network.
    ///
    /// # Errors
    /// When the image is too small to be halved as often as the configuration asks for.
    pub fn build(&self) -> Result<Network> {
        let poolings = self.layers.iter().filter(|layer| **layer == Layer::Pool).count();
        if self.size >> poolings == 0 {
            let need = 1 << poolings;
            let reason = format!("{} pixels cannot be halved {poolings} times; give at least {need}", self.size);
            return Err(Error::config("data.size", reason));
        }
        let mut net = Builder::new([3, self.size, self.size]);
        let (mut x, mut index, mut group) = (0, 0, 0);
        for layer in &self.layers {
            match *layer {
                Layer::Conv(filters) => {
                    let geometry = Geometry { stride: 1, padding: 1 };
                    x = net.conv(&format!("features.{index}"), x, filters, 3, geometry, true);
                    x = net.batch_norm(&format!("features.{}", index + 1), x, true);
                    index += 3;
                }
                Layer::Pool => {
                    group += 1;
                    net.tap(x, format!("group {group}"));
                    x = net.max_pool(x, Window { size: 2, stride: 2, padding: 0 });
                    index += 1;
                }
            }
        }
        x = net.global_average_pool(x);
        if let Some(classes) = self.classes {
            net.linear("classifier", x, classes, [Init::Normal(0.01), Init::Constant(0.0)]);
        }
        Ok(net.finish())
    }
}

impl Architecture for VggConfig {
    fn title(&self) -> String {
        // The linear layer is the last of those with weights.
        format!("VGG-{}", self.layers.iter().filter(|layer| **layer != Layer::Pool).count() + 1)
    }

    fn build(&self) -> Result<Network> {
        Self::build(self)
    }

    /// All.
    fn matched(&self) -> Vec<usize> {
        (0..self.layers.iter().filter(|layer| **layer == Layer::Pool).count()).collect()
    }
}
