//! Text: the font, its measure, and lines that fit.
//!
//! The font is compiled in, so a PNG looks the same on every machine; an SVG asks for the viewer's `sans-serif`, for
//! which some room is kept. Letters are put side by side by the crates that egui does it with.

use std::sync::LazyLock;

use harfrust::{GlyphId, ShapeOptions, ShaperData, UnicodeBuffer};
use skrifa::{FontRef, MetadataProvider};

use super::theme;
use crate::colours::{Colour, INK, SOFT_INK};
use crate::fonts;

/// How much wider than the compiled-in font the viewer's may be; DejaVu Sans, among the widest, has 1.1.
const WIDEST_FONT: f64 = 1.12;
/// How far under the middle of a capital letter its foot stands, relative to the font size.
pub(super) const BASELINE: f64 = 0.35;

/// A font and what shapes its letters.
pub(super) struct Face {
    /// The font.
    pub font: FontRef<'static>,
    shaper: ShaperData,
    /// Font units of an em.
    units: f64,
}

/// The window's fonts: one, and behind it the signs that it lacks.
static FACES: LazyLock<[Face; 2]> = LazyLock::new(|| {
    [fonts::LETTERS, fonts::SIGNS].map(|file| {
        let font = FontRef::new(file).expect("a compiled-in font can be read");
        let shaper = ShaperData::new(&font);
        let units = f64::from(shaper.shaper(&font).build().units_per_em());
        Face { font, shaper, units }
    })
});

/// A letter's shape and its place on the line, in ems from the line's beginning.
#[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a page writes SVG alone, which asks for widths"))]
pub(super) struct Glyph {
    /// What it is a glyph of.
    pub face: &'static Face,
    /// Which one.
    pub id: GlyphId,
    /// To the right.
    pub x: f64,
    /// Up.
    pub y: f64,
}

/// The glyphs of a line, and its length in ems.
pub(super) fn shape(text: &str) -> (Vec<Glyph>, f64) {
    let face_of = |letter: char| FACES.iter().find(|face| face.font.charmap().map(letter).is_some());
    let (mut glyphs, mut end) = (Vec::new(), 0.0);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // As many letters as one font has.
        let face = face_of(first).unwrap_or(&FACES[0]);
        let other = |letter: char| !std::ptr::eq(face_of(letter).unwrap_or(&FACES[0]), face);
        let (run, after) = rest.split_at(rest.find(other).unwrap_or(rest.len()));
        rest = after;
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(run);
        buffer.guess_segment_properties();
        let shaped = face.shaper.shaper(&face.font).build().shape(buffer, ShapeOptions::new());
        for (info, place) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
            let ems = |units: i32| f64::from(units) / face.units;
            let (x, y) = (end + ems(place.x_offset), ems(place.y_offset));
            glyphs.push(Glyph { face, id: GlyphId::new(info.glyph_id), x, y });
            end += ems(place.x_advance);
        }
    }
    (glyphs, end)
}

/// The room that `text` needs in either file, in CSS pixels.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    shape(text).1 * size * WIDEST_FONT
}

/// The widest of several texts.
pub(super) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>, size: f64) -> f64 {
    texts.into_iter().map(|text| text_width(text, size)).fold(0.0, f64::max)
}

/// `text`, or as much of it as fits into `width`, with an ellipsis.
pub(super) fn fit(text: &str, width: f64, size: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.pop().is_some() {
        let shortened = format!("{}…", kept.trim_end());
        if text_width(&shortened, size) <= width {
            return shortened;
        }
    }
    "…".to_owned()
}

/// Breaks `text` between words into lines no wider than `width`.
pub(super) fn wrap(text: &str, width: f64, size: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match longer {
            Some(longer) if text_width(&longer, size) <= width => {
                lines.pop();
                lines.push(longer);
            }
            _ => lines.push(fit(word, width, size)),
        }
    }
    lines
}

/// Lines of text under each other, as a title or a caption.
pub(super) struct Paragraph {
    /// From above.
    pub lines: Vec<String>,
    /// Font size.
    pub size: f64,
    /// Of all lines.
    pub colour: Colour,
}

impl Paragraph {
    fn new(text: &str, width: f64, size: f64, colour: Colour) -> Self {
        Self { lines: wrap(text, width - 2.0 * theme::MARGIN, size), size, colour }
    }

    /// A title as wide as a picture of `width` allows.
    pub(super) fn title(text: &str, width: f64) -> Self {
        Self::new(text, width, theme::TITLE, INK)
    }

    /// A caption as wide as a picture of `width` allows.
    pub(super) fn caption(text: &str, width: f64) -> Self {
        Self::new(text, width, theme::SMALL, SOFT_INK)
    }

    /// A sentence of the size of a caption that is to be read first.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn remark(text: &str, width: f64) -> Self {
        Self::new(text, width, theme::SMALL, INK)
    }

    pub(super) fn line_height(&self) -> f64 {
        self.size * 1.25
    }

    /// Height of all lines.
    pub(super) fn height(&self) -> f64 {
        self.line_height() * self.lines.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_to_its_width() {
        let long = "a very long name of a very deep network";
        let cut = fit(long, 100.0, 15.0);
        assert!(cut.ends_with('…') && text_width(&cut, 15.0) <= 100.0, "{cut}");
        assert_eq!(fit("short", 100.0, 15.0), "short");
        assert_eq!(fit(long, 0.0, 15.0), "…");
    }

    #[test]
    fn wrapping_keeps_every_word() {
        let text = "line width and depth of colour show the mean of λ over the samples";
        let lines = wrap(text, 120.0, 14.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| text_width(line, 14.0) <= 120.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        assert!(wrap("", 120.0, 14.0).is_empty());
    }

    #[test]
    fn the_fonts_have_what_the_pictures_write() {
        for text in ["λ·×±…%().,:->−0123456789", "β L_wfm → ∂"] {
            assert!(shape(text).0.iter().all(|glyph| glyph.id.to_u32() > 0), "{text}");
        }
        // No font has it: a box, and its room.
        let (glyphs, width) = shape("😀");
        assert!(glyphs.len() == 1 && glyphs[0].id.to_u32() == 0 && width > 0.3);
    }

    #[test]
    fn letters_are_kerned_and_signs_stand_in_their_order() {
        let width = |text: &str| shape(text).1;
        assert!(width("AV") < width("A") + width("V"));
        let (glyphs, end) = shape("a → b");
        assert!(glyphs.windows(2).all(|pair| pair[0].x < pair[1].x) && glyphs[4].x < end);
    }
}
