//! Colours and sizes of all pictures. Hues are Okabe and Ito's, which stay apart under colour blindness.
//!
//! One target layer has one colour in every picture, and so has one method.

use plotters::style::{RGBColor, WHITE};

/// Okabe–Ito without its yellow, which cannot be seen on white; neighbours differ strongly.
const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),   // blue
    RGBColor(230, 159, 0),   // orange
    RGBColor(0, 158, 115),   // bluish green
    RGBColor(213, 94, 0),    // vermillion
    RGBColor(204, 121, 167), // reddish purple
    RGBColor(86, 180, 233),  // sky blue
    RGBColor(70, 70, 70),    // dark grey
];

/// The methods that the paper compares.
const METHODS: [(&str, RGBColor); 7] = [
    ("scratch", PALETTE[6]),
    ("lwf", PALETTE[1]),
    ("at", PALETTE[5]),
    ("lwf+at", PALETTE[2]),
    ("fm", PALETTE[4]),
    ("l2t-w", PALETTE[0]),
    ("l2t-ww", PALETTE[3]),
];

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

/// The `index`-th colour. Past the end of the palette the hues come again, darker each time.
fn palette(index: usize) -> RGBColor {
    let darker = 0.65_f64.powi((index / PALETTE.len()) as i32);
    let RGBColor(red, green, blue) = PALETTE[index % PALETTE.len()];
    let dim = |channel: u8| (f64::from(channel) * darker) as u8;
    RGBColor(dim(red), dim(green), dim(blue))
}

/// The colour of a target layer.
pub(crate) fn target_colour(target_layer: usize) -> RGBColor {
    palette(target_layer)
}

/// One colour per label: a method's own colour, otherwise the next free one. Equal labels get equal colours.
pub(crate) fn series_colours<'a>(labels: impl IntoIterator<Item = &'a str>) -> Vec<RGBColor> {
    let labels: Vec<&str> = labels.into_iter().collect();
    let mut named: Vec<(&str, RGBColor)> = Vec::new();
    for label in &labels {
        if let Some((_, colour)) = METHODS.iter().find(|(method, _)| label.trim().eq_ignore_ascii_case(method)) {
            named.push((label, *colour));
        }
    }
    let mut fresh = 0;
    for label in &labels {
        if named.iter().all(|(known, _)| known != label) {
            while named.iter().any(|(_, taken)| *taken == palette(fresh)) {
                fresh += 1;
            }
            named.push((label, palette(fresh)));
        }
    }
    let colour_of = |label: &&str| named.iter().find(|(known, _)| known == label).map(|(_, colour)| *colour);
    labels.iter().filter_map(colour_of).collect()
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
    fn equal_labels_share_a_colour_and_others_do_not() {
        let labels = ["train", "test", "L2T-ww", "train", "scratch"];
        let colours = series_colours(labels);
        assert_eq!(colours.len(), labels.len());
        for (i, first) in labels.iter().enumerate() {
            for (j, second) in labels.iter().enumerate() {
                assert_eq!(colours[i] == colours[j], first == second, "{first} and {second}");
            }
        }
        assert_eq!(colours[2], PALETTE[3]);
    }

    #[test]
    fn colours_do_not_run_out() {
        let labels: Vec<String> = (0..20).map(|i| format!("series {i}")).collect();
        let mut colours = series_colours(labels.iter().map(String::as_str));
        colours.sort_by_key(|colour| (colour.0, colour.1, colour.2));
        colours.dedup();
        assert_eq!(colours.len(), 20);
    }

    #[test]
    fn tint_reaches_white_and_the_colour() {
        assert_eq!(tint(PALETTE[0], 0.0), WHITE);
        assert_eq!(tint(PALETTE[0], 1.0), PALETTE[0]);
    }
}
