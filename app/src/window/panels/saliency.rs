//! Which pixels a pair's matching looks at (Figure 6 of the paper), on a few images at once.

use eframe::egui::{Align, ComboBox, Context, Grid, Layout, ScrollArea, Slider, TextureHandle, Ui, vec2};
use l2t_core::Result;
use l2t_core::data::Dataset;
use l2t_core::experiment::look::{Look, PairLook};
use l2t_core::experiment::saliency::{HostMap, ImageRecord};
use l2t_core::saliency::colour::ColourMap;

use super::empty::{no_pairs, other_images, waiting};
use crate::colours::between;
use crate::window::paint::pixels::{named, opaque, overlays, photograph, show as picture, texture};
use crate::window::run::facts::Experiment;
use crate::window::seam::{DrawableMaps, MapPainter, Painted};
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;
use crate::words::part;

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

/// Side of a picture on screen.
const SIDE: f32 = 72.0;

/// Columns behind the image.
const COLUMNS: [(&str, &str); 4] = [
    ("uniform", "every channel weighted alike, w = 1/C"),
    ("learned", "the learned w"),
    ("more", "pixels that the learned w looks at more than uniform weights do"),
    ("less", "pixels that it looks at less"),
];

/// Draws the tab.
pub fn show(ui: &mut Ui, state: &State, experiment: &Experiment) -> Intents {
    if experiment.pairs.is_empty() {
        return no_pairs(ui, experiment);
    }
    let mut intents = Intents::new();
    ui.horizontal_wrapped(|ui| {
        intents.extend(other_images(ui));
        ui.strong(experiment.pair_name(&experiment.pairs[state.selection.pair]));
    });
    let mut style = state.selection.style;
    controls(ui, &mut style);
    if style != state.selection.style {
        intents.push(Intent::Style(style));
    }
    let look = state.pictures.look.as_ref().and_then(|look| Some((look, look.pair.as_ref()?)));
    match (look, &state.pictures.saliency) {
        (Some((look, pair)), Some((_, Ok(pictures)))) => {
            intents.extend(pictures.show(ui, experiment, look, pair).map(Intent::FirstImage));
        }
        (_, Some((_, Err(error)))) => drop(ui.colored_label(ui.visuals().warn_fg_color, error)),
        _ => waiting(ui),
    }
    intents
}

fn controls(ui: &mut Ui, style: &mut SaliencyStyle) {
    ui.horizontal_wrapped(|ui| {
        ui.add(Slider::new(&mut style.alpha, 0.0..=1.0).text("alpha").fixed_decimals(2))
            .on_hover_text("opacity of the colours over the grey image");
        ui.add(Slider::new(&mut style.clip, 0.8..=1.0).text("clip").fixed_decimals(2)).on_hover_text(
            "a map is cut off where this share of its sum is reached, so that one pixel cannot hide the rest",
        );
        let name = COLOURS.iter().find(|(_, map, _)| *map == style.colours).map_or("", |(name, ..)| name);
        ComboBox::new("colours", "colours").selected_text(name).show_ui(ui, |ui| {
            for (name, map, about) in COLOURS {
                ui.selectable_value(&mut style.colours, *map, *name).on_hover_text(*about);
            }
        });
        colour_bar(ui, style.colours);
    });
}

fn colour_bar(ui: &mut Ui, colours: ColourMap) {
    // One thing, which does not break between two lines.
    ui.allocate_ui_with_layout(vec2(110.0, ui.spacing().interact_size.y), Layout::left_to_right(Align::Center), |ui| {
        bar_with_ends(ui, colours);
    });
}

fn bar_with_ends(ui: &mut Ui, colours: ColourMap) {
    ui.label("0");
    let (rect, _) = ui.allocate_exact_size(vec2(72.0, 10.0), eframe::egui::Sense::hover());
    let table = colours.colours();
    let steps = 36;
    for nth in 0..steps {
        let width = rect.width() / steps as f32;
        let left = rect.left() + nth as f32 * width;
        let part = eframe::egui::Rect::from_min_size(eframe::egui::pos2(left, rect.top()), vec2(width, rect.height()));
        ui.painter().rect_filled(part, 0.0, opaque(between(&table, f64::from(nth) / f64::from(steps - 1))));
    }
    ui.label("1");
}

