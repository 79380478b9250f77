//! Saliency of a run over a data set: maps of some images for a picture, scores of all that say where their object is.
//!
//! [`choice`] (which pair, which images) → [`survey`] (the loop) → [`table`] (means with intervals, CSV).

pub mod choice;
pub mod table;

use burn_tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::micro_batch::{Footprint, within};
use super::{Control, Plan};
use crate::bilevel::LearnerState;
use crate::data::Dataset;
use crate::data::normalise::normalised;
use crate::error::{Error, Result};
use crate::network::weights::read;
use crate::saliency::map::{BatchMaps, Maps, is_flat};
use crate::saliency::region::Region;
use crate::saliency::score::Score;
use crate::saliency::{ImageGradients, PairGradient, Trained, effective_channels};

/// Images per pass, where the device's buffers hold as many.
const BATCH: usize = 64;

/// What to compute.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Which candidate pair: index into the pair set.
    pub pair: usize,
    /// Images whose maps are kept, by index.
    pub shown: Vec<usize>,
    /// Share of a map's sum at which it is clipped.
    pub clip: f64,
}

/// One map on the host, in reading order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostMap {
    /// 0 to 1.
    pub values: Vec<f64>,
    /// Whether nothing can be seen in it.
    pub flat: bool,
}

/// The maps of one image that are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownMaps {
    /// With uniform channel weights.
    pub uniform: HostMap,
    /// With the learned ones, the more and the less activated pixels; `None` where w is not learned.
    pub change: Option<[HostMap; 3]>,
}

/// What is known of one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// Index into the data set.
    pub index: usize,
    /// Its class.
    pub label: usize,
    /// The object's share of the area: the chance level. `None` where the data set does not say where the object is.
    pub area: Option<f64>,
    /// Scores with uniform channel weights.
    pub uniform: Option<Score>,
    /// Scores with the learned ones.
    pub learned: Option<Score>,
    /// Share of the more activated pixels' strength that lies inside.
    pub more: Option<f64>,
    /// Share of the less activated pixels' strength that lies inside.
    pub less: Option<f64>,
    /// How many evenly weighted channels the learned weights amount to, see [`effective_channels`].
    pub effective_channels: Option<f64>,
    /// Whether the map with uniform weights is flat.
    pub uniform_flat: bool,
    /// Whether the map with the learned weights is flat.
    pub learned_flat: Option<bool>,
    /// Its maps, where they were asked for.
    pub maps: Option<ShownMaps>,
}

/// The image records of a run, in the order of the data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// All images that were looked at.
    pub images: Vec<ImageRecord>,
}

/// Looks at the images of `data` that are to be shown or can be scored. `progress` hears how many are done, and of how
/// many. `None` where `control` asked to stop.
///
/// # Errors
/// When the run matches nothing, the device does not hold one image, a gradient is not finite, or the device cannot be
/// read.
///
/// # Panics
/// When the run has no such pair.
pub async fn survey(
    plan: &Plan,
    state: &LearnerState,
    data: &Dataset,
    request: &Request,
    control: &Control,
    mut progress: impl FnMut(usize, usize),
) -> Result<Option<Survey>> {
    let gradient = pair_gradient(plan, state, request.pair)?;
    let wanted = |index: &usize| data.has_object(*index) || request.shown.contains(index);
    let wanted: Vec<usize> = (0..data.len()).filter(wanted).collect();
    let mut images = Vec::with_capacity(wanted.len());
    let at_once = within(BATCH, Footprint::of_saliency(&gradient), plan.largest_buffer)?;
    for batch in wanted.chunks(at_once) {
        if control.stopped() {
            return Ok(None);
        }
        let seen = data.decoded(batch)?;
        let gradients = gradient.of(&upload(&seen, &plan.device, plan.dtype));
        let maps = BatchMaps::new(&gradients, request.clip);
        images.extend(records(&gradients, &maps, &seen, batch, &request.shown).await?);
        progress(images.len(), wanted.len());
    }
    Ok(Some(Survey { images }))
}

/// The matching loss of the `pair`-th pair of a run, as a function of the image.
pub(super) fn pair_gradient<'a>(plan: &'a Plan, state: &'a LearnerState, pair: usize) -> Result<PairGradient<'a>> {
    let trained = Trained { theta: &state.target.theta, running: &state.running, phi: &state.meta.phi };
    PairGradient::new(&plan.learner.model, plan.learner.meta.as_ref(), &plan.sources, pair, trained)
}

