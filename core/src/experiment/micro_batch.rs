//! How many images of a batch go through the networks at once.
//!
//! A tensor on a GPU has to fit into one binding of a kernel: 128 MiB in WebGPU's baseline, and whatever the adapter
//! offers beyond. Where the largest tensor of a batch does not, the batch is taken in parts of about equal size whose
//! losses and derivatives are averaged. The result is that of the whole batch but for batch normalisation, which sees
//! one part at a time. Whatever else looks at images, tests, saliency, looks of a window, asks here too.

use burn_tensor::Tensor;

use crate::bilevel::Learner;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::saliency::PairGradient;
use crate::source::Source;

/// Bytes of a number on a GPU.
const BYTES: u64 = 4;

/// Pixels of all maps that a convolution's workgroups cover: 65,535 along one dimension, in WebGPU, of 512 pixels each.
const MOST_PIXELS: usize = 65_535 * 512;

/// How often a width is halved in search of one that fits.
const NARROWER: u32 = 8;

/// The largest of what kernels are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Footprint {
    /// Elements of the largest tensor that one image leads to.
    pub image: usize,
    /// Pixels of the largest map.
    pub pixels: usize,
    /// Elements of the largest tensor that no image makes larger: a vector of parameters.
    pub vector: usize,
}

impl Footprint {
    /// Of forward passes of a network.
    pub fn of_network(network: &Network) -> Self {
        Self { image: network.widest(), pixels: network.most_pixels(), vector: network.layout().len() }
    }

    /// Of training with these sources at every batch.
    pub fn of_training(learner: &Learner, sources: &[Source]) -> Self {
        let model = &learner.model;
        let layers: Vec<_> = sources.iter().map(Source::layers).collect();
        let auxiliary = model.auxiliary.iter().map(|auxiliary| auxiliary.widest(&layers)).max();
        let added = Self {
            image: model.matching.as_ref().map_or(0, |matching| matching.widest()).max(auxiliary.unwrap_or(0)),
            pixels: 0,
            vector: model.layout.len().max(learner.meta.as_ref().map_or(0, |meta| meta.layout().len())),
        };
        let networks = sources.iter().map(|source| &source.network).chain([&model.network]);
        networks.map(Self::of_network).fold(added, Self::or)
    }

    /// Of the gradients of a pair's loss in the images, and of the maps that are drawn of them.
    pub fn of_saliency(pair: &PairGradient<'_>) -> Self {
        let pixels = pair.networks().map(Network::most_pixels).into_iter().fold(0, usize::max);
        // Drawn maps have red, green, blue and opacity of every pixel.
        let added = Self { image: pair.regressed_elements().max(4 * pixels), pixels, vector: 0 };
        pair.networks().map(Self::of_network).into_iter().fold(added, Self::or)
    }

    fn or(self, other: Self) -> Self {
        Self {
            image: self.image.max(other.image),
            pixels: self.pixels.max(other.pixels),
            vector: self.vector.max(other.vector),
        }
    }

    /// How many of `wanted` images fit at once where a kernel sees `limit` bytes of a tensor.
    pub fn most(self, wanted: usize, limit: Option<u64>) -> usize {
        let Some(limit) = limit else { return wanted };
        // Kernels count elements in 32 bits, with a sign where they look beyond the edge of an image.
        let elements = (limit / BYTES).min(u64::from(i32::MAX.unsigned_abs()));
        if self.vector as u64 > elements {
            return 0;
        }
        let images = usize::try_from(elements / self.image.max(1) as u64).unwrap_or(usize::MAX);
        wanted.min(images).min(MOST_PIXELS / self.pixels.max(1))
    }

    /// What is too large, and how large what fits may be.
    fn too_large(self, limit: u64) -> String {
        let (what, are, elements) = if self.vector as u64 * BYTES > limit {
            ("weights", "are", self.vector)
        } else {
            ("a feature map", "is", self.image)
        };
        let mebibytes = (elements as u64 * BYTES).div_ceil(1 << 20);
        format!("{what} of {mebibytes} MiB {are} more than the device's {} MiB", limit >> 20)
    }
}

