//! How many images of a batch go through the networks at once.
//!
//! A tensor on a GPU has to fit into one binding of a kernel: 128 MiB in WebGPU's baseline, and whatever the adapter
//! offers beyond. Where the largest feature map of a batch does not, the batch is taken in parts of about equal size
//! whose losses and derivatives are averaged. The result is that of the whole batch but for batch normalisation, which
//! sees one part at a time.

use burn::tensor::Tensor;

use crate::error::{Error, Result};
use crate::matching::Matching;
use crate::network::Network;
use crate::objective::TargetModel;
use crate::source::Source;

/// Bytes of a number on a GPU.
const BYTES: usize = 4;

/// Elements of the largest tensor that one image leads to in training.
pub fn widest(model: &TargetModel, sources: &[Source]) -> usize {
    let networks = sources.iter().map(|source| source.network.widest());
    let regressors = model.matching.as_ref().map_or(0, Matching::widest);
    networks.chain([regressors]).fold(model.network.widest(), usize::max)
}

/// Images of `network` that fit at once on the device of `theta`, at most `wanted`.
pub fn fitting(wanted: usize, network: &Network, theta: &Tensor<1>) -> usize {
    most(wanted, network.widest(), l2t_shaders::largest_buffer(theta))
}

/// How many of `batch` images go at once: `asked`, or with 0 as many as fit into tensors of `limit` bytes, where every
/// image takes `widest` elements.
///
/// # Errors
/// Where not even one image fits.
pub fn images_at_once(batch: usize, asked: usize, widest: usize, limit: Option<u64>) -> Result<usize> {
    let fits = most(batch, widest, limit);
    if fits == 0 {
        let (mebibytes, limit) = ((widest * BYTES) >> 20, limit.unwrap_or_default() >> 20);
        let reason =
            format!("a feature map of {mebibytes} MiB is more than the device's {limit} MiB; try --device cpu");
        return Err(Error::config("target.width", reason));
    }
    Ok(if asked == 0 { fits } else { asked.min(fits) })
}

fn most(wanted: usize, widest: usize, limit: Option<u64>) -> usize {
    let Some(limit) = limit else { return wanted };
    // Kernels count elements in 32 bits.
    let elements = (limit / BYTES as u64).min(u64::from(u32::MAX));
    wanted.min(usize::try_from(elements / widest as u64).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASELINE: Option<u64> = Some(128 << 20);

    #[test]
    fn the_largest_feature_map_decides() {
        // VGG-9 at width 1 beside a ResNet-32: 112 channels of regressors at 32 × 32 are 448 KiB an image.
        let widest = 112 * 32 * 32;
        assert_eq!(images_at_once(128, 0, widest, BASELINE).ok(), Some(128));
        assert_eq!(images_at_once(512, 0, widest, BASELINE).ok(), Some(292));
        assert_eq!(images_at_once(512, 100, widest, BASELINE).ok(), Some(100));
        assert_eq!(images_at_once(512, 400, widest, BASELINE).ok(), Some(292));
        assert_eq!(images_at_once(512, 0, widest, None).ok(), Some(512));
        let error = images_at_once(8, 0, (128 << 18) + 1, BASELINE).expect_err("no image fits").to_string();
        assert!(error.contains("target.width") && error.contains("128 MiB"), "{error}");
    }

    /// Natively limits are above 4 GiB on some adapters, and elements are counted in 32 bits.
    #[test]
    fn elements_are_counted_in_32_bits() {
        assert_eq!(most(100, 1 << 28, Some(1 << 40)), 15);
    }
}
