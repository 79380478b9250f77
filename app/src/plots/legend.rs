//! Colour swatches with names, in as many rows as they need.

use super::drawing::{Anchor, Drawing, Point, Rect};
use super::text::{fit, text_width};
use super::theme;
use crate::colours::{Colour, INK};

const ROW_HEIGHT: f64 = 21.0;
const SWATCH_WIDTH: f64 = 20.0;
const SWATCH_GAP: f64 = 6.0;
const ENTRY_GAP: f64 = 20.0;

/// What a colour means.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    name: String,
    colour: Colour,
    /// Thickness of the swatch: a line's, or a band's.
    thickness: f64,
    /// Upper left corner, from the legend's own.
    at: Point,
}

/// Entries arranged for a given width.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Legend {
    entries: Vec<Entry>,
}

impl Legend {
    /// Arranges names with their colours and swatch thicknesses in rows no wider than `width`.
    pub(super) fn new(names: impl IntoIterator<Item = (String, Colour, f64)>, width: f64) -> Self {
        let mut entries = Vec::new();
        let (mut x, mut y) = (0.0, 0.0);
        for (name, colour, thickness) in names {
            let name = fit(&name, width - SWATCH_WIDTH - SWATCH_GAP, theme::SMALL);
            let entry_width = SWATCH_WIDTH + SWATCH_GAP + text_width(&name, theme::SMALL);
            if x > 0.0 && x + entry_width > width {
                (x, y) = (0.0, y + ROW_HEIGHT);
            }
            entries.push(Entry { name, colour, thickness, at: (x, y) });
            x += entry_width + ENTRY_GAP;
        }
        Self { entries }
    }

    /// Height of all rows.
    pub(super) fn height(&self) -> f64 {
        self.entries.last().map_or(0.0, |entry| entry.at.1 + ROW_HEIGHT)
    }

    /// Draws the legend with its upper left corner at (x, y); where it ends.
    pub(super) fn draw(&self, drawing: &mut Drawing, (x, y): Point) -> f64 {
        for entry in &self.entries {
            let (left, middle) = (x + entry.at.0, y + entry.at.1 + ROW_HEIGHT / 2.0);
            let swatch = Rect { x: left, y: middle - entry.thickness / 2.0, w: SWATCH_WIDTH, h: entry.thickness };
            drawing.rect(swatch, entry.colour);
            let name_at = (left + SWATCH_WIDTH + SWATCH_GAP, middle);
            drawing.text(&entry.name, name_at, (theme::SMALL, INK, Anchor::Left));
        }
        y + self.height()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_inside_the_width() {
        let names = (0..9).map(|i| (format!("a layer with the number {i}"), INK, 3.0));
        let legend = Legend::new(names, 400.0);
        assert!(legend.height() > ROW_HEIGHT);
        for entry in &legend.entries {
            let right = entry.at.0 + SWATCH_WIDTH + SWATCH_GAP + text_width(&entry.name, theme::SMALL);
            assert!(right <= 400.0, "{entry:?}");
        }
    }

    #[test]
    fn a_legend_of_nothing_takes_no_room() {
        assert_eq!(Legend::new([], 400.0).height(), 0.0);
    }
}
