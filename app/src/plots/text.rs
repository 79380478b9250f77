//! Text: the one font, its measure, and lines that fit.
//!
//! The font is compiled in, so the PNG looks the same on every machine; the SVG asks for the viewer's `sans-serif`,
//! for which some room is kept.

use std::sync::Once;

use plotters::prelude::{FontDesc, FontFamily, FontStyle, IntoFont, RGBColor};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, TextStyle, register_font};

use super::bearing::left_bearing;
use super::canvas::{Area, Drawn, Surface, UNITS};
use super::pen::units;

/// How much wider than the compiled-in font the viewer's may be; DejaVu Sans, among the widest, has 1.1.
const WIDEST_FONT: f64 = 1.12;

/// The font at a size in CSS pixels.
fn font(size: f64) -> FontDesc<'static> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let registered = register_font("sans-serif", FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
        assert!(registered.is_ok(), "the compiled-in font can be read");
    });
    (FontFamily::SansSerif, size * f64::from(UNITS)).into_font()
}

/// `text` with what the compiled-in font has: it lacks arrows.
fn writable(text: &str) -> String {
    text.replace('→', "->")
}

/// The room that `text` needs in either file, in CSS pixels.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    f64::from(width_in_units(&font(size), &writable(text))) / f64::from(UNITS) * WIDEST_FONT
}

fn width_in_units(font: &FontDesc<'_>, text: &str) -> i32 {
    match font.layout_box(text) {
        Ok(((left, _), (right, _))) => right - left,
        Err(error) => unreachable!("the font was registered before: {error}"),
    }
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

/// Which point of the text its position means; across the line it is always the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The left end.
    Left,
    /// The middle.
    Centre,
    /// The right end.
    Right,
    /// The middle of a text that is turned to read upwards.
    CentreUpwards,
}

/// Writes one line of text at a point.
pub(super) fn write<DB: Surface>(
    area: &Area<DB>,
    text: &str,
    (x, y): (f64, f64),
    (size, colour, anchor): (f64, RGBColor, Anchor),
) -> Drawn<DB> {
    let upwards = anchor == Anchor::CentreUpwards;
    let font = font(size).transform(if upwards { FontTransform::Rotate270 } else { FontTransform::None });
    let style = |h_pos: HPos| TextStyle::from(font.clone()).color(&colour).pos(Pos::new(h_pos, VPos::Center));
    // `along` the line, and down from its middle.
    let place = |along: i32| {
        let down = units(DB::TEXT_DROP * size);
        if upwards { (units(x) + down, units(y) - along) } else { (units(x) + along, units(y) + down) }
    };
    if !DB::LOSES_BEARINGS {
        let h_pos = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Right => HPos::Right,
            Anchor::Centre | Anchor::CentreUpwards => HPos::Center,
        };
        return area.draw_text(text, &style(h_pos), place(0));
    }
    let text = writable(text);
    let start = match anchor {
        Anchor::Left => 0,
        Anchor::Right => -width_in_units(&font, &text),
        Anchor::Centre | Anchor::CentreUpwards => -width_in_units(&font, &text) / 2,
    };
    for (index, letter) in text.char_indices().filter(|(_, letter)| *letter != ' ') {
        let end = index + letter.len_utf8();
        let pen = width_in_units(&font, &text[..end]) - width_in_units(&font, &text[index..end]);
        let along = start + pen + units(left_bearing(letter, size));
        area.draw_text(&text[index..end], &style(HPos::Left), place(along))?;
    }
    Ok(())
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
}
