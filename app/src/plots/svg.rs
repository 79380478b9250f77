//! A drawing as SVG: shapes, and text as text, which a reader can search, copy and edit.
//!
//! It is drawn for white paper. A viewer that asks for dark colours gets those of [`colours`](crate::colours): a rule for
//! every colour, which programs that know no such rules pass over. The font is the viewer's `sans-serif`.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::drawing::{Anchor, Drawing, Mark, Paint, Point};
use super::text::BASELINE;
use crate::colours::{Colour, hex};

impl Drawing {
    /// The picture as an SVG file.
    pub fn svg(&self) -> String {
        let (width, height) = self.size();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" stroke-linejoin=\"round\">\n"
        );
        let (mut body, mut colours) = (String::new(), BTreeSet::new());
        for mark in [self.ground()].iter().chain(&self.marks) {
            write_mark(&mut body, mark);
            colours.extend(colour_of(mark));
        }
        svg += "<style>@media (prefers-color-scheme: dark) {\n";
        for Colour { light, dark } in colours {
            let (light, dark) = (hex(light), hex(dark));
            let _ = writeln!(svg, "[fill=\"{light}\"] {{ fill: {dark} }} [stroke=\"{light}\"] {{ stroke: {dark} }}");
        }
        svg + "}</style>\n" + &body + "</svg>\n"
    }

    /// `<stem>.svg` alone, in memory: a browser draws it, so a page needs nothing that makes PNGs.
    ///
    /// # Errors
    /// Never.
    #[cfg(target_family = "wasm")]
    pub fn files(&self, stem: &str) -> l2t_core::Result<Vec<(String, Vec<u8>)>> {
        Ok(vec![(format!("{stem}.svg"), self.svg().into_bytes())])
    }
}

fn colour_of(mark: &Mark) -> Option<Colour> {
    match mark {
        Mark::Line { paint, .. } | Mark::Area { paint, .. } | Mark::Disc { paint, .. } => Some(paint.colour),
        Mark::Text { colour, .. } => Some(*colour),
        #[cfg(not(target_family = "wasm"))]
        Mark::Pixels { .. } => None,
    }
}

/// One element, a line of the file. Writing to a string cannot fail.
fn write_mark(svg: &mut String, mark: &Mark) {
    let _ = match mark {
        Mark::Line { points, width, paint } => {
            let look = format!("fill=\"none\" {} stroke-width=\"{}\"", painted("stroke", paint), short(*width));
            writeln!(svg, "<polyline points=\"{}\" {look}/>", listed(points))
        }
        Mark::Area { points, paint } => {
            writeln!(svg, "<polygon points=\"{}\" {}/>", listed(points), painted("fill", paint))
        }
        Mark::Disc { centre: (x, y), radius, paint } => {
            let (x, y, radius) = (short(*x), short(*y), short(*radius));
            writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {}/>", painted("fill", paint))
        }
        Mark::Text { text, at: (x, y), size, colour, anchor } => {
            let place = match anchor {
                Anchor::CentreUpwards => {
                    let (x, y) = (short(x + BASELINE * size), short(*y));
                    format!("x=\"{x}\" y=\"{y}\" transform=\"rotate(-90 {x} {y})\"")
                }
                _ => format!("x=\"{}\" y=\"{}\"", short(*x), short(y + BASELINE * size)),
            };
            let anchor = match anchor {
                Anchor::Left => "",
                Anchor::Centre | Anchor::CentreUpwards => " text-anchor=\"middle\"",
                Anchor::Right => " text-anchor=\"end\"",
            };
            let (size, fill) = (short(*size), hex(colour.light));
            writeln!(svg, "<text {place}{anchor} font-size=\"{size}\" fill=\"{fill}\">{}</text>", escaped(text))
        }
        #[cfg(not(target_family = "wasm"))]
        Mark::Pixels { place, width, pixels } => {
            let (x, y, w, h) = (short(place.x), short(place.y), short(place.w), short(place.h));
            let look = "preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\"";
            let data = super::raster::data_url(*width, pixels);
            writeln!(svg, "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" {look} href=\"{data}\"/>")
        }
    };
}

