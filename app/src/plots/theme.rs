//! Colours and sizes of all pictures.

use plotters::style::{RGBColor, WHITE};

use crate::colours;

/// Behind everything.
pub(super) const BACKGROUND: RGBColor = WHITE;
/// Titles, names and values.
pub(super) const INK: RGBColor = RGBColor(25, 28, 33);
/// Captions and axis names.
pub(super) const SOFT_INK: RGBColor = RGBColor(75, 80, 88);
/// Axes and outlines.
pub(super) const OUTLINE: RGBColor = RGBColor(120, 125, 132);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(230, 232, 235);
/// Pairs too weak to draw.
pub(super) const HAIRLINE: RGBColor = RGBColor(196, 200, 206);
/// Filling of source blocks.
pub(super) const SOURCE_FILL: RGBColor = RGBColor(240, 241, 243);

/// Font sizes, in CSS pixels of the finished picture.
pub(super) const TITLE: f64 = 21.0;
/// Headings of columns, rows and panels.
pub(super) const HEADING: f64 = 17.0;
/// Names and values.
pub(super) const BODY: f64 = 15.5;
/// Axis ticks and captions.
pub(super) const SMALL: f64 = 14.5;
/// Blank border of a picture.
pub(super) const MARGIN: f64 = 22.0;

/// The colour of a target layer.
pub(super) fn target_colour(target_layer: usize) -> RGBColor {
    of(colours::target_colour(target_layer))
}

/// One colour per label, see [`colours::series_colours`].
pub(super) fn series_colours<'a>(labels: impl IntoIterator<Item = &'a str>) -> Vec<RGBColor> {
    colours::series_colours(labels).into_iter().map(of).collect()
}

fn of([red, green, blue]: colours::Rgb) -> RGBColor {
    RGBColor(red, green, blue)
}

/// `colour` thinned with white: 0 is white, 1 the colour itself.
pub(super) fn tint(colour: RGBColor, depth: f64) -> RGBColor {
    let RGBColor(red, green, blue) = colour;
    let mix = |channel: u8| (255.0 + (f64::from(channel) - 255.0) * depth.clamp(0.0, 1.0)).round() as u8;
    RGBColor(mix(red), mix(green), mix(blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tint_reaches_white_and_the_colour() {
        assert_eq!(tint(target_colour(0), 0.0), WHITE);
        assert_eq!(tint(target_colour(0), 1.0), target_colour(0));
    }
}