/// Images of `network` that fit at once on the device of `theta`, at most `wanted`.
///
/// # Errors
/// Where not even one fits.
pub fn fitting(wanted: usize, network: &Network, theta: &Tensor<1>) -> Result<usize> {
    within(wanted, Footprint::of_network(network), l2t_shaders::largest_buffer(theta))
}

/// Images that fit at once where a kernel sees `limit` bytes of a tensor, at most `wanted`, which are more than none.
///
/// # Errors
/// Where not even one fits.
pub fn within(wanted: usize, footprint: Footprint, limit: Option<u64>) -> Result<usize> {
    match footprint.most(wanted, limit) {
        0 => Err(smaller_images(&footprint.too_large(limit.unwrap_or_default()))),
        fits => Ok(fits),
    }
}

/// How many of `batch` images go at once: `asked`, or with 0 as many as fit into tensors of `limit` bytes. `None` where not
/// even one fits.
pub fn images_at_once(batch: usize, asked: usize, footprint: Footprint, limit: Option<u64>) -> Option<usize> {
    match (asked, footprint.most(batch, limit)) {
        (_, 0) => None,
        (0, fits) => Some(fits),
        (asked, fits) => Some(asked.min(fits)),
    }
}

/// What to say where `footprint` does not fit into `limit` bytes: the widest target that would, of a half, a quarter and so
/// on of `width`, where `at` knows the footprint at another width.
pub fn too_large(width: f64, footprint: Footprint, limit: Option<u64>, at: impl Fn(f64) -> Option<Footprint>) -> Error {
    let narrower = (1..=NARROWER).map(|halvings| width / f64::from(1 << halvings));
    let fits = narrower.map_while(|width| Some((width, at(width)?))).find(|(_, at)| at.most(1, limit) > 0);
    let reason = footprint.too_large(limit.unwrap_or_default());
    match fits {
        Some((fits, _)) => Error::TooWide { reason, fits },
        None => smaller_images(&reason),
    }
}

fn smaller_images(reason: &str) -> Error {
    Error::config("data.size", format!("{reason}; take smaller images, or the CPU"))
}

#[cfg(test)]
mod tests {
    use burn_tensor::Device;
    use futures_lite::future::block_on;

    use super::*;
    use crate::bilevel::LearnerState;
    use crate::experiment::look::{LookRequest, Seen, images, look};
    use crate::experiment::saliency::{ImageRecord, Request, Survey, pair_gradient, survey};
    use crate::experiment::{Config, Control, Plan};

    const BASELINE: Option<u64> = Some(128 << 20);

    fn image(image: usize) -> Footprint {
        Footprint { image, ..Footprint::default() }
    }

    #[test]
    fn the_largest_tensor_decides() {
        // VGG-9 at width 1 beside a ResNet-32: 112 channels of regressors at 32 × 32 are 448 KiB an image.
        let widest = image(112 * 32 * 32);
        assert_eq!(images_at_once(128, 0, widest, BASELINE), Some(128));
        assert_eq!(images_at_once(512, 0, widest, BASELINE), Some(292));
        assert_eq!(images_at_once(512, 100, widest, BASELINE), Some(100));
        assert_eq!(images_at_once(512, 400, widest, BASELINE), Some(292));
        assert_eq!(images_at_once(512, 0, widest, None), Some(512));
        assert_eq!(images_at_once(8, 0, image((128 << 18) + 1), BASELINE), None);
        // A vector of parameters is bound as a whole, whatever goes through the networks.
        assert_eq!(images_at_once(8, 0, Footprint { vector: (128 << 18) + 1, ..image(1) }, BASELINE), None);
        // And maps of few channels have more pixels than there are workgroups.
        let wide = Footprint { pixels: 1024 * 1024, ..image(1024 * 1024) };
        assert_eq!(images_at_once(512, 0, wide, Some(4 << 30)), Some(31));
    }

