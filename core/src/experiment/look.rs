//! What a pair does on a few images, on the host: for a window that shows it while the run goes on.

use std::sync::Arc;

use burn_tensor::Tensor;
use l2t_shaders::attention;
use serde::{Deserialize, Serialize};

use super::Plan;
use super::micro_batch::{Footprint, within};
use super::saliency::{ImageRecord, pair_gradient, records, upload};
use crate::bilevel::LearnerState;
use crate::data::Dataset;
use crate::error::Result;
use crate::network::weights::read;
use crate::network::{Activations, Mode};
use crate::saliency::map::BatchMaps;
use crate::saliency::{PairGradient, PairMaps};

/// What to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LookRequest {
    /// Images by index into [`images`]; the feature maps are those of the first.
    pub images: Vec<usize>,
    /// Which candidate pair, an index into the pair set; `None` for what the layers see alone, which takes two forward passes.
    pub pair: Option<usize>,
    /// Share of a saliency map's sum at which it is clipped.
    pub clip: f64,
}

/// The channels of a layer on one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureMaps {
    /// Channels, rows, columns.
    pub shape: [usize; 3],
    /// In this order.
    pub values: Vec<f64>,
}

impl FeatureMaps {
    /// One channel in reading order.
    pub fn channel(&self, channel: usize) -> &[f64] {
        let [_, height, width] = self.shape;
        &self.values[channel * height * width..][..height * width]
    }
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// What was asked for.
    pub request: LookRequest,
    /// What the target network takes each image for: index of the class.
    pub predicted: Vec<usize>,
    /// What the layers see of the first image.
    pub layers: LayerMaps,
    /// The pair on these images; `None` where none was asked for.
    pub pair: Option<PairLook>,
}

/// Where the features of the matched layers are large: `Σ_c F²_cp` at every pixel p, one channel a layer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerMaps {
    /// Layers of every source that is evaluated at every batch.
    pub sources: Vec<Vec<FeatureMaps>>,
    /// Layers of the target.
    pub target: Vec<FeatureMaps>,
}

/// A pair on a few images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairLook {
    /// λ of every image.
    pub pair_weights: Vec<f64>,
    /// w of the first image.
    pub channel_weights: Vec<f64>,
    /// S^m of the first image.
    pub source: FeatureMaps,
    /// r_θ(T^n) of the first image.
    pub regressed: FeatureMaps,
    /// Saliency and its scores, image by image.
    pub saliency: Vec<ImageRecord>,
}

/// The images that a run is looked at on: held out for validation, or else for the test, or else those it learns from.
///
/// # Errors
/// [`Error::Stopped`](crate::Error::Stopped).
pub fn images(plan: &Plan) -> Result<&Arc<Dataset>> {
    match (&plan.validation, &plan.test) {
        (Some(validation), _) => Ok(validation),
        (None, Some(test)) => test.data(plan.stop()),
        (None, None) => Ok(&plan.train),
    }
}

/// A look, and its saliency maps where they were computed, for who draws on that device.
#[derive(Debug, Clone)]
pub struct Seen {
    /// On the host.
    pub look: Look,
    /// On the device; `None` where the method matches nothing.
    pub maps: Option<BatchMaps>,
}

/// Looks at `state`, at as many images at once as the device's buffers hold.
///
/// # Errors
/// When the device does not hold one image, a gradient is not finite, or the device cannot be read.
///
/// # Panics
/// When there is no such image or pair.
pub async fn look(plan: &Plan, state: &LearnerState, request: &LookRequest) -> Result<Seen> {
    let gradient = request.pair.map(|pair| pair_gradient(plan, state, pair)).transpose()?;
    let footprint = match &gradient {
        Some(gradient) => Footprint::of_saliency(gradient),
        None => Footprint::of_network(&plan.learner.model.network),
    };
    let at_once = within(request.images.len().max(1), footprint, plan.largest_buffer)?;
    let (mut predicted, mut layers, mut pair, mut maps) = (vec![], None, None::<PairLook>, vec![]);
    for shown in request.images.chunks(at_once) {
        let seen = images(plan)?.decoded(shown)?;
        let x = upload(&seen, &plan.device, plan.dtype);
        if let Some(gradient) = &gradient {
            let (of_part, maps_of_part) = pair_look(gradient, &x, (&seen, shown), request.clip).await?;
            maps.push(maps_of_part);
            match &mut pair {
                Some(pair) => pair.extend(of_part),
                None => pair = Some(of_part),
            }
        }
        let (network, output) = (&plan.learner.model.network, plan.learner.model.network.output());
        let at = network.forward(&state.target.theta, &x, Mode::Eval(&state.running), output);
        if layers.is_none() {
            layers = Some(layer_maps(plan, &at, &x.narrow(0, 0, 1)).await?);
        }
        predicted.extend(predictions(&read(at.get(output)).await?, network.classes()));
    }
    let maps = (!maps.is_empty()).then(|| BatchMaps::of_parts(maps));
    let look = Look { request: request.clone(), predicted, layers: layers.unwrap_or_default(), pair };
    Ok(Seen { look, maps })
}

impl PairLook {
    /// With what was seen on further images.
    fn extend(&mut self, further: Self) {
        self.pair_weights.extend(further.pair_weights);
        self.saliency.extend(further.saliency);
    }
}

fn predictions(scores: &[f64], classes: usize) -> Vec<usize> {
    let largest = |scores: &[f64]| (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    scores.chunks(classes).map(|scores| largest(scores).unwrap_or(0)).collect()
}

/// Those of the first image: of the target evaluated `at` several, and of the sources on that image, `x`.
async fn layer_maps(plan: &Plan, at: &Activations, x: &Tensor<4>) -> Result<LayerMaps> {
    let mut maps = LayerMaps::default();
    for source in plan.heard() {
        let mut layers = vec![];
        for features in source.features(x) {
            layers.push(attention_map(features).await?);
        }
        maps.sources.push(layers);
    }
    for tap in plan.learner.model.network.taps() {
        maps.target.push(attention_map(at.get(tap.node).clone().narrow(0, 0, 1)).await?);
    }
    Ok(maps)
}

async fn attention_map(features: Tensor<4>) -> Result<FeatureMaps> {
    let [_, _, height, width] = features.dims();
    Ok(FeatureMaps { shape: [1, height, width], values: read(&attention::map(&features)).await? })
}

async fn pair_look(
    gradient: &PairGradient<'_>,
    x: &Tensor<4>,
    (seen, indices): (&Dataset, &[usize]),
    clip: f64,
) -> Result<(PairLook, BatchMaps)> {
    let PairMaps { source, regressed, channel_weights, pair_weight } = gradient.maps(x);
    let gradients = gradient.of(x);
    let maps = BatchMaps::new(&gradients, clip);
    let look = PairLook {
        pair_weights: read(&pair_weight).await?,
        channel_weights: read(&channel_weights.narrow(0, 0, 1)).await?,
        source: first(&source).await?,
        regressed: first(&regressed).await?,
        saliency: records(&gradients, &maps, seen, indices, indices).await?,
    };
    Ok((look, maps))
}

async fn first(maps: &Tensor<4>) -> Result<FeatureMaps> {
    let [_, channels, height, width] = maps.dims();
    Ok(FeatureMaps { shape: [channels, height, width], values: read(&maps.clone().narrow(0, 0, 1)).await? })
}
