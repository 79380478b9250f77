//! Saliency of a run over a data set: maps of some images for a picture, scores of all that say where their object is.

use std::sync::Arc;

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::event::Control;
use super::plan::Plan;
use crate::bilevel::LearnerState;
use crate::data::normalise::normalised;
use crate::data::{Dataset, Split};
use crate::error::{Error, Result};
use crate::matching::{Pair, PairSet};
use crate::network::weights::read;
use crate::saliency::map::{BatchMaps, Maps, is_flat};
use crate::saliency::region::Region;
use crate::saliency::score::{Estimate, Score};
use crate::saliency::{PairGradient, Trained};

/// Images per pass.
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
#[derive(Debug, Clone, PartialEq)]
pub struct HostMap {
    /// 0 to 1.
    pub values: Vec<f64>,
    /// Whether nothing can be seen in it.
    pub flat: bool,
}

/// The maps of one image that are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownMaps {
    /// With uniform channel weights.
    pub uniform: HostMap,
    /// With the learned ones, the more and the less activated pixels; `None` where w is not learned.
    pub change: Option<[HostMap; 3]>,
}

/// What is known of one image.
#[derive(Debug, Clone, PartialEq)]
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
    /// Whether the map with uniform weights is flat.
    pub uniform_flat: bool,
    /// Whether the map with the learned weights is flat.
    pub learned_flat: Option<bool>,
    /// Its maps, where they were asked for.
    pub maps: Option<ShownMaps>,
}

/// A score over the images.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// As in the table: `learned_mass`.
    pub name: &'static str,
    /// Mean and interval over the images that have it.
    pub estimate: Estimate,
    /// What a map that knows nothing of the object would have, over the same images.
    pub chance: f64,
}

/// The image records of a run, in the order of the data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// All images that were looked at.
    pub images: Vec<ImageRecord>,
}

/// The pair asked for, or the last: of the last target layer the last source layer.
///
/// # Errors
/// When it is no candidate pair of the run; says which there are.
pub fn choose_pair(pairs: &PairSet, wanted: Option<Pair>) -> Result<usize> {
    let all = pairs.pairs();
    let Some(wanted) = wanted else {
        let last = (0..all.len()).max_by_key(|nth| (all[*nth].target_layer, all[*nth].source_layer));
        return last.ok_or_else(|| Error::config("--pair", "the run has no pair"));
    };
    let several = all.iter().any(|pair| pair.source != all[0].source);
    let name = |pair: &Pair| match pair {
        Pair { source, source_layer, target_layer } if several => format!("{source},{source_layer},{target_layer}"),
        Pair { source_layer, target_layer, .. } => format!("{source_layer},{target_layer}"),
    };
    all.iter().position(|pair| *pair == wanted).ok_or_else(|| {
        let names: Vec<String> = all.iter().map(name).collect();
        Error::config("--pair", format!("{} is no pair of this run; it has {}", name(&wanted), names.join(" ")))
    })
}

/// Images for a picture that nobody chose by hand: `count` of them, one a class from classes evenly spread over all of
/// them (and then the next one of each), each the first of its class; where there are any with a known object, only
/// such images.
pub fn spread(data: &Dataset, count: usize) -> Vec<usize> {
    let known: Vec<usize> = (0..data.len()).filter(|index| Region::of(data, *index).is_some()).collect();
    let candidates = if known.is_empty() { (0..data.len()).collect() } else { known };
    let mut members = vec![Vec::new(); data.class_names.len()];
    for index in candidates {
        members[data.labels[index]].push(index);
    }
    members.retain(|images| !images.is_empty());
    let (classes, total) = (members.len(), members.iter().map(Vec::len).sum::<usize>());
    let mut chosen = Vec::new();
    for round in 0..members.iter().map(Vec::len).max().unwrap_or(0) {
        let wanted = count.min(total) - chosen.len();
        let present: Vec<usize> = (0..classes).filter(|class| members[*class].len() > round).collect();
        let taken = wanted.min(present.len());
        chosen.extend((0..taken).map(|nth| members[present[nth * present.len() / taken]][round]));
    }
    chosen
}

/// The part of the run's own data.
///
/// # Errors
/// When the run's data have no such part.
pub fn part_of(plan: &Plan, part: Part) -> Result<Arc<Dataset>> {
    let found = match part {
        Part::Train => Some(plan.train.clone()),
        Part::Validation => plan.validation.clone(),
        Part::Test => plan.test.clone(),
    };
    found.ok_or_else(|| Error::config("--split", format!("{} has no {} images", plan.train.name, part.name())))
}

/// Parts of a run's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The images that it learned from.
    Train,
    /// Those that chose the best epoch.
    Validation,
    /// Those that it is reported on.
    Test,
}

