//! The shape of a ResNet from the keys and shapes of its weights.

use std::collections::BTreeSet;

use super::{BlockNames, LARGE_KERNEL, ResNetConfig, Shortcut, Stem};
use crate::error::Result;
use crate::network::architecture::classes;
use crate::network::weights::WeightMap;

/// Whether there is a first block of a kind that is known.
pub(super) fn has_blocks(weights: &WeightMap) -> bool {
    ["block1", "layer1.0"].iter().any(|block| weights.shape(&format!("{block}.conv1.weight")).is_some())
}

impl ResNetConfig {
    /// Reads the shape off the keys and shapes of a checkpoint.
    ///
    /// # Errors
    /// Names the key that is missing, or that networks of basic blocks do not have.
    pub fn infer(weights: &WeightMap, size: usize) -> Result<Self> {
        let names = names(weights);
        let (widths, blocks) = groups(weights, names)?;
        refuse_bottlenecks(weights, names, &blocks)?;
        let classes = classes(weights, "fc")?;
        let Some(&[stem_width, _, kernel, _]) = weights.shape("conv1.weight") else {
            return Err(weights.error("conv1.weight is missing"));
        };
        let bias = weights.shape("conv1.bias").is_some();
        let stem = if kernel == LARGE_KERNEL { Stem::Large } else { Stem::Small { bias } };
        let projected = weights.names().any(|name| name.contains("downsample."));
        let shortcut = if projected { Shortcut::Projection } else { Shortcut::Subsample };
        let mut before = [stem_width].into_iter().chain(widths.iter().copied()).zip(&widths);
        if let Some((from, to)) = before.find(|(from, to)| !projected && from > to) {
            return Err(
                weights.error(format!("has a group of {to} channels behind {from} and no shortcut with weights"))
            );
        }
        let config = Self { stem, stem_width, widths, blocks, shortcut, classes, size, names };
        config.refuse_other_parts(weights)?;
        Ok(config)
    }

    /// What is in a block and not in ours would be left out of the network, and its outputs would be others.
    fn refuse_other_parts(&self, weights: &WeightMap) -> Result<()> {
        let network = self.build();
        let known: BTreeSet<&str> = network.layout().entries().iter().map(|entry| entry.name.as_str()).collect();
        let is_known = |name: &str| {
            let statistics = ["running_mean", "running_var", "num_batches_tracked"];
            let of_norm = name.rsplit_once('.').filter(|(_, last)| statistics.contains(last));
            known.contains(name) || of_norm.is_some_and(|(norm, _)| known.contains(&*format!("{norm}.weight")))
        };
        let in_a_block = |name: &&str| ["block", "layer"].iter().any(|start| name.starts_with(start));
        let Some(other) = weights.names().filter(in_a_block).find(|name| !is_known(name)) else { return Ok(()) };
        let blocks: Vec<String> = self.blocks.iter().map(ToString::to_string).collect();
        Err(weights.error(format!(
            "has {other}, which is no part of the ResNet of basic blocks that it would be ({} in its groups)",
            blocks.join(", ")
        )))
    }
}

fn names(weights: &WeightMap) -> BlockNames {
    let has = |name: &str| weights.shape(name).is_some();
    if has("layer1.0.conv1.weight") {
        BlockNames::Layers
    } else if has("block2.conv1.weight") {
        BlockNames::Single
    } else {
        BlockNames::Authors
    }
}

/// Channels and number of the blocks in each group.
fn groups(weights: &WeightMap, names: BlockNames) -> Result<(Vec<usize>, Vec<usize>)> {
    let width = |group, nth| Some(weights.shape(&format!("{}.conv1.weight", names.block(group, nth)))?[0]);
    let widths: Vec<usize> = (0..).map_while(|group| width(group, 0)).collect();
    if widths.is_empty() {
        return Err(weights.error(format!("{}.conv1.weight is missing", names.block(0, 0))));
    }
    let count = |group| match names {
        BlockNames::Single => 1,
        _ => (0..).take_while(|nth| width(group, *nth).is_some()).count(),
    };
    let blocks = (0..widths.len()).map(count).collect();
    Ok((widths, blocks))
}

/// Bottlenecks have a third convolution.
fn refuse_bottlenecks(weights: &WeightMap, names: BlockNames, blocks: &[usize]) -> Result<()> {
    if weights.shape(&format!("{}.conv3.weight", names.block(0, 0))).is_none() {
        return Ok(());
    }
    let depth = 3 * blocks.iter().sum::<usize>() + 2;
    Err(weights.error(format!(
        "is ResNet-{depth}, whose blocks are bottlenecks of three convolutions; those of two are read, such as ResNet-18 and ResNet-34"
    )))
}
