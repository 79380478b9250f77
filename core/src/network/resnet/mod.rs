//! ResNets of basic blocks (He et al., 2016): for small images with the authors' 3 × 3 stem, and for large ones as torchvision
//! has them.
//!
//! A stem, then groups of basic blocks; the first block of every group but the first halves the image and has a strided
//! 1 × 1 convolution with normalisation as its shortcut; then the mean over all pixels and a linear layer. Of small images
//! every block's output can be tapped; of large ones the stem's, before its pooling, and every group's.

mod infer;
mod names;

use l2t_shaders::conv::Geometry;
use l2t_shaders::max_pool::Window;

use super::architecture::{Architecture, Family, Wanted, scaled};
use super::graph::{Builder, Network, NodeId};
use super::layout::Init;
use crate::error::Result;

pub(super) use names::large;

/// The ones for small images.
pub const SMALL: Family = Family {
    names: "resnet8, resnet14, resnet20, …",
    offered: &["resnet8", "resnet14", "resnet20"],
    has_width: false,
    size: 32,
    classes: 200,
    named: |wanted| {
        let depth: usize = wanted.name.strip_prefix("resnet")?.parse().ok()?;
        let fits = (8..=MAX_DEPTH).contains(&depth) && (depth - 2).is_multiple_of(6);
        fits.then(|| Box::new(ResNetConfig::cifar(depth, wanted.classes, wanted.size)) as _)
    },
    of_weights: |weights, size| {
        let stem = weights.shape("conv1.weight")?;
        let small = infer::has_blocks(weights) && stem.get(2) != Some(&LARGE_KERNEL);
        small.then(|| Ok(Box::new(ResNetConfig::infer(weights, size)?) as _))
    },
};

/// The ones for large images.
pub const LARGE: Family = Family {
    names: "resnet18, resnet34, resnet-2-1-1-1 (blocks of each group)",
    offered: &["resnet18", "resnet34"],
    has_width: true,
    size: 224,
    classes: 1000,
    named: |wanted| Some(Box::new(ResNetConfig::imagenet(&large(wanted.name)?, wanted)) as _),
    of_weights: |weights, size| {
        let stem = weights.shape("conv1.weight")?;
        let large = infer::has_blocks(weights) && stem.get(2) == Some(&LARGE_KERNEL);
        large.then(|| Ok(Box::new(ResNetConfig::infer(weights, size)?) as _))
    },
};

/// The deepest ResNet of the paper that introduced them, and deep enough.
const MAX_DEPTH: usize = 1202;

/// Side of the stem's kernel by which the two are told apart.
const LARGE_KERNEL: usize = 7;

/// What comes before the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stem {
    /// A 3 × 3 convolution, with a bias in the authors' networks.
    Small {
        /// Whether it has one.
        bias: bool,
    },
    /// A 7 × 7 convolution of stride 2 and, behind its ReLU, the maximum over 3 × 3 pixels with stride 2.
    Large,
}

/// How the blocks of a checkpoint are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockNames {
    /// `block1`, `blocks2.0`…, `block3`, `blocks4.0`…: the first of group g is `block{2g+1}`, the others `blocks{2g+2}.i`.
    Authors,
    /// `block1`, `block2`, …: one block a group.
    Single,
    /// `layer1.0`, `layer1.1`, …, `layer2.0`, …, as torchvision has them.
    Layers,
}

/// What leads around a block that changes the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// A strided 1 × 1 convolution with normalisation.
    Projection,
    /// Every second pixel and channels of zeros: no parameters ("option A" of He et al., 2016).
    Subsample,
}

/// Shape of a ResNet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResNetConfig {
    /// What comes before the blocks.
    pub stem: Stem,
    /// Channels of the first convolution: 16 for small images, 64 for large ones.
    pub stem_width: usize,
    /// Channels of each group: 16, 32, 64, or 64, 128, 256, 512.
    pub widths: Vec<usize>,
    /// Blocks in each group: 3, 3, 3 for ResNet-20; 3, 4, 6, 3 for ResNet-34.
    pub blocks: Vec<usize>,
    /// What leads around the blocks that change the shape.
    pub shortcut: Shortcut,
    /// Number of classes; `None` for a network without its last layer.
    pub classes: Option<usize>,
    /// Side of the square input in pixels.
    pub size: usize,
    /// Key names.
    pub names: BlockNames,
}

impl ResNetConfig {
    /// ResNet-`depth` for small images, with `depth = 6 blocks + 2`.
    pub fn cifar(depth: usize, classes: usize, size: usize) -> Self {
        Self {
            stem: Stem::Small { bias: true },
            stem_width: 16,
            widths: vec![16, 32, 64],
            blocks: vec![(depth - 2) / 6; 3],
            shortcut: Shortcut::Projection,
            classes: Some(classes),
            size,
            names: BlockNames::Authors,
        }
    }

