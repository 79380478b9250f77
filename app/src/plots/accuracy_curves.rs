//! Accuracy of several methods with its spread: over the images of a class, like Figure 5 of the paper, and over the
//! epochs.

use std::io;
use std::iter::once;
use std::path::Path;

use plotters::prelude::{Circle, EmptyElement, PathElement, RGBColor};
use plotters::style::Color;

use super::axes::{Axis, Chart, Plot, band, bounds, curve};
use super::canvas::{Area, Drawn, Picture, Surface, save};
use super::legend::Legend;
use super::pen::{Paragraph, Rect, units};
use super::text::{Anchor, write};
use super::theme;

const WIDTH: f64 = 720.0;
const CHART_HEIGHT: f64 = 400.0;
const BAND_DEPTH: f64 = 0.16;
/// Half the width of the ends of an error bar.
const CAP: f64 = 4.0;

/// A method's accuracies.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanCurve {
    /// Name in the legend; a method's name has its own colour.
    pub label: String,
    /// From left to right; none leaves the method out of the legend, but keeps the others' colours.
    pub points: Vec<MeanPoint>,
}

/// A mean with its spread, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanPoint {
    /// Images of a class, or epochs.
    pub x: f64,
    /// The mean.
    pub mean: f64,
    /// Lower end of the spread.
    pub low: f64,
    /// Upper end of the spread.
    pub high: f64,
}

/// Writes accuracy over the images of a class, on a logarithmic axis, with error bars.
///
/// Error bars of one number of images stand a little beside each other, so that none hides another.
///
/// # Errors
/// When a file cannot be written.
pub fn accuracy_by_images(path_stem: &Path, title: &str, caption: &str, curves: &[MeanCurve]) -> io::Result<()> {
    let mut counts: Vec<f64> = curves.iter().flat_map(|curve| &curve.points).map(|point| point.x).collect();
    counts.sort_by(f64::total_cmp);
    counts.dedup();
    let x = Axis::logarithmic_at("training images of each class (log scale)", &counts);
    save(path_stem, &Curves::new((title, caption), curves, (x, "test accuracy (%)"), Spread::Bars))
}

/// Writes accuracy over the epochs, with a band for its spread.
///
/// # Errors
/// When a file cannot be written.
pub fn accuracy_over_epochs(path_stem: &Path, title: &str, caption: &str, curves: &[MeanCurve]) -> io::Result<()> {
    let epochs = bounds(curves.iter().flat_map(|curve| &curve.points).map(|point| point.x)).unwrap_or((0.0, 1.0));
    let x = Axis::linear("epoch", epochs, 8, 1.0);
    save(path_stem, &Curves::new((title, caption), curves, (x, "validation accuracy (%)"), Spread::Band))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    Bars,
    Band,
}

struct Curves<'a> {
    title: Paragraph,
    caption: Paragraph,
    legend: Legend,
    curves: &'a [MeanCurve],
    colours: Vec<RGBColor>,
    x: Axis,
    y: Axis,
    spread: Spread,
}

impl<'a> Curves<'a> {
    fn new((title, caption): (&str, &str), curves: &'a [MeanCurve], (x, y_name): (Axis, &str), spread: Spread) -> Self {
        let colours = theme::series_colours(curves.iter().map(|curve| curve.label.as_str()));
        let drawn = curves.iter().zip(&colours).filter(|(curve, _)| !curve.points.is_empty());
        let names = drawn.map(|(curve, colour)| (curve.label.clone(), *colour, 3.0));
        let legend = Legend::new(names.collect::<Vec<_>>(), WIDTH - 2.0 * theme::MARGIN);
        let ends = curves.iter().flat_map(|curve| &curve.points).flat_map(|point| [point.low, point.high]);
        let (low, high) = bounds(ends).unwrap_or((0.0, 100.0));
        let room = (0.08 * (high - low)).max(1.0);
        let y = Axis::round(y_name, ((low - room).max(0.0), (high + room).min(100.0)), 7);
        let (title, caption) = (Paragraph::title(title, WIDTH), Paragraph::caption(caption, WIDTH));
        Self { title, caption, legend, curves, colours, x, y, spread }
    }

    fn chart_top(&self) -> f64 {
        theme::MARGIN + self.title.height() + 10.0 + self.legend.height() + 4.0
    }

    /// How far the bars of each drawn curve stand aside, as factors on x.
    fn shifts(&self) -> Vec<f64> {
        let count = self.curves.iter().filter(|curve| !curve.points.is_empty()).count() as f64;
        let mut nth = 0.0;
        let shift = |curve: &MeanCurve| {
            let range = plotters::prelude::Ranged::range(&self.x);
            let step = (range.end / range.start).powf(0.009);
            let shift = step.powf(nth - (count - 1.0) / 2.0);
            nth += if curve.points.is_empty() { 0.0 } else { 1.0 };
            shift
        };
        self.curves.iter().map(shift).collect()
    }
}

