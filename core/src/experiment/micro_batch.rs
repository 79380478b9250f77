//! How many images of a batch go through the networks at once.
//!
//! A tensor on a GPU has to fit into one binding of a kernel: 128 MiB in WebGPU's baseline, and whatever the adapter
//! offers beyond. Where the largest feature map of a batch does not, the batch is taken in parts of about equal size
//! whose losses and derivatives are averaged. The result is that of the whole batch but for batch normalisation, which
//! sees one part at a time.

use burn::tensor::Tensor;

use crate::error::Error;
use crate::matching::Matching;
use crate::network::Network;
use crate::objective::TargetModel;
use crate::source::Source;

/// Bytes of a number on a GPU.
const BYTES: usize = 4;

/// How often a width is halved in search of one that fits.
const NARROWER: u32 = 8;

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
/// image takes `widest` elements. `None` where not even one fits.
pub fn images_at_once(batch: usize, asked: usize, widest: usize, limit: Option<u64>) -> Option<usize> {
    match (asked, most(batch, widest, limit)) {
        (_, 0) => None,
        (0, fits) => Some(fits),
        (asked, fits) => Some(asked.min(fits)),
    }
}

/// What to say where a value of `widest` elements does not fit into `limit` bytes: the widest target that would, of a half,
/// a quarter and so on of `width`, where `widest_at` knows what an image takes at another width.
pub fn too_large(width: f64, widest: usize, limit: Option<u64>, widest_at: impl Fn(f64) -> Option<usize>) -> Error {
    let narrower = (1..=NARROWER).map(|halvings| width / f64::from(1 << halvings));
    let fits =
        narrower.map_while(|width| Some((width, widest_at(width)?))).find(|(_, widest)| most(1, *widest, limit) > 0);
    let (mebibytes, limit) = ((widest * BYTES) >> 20, limit.unwrap_or_default() >> 20);
    let large = format!("a feature map of {mebibytes} MiB is more than the device's {limit} MiB");
    match fits {
        Some((fits, _)) => Error::TooWide { reason: large, fits },
        None => Error::config("data.size", format!("{large}; take smaller images, or the CPU")),
    }
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
        assert_eq!(images_at_once(128, 0, widest, BASELINE), Some(128));
        assert_eq!(images_at_once(512, 0, widest, BASELINE), Some(292));
        assert_eq!(images_at_once(512, 100, widest, BASELINE), Some(100));
        assert_eq!(images_at_once(512, 400, widest, BASELINE), Some(292));
        assert_eq!(images_at_once(512, 0, widest, None), Some(512));
        assert_eq!(images_at_once(8, 0, (128 << 18) + 1, BASELINE), None);
    }

    #[test]
    fn where_nothing_fits_a_width_is_named_that_does() {
        // VGG-9 of width 1 on 1,024 pixels has 64 channels of 4 MiB.
        let vgg = |width: f64| Some((64.0 * width) as usize * 1024 * 1024);
        let words = too_large(1.0, 64 << 20, BASELINE, vgg).to_string();
        assert!(
            ["target.width", "256 MiB", "128 MiB", "0.5 would fit"].iter().all(|part| words.contains(part)),
            "{words}"
        );
        // The source, or the regressors to its channels, do not become narrower.
        let words = too_large(1.0, 64 << 20, BASELINE, |_| Some(64 << 20)).to_string();
        assert!(words.contains("data.size") && words.contains("smaller images"), "{words}");
    }

    /// Natively limits are above 4 GiB on some adapters, and elements are counted in 32 bits.
    #[test]
    fn elements_are_counted_in_32_bits() {
        assert_eq!(most(100, 1 << 28, Some(1 << 40)), 15);
    }
}