    #[test]
    fn where_nothing_fits_a_width_is_named_that_does() {
        // VGG-9 of width 1 on 1,024 pixels has 64 channels of 4 MiB.
        let vgg = |width: f64| Some(image((64.0 * width) as usize * 1024 * 1024));
        let words = too_large(1.0, image(64 << 20), BASELINE, vgg).to_string();
        assert!(
            ["target.width", "256 MiB", "128 MiB", "0.5 would fit"].iter().all(|part| words.contains(part)),
            "{words}"
        );
        // The source, or the regressors to its channels, do not become narrower.
        let words = too_large(1.0, image(64 << 20), BASELINE, |_| Some(image(64 << 20))).to_string();
        assert!(words.contains("data.size") && words.contains("smaller images"), "{words}");
        let heavy = Footprint { vector: 64 << 20, ..image(1) };
        let words = too_large(4.0, heavy, BASELINE, |_| Some(image(1))).to_string();
        assert!(words.contains("weights of 256 MiB") && words.contains("2 would fit"), "{words}");
    }

    /// Natively limits are above 4 GiB on some adapters, and elements are counted in 32 bits, one of which is the sign.
    #[test]
    fn elements_are_counted_in_32_bits() {
        assert_eq!(image(1 << 28).most(100, Some(1 << 40)), 7);
    }

    /// Nine source layers that meet one small target layer: a GPU keeps their features in one tensor, which is larger than
    /// any map of the networks and than what the regressors give.
    const MANY_TO_ONE: &str = "method.pairs=[{source_layer=0,target_layer=4},{source_layer=1,target_layer=4},\
        {source_layer=2,target_layer=4},{source_layer=3,target_layer=4},{source_layer=4,target_layer=4},\
        {source_layer=5,target_layer=4},{source_layer=6,target_layer=4},{source_layer=7,target_layer=4},\
        {source_layer=8,target_layer=4}]";

    fn plan(changes: &[&str]) -> Plan {
        let common = ["target.width=0.0625", "data.per_class=2", "train.batch_size=4"];
        let changes: Vec<String> = common.iter().chain(changes).map(|change| (*change).to_owned()).collect();
        let config = Config::preset("demo", &changes).expect("valid");
        Plan::new(config, Device::flex(), "CPU".into()).expect("sound")
    }

    #[test]
    fn the_matched_features_count_as_one_tensor() {
        let source = "sources=[{weights=\"untrained-resnet20\",layers=[0,1,2,3,4,5,6,7,8]}]";
        let plan = plan(&[source, MANY_TO_ONE]);
        let footprint = Footprint::of_training(&plan.learner, plan.heard());
        let features = 3 * (16 * 32 * 32 + 32 * 16 * 16 + 64 * 8 * 8);
        assert!(features > plan.learner.model.network.widest().max(plan.sources[0].network.widest()));
        assert_eq!(footprint.image, features);
        assert_eq!(images_at_once(128, 0, footprint, Some(10 * 4 * features as u64)), Some(10));
        // Of the vectors of parameters the source's is the longest here.
        assert_eq!(footprint.vector, plan.sources[0].network.layout().len());
    }

    /// ResNet-34 → ResNet-18 at 224 × 224 pixels: 960 channels of regressors at 56 × 56 pixels of eleven images are all that a
    /// kernel sees by WebGPU's least limit, so that a batch of 64 is six chunks of one part.
    #[test]
    fn large_images_go_in_chunks() {
        let networks = ["sources=[{weights=\"untrained-resnet34\"}]", "target.network=resnet18", "target.width=1"];
        let plan = plan(&[&networks[..], &["data.size=224", "method.name=l2t-ww"]].concat());
        let footprint = Footprint::of_training(&plan.learner, plan.heard());
        assert_eq!(footprint.image, 960 * 56 * 56);
        assert_eq!(images_at_once(64, 0, footprint, BASELINE), Some(11));
        let matching = plan.learner.model.matching.as_ref().expect("it matches");
        assert_eq!((matching.pairs().len(), matching.source_channels().len()), (16, 16));
        // 11,176,512 and 513 for each class; regressors.
        let classes = plan.train.class_names.len();
        let (target, all) = (plan.learner.model.network.layout().count(), plan.learner.model.layout.count());
        assert_eq!((target, all - target), (11_176_512 + 513 * classes, 925_440));
        assert_eq!(plan.learner.meta.as_ref().map(|meta| meta.layout().count()), Some(1_400_336));
    }

