//! A row for each method: every seed as a dot, the mean, and an interval. For accuracies and for differences.

use std::io;
use std::path::Path;

use plotters::prelude::RGBColor;

use super::axes::{Axis, X_AXIS_HEIGHT, bounds, draw_x_axis};
use super::canvas::{Area, Drawn, Picture, Surface, save};
use super::pen::{Paragraph, Rect, dot, fill, line};
use super::text::{Anchor, fit, text_width, write};
use super::{drawable, theme};

const WIDTH: f64 = 720.0;
const ROW_HEIGHT: f64 = 34.0;
const WIDEST_LABEL: f64 = 200.0;
const GAP: f64 = 12.0;
/// Half the height of the mark at the mean, and of the ends of an interval.
const MARK: f64 = 8.0;
const CAP: f64 = 5.0;

/// One method.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartRow {
    /// Name left of the row.
    pub label: String,
    /// What is written right of the row: the numbers, or why there are none.
    pub note: String,
    /// A value for every seed.
    pub dots: Vec<f64>,
    /// Their mean.
    pub mean: Option<f64>,
    /// An interval around the mean.
    pub interval: Option<(f64, f64)>,
}

/// Writes the test accuracies of all methods in percent; `methods` are all labels of the comparison, for the colours.
///
/// # Errors
/// When a file cannot be written.
pub fn accuracy_rows(
    path_stem: &Path,
    title: &str,
    caption: &str,
    rows: &[ChartRow],
    methods: &[String],
) -> io::Result<()> {
    save(path_stem, &RowChart::new((title, caption), rows, methods, "test accuracy (%)", None))
}

/// Writes paired differences of accuracies in points, with a line at zero.
///
/// # Errors
/// When a file cannot be written.
pub fn difference_rows(
    path_stem: &Path,
    title: &str,
    caption: &str,
    rows: &[ChartRow],
    methods: &[String],
) -> io::Result<()> {
    save(path_stem, &RowChart::new((title, caption), rows, methods, "difference in test accuracy (points)", Some(0.0)))
}

struct RowChart<'a> {
    title: Paragraph,
    caption: Paragraph,
    rows: &'a [ChartRow],
    colours: Vec<RGBColor>,
    x: Axis,
    zero: Option<f64>,
    label_width: f64,
    note_width: f64,
}

impl<'a> RowChart<'a> {
    fn new(
        (title, caption): (&str, &str),
        rows: &'a [ChartRow],
        methods: &[String],
        x_name: &str,
        zero: Option<f64>,
    ) -> Self {
        let known = theme::series_colours(methods.iter().map(String::as_str));
        let colour = |row: &ChartRow| {
            let place = methods.iter().position(|method| *method == row.label);
            place.and_then(|place| known.get(place)).copied().unwrap_or(theme::SOFT_INK)
        };
        let values = rows.iter().flat_map(|row| {
            let ends = row.interval.into_iter().flat_map(|(low, high)| [low, high]);
            row.dots.iter().copied().chain(row.mean).chain(ends).collect::<Vec<_>>()
        });
        let (low, high) = bounds(values.chain(zero)).unwrap_or((0.0, 100.0));
        let room = (0.05 * (high - low)).max(0.5);
        let widest =
            |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text_width(text, theme::BODY)).fold(0.0, f64::max);
        Self {
            title: Paragraph::title(title, WIDTH),
            caption: Paragraph::caption(caption, WIDTH),
            rows,
            colours: rows.iter().map(colour).collect(),
            x: Axis::round(x_name, (low - room, high + room), 6),
            zero,
            label_width: widest(&mut rows.iter().map(|row| row.label.as_str())).min(WIDEST_LABEL),
            note_width: widest(&mut rows.iter().map(|row| row.note.as_str())).min(WIDEST_LABEL),
        }
    }

    fn grid(&self) -> Rect {
        let left = theme::MARGIN + self.label_width + GAP;
        Rect {
            x: left,
            y: theme::MARGIN + self.title.height() + 12.0,
            w: WIDTH - theme::MARGIN - self.note_width - GAP - left,
            h: ROW_HEIGHT * self.rows.len().max(1) as f64,
        }
    }

    fn draw_row<DB: Surface>(&self, area: &Area<DB>, row: &ChartRow, (y, colour): (f64, RGBColor)) -> Drawn<DB> {
        let grid = self.grid();
        let at = |value: f64| grid.x + self.x.share(value) * grid.w;
        let ink = (theme::BODY, theme::INK, Anchor::Right);
        write(area, &fit(&row.label, self.label_width, theme::BODY), (grid.x - GAP, y), ink)?;
        let soft = if row.mean.is_some() { theme::INK } else { theme::SOFT_INK };
        let note = fit(&row.note, self.note_width, theme::BODY);
        write(area, &note, (grid.right() + GAP, y), (theme::BODY, soft, Anchor::Left))?;
        if let Some((low, high)) = row.interval.filter(|(low, high)| drawable(*low) && drawable(*high)) {
            line(area, ((at(low), y), (at(high), y)), (2.0, colour))?;
            for end in [low, high] {
                line(area, ((at(end), y - CAP), (at(end), y + CAP)), (1.5, colour))?;
            }
        }
        for value in row.dots.iter().filter(|value| drawable(**value)) {
            dot(area, (at(*value), y), (4.0, colour, 0.45))?;
        }
        if let Some(mean) = row.mean.filter(|mean| drawable(*mean)) {
            fill(area, Rect { x: at(mean) - 1.75, y: y - MARK, w: 3.5, h: 2.0 * MARK }, colour)?;
        }
        Ok(())
    }
}

