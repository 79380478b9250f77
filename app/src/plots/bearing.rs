//! Where a glyph of the font starts, right of the pen.
//!
//! Plotters' bitmap text leaves this out (`ab_glyph.rs` of plotters 0.3.7 drops `px_bounds().min.x`), which moves every
//! letter to the left by a different amount: `Tiny ImageNet` reads as one word. So it is read from the font here.

use epaint_default_fonts::UBUNTU_LIGHT as FONT;

/// Blank space left of the glyph of `letter` at a font size, in the same unit as the size.
pub(super) fn left_bearing(letter: char, size: f64) -> f64 {
    let hhea = table(*b"hhea");
    let height = signed(hhea, 4) - signed(hhea, 6);
    let metrics = unsigned(hhea, 34);
    let (hmtx, glyph) = (table(*b"hmtx"), glyph(letter));
    // Pairs of advance and bearing; glyphs past the last pair have a bearing only.
    let at = if glyph < metrics { 4 * glyph + 2 } else { 4 * metrics + 2 * (glyph - metrics) };
    signed(hmtx, at) / height * size
}

/// The glyph's number, 0 where the font has none; from the character map of format 4, which covers U+0000 to U+FFFF.
fn glyph(letter: char) -> usize {
    let Ok(code) = u16::try_from(u32::from(letter)) else { return 0 };
    let code = usize::from(code);
    let map = character_map();
    let segments = unsigned(map, 6) / 2;
    let (ends, starts) = (14, 16 + 2 * segments);
    let (deltas, offsets) = (starts + 2 * segments, starts + 4 * segments);
    let Some(segment) = (0..segments).find(|segment| unsigned(map, ends + 2 * segment) >= code) else { return 0 };
    let start = unsigned(map, starts + 2 * segment);
    if start > code {
        return 0;
    }
    let delta = unsigned(map, deltas + 2 * segment);
    let offset_at = offsets + 2 * segment;
    match unsigned(map, offset_at) {
        0 => (code + delta) % 0x1_0000,
        offset => match unsigned(map, offset_at + offset + 2 * (code - start)) {
            0 => 0,
            listed => (listed + delta) % 0x1_0000,
        },
    }
}

/// The character map for Windows, Unicode.
fn character_map() -> &'static [u8] {
    let cmap = table(*b"cmap");
    let records = (0..unsigned(cmap, 2)).map(|record| 4 + 8 * record);
    let mut unicode = records.filter(|at| (unsigned(cmap, *at), unsigned(cmap, at + 2)) == (3, 1));
    let at = unicode.next().expect("the font maps Unicode characters");
    &cmap[long(cmap, at + 4)..]
}

fn table(tag: [u8; 4]) -> &'static [u8] {
    let records = (0..unsigned(FONT, 4)).map(|record| 12 + 16 * record);
    let at = records.into_iter().find(|at| FONT[*at..at + 4] == tag).expect("a font has this table");
    &FONT[long(FONT, at + 8)..][..long(FONT, at + 12)]
}

fn unsigned(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
}

fn signed(bytes: &[u8], at: usize) -> f64 {
    f64::from(i16::from_be_bytes([bytes[at], bytes[at + 1]]))
}

fn long(bytes: &[u8], at: usize) -> usize {
    unsigned(bytes, at) << 16 | unsigned(bytes, at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_start_later_than_diagonals() {
        assert!(left_bearing('I', 100.0) > 5.0 && left_bearing('I', 100.0) < 15.0);
        assert!(left_bearing('v', 100.0).abs() < 3.0);
        assert_eq!(left_bearing(' ', 100.0), 0.0);
    }

    #[test]
    fn the_font_has_what_the_pictures_write() {
        for letter in "λ·×±…%().,:->0123456789".chars() {
            assert!(glyph(letter) > 0, "{letter}");
        }
        assert_eq!((glyph('→'), glyph('😀')), (0, 0));
    }
}
