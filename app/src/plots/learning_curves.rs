//! Losses and accuracies over the epochs.

use super::axes::{Axis, Plot, bounds, is_drawable};
use super::drawing::{Anchor, Drawing, Rect};
use super::legend::Legend;
use super::text::{Paragraph, text_width};
use super::{CurveSeries, theme};
use crate::colours::{Colour, SOFT_INK, series_colours};

const PANEL_WIDTH: f64 = 520.0;
const PANEL_GAP: f64 = 26.0;
const CHART_HEIGHT: f64 = 350.0;
const MARKER_HEIGHT: f64 = 20.0;
/// Losses that span more than this factor are drawn on a logarithmic axis.
const LOGARITHMIC_FROM: f64 = 20.0;

/// One of the two charts.
struct Panel<'a> {
    series: &'a [CurveSeries],
    colours: &'a [Colour],
    legend: Legend,
    values: Axis,
}

impl<'a> Panel<'a> {
    fn new(series: &'a [CurveSeries], colours: &'a [Colour], values: Axis) -> Self {
        let names = series.iter().zip(colours).map(|(series, colour)| (series.label.clone(), *colour, 3.0));
        let legend = Legend::new(names, PANEL_WIDTH - values.width_with_name());
        Self { series, colours, legend, values }
    }
}

/// Draws the learning curves of a run: losses on the left, accuracies in percent on the right, over the epochs.
///
/// The losses get a logarithmic axis where they are positive and span more than a factor of 20. `best_epoch` is marked
/// as the best validation epoch. A panel without series is left out.
pub fn learning_curves(
    title: &str,
    losses: &[CurveSeries],
    accuracies: &[CurveSeries],
    best_epoch: Option<f64>,
) -> Drawing {
    let best_epoch = best_epoch.filter(|epoch| super::drawable(*epoch));
    let colours = series_colours(losses.iter().chain(accuracies).map(|series| series.label.as_str()));
    let (loss_colours, accuracy_colours) = colours.split_at(losses.len());
    let mut panels = Vec::new();
    if !losses.is_empty() {
        panels.push(Panel::new(losses, loss_colours, loss_axis(losses)));
    }
    if !accuracies.is_empty() || panels.is_empty() {
        panels.push(Panel::new(accuracies, accuracy_colours, accuracy_axis(accuracies)));
    }
    let drawn = losses.iter().chain(accuracies).flat_map(|series| &series.values).filter(|point| is_drawable(point));
    let epochs = bounds(drawn.map(|(epoch, _)| *epoch).chain(best_epoch)).unwrap_or((0.0, 1.0));
    let epochs = Axis::linear("epoch", epochs, 8, 1.0);

    let count = panels.len() as f64;
    let width = 2.0 * theme::MARGIN + count * PANEL_WIDTH + (count - 1.0) * PANEL_GAP;
    let mut drawing = Drawing::new(width);
    let legends = drawing.paragraph(&Paragraph::title(title, width), theme::MARGIN) + theme::GAP;
    let marker = legends + panels.iter().map(|panel| panel.legend.height()).fold(0.0, f64::max) + 2.0;
    let charts = marker + if best_epoch.is_some() { MARKER_HEIGHT } else { 0.0 };
    for (number, panel) in panels.iter().enumerate() {
        let left = theme::MARGIN + number as f64 * (PANEL_WIDTH + PANEL_GAP);
        let place = Rect { x: left, y: charts, w: PANEL_WIDTH, h: CHART_HEIGHT };
        panel.legend.draw(&mut drawing, (left + panel.values.width_with_name(), legends));
        let plot = Plot::new(&mut drawing, place, &epochs, &panel.values);
        if let Some(epoch) = best_epoch {
            mark_epoch(&mut drawing, &plot, (epoch, marker), place);
        }
        for (series, colour) in panel.series.iter().zip(panel.colours) {
            plot.curve(&mut drawing, &series.values, *colour);
        }
        if bounds(drawn_values(panel.series)).is_none() {
            plot.note(&mut drawing, "no finite values");
        }
    }
    drawing.ending_at(charts + CHART_HEIGHT - theme::MARGIN / 2.0)
}

/// A dashed line at the best epoch, and its name above the chart.
fn mark_epoch(drawing: &mut Drawing, plot: &Plot<'_>, (epoch, top): (f64, f64), place: Rect) {
    let x = plot.at((epoch, 0.0)).0;
    drawing.dashed_vertical((x, place.y + 2.0, plot.grid.bottom()), SOFT_INK);
    let name = format!("best validation: epoch {epoch}");
    let half = text_width(&name, theme::SMALL) / 2.0;
    let name_at = (x.min(place.right() - half).max(place.x + half), top + MARKER_HEIGHT / 2.0);
    drawing.text(name, name_at, (theme::SMALL, SOFT_INK, Anchor::Centre));
}

