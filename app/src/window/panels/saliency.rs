//! Which pixels a pair's matching looks at (Figure 6 of the paper), on a few images at once.

use eframe::egui::{Align, ComboBox, Grid, Layout, Rect, ScrollArea, Sense, Slider, Ui, pos2, vec2};
use l2t_core::experiment::look::{Look, PairLook};
use l2t_core::experiment::saliency::ImageRecord;
use l2t_core::saliency::colour::ColourMap;
use l2t_core::saliency::score::Score;

use super::empty::{no_pairs, other_images, waiting};
use crate::colours::between;
use crate::window::paint::pixels::{opaque, show as picture};
use crate::window::paint::saliency::{COLOURS, SaliencyPictures, SaliencyStyle};
use crate::window::run::facts::Experiment;
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;
use crate::words::part;

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
            scores(ui, pair);
            intents.extend(grid(ui, pictures, experiment, look, pair).map(Intent::FirstImage));
        }
        (_, Some((_, Err(error)))) => drop(ui.colored_label(ui.visuals().warn_fg_color, error)),
        _ => waiting(ui),
    }
    intents
}

fn controls(ui: &mut Ui, style: &mut SaliencyStyle) {
    ui.horizontal_wrapped(|ui| {
        // Both fit beside each other on a phone.
        ui.spacing_mut().slider_width = 64.0;
        ui.add(Slider::new(&mut style.alpha, 0.0..=1.0).text("opacity").fixed_decimals(2))
            .on_hover_text("how much the colours cover of the grey image");
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
    let (rect, _) = ui.allocate_exact_size(vec2(72.0, 10.0), Sense::hover());
    let table = colours.colours();
    let steps = 36;
    for nth in 0..steps {
        let width = rect.width() / steps as f32;
        let left = rect.left() + nth as f32 * width;
        let part = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        ui.painter().rect_filled(part, 0.0, opaque(between(&table, f64::from(nth) / f64::from(steps - 1))));
    }
    ui.label("1");
}

/// Every image with its maps; the image that was pressed, by its index.
fn grid(
    ui: &mut Ui,
    pictures: &SaliencyPictures,
    experiment: &Experiment,
    look: &Look,
    pair: &PairLook,
) -> Option<usize> {
    let mut pressed = None;
    let learned = experiment.learned.is_some_and(|learned| learned.what);
    ScrollArea::both().id_salt("saliency").show(ui, |ui| {
        Grid::new("saliency grid").spacing([8.0, 6.0]).show(ui, |ui| {
            ui.label("image");
            for (name, what) in &COLUMNS[..if learned { 4 } else { 1 }] {
                ui.label(*name).on_hover_text(*what);
            }
            ui.label("share on the object");
            ui.end_row();
            for (nth, row) in pictures.rows.iter().enumerate() {
                let record = &pair.saliency[nth];
                let class = &experiment.shown.class_names[record.label];
                let name = format!("image {} of class {class}", record.index);
                let image = picture(ui, &row.image, SIDE, &name).interact(Sense::click());
                if image.on_hover_text(format!("{class}: press to see its feature maps")).clicked() {
                    pressed = Some(record.index);
                }
                for (map, (column, _)) in row.maps.iter().zip(COLUMNS) {
                    match map {
                        Some(map) => map.show(ui, SIDE, &format!("{column} map of {name}")),
                        None => drop(ui.weak("flat").on_hover_text("nothing stands out in this map")),
                    }
                }
                let taken = &experiment.shown.class_names[look.predicted[nth]];
                ui.label(share(record)).on_hover_text(format!("taken for {taken}"));
                ui.end_row();
            }
        });
    });
    pressed
}

/// What is known of one image's maps and its object.
fn share(record: &ImageRecord) -> String {
    let Some(area) = record.area else { return "no mask".into() };
    let of = |score: Option<Score>| score.map_or("–".into(), |score| part(score.mass));
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
