//! Colours of the window: those of the charts, on light and dark ground.

use eframe::egui::{Color32, Visuals};

use crate::colours::{Colour, Ground, series_colours, target_colour};

/// The colour of a target layer, as in every picture.
pub fn target(layer: usize, visuals: &Visuals) -> Color32 {
    on_ground(target_colour(layer), visuals)
}

/// One colour a label, a method's own where it has one.
pub fn series(labels: &[String], visuals: &Visuals) -> Vec<Color32> {
    let colours = series_colours(labels.iter().map(String::as_str));
    colours.into_iter().map(|colour| on_ground(colour, visuals)).collect()
}

/// A colour of the table, as it is on the window's ground.
pub fn on_ground(colour: Colour, visuals: &Visuals) -> Color32 {
    let [red, green, blue] = colour.on(if visuals.dark_mode { Ground::Dark } else { Ground::Light });
    Color32::from_rgb(red, green, blue)
}