impl Picture for RowChart<'_> {
    fn size(&self) -> (f64, f64) {
        (WIDTH, self.grid().bottom() + X_AXIS_HEIGHT + 8.0 + self.caption.height() + theme::MARGIN)
    }

    fn draw<DB: Surface>(&self, area: &Area<DB>) -> Drawn<DB> {
        self.title.draw(area, theme::MARGIN)?;
        let grid = self.grid();
        draw_x_axis(area, grid, &self.x)?;
        if let Some(zero) = self.zero {
            let x = grid.x + self.x.share(zero) * grid.w;
            line(area, ((x, grid.y), (x, grid.bottom())), (1.5, theme::SOFT_INK))?;
        }
        for (nth, (row, colour)) in self.rows.iter().zip(&self.colours).enumerate() {
            self.draw_row(area, row, (grid.y + (nth as f64 + 0.5) * ROW_HEIGHT, *colour))?;
        }
        self.caption.draw(area, grid.bottom() + X_AXIS_HEIGHT + 8.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::DrawnFiles;
    use super::*;

    fn rows() -> Vec<ChartRow> {
        let row = |label: &str, dots: &[f64]| ChartRow {
            label: label.into(),
            note: "44.35 ± 1.07".into(),
            dots: dots.to_vec(),
            mean: Some(dots.iter().sum::<f64>() / dots.len() as f64),
            interval: Some((dots[0] - 2.0, dots[0] + 3.0)),
        };
        let missing =
            ChartRow { note: "3 missing".into(), dots: vec![], mean: None, interval: None, ..row("at", &[0.0]) };
        vec![row("scratch", &[35.05, 36.11, 34.4]), row("l2t-ww", &[44.23, 45.81, 43.02]), missing]
    }

    fn methods() -> Vec<String> {
        rows().into_iter().map(|row| row.label).collect()
    }

    #[test]
    fn every_row_is_there_with_its_note() {
        for draw in [accuracy_rows, difference_rows] {
            let files = DrawnFiles::of(|stem| draw(stem, "shapes", "one dot a seed", &rows(), &methods()));
            files.assert_texts(["shapes", "one dot a seed", "scratch", "l2t-ww", "44.35 ± 1.07", "3 missing"]);
            files.assert_colours(theme::series_colours(["scratch", "l2t-ww"]));
        }
    }

    #[test]
    fn odd_rows_are_drawn_too() {
        let odd = ChartRow {
            label: "a very long label ".repeat(9),
            note: "a very long note ".repeat(9),
            dots: vec![f64::NAN, 3.0],
            mean: Some(f64::INFINITY),
            interval: Some((f64::NAN, 1.0)),
        };
        DrawnFiles::of(|stem| accuracy_rows(stem, "odd", "", &[odd], &[])).assert_texts(["odd"]);
        DrawnFiles::of(|stem| difference_rows(stem, "none", "", &[], &[])).assert_texts(["none"]);
    }
}
