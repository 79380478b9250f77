//! Saliency maps over their images, in the style that was chosen.

use eframe::egui::{Context, TextureHandle, Ui};
use l2t_core::Result;
use l2t_core::data::Dataset;
use l2t_core::experiment::look::PairLook;
use l2t_core::experiment::saliency::{HostMap, ImageRecord};
use l2t_core::saliency::colour::ColourMap;

use super::pixels::{named, overlays, photograph, show, texture};
use crate::window::run::facts::Experiment;
use crate::window::seam::{DrawableMaps, MapPainter, Painted};

/// How the maps are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SaliencyStyle {
    /// Opacity of the colours over the grey image.
    pub alpha: f64,
    /// Which colours.
    pub colours: ColourMap,
    /// Share of a map's sum at which it is clipped.
    pub clip: f64,
}

impl Default for SaliencyStyle {
    fn default() -> Self {
        Self { alpha: 0.75, colours: ColourMap::Inferno, clip: 0.98 }
    }
}

/// Every choice: its name here and on the command line, and what it looks like.
pub const COLOURS: &[(&str, ColourMap, &str)] = &[
    ("inferno", ColourMap::Inferno, "From black over red to light yellow"),
    ("viridis", ColourMap::Viridis, "From dark violet over green to yellow"),
    ("grey", ColourMap::Grey, "From black to white"),
];

/// The pictures of one look.
pub struct SaliencyPictures {
    /// One an image.
    pub rows: Vec<Row>,
}

/// Those of one image.
pub struct Row {
    /// The image.
    pub image: TextureHandle,
    /// Uniform, learned, more, less; `None` where the map is flat.
    pub maps: Vec<Option<Overlaid>>,
}

/// A map in colours over its image.
pub enum Overlaid {
    /// As pixels that were uploaded.
    Pixels(TextureHandle),
    /// Drawn from where training left the map.
    Drawn(Painted),
}

impl Overlaid {
    /// Shows it with a side of `side` points, and says what it is to those who cannot see it.
    pub fn show(&self, ui: &mut Ui, side: f32, name: &str) {
        match self {
            Self::Pixels(pixels) => drop(show(ui, pixels, side, name)),
            Self::Drawn(painted) => {
                let rect = named(ui, side, name);
                ui.painter().add(painted.shape(rect));
            }
        }
    }
}

impl SaliencyPictures {
    /// Draws and uploads, or where `painter` and the maps share a device, says how to draw them from there.
    ///
    /// # Errors
    /// When the overlay cannot be computed.
    pub fn new(
        context: &Context,
        experiment: &Experiment,
        pair: &PairLook,
        (maps, painter): (&DrawableMaps, Option<&MapPainter>),
        style: SaliencyStyle,
    ) -> Result<Self> {
        let data = &experiment.shown;
        let images: Vec<&[u8]> = pair.saliency.iter().map(|record| data.image(record.index)).collect();
        let painted = painter.and_then(|painter| painter.paint(maps, &images, [data.height, data.width], style));
        let overlaid: Vec<Vec<Overlaid>> = match painted {
            Some(painted) => painted.into_iter().map(|row| row.into_iter().map(Overlaid::Drawn).collect()).collect(),
            None => pair.saliency.iter().map(|record| pixels(context, data, record, style)).collect::<Result<_>>()?,
        };
        let row = |(record, overlaid): (&ImageRecord, Vec<Overlaid>)| Row {
            image: texture(context, format!("image {}", record.index), photograph(data, record.index)),
            maps: overlaid.into_iter().zip(maps_of(record)).map(|(drawn, map)| (!map.flat).then_some(drawn)).collect(),
        };
        Ok(Self { rows: pair.saliency.iter().zip(overlaid).map(row).collect() })
    }
}

/// Uniform, learned, more, less: as many as there are.
fn maps_of(record: &ImageRecord) -> impl Iterator<Item = &HostMap> {
    record.maps.iter().flat_map(|maps| std::iter::once(&maps.uniform).chain(maps.change.iter().flatten()))
}

/// The maps of one image over it, as textures.
fn pixels(context: &Context, data: &Dataset, record: &ImageRecord, style: SaliencyStyle) -> Result<Vec<Overlaid>> {
    let values: Vec<&[f64]> = maps_of(record).map(|map| &map.values[..]).collect();
    let drawn = overlays(data, &vec![record.index; values.len()], &values, (style.colours, style.alpha))?;
    let upload = |(nth, image)| Overlaid::Pixels(texture(context, format!("{} {nth}", record.index), image));
    Ok(drawn.into_iter().enumerate().map(upload).collect())
}