impl Part {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The part of a data set on disk; `None` for validation images, which a run holds out itself.
    pub fn split(self) -> Option<Split> {
        match self {
            Self::Train => Some(Split::Train),
            Self::Validation => None,
            Self::Test => Some(Split::Test),
        }
    }
}

/// Looks at the images of `data` that are to be shown or can be scored. `progress` hears how many are done, and of how
/// many. `None` where `control` asked to stop.
///
/// # Errors
/// When the run matches nothing, the images have another size than the run's, a gradient is not finite, or the device
/// cannot be read.
pub async fn survey(
    plan: &Plan,
    state: &LearnerState,
    data: &Dataset,
    request: &Request,
    control: &Control,
    mut progress: impl FnMut(usize, usize),
) -> Result<Option<Survey>> {
    let trained = Trained { theta: &state.target.theta, running: &state.running, phi: &state.meta.phi };
    let (model, meta) = (&plan.learner.model, plan.learner.meta.as_ref());
    let gradient = PairGradient::new(model, meta, &plan.sources, request.pair, trained)?;
    let regions: Vec<Option<Region>> = (0..data.len()).map(|index| Region::of(data, index)).collect();
    let wanted: Vec<usize> =
        (0..data.len()).filter(|index| regions[*index].is_some() || request.shown.contains(index)).collect();
    let mut images = Vec::with_capacity(wanted.len());
    for batch in wanted.chunks(BATCH) {
        if control.stopped() {
            return Ok(None);
        }
        let maps = BatchMaps::new(&gradient.of(&upload(data, batch, &plan.device, plan.dtype)), request.clip);
        let maps = HostBatch::read(&maps, data.height * data.width).await?;
        for (nth, &index) in batch.iter().enumerate() {
            let record = maps.record(nth, index, data.labels[index], regions[index].as_ref(), &request.shown);
            images.push(record.ok_or_else(|| not_finite(data, index))?);
        }
        progress(images.len(), wanted.len());
    }
    Ok(Some(Survey { images }))
}

fn not_finite(data: &Dataset, index: usize) -> Error {
    Error::Diverged(format!("the gradient in image {index} of {} is not finite", data.name))
}

fn upload(data: &Dataset, indices: &[usize], device: &Device, dtype: DType) -> Tensor<4> {
    let area = data.height * data.width;
    let bytes = indices.iter().flat_map(|index| data.image(*index).iter().enumerate());
    let values: Vec<f32> = bytes.map(|(place, byte)| normalised(*byte, place / area)).collect();
    let shape = [indices.len(), 3, data.height, data.width];
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// The maps of a batch on the host, image after image.
struct HostBatch {
    uniform: HostMaps,
    /// Learned, more, less.
    change: Option<(HostMaps, Vec<f64>, Vec<f64>)>,
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
    async fn read(maps: &BatchMaps, area: usize) -> Result<Self> {
        let change = match &maps.change {
            None => None,
            Some(change) => {
                Some((HostMaps::read(&change.learned).await?, read(&change.more).await?, read(&change.less).await?))
            }
        };
        Ok(Self { uniform: HostMaps::read(&maps.uniform).await?, change, area })
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
            uniform_flat: is_flat(of(&uniform.normalised)),
            learned_flat: change.map(|(learned, ..)| is_flat(of(&learned.normalised))),
            maps,
        })
    }
}