/// The records of the images `seen`, which have these `indices` in their data set and whose gradients and maps these are, with
/// the maps of those in `shown`.
pub(super) async fn records(
    gradients: &ImageGradients,
    maps: &BatchMaps,
    seen: &Dataset,
    indices: &[usize],
    shown: &[usize],
) -> Result<Vec<ImageRecord>> {
    let maps = HostBatch::read(gradients, maps, seen.height * seen.width).await?;
    let record = |(nth, &index): (usize, &usize)| {
        let region = Region::of(seen, nth);
        let record = maps.record(nth, index, seen.labels[nth], region.as_ref(), shown);
        record.ok_or_else(|| not_finite(seen, index))
    };
    indices.iter().enumerate().map(record).collect()
}

fn not_finite(data: &Dataset, index: usize) -> Error {
    Error::Diverged(format!("the gradient in image {index} of {} is not finite", data.name))
}

/// Images that are in memory, normalised, `[B, 3, H, W]`.
pub(super) fn upload(seen: &Dataset, device: &Device, dtype: DType) -> Tensor<4> {
    let area = seen.height * seen.width;
    let images = seen.pixels.chunks_exact(3 * area).flat_map(|image| image.iter().enumerate());
    let values: Vec<f32> = images.map(|(place, byte)| normalised(*byte, place / area)).collect();
    let shape = [seen.len(), 3, seen.height, seen.width];
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// The maps of a batch on the host, image after image.
struct HostBatch {
    uniform: HostMaps,
    /// Learned, more, less.
    change: Option<(HostMaps, Vec<f64>, Vec<f64>)>,
    /// Of every image.
    effective_channels: Option<Vec<f64>>,
    area: usize,
}

struct HostMaps {
    strength: Vec<f64>,
    normalised: Vec<f64>,
}

impl HostMaps {
    async fn read(maps: &Maps) -> Result<Self> {
        Ok(Self { strength: read(&maps.strength).await?, normalised: read(&maps.normalised).await? })
    }
}

impl HostBatch {
    async fn read(gradients: &ImageGradients, maps: &BatchMaps, area: usize) -> Result<Self> {
        let effective_channels = match &gradients.channel_weights {
            None => None,
            Some(w) => Some(read(w).await?.chunks(w.dims()[1]).map(effective_channels).collect()),
        };
        let change = match &maps.change {
            None => None,
            Some(change) => {
                Some((HostMaps::read(&change.learned).await?, read(&change.more).await?, read(&change.less).await?))
            }
        };
        Ok(Self { uniform: HostMaps::read(&maps.uniform).await?, change, effective_channels, area })
    }

    fn image<'a>(&self, values: &'a [f64], nth: usize) -> &'a [f64] {
        &values[nth * self.area..][..self.area]
    }

    /// `None` where the gradient is not finite.
    fn record(
        &self,
        nth: usize,
        index: usize,
        label: usize,
        region: Option<&Region>,
        shown: &[usize],
    ) -> Option<ImageRecord> {
        let of = |values| self.image(values, nth);
        let score = |map: &[f64]| Score::of(map, region?);
        let map = |values: &[f64]| HostMap { values: values.to_vec(), flat: is_flat(values) };
        let (uniform, change) = (&self.uniform, self.change.as_ref());
        let strengths = [Some(uniform), change.map(|(learned, ..)| learned)];
        if strengths.iter().flatten().any(|maps| of(&maps.strength).iter().any(|value| !value.is_finite())) {
            return None;
        }
        let maps = shown.contains(&index).then(|| ShownMaps {
            uniform: map(of(&uniform.normalised)),
            change: change.map(|(learned, more, less)| [of(&learned.normalised), of(more), of(less)].map(map)),
        });
        Some(ImageRecord {
            index,
            label,
            area: region.map(Region::area_share),
            uniform: score(of(&uniform.strength)),
            learned: change.and_then(|(learned, ..)| score(of(&learned.strength))),
            more: change.and_then(|(_, more, _)| score(of(more))).map(|score| score.mass),
            less: change.and_then(|(.., less)| score(of(less))).map(|score| score.mass),
            effective_channels: self.effective_channels.as_ref().map(|counts| counts[nth]),
            uniform_flat: is_flat(of(&uniform.normalised)),
            learned_flat: change.map(|(learned, ..)| is_flat(of(&learned.normalised))),
            maps,
        })
    }
}