impl Picture for Curves<'_> {
    fn size(&self) -> (f64, f64) {
        (WIDTH, self.chart_top() + CHART_HEIGHT + 8.0 + self.caption.height() + theme::MARGIN)
    }

    fn draw<DB: Surface>(&self, area: &Area<DB>) -> Drawn<DB> {
        self.title.draw(area, theme::MARGIN)?;
        self.legend.draw(area, (theme::MARGIN, theme::MARGIN + self.title.height() + 10.0))?;
        let place = Rect { x: theme::MARGIN, y: self.chart_top(), w: WIDTH - 2.0 * theme::MARGIN, h: CHART_HEIGHT };
        let Plot { mut chart, grid } = Plot::new(area, place, &self.x, &self.y)?;
        match self.spread {
            Spread::Band => {
                for (series, colour) in self.curves.iter().zip(&self.colours) {
                    let edges: Vec<_> = series.points.iter().map(|point| (point.x, point.low, point.high)).collect();
                    band(&mut chart, &edges, (*colour, BAND_DEPTH))?;
                }
                for (series, colour) in self.curves.iter().zip(&self.colours) {
                    curve(&mut chart, &means(&series.points, 1.0), *colour)?;
                }
            }
            Spread::Bars => {
                for ((series, colour), shift) in self.curves.iter().zip(&self.colours).zip(self.shifts()) {
                    with_bars(&mut chart, &series.points, shift, *colour)?;
                }
            }
        }
        if self.curves.iter().all(|series| series.points.is_empty()) {
            let middle = (grid.x + grid.w / 2.0, grid.middle());
            write(area, "no results yet", middle, (theme::BODY, theme::SOFT_INK, Anchor::Centre))?;
        }
        self.caption.draw(area, self.chart_top() + CHART_HEIGHT + 8.0)
    }
}

fn means(points: &[MeanPoint], shift: f64) -> Vec<(f64, f64)> {
    points.iter().map(|point| (point.x * shift, point.mean)).collect()
}

/// The line, its error bars and a disc at every mean.
fn with_bars<DB: Surface>(chart: &mut Chart<'_, DB>, points: &[MeanPoint], shift: f64, colour: RGBColor) -> Drawn<DB> {
    curve(chart, &means(points, shift), colour)?;
    let stroke = colour.stroke_width(units(1.5) as u32);
    for point in points.iter().filter(|point| super::drawable(point.mean)) {
        let x = point.x * shift;
        chart.draw_series(once(PathElement::new([(x, point.low), (x, point.high)], stroke)))?;
        // As wide in pixels everywhere, whatever the axis.
        let cap = |end: f64| EmptyElement::at((x, end)) + PathElement::new([(-units(CAP), 0), (units(CAP), 0)], stroke);
        chart.draw_series([cap(point.low), cap(point.high)])?;
        chart.draw_series(once(Circle::new((x, point.mean), units(CAP), colour.filled())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::samples::DrawnFiles;
    use super::*;

    fn curves() -> Vec<MeanCurve> {
        let of = |label: &str, start: f64| MeanCurve {
            label: label.into(),
            points: [50.0, 100.0, 250.0, 1000.0]
                .into_iter()
                .enumerate()
                .map(|(nth, x)| {
                    let mean = start + 9.0 * nth as f64;
                    MeanPoint { x, mean, low: mean - 1.5, high: mean + 1.5 }
                })
                .collect(),
        };
        vec![
            of("scratch", 39.99),
            of("fm-single", 51.0),
            of("l2t-ww", 64.9),
            MeanCurve { label: "at".into(), points: vec![] },
        ]
    }

    #[test]
    fn both_pictures_show_every_method_that_has_results() {
        for draw in [accuracy_by_images, accuracy_over_epochs] {
            let files = DrawnFiles::of(|stem| draw(stem, "CIFAR-10", "mean ± deviation", &curves()));
            files.assert_texts(["CIFAR-10", "scratch", "fm-single", "l2t-ww", "mean ± deviation"]);
            files.assert_colours(theme::series_colours(["scratch", "fm-single", "l2t-ww"]));
        }
        let files = DrawnFiles::of(|stem| accuracy_by_images(stem, "CIFAR-10", "", &curves()));
        files.assert_texts([">\n50\n<", ">\n250\n<", ">\n1000\n<", "(log scale)"]);
    }

    #[test]
    fn nothing_and_little_are_drawn_too() {
        let one = [MeanCurve { label: "fm".into(), points: curves()[0].points[..1].to_vec() }];
        let broken = MeanPoint { x: 3.0, mean: f64::NAN, low: f64::NAN, high: f64::NAN };
        let gap = [MeanCurve { label: "fm".into(), points: vec![broken] }];
        for draw in [accuracy_by_images, accuracy_over_epochs] {
            DrawnFiles::of(|stem| draw(stem, "nothing", "", &[])).assert_texts(["no results yet"]);
            DrawnFiles::of(|stem| draw(stem, "one", "", &one)).assert_texts(["fm"]);
            DrawnFiles::of(|stem| draw(stem, "gap", "", &gap)).assert_texts(["fm"]);
        }
    }
}
