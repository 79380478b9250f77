//! How ResNets and their blocks are called.

use super::BlockNames;

/// More blocks than the deepest of the paper has, and more groups than an image can be halved.
const MOST: (usize, usize) = (600, 8);

impl BlockNames {
    /// Prefix of the keys of block `nth` of `group`, both from 0.
    pub(super) fn block(self, group: usize, nth: usize) -> String {
        match (self, nth) {
            (Self::Single, _) => format!("block{}", group + 1),
            (Self::Authors, 0) => format!("block{}", 2 * group + 1),
            (Self::Authors, nth) => format!("blocks{}.{}", 2 * group + 2, nth - 1),
            (Self::Layers, nth) => format!("layer{}.{nth}", group + 1),
        }
    }
}

/// Blocks in each group of the network for large images that is called `name`; `None` where it is none.
pub(in crate::network) fn large(name: &str) -> Option<Vec<usize>> {
    let rest = name.strip_prefix("resnet")?;
    match rest {
        "18" => Some(vec![2, 2, 2, 2]),
        "34" => Some(vec![3, 4, 6, 3]),
        _ => {
            let blocks: Option<Vec<usize>> =
                rest.strip_prefix('-')?.split('-').map(|count| count.parse().ok()).collect();
            blocks.filter(|blocks| {
                (2..=MOST.1).contains(&blocks.len()) && blocks.iter().all(|count| (1..=MOST.0).contains(count))
            })
        }
    }
}
