//! ResNet for small images (He et al., 2016), with the key names of the authors' checkpoint.
//!
//! A 3 × 3 stem, then groups of basic blocks; the first block of every group but the first halves the image and has a
//! strided 1 × 1 convolution with normalisation as its shortcut. Every block's output can be tapped.

use l2t_shaders::conv::Geometry;

use super::graph::{Builder, Network, NodeId};
use super::weights::WeightMap;
use crate::error::Result;

/// How the blocks of a checkpoint are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockNames {
    /// `block1`, `blocks2.0`…, `block3`, `blocks4.0`…: the first of group g is `block{2g+1}`, the others `blocks{2g+2}.i`.
    Authors,
    /// `block1`, `block2`, …: one block a group.
    Single,
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
    /// Channels of the first convolution: 16.
    pub stem: usize,
    /// Channels of each group: 16, 32, 64.
    pub widths: Vec<usize>,
    /// Blocks in each group: 5 for ResNet-32, 3 for ResNet-20.
    pub blocks: usize,
    /// What leads around the blocks that change the shape.
    pub shortcut: Shortcut,
    /// Whether the stem's convolution has a bias, as the authors' has.
    pub stem_bias: bool,
    /// Number of classes.
    pub classes: usize,
    /// Side of the square input in pixels.
    pub size: usize,
    /// Key names.
    pub names: BlockNames,
}

impl ResNetConfig {
    /// ResNet-`depth` with `depth = 6 blocks + 2`.
    pub fn cifar(depth: usize, classes: usize, size: usize) -> Self {
        let blocks = (depth - 2) / 6;
        Self {
            stem: 16,
            widths: vec![16, 32, 64],
            blocks,
            shortcut: Shortcut::Projection,
            stem_bias: true,
            classes,
            size,
            names: BlockNames::Authors,
        }
    }

    /// Layers with weights on the longest path, shortcuts not counted: the number in the name.
    pub fn depth(&self) -> usize {
        2 * self.blocks * self.widths.len() + 2
    }

    /// Reads the shape off the keys and shapes of a checkpoint.
    pub fn infer(weights: &WeightMap, size: usize) -> Result<Self> {
        let names =
            if weights.shape("block2.conv1.weight").is_some() { BlockNames::Single } else { BlockNames::Authors };
        let first_of_group = |group| block_name(names, group, 0);
        let widths: Vec<usize> = (0..)
            .map_while(|group| weights.shape(&format!("{}.conv1.weight", first_of_group(group))).map(|shape| shape[0]))
            .collect();
        if widths.is_empty() {
            return Err(weights.error("block1.conv1.weight is missing"));
        }
        let block_exists =
            |nth: &usize| weights.shape(&format!("{}.conv1.weight", block_name(names, 0, *nth))).is_some();
        let blocks = match names {
            BlockNames::Single => 1,
            BlockNames::Authors => (0..).take_while(block_exists).count(),
        };
        let Some(&[classes, _]) = weights.shape("fc.weight") else {
            return Err(weights.error("fc.weight is missing or is no matrix"));
        };
        let Some(&[stem, ..]) = weights.shape("conv1.weight") else {
            return Err(weights.error("conv1.weight is missing"));
        };
        let projected = weights.names().any(|name| name.contains("downsample."));
        let shortcut = if projected { Shortcut::Projection } else { Shortcut::Subsample };
        let mut before = [stem].into_iter().chain(widths.iter().copied()).zip(&widths);
        if let Some((from, to)) = before.find(|(from, to)| !projected && from > to) {
            return Err(
                weights.error(format!("has a group of {to} channels behind {from} and no shortcut with weights"))
            );
        }
        let stem_bias = weights.shape("conv1.bias").is_some();
        Ok(Self { stem, widths, blocks, shortcut, stem_bias, classes, size, names })
    }

    /// Builds the network.
    pub fn build(&self) -> Network {
        let same = Geometry { stride: 1, padding: 1 };
        let mut net = Builder::new([3, self.size, self.size]);
        let mut x = net.conv("conv1", 0, self.stem, 3, same, self.stem_bias);
        x = net.batch_norm("bn1", x, true);
        for (group, &width) in self.widths.iter().enumerate() {
            for nth in 0..self.blocks {
                let stride = if group > 0 && nth == 0 { 2 } else { 1 };
                x = basic_block(&mut net, &block_name(self.names, group, nth), x, width, stride, self.shortcut);
                net.tap(x, format!("block {}", group * self.blocks + nth));
            }
        }
        x = net.global_average_pool(x);
        net.linear("fc", x, self.classes);
        net.finish()
    }

    /// Indices of the taps that the paper matches: the last block of each group (4, 9 and 14 of ResNet-32).
    pub fn last_of_group(&self) -> Vec<usize> {
        (1..=self.widths.len()).map(|group| group * self.blocks - 1).collect()
    }
}

fn block_name(names: BlockNames, group: usize, nth: usize) -> String {
    match (names, nth) {
        (BlockNames::Single, _) => format!("block{}", group + 1),
        (BlockNames::Authors, 0) => format!("block{}", 2 * group + 1),
        (BlockNames::Authors, nth) => format!("blocks{}.{}", 2 * group + 2, nth - 1),
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