/// A score by its name and how to read it off a record.
type Reader = (&'static str, fn(&ImageRecord) -> Option<f64>);

fn hit(score: Option<Score>) -> Option<f64> {
    score.map(|score| f64::from(u8::from(score.hit)))
}

/// Every score of the table. A difference has the chance level 0, any other the object's share of the area.
const SCORES: [Reader; 8] = [
    ("uniform_mass", |r| Some(r.uniform?.mass)),
    ("learned_mass", |r| Some(r.learned?.mass)),
    ("learned_minus_uniform_mass", |r| Some(r.learned?.mass - r.uniform?.mass)),
    ("more_activated_mass", |r| r.more),
    ("less_activated_mass", |r| r.less),
    ("uniform_hit", |r| hit(r.uniform)),
    ("learned_hit", |r| hit(r.learned)),
    ("learned_minus_uniform_hit", |r| Some(hit(r.learned)? - hit(r.uniform)?)),
];

impl Survey {
    /// Means over the images with their intervals and chance levels; empty where no image says where its object is.
    pub fn scores(&self) -> Vec<ScoreRow> {
        let row = |(name, value): &Reader| {
            let found: Vec<(f64, f64)> = self.images.iter().filter_map(|r| Some((value(r)?, r.area?))).collect();
            let (values, areas): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
            let estimate = Estimate::of(&values, name)?;
            let difference = name.contains("_minus_");
            let chance = if difference { 0.0 } else { areas.iter().sum::<f64>() / areas.len() as f64 };
            Some(ScoreRow { name, estimate, chance })
        };
        SCORES.iter().filter_map(row).collect()
    }

    /// How many images have a flat map.
    pub fn flat(&self) -> usize {
        self.images.iter().filter(|r| r.uniform_flat || r.learned_flat == Some(true)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PixelBox;

    /// Images of 2 × 4 pixels; `boxed` of them have a box over the left half.
    fn drawn(labels: &[usize], boxed: &[usize]) -> Dataset {
        let left = PixelBox { x0: 0.0, y0: 0.0, x1: 2.0, y1: 2.0 };
        Dataset {
            name: "drawn".into(),
            class_names: (0..6).map(|class| format!("class {class}")).collect(),
            height: 2,
            width: 4,
            pixels: vec![7; 24 * labels.len()],
            labels: labels.to_vec(),
            boxes: Some((0..labels.len()).map(|index| boxed.contains(&index).then_some(left)).collect()),
            notes: vec![],
        }
    }

    #[test]
    fn the_images_shown_are_spread_over_the_classes_and_never_repeat() {
        let data = drawn(&[0, 1, 2, 3, 4, 5, 5, 5], &[]);
        assert_eq!(spread(&data, 3), [0, 2, 4]);
        assert_eq!(spread(&data, 6), [0, 1, 2, 3, 4, 5]);
        assert_eq!(spread(&data, 7), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(spread(&data, 100).len(), 8);
        assert_eq!(spread(&drawn(&[0, 1, 2, 3, 4, 5], &[1, 5]), 4), [1, 5]);
    }

    #[test]
    fn the_last_pair_is_that_of_the_last_layers() {
        let pair = |source, source_layer, target_layer| Pair { source, source_layer, target_layer };
        let set = |pairs: &[Pair]| {
            let tap = |side: usize| crate::network::Tap { node: 0, label: String::new(), shape: [1, side, side] };
            let taps = vec![tap(4), tap(2), tap(1)];
            let source = crate::matching::SourceLayers { name: "s".into(), taps: taps.clone() };
            PairSet::new(pairs.to_vec(), &[source.clone(), source], &taps).unwrap()
        };
        let pairs = set(&[pair(0, 2, 2), pair(0, 0, 2), pair(0, 2, 1)]);
        assert_eq!(choose_pair(&pairs, None), Ok(0));
        assert_eq!(choose_pair(&pairs, Some(pair(0, 2, 1))), Ok(2));
        let error = choose_pair(&pairs, Some(pair(0, 1, 1))).unwrap_err().to_string();
        assert_eq!(error, "--pair: 1,1 is no pair of this run; it has 2,2 0,2 2,1");
        let error = choose_pair(&set(&[pair(0, 2, 2), pair(1, 0, 2)]), Some(pair(1, 1, 1))).unwrap_err().to_string();
        assert_eq!(error, "--pair: 1,1,1 is no pair of this run; it has 0,2,2 1,0,2");
    }

    #[test]
    fn scores_are_means_over_the_images_that_have_them() {
        let record = |mass: f64, learned: f64, area: f64| ImageRecord {
            index: 0,
            label: 0,
            area: Some(area),
            uniform: Some(Score { mass, hit: true }),
            learned: Some(Score { mass: learned, hit: false }),
            more: None,
            less: Some(0.5),
            uniform_flat: false,
            learned_flat: Some(true),
            maps: None,
        };
        let unknown = ImageRecord { area: None, uniform: None, learned: None, less: None, ..record(0.0, 0.0, 0.0) };
        let survey = Survey { images: vec![record(0.2, 0.6, 0.1), record(0.4, 0.6, 0.3), unknown] };
        let scores = survey.scores();
        let row = |name: &str| scores.iter().find(|row| row.name == name);
        let close = |name: &str, mean: f64, chance: f64| {
            let row = row(name).unwrap();
            assert!((row.estimate.mean - mean).abs() < 1e-12 && (row.chance - chance).abs() < 1e-12, "{row:?}");
            assert_eq!(row.estimate.count, 2);
        };
        close("uniform_mass", 0.3, 0.2);
        close("learned_minus_uniform_mass", 0.3, 0.0);
        close("learned_minus_uniform_hit", -1.0, 0.0);
        close("less_activated_mass", 0.5, 0.2);
        assert_eq!((row("more_activated_mass"), survey.flat()), (None, 3));
        assert!(Survey { images: vec![] }.scores().is_empty());
    }
}