    /// Attention transfer brings the source's 64 channels of 8 × 8 pixels to the 32 × 32 of a target layer that has 4.
    #[test]
    fn resized_features_count() {
        let plan = plan(&["method.name=at", "method.pairs=[{source_layer=2,target_layer=0}]"]);
        assert_eq!(Footprint::of_training(&plan.learner, plan.heard()).image, 64 * 32 * 32);
    }

    /// What saliency and looks find does not depend on how many images the device holds at once.
    #[test]
    fn saliency_and_looks_ask_for_the_limit() {
        let mut plan = plan(&[]);
        let state = plan.initial_state();
        let request = Request { pair: 0, shown: vec![1, 4, 9], clip: 0.98 };
        let survey = |plan: &Plan| {
            let (mut done, data) = (vec![0], images(plan).unwrap().clone());
            let progress = |images, _| done.push(images);
            let control = Control::default();
            let survey = survey(plan, &state, &data, &request, &control, progress);
            (block_on(survey).expect("finite").expect("not stopped").images, done)
        };
        let looked = LookRequest { images: (0..7).collect(), pair: Some(0), clip: 0.98 };
        let look = |plan: &Plan| block_on(look(plan, &state, &looked)).expect("finite");
        let (all, _) = survey(&plan);
        let seen = look(&plan);

        let pair = pair_gradient(&plan, &state, 0).expect("it matches");
        let footprint = Footprint::of_saliency(&pair);
        assert!(footprint.image >= plan.sources[0].network.widest());
        plan.largest_buffer = Some(4 * 3 * footprint.image.max(footprint.vector) as u64);
        let most = footprint.most(64, plan.largest_buffer);
        assert!((3..64).contains(&most), "{most}");
        let (parts, done) = survey(&plan);
        assert!(done.windows(2).all(|pair| pair[1] - pair[0] <= most) && done.len() > 2, "{done:?}");
        assert_eq!(parts.len(), all.len());
        for (part, all) in parts.iter().zip(&all) {
            assert_eq!((part.index, part.label, part.area), (all.index, all.label, all.area));
            let mass = |record: &ImageRecord| record.learned.as_ref().map_or(0.0, |score| score.mass);
            assert!((mass(part) - mass(all)).abs() < 1e-4, "image {}", part.index);
        }
        let again = look(&plan);
        assert_eq!(again.look.predicted, seen.look.predicted);
        let weights = |seen: &Seen| seen.look.pair.as_ref().map(|pair| (pair.pair_weights.len(), pair.saliency.len()));
        assert_eq!((weights(&again), weights(&seen)), (Some((7, 7)), Some((7, 7))));
        let maps = |seen: &Seen| seen.maps.as_ref().map(|maps| maps.uniform.normalised.dims());
        assert_eq!(maps(&again), maps(&seen));

        plan.largest_buffer = Some(64);
        let error = block_on(survey_of(&plan, &state, &request)).expect_err("not one image fits").to_string();
        assert!(error.starts_with("data.size: ") && error.contains("smaller images"), "{error}");
    }

    async fn survey_of(plan: &Plan, state: &LearnerState, request: &Request) -> Result<Option<Survey>> {
        survey(plan, state, &images(plan).unwrap().clone(), request, &Control::default(), |_, _| {}).await
    }
}