/// The pictures of one look.
pub struct SaliencyPictures {
    rows: Vec<Row>,
}

struct Row {
    image: TextureHandle,
    /// Uniform, learned, more, less; `None` where the map is flat.
    maps: Vec<Option<Overlaid>>,
}

/// A map in colours over its image.
enum Overlaid {
    /// As pixels that were uploaded.
    Pixels(TextureHandle),
    /// Drawn from where training left the map.
    Drawn(Painted),
}

impl Overlaid {
    fn show(&self, ui: &mut Ui, name: &str) {
        match self {
            Self::Pixels(pixels) => drop(picture(ui, pixels, SIDE, name)),
            Self::Drawn(painted) => {
                let rect = named(ui, SIDE, name);
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

    /// Draws them; the image that was pressed, by its index.
    pub fn show(&self, ui: &mut Ui, experiment: &Experiment, look: &Look, pair: &PairLook) -> Option<usize> {
        let mut pressed = None;
        scores(ui, pair);
        let learned = experiment.learned.is_some_and(|learned| learned.what);
        ScrollArea::both().id_salt("saliency").show(ui, |ui| {
            Grid::new("saliency grid").spacing([8.0, 6.0]).show(ui, |ui| {
                ui.label("image");
                for (name, what) in &COLUMNS[..if learned { 4 } else { 1 }] {
                    ui.label(*name).on_hover_text(*what);
                }
                ui.label("share on the object");
                ui.end_row();
                for (nth, row) in self.rows.iter().enumerate() {
                    let record = &pair.saliency[nth];
                    let class = &experiment.shown.class_names[record.label];
                    let name = format!("image {} of class {class}", record.index);
                    let image = picture(ui, &row.image, SIDE, &name).interact(eframe::egui::Sense::click());
                    if image.on_hover_text(format!("{class}: press to see its feature maps")).clicked() {
                        pressed = Some(record.index);
                    }
                    for (map, (column, _)) in row.maps.iter().zip(COLUMNS) {
                        match map {
                            Some(map) => map.show(ui, &format!("{column} map of {name}")),
                            None => drop(ui.weak("flat").on_hover_text("nothing stands out in this map")),
                        }
                    }
                    ui.label(share(record))
                        .on_hover_text(format!("taken for {}", { &experiment.shown.class_names[look.predicted[nth]] }));
                    ui.end_row();
                }
            });
        });
        pressed
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

/// What is known of one image's maps and its object.
fn share(record: &ImageRecord) -> String {
    let Some(area) = record.area else { return "no mask".into() };
    let of = |score: Option<l2t_core::saliency::score::Score>| score.map_or("–".into(), |score| part(score.mass));
    format!("uniform {}\nlearned {}\nby chance {}", of(record.uniform), of(record.learned), part(area))
}

/// Means over the images shown.
fn scores(ui: &mut Ui, pair: &PairLook) {
    let known: Vec<&ImageRecord> = pair.saliency.iter().filter(|record| record.area.is_some()).collect();
    if known.is_empty() {
        ui.weak("These images do not say where their object is, so that nothing can be scored.");
        return;
    }
    let mean = |value: &dyn Fn(&ImageRecord) -> Option<f64>| {
        let values: Vec<f64> = known.iter().filter_map(|record| value(record)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let words = |value: Option<f64>| value.map_or("–".into(), part);
    let hit = |hit: bool| if hit { 1.0 } else { 0.0 };
    ui.label(format!(
        "Mass inside the object: uniform {}, learned {}. Pointing game: uniform {}, learned {}. By chance {}. ({} images; \
         l2t saliency scores a whole test set, with intervals.)",
        words(mean(&|record| record.uniform.map(|score| score.mass))),
        words(mean(&|record| record.learned.map(|score| score.mass))),
        words(mean(&|record| record.uniform.map(|score| hit(score.hit)))),
        words(mean(&|record| record.learned.map(|score| hit(score.hit)))),
        words(mean(&|record| record.area)),
        known.len(),
    ));
}
