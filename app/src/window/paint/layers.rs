//! Thumbnails of what the layers see of one image.

use eframe::egui::{Context, TextureHandle};
use l2t_core::experiment::look::{FeatureMaps, Look};
use l2t_core::saliency::colour::ColourMap;

use super::pixels::{feature_map, photograph, texture};
use crate::window::run::facts::Experiment;

/// The pictures of one look.
pub struct LayerPictures {
    /// The image.
    pub image: TextureHandle,
    /// Its class, and what the target takes it for.
    pub classes: [String; 2],
    /// Every layer of every source, in their order.
    pub sources: Vec<TextureHandle>,
    /// Every layer of the target.
    pub target: Vec<TextureHandle>,
}

impl LayerPictures {
    /// Uploads those of the first image of `look`.
    pub fn new(context: &Context, experiment: &Experiment, look: &Look) -> Self {
        let index = look.request.images[0];
        let draw = |maps: &FeatureMaps| {
            let picture = feature_map(maps.channel(0), maps.shape[2], ColourMap::Viridis);
            texture(context, "layer", picture)
        };
        let names = &experiment.shown.class_names;
        let taken = look.predicted.first().map_or(String::new(), |class| names[*class].clone());
        Self {
            image: texture(context, "looked at", photograph(&experiment.shown, index)),
            classes: [names[experiment.shown.labels[index]].clone(), taken],
            sources: look.layers.sources.iter().flatten().map(draw).collect(),
            target: look.layers.target.iter().map(draw).collect(),
        }
    }
}
