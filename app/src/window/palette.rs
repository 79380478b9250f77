//! Colours of the window: the hues of the plots, on light and dark ground.

use eframe::egui::{Color32, Visuals};

use crate::colours::{Rgb, series_colours, target_colour};

/// The colour of a target layer, as in every picture.
pub fn target(layer: usize) -> Color32 {
    colour(target_colour(layer))
}

/// One colour a label, a method's own where it has one.
pub fn series(labels: &[String], visuals: &Visuals) -> Vec<Color32> {
    let colours = series_colours(labels.iter().map(String::as_str));
    colours.into_iter().map(|rgb| readable(colour(rgb), visuals)).collect()
}

fn colour([red, green, blue]: Rgb) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// `colour` where it can be told from the ground: what has no light in it is turned light on a dark one.
pub fn readable(colour: Color32, visuals: &Visuals) -> Color32 {
    let brightest = colour.r().max(colour.g()).max(colour.b());
    if visuals.dark_mode && brightest < 100 { Color32::from_rgb(190, 190, 190) } else { colour }
}