fn drawn_values(series: &[CurveSeries]) -> impl Iterator<Item = f64> {
    series.iter().flat_map(|series| &series.values).filter(|point| is_drawable(point)).map(|(_, value)| *value)
}

fn loss_axis(losses: &[CurveSeries]) -> Axis {
    let (low, high) = bounds(drawn_values(losses)).unwrap_or((0.0, 1.0));
    if low > 0.0 && high > LOGARITHMIC_FROM * low {
        return Axis::logarithmic("loss (log scale)", (low, high));
    }
    // From zero, unless that would press all curves to the upper edge.
    let low = if low >= 0.0 && low < 0.5 * high { 0.0 } else { low };
    Axis::round("loss", (low, high), 6)
}

fn accuracy_axis(accuracies: &[CurveSeries]) -> Axis {
    let (low, high) = bounds(drawn_values(accuracies)).unwrap_or((0.0, 100.0));
    let room = if high - low < 5.0 { 5.0 } else { 0.0 };
    let (low, high) =
        if low >= 0.0 && high <= 100.0 { ((low - room).max(0.0), (high + room).min(100.0)) } else { (low, high) };
    Axis::round("accuracy (%)", (low, high), 7)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{DrawnFiles, learning};
    use super::*;

    type Case<'a> = (&'a str, &'a [CurveSeries], &'a [CurveSeries], Option<f64>);

    fn series(label: &str, values: &[(f64, f64)]) -> CurveSeries {
        CurveSeries { label: label.to_owned(), values: values.to_vec() }
    }

    #[test]
    fn both_files_show_every_series() {
        let (losses, accuracies) = learning(30);
        let files = DrawnFiles::of(&learning_curves("STL-10, L2T-ww", &losses, &accuracies, Some(23.0)));
        let names = losses.iter().chain(&accuracies).map(|series| series.label.as_str());
        files.assert_texts(names.chain(["STL-10, L2T-ww", "epoch", "accuracy (%)", "best validation: epoch 23"]));
        let labels = losses.iter().chain(&accuracies).map(|series| series.label.as_str());
        files.assert_colours(series_colours(labels));
    }

    #[test]
    fn odd_data_is_drawn_too() {
        let (losses, accuracies) = learning(30);
        let (one_loss, one_accuracy) = learning(1);
        let holes = [series("holes", &[(1.0, 2.0), (2.0, f64::NAN), (3.0, f64::INFINITY), (4.0, 1.0), (5.0, 0.5)])];
        let nothing = [series("nothing", &[(1.0, f64::NAN)])];
        let flat = [series("flat", &[(1.0, 0.7), (2.0, 0.7), (3.0, 0.7)])];
        let huge = [series("huge", &[(1.0, 1e29), (2.0, -1e29), (3.0, 1e300)])];
        let long = [series(&"a very long label ".repeat(12), &[(1.0, 50.0), (2.0, 60.0)])];
        let cases: [Case<'_>; 10] = [
            ("no losses", &[], &accuracies, Some(3.0)),
            ("no accuracies", &losses, &[], None),
            ("nothing at all", &[], &[], None),
            ("one epoch", &one_loss, &one_accuracy, Some(1.0)),
            ("gaps", &holes, &accuracies, Some(f64::NAN)),
            ("nothing finite", &nothing, &nothing, None),
            ("constant", &flat, &flat, Some(2.0)),
            ("huge", &huge, &huge, None),
            ("long label", &flat, &long, Some(1.0)),
            ("best epoch outside", &flat, &flat, Some(-4.0)),
        ];
        for (case, losses, accuracies, best_epoch) in cases {
            DrawnFiles::of(&learning_curves(case, losses, accuracies, best_epoch)).assert_texts([case]);
        }
    }

    #[test]
    fn the_loss_axis_follows_the_losses() {
        assert_eq!(loss_axis(&[series("a", &[(1.0, 4.0), (2.0, 0.1)])]).name, "loss (log scale)");
        assert_eq!(loss_axis(&[series("a", &[(1.0, 4.0), (2.0, 0.0)])]).name, "loss");
        assert_eq!(loss_axis(&[series("a", &[(1.0, 4.0), (2.0, 1.0)])]).range().0, 0.0);
        assert!(loss_axis(&[series("a", &[(1.0, 4.0), (2.0, 3.9)])]).range().0 > 3.0);
    }
}