/// `fill="#0069aa" fill-opacity="0.16"`
fn painted(kind: &str, paint: &Paint) -> String {
    let opacity = match paint.opacity {
        1.0.. => String::new(),
        opacity => format!(" {kind}-opacity=\"{}\"", short(opacity)),
    };
    format!("{kind}=\"{}\"{opacity}", hex(paint.colour.light))
}

/// `3,4 5.25,6`
fn listed(points: &[Point]) -> String {
    points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect::<Vec<_>>().join(" ")
}

/// A number with two decimals at most.
fn short(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Text that cannot become a tag, an entity or what XML has no letters for.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            '\t' | '\n' | '\r' => safe.push(letter),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            _ if letter.is_control() => safe.push('\u{fffd}'),
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::RgbImage;
    use resvg::{tiny_skia, usvg};

    use super::super::drawing::Rect;
    use super::super::samples::{figure_3d, figure_3d_layers, figure_4, learning};
    use super::super::{
        CurveSeries, MeanCurve, Spread, accuracy_by_images, learning_curves, matching_diagram, pair_weights_over_epochs,
    };
    use super::*;
    use crate::colours::{GROUND, Ground, INK, target_colour};
    use crate::fonts;

    /// What resvg, which shares no drawing code with ours, reads in the file.
    fn tree(svg: &str) -> usvg::Tree {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(fonts::LETTERS.to_vec());
        fonts.load_font_data(fonts::SIGNS.to_vec());
        fonts.set_sans_serif_family("Ubuntu Light without hinting");
        let options = usvg::Options { fontdb: Arc::new(fonts), ..Default::default() };
        usvg::Tree::from_str(svg, &options).expect("well-formed")
    }

    /// What it draws of it, two pixels to a CSS pixel.
    fn drawn_by_resvg(drawing: &Drawing) -> RgbImage {
        let (width, height) = drawing.size();
        let mut pixels = tiny_skia::Pixmap::new(2 * width as u32, 2 * height as u32).expect("a size");
        resvg::render(&tree(&drawing.svg()), tiny_skia::Transform::from_scale(2.0, 2.0), &mut pixels.as_mut());
        let opaque = pixels.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
        RgbImage::from_raw(2 * width as u32, 2 * height as u32, opaque).expect("the same size")
    }

    /// The mean difference of a channel, and the share of pixels that differ by more than a third of the scale.
    fn difference(a: &RgbImage, b: &RgbImage) -> (f64, f64) {
        assert_eq!(a.dimensions(), b.dimensions());
        let apart = |nth: usize| a.as_raw()[nth].abs_diff(b.as_raw()[nth]);
        let count = a.as_raw().len();
        let sum: f64 = (0..count).map(|nth| f64::from(apart(nth))).sum();
        let far = (0..count).filter(|nth| apart(*nth) > 85).count();
        (sum / count as f64, far as f64 / count as f64)
    }

    fn charts() -> Vec<(&'static str, Drawing)> {
        let (sources, target) = figure_3d_layers();
        let (losses, accuracies) = learning(30);
        let points =
            [(50.0, 30.0), (1000.0, 70.0)].map(|(x, mean)| Spread { x, mean, low: mean - 4.0, high: mean + 4.0 });
        let mean = MeanCurve { label: "l2t-ww".into(), points: points.to_vec() };
        vec![
            ("curves", learning_curves("curves → both", &losses, &accuracies, Some(23.0))),
            ("matching", matching_diagram("λ", &sources, &target, &figure_3d()).unwrap()),
            ("weights", pair_weights_over_epochs("λ", &sources, &target, &figure_4(30)).unwrap()),
            ("images", accuracy_by_images("images", "", &[mean])),
        ]
    }

    #[test]
    fn the_png_is_what_the_svg_shows() {
        for (name, drawing) in charts() {
            let (ours, theirs) = (drawing.image(2, Ground::Light).unwrap(), drawn_by_resvg(&drawing));
            // Coordinates are rounded to 0.01 in the SVG, and two rasterisers smooth edges each in their own way.
            let (mean, far) = difference(&ours, &theirs);
            assert!(mean < 0.5 && far < 0.0005, "{name}: {mean:.3} a channel, {far:.5} of them far");
            // The comparison sees what is wrong: the picture, a pixel further.
            let moved = RgbImage::from_fn(ours.width(), ours.height(), |x, y| *ours.get_pixel(x.saturating_sub(1), y));
            assert!(difference(&moved, &theirs).1 > 0.0005, "{name} does not tell a pixel");
        }
    }

    fn image_in(group: &usvg::Group) -> Option<&usvg::Image> {
        group.children().iter().find_map(|node| match node {
            usvg::Node::Image(image) => Some(&**image),
            usvg::Node::Group(group) => image_in(group),
            _ => None,
        })
    }

    #[test]
    fn pixels_are_a_png_inside_the_svg() {
        let map: Vec<[u8; 3]> = (0..35).map(|nth| [7 * nth, 255 - 7 * nth, 40]).collect();
        // Lengths of base64 with no, one and two signs of padding.
        for rows in 1..=5 {
            let (mut drawing, pixels) = (Drawing::new(200.0), map[..7 * rows].to_vec());
            drawing.pixels(Rect { x: 21.0, y: 30.0, w: 140.0, h: 100.0 }, 7, pixels.clone());
            let tree = tree(&drawing.ending_at(140.0).svg());
            let Some(usvg::ImageKind::PNG(png)) = image_in(tree.root()).map(usvg::Image::kind) else {
                panic!("no PNG")
            };
            let image = image::load_from_memory(png).unwrap().to_rgb8();
            assert_eq!((image.dimensions(), image.into_raw()), ((7, rows as u32), pixels.concat()));
        }
    }

    #[test]
    fn text_stays_text_whatever_it_says() {
        let evil = "</text><script>\"'&amp; \u{0} \u{b} \u{ffff} λ → 猫";
        let series = CurveSeries { label: evil.into(), values: vec![(1.0, 2.0), (2.0, 3.0)] };
        let drawing = learning_curves(evil, &[series], &[], None);
        let svg = drawing.svg();
        tree(&svg);
        assert!(!svg.contains("<script") && svg.contains("&lt;/text&gt;&lt;script&gt;"));
        assert!(svg.matches('\u{fffd}').count() >= 3 && !svg.contains('\u{b}'));
        drawing.png(Ground::Light).unwrap();
    }

    #[test]
    fn texts_are_elements_of_their_own_at_their_anchor() {
        let mut drawing = Drawing::new(90.0);
        for (text, anchor) in
            [("a", Anchor::Left), ("b", Anchor::Centre), ("c", Anchor::Right), ("d", Anchor::CentreUpwards)]
        {
            drawing.text(text, (10.0, 20.0), (10.0, INK, anchor));
        }
        drawing.text(" ", (10.0, 20.0), (10.0, INK, Anchor::Left));
        let svg = drawing.ending_at(40.0).svg();
        for line in [
            "<text x=\"10\" y=\"23.5\" font-size=\"10\" fill=\"#191c21\">a</text>",
            "<text x=\"10\" y=\"23.5\" text-anchor=\"middle\" font-size=\"10\" fill=\"#191c21\">b</text>",
            "<text x=\"10\" y=\"23.5\" text-anchor=\"end\" font-size=\"10\" fill=\"#191c21\">c</text>",
            "<text x=\"13.5\" y=\"20\" transform=\"rotate(-90 13.5 20)\" text-anchor=\"middle\"",
        ] {
            assert!(svg.contains(line), "{line} is not in {svg}");
        }
        assert_eq!(svg.matches("<text").count(), 4, "nothing is written where there is nothing to read");
    }

    #[test]
    fn both_grounds_have_their_colours() {
        let (sources, target) = figure_3d_layers();
        let drawing = matching_diagram("λ", &sources, &target, &figure_3d()).unwrap();
        let (svg, dark) = (drawing.svg(), drawing.image(1, Ground::Dark).unwrap());
        for colour in [GROUND, INK, target_colour(1)] {
            let rule = format!("[fill=\"{}\"] {{ fill: {} }}", hex(colour.light), hex(colour.dark));
            assert!(svg.contains(&rule), "{rule}");
            assert!(dark.pixels().any(|pixel| pixel.0 == colour.dark), "{colour:?} is not in the dark picture");
            let light = drawing.image(1, Ground::Light).unwrap();
            assert!(light.pixels().any(|pixel| pixel.0 == colour.light), "{colour:?} is not in the light picture");
        }
        assert!(!dark.pixels().any(|pixel| pixel.0 == GROUND.light));
    }
}