    /// The network for large images with these blocks in its groups: 64 channels in the first group and twice as many in
    /// every further one, times `wanted.width`.
    fn imagenet(blocks: &[usize], wanted: &Wanted<'_>) -> Self {
        let widths: Vec<usize> = (0..blocks.len()).map(|group| scaled(64 << group, wanted.width)).collect();
        Self {
            stem: Stem::Large,
            stem_width: widths[0],
            widths,
            blocks: blocks.to_vec(),
            shortcut: Shortcut::Projection,
            classes: Some(wanted.classes),
            size: wanted.size,
            names: BlockNames::Layers,
        }
    }

    /// Layers with weights on the longest path, shortcuts not counted: the number in the name.
    pub fn depth(&self) -> usize {
        2 * self.blocks.iter().sum::<usize>() + 2
    }

    /// Builds the network.
    pub fn build(&self) -> Network {
        let mut net = Builder::new([3, self.size, self.size]);
        let mut x = self.build_stem(&mut net);
        let mut nth_of_all = 0;
        for (group, (&width, &blocks)) in self.widths.iter().zip(&self.blocks).enumerate() {
            for nth in 0..blocks {
                let stride = if group > 0 && nth == 0 { 2 } else { 1 };
                x = basic_block(&mut net, &self.names.block(group, nth), x, width, stride, self.shortcut);
                if !self.is_large() {
                    net.tap(x, format!("block {nth_of_all}"));
                }
                nth_of_all += 1;
            }
            if self.is_large() {
                net.tap(x, format!("group {}", group + 1));
            }
        }
        x = net.global_average_pool(x);
        let drawn = if self.is_large() {
            [Init::torch_default(net.shape(x)[0]); 2]
        } else {
            [Init::Normal(0.01), Init::Constant(0.0)]
        };
        if let Some(classes) = self.classes {
            net.linear("fc", x, classes, drawn);
        }
        net.finish()
    }

    fn build_stem(&self, net: &mut Builder) -> NodeId {
        match self.stem {
            Stem::Small { bias } => {
                let x = net.conv("conv1", 0, self.stem_width, 3, Geometry { stride: 1, padding: 1 }, bias);
                net.batch_norm("bn1", x, true)
            }
            Stem::Large => {
                let halved = Geometry { stride: 2, padding: 3 };
                let x = net.conv("conv1", 0, self.stem_width, LARGE_KERNEL, halved, false);
                let x = net.batch_norm("bn1", x, true);
                // Its regressors alone would cost twice those of all groups: no rule takes it.
                net.tap_for_lists(x, "stem");
                net.max_pool(x, Window { size: 3, stride: 2, padding: 1 })
            }
        }
    }

    fn is_large(&self) -> bool {
        self.stem == Stem::Large
    }
}

impl Architecture for ResNetConfig {
    fn title(&self) -> String {
        format!("ResNet-{}", self.depth())
    }

    fn build(&self) -> Result<Network> {
        Ok(Self::build(self))
    }

    /// The last block of each group: 4, 9 and 14 of ResNet-32.
    fn matched(&self) -> Vec<usize> {
        if self.is_large() {
            return (1..=self.widths.len()).collect();
        }
        let ends = self.blocks.iter().scan(0, |end, blocks| {
            *end += blocks;
            Some(*end - 1)
        });
        ends.collect()
    }
}

/// Two 3 × 3 convolutions with normalisation, added to their input or its projection.
fn basic_block(net: &mut Builder, name: &str, x: NodeId, width: usize, stride: usize, shortcut: Shortcut) -> NodeId {
    let mut y = net.conv(&format!("{name}.conv1"), x, width, 3, Geometry { stride, padding: 1 }, false);
    y = net.batch_norm(&format!("{name}.bn1"), y, true);
    y = net.conv(&format!("{name}.conv2"), y, width, 3, Geometry { stride: 1, padding: 1 }, false);
    y = net.batch_norm(&format!("{name}.bn2"), y, false);
    let shortcut = if stride == 1 && net.shape(x)[0] == width {
        x
    } else if shortcut == Shortcut::Subsample {
        net.subsample(x, width, stride)
    } else {
        let projected = net.conv(&format!("{name}.downsample.0"), x, width, 1, Geometry { stride, padding: 0 }, false);
        net.batch_norm(&format!("{name}.downsample.1"), projected, false)
    };
    net.add_relu(y, shortcut)
}
