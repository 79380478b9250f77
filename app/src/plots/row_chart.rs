//! A row for each method: every seed as a dot, the mean, and an interval. For accuracies and for differences.

use super::axes::{Axis, X_AXIS_HEIGHT, bounds, draw_x_axis};
use super::drawing::{Anchor, Drawing, Paint, Point, Rect};
use super::text::{Paragraph, fit, widest};
use super::{drawable, theme};
use crate::colours::{Colour, INK, SOFT_INK, series_colours};

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

/// Draws the test accuracies of all methods in percent; `methods` are all labels of the comparison, for the colours.
pub fn accuracy_rows(title: &str, caption: &str, rows: &[ChartRow], methods: &[String]) -> Drawing {
    draw((title, caption), rows, methods, "test accuracy (%)", None)
}

/// Draws paired differences of accuracies in points, with a line at zero.
pub fn difference_rows(title: &str, caption: &str, rows: &[ChartRow], methods: &[String]) -> Drawing {
    draw((title, caption), rows, methods, "difference in test accuracy (points)", Some(0.0))
}

fn draw(
    (title, caption): (&str, &str),
    rows: &[ChartRow],
    methods: &[String],
    x_name: &str,
    zero: Option<f64>,
) -> Drawing {
    let known = series_colours(methods.iter().map(String::as_str));
    let labels = widest(rows.iter().map(|row| row.label.as_str()), theme::BODY).min(WIDEST_LABEL);
    let notes = widest(rows.iter().map(|row| row.note.as_str()), theme::BODY).min(WIDEST_LABEL);
    let x = value_axis(x_name, rows, zero);

    let mut drawing = Drawing::new(WIDTH);
    let top = drawing.paragraph(&Paragraph::title(title, WIDTH), theme::MARGIN) + theme::GAP;
    let left = theme::MARGIN + labels + GAP;
    let right = WIDTH - theme::MARGIN - notes - GAP;
    let grid = Rect { x: left, y: top, w: right - left, h: ROW_HEIGHT * rows.len().max(1) as f64 };
    draw_x_axis(&mut drawing, grid, &x);
    let at = |value: f64| grid.x + x.share(value) * grid.w;
    if let Some(zero) = zero {
        drawing.line(&[(at(zero), grid.y), (at(zero), grid.bottom())], 1.5, SOFT_INK);
    }
    for (nth, row) in rows.iter().enumerate() {
        let y = grid.y + (nth as f64 + 0.5) * ROW_HEIGHT;
        let place = methods.iter().position(|method| *method == row.label);
        let colour = place.map_or(SOFT_INK, |place| known[place]);
        let label = fit(&row.label, labels, theme::BODY);
        drawing.text(label, (grid.x - GAP, y), (theme::BODY, INK, Anchor::Right));
        let ink = if row.mean.is_some() { INK } else { SOFT_INK };
        let note = fit(&row.note, notes, theme::BODY);
        drawing.text(note, (grid.right() + GAP, y), (theme::BODY, ink, Anchor::Left));
        draw_values(&mut drawing, row, |value| (at(value), y), colour);
    }
    let bottom = drawing.paragraph(&Paragraph::caption(caption, WIDTH), grid.bottom() + X_AXIS_HEIGHT + 8.0);
    drawing.ending_at(bottom)
}

/// Reaches all that is drawn, with some room at both ends.
fn value_axis(name: &str, rows: &[ChartRow], zero: Option<f64>) -> Axis {
    let values = rows.iter().flat_map(|row| {
        let ends = row.interval.into_iter().flat_map(|(low, high)| [low, high]);
        row.dots.iter().copied().chain(row.mean).chain(ends).collect::<Vec<_>>()
    });
    let (low, high) = bounds(values.chain(zero)).unwrap_or((0.0, 100.0));
    let room = (0.05 * (high - low)).max(0.5);
    Axis::round(name, (low - room, high + room), 6)
}

/// Interval, dots and mean.
fn draw_values(drawing: &mut Drawing, row: &ChartRow, at: impl Fn(f64) -> Point, colour: Colour) {
    let upright = |value: f64, half: f64| [(at(value).0, at(value).1 - half), (at(value).0, at(value).1 + half)];
    if let Some((low, high)) = row.interval.filter(|(low, high)| drawable(*low) && drawable(*high)) {
        drawing.line(&[at(low), at(high)], 2.0, colour);
        drawing.line(&upright(low, CAP), 1.5, colour);
        drawing.line(&upright(high, CAP), 1.5, colour);
    }
    for value in row.dots.iter().filter(|value| drawable(**value)) {
        drawing.disc(at(*value), theme::MARK, Paint { colour, opacity: 0.45 });
    }
    if let Some(mean) = row.mean.filter(|mean| drawable(*mean)) {
        drawing.line(&upright(mean, MARK), 3.5, colour);
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
            let files = DrawnFiles::of(&draw("shapes", "one dot a seed", &rows(), &methods()));
            files.assert_texts(["shapes", "one dot a seed", "scratch", "l2t-ww", "44.35 ± 1.07", "3 missing"]);
            files.assert_colours(series_colours(["scratch", "l2t-ww"]));
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
        DrawnFiles::of(&accuracy_rows("odd", "", &[odd], &[])).assert_texts(["odd"]);
        DrawnFiles::of(&difference_rows("none", "", &[], &[])).assert_texts(["none"]);
    }
}
