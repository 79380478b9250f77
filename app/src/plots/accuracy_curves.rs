//! Accuracy of several methods with its spread: over the images of a class, like Figure 5 of the paper, and over the
//! epochs.

use super::axes::{Axis, Plot, Spread, bounds};
use super::drawing::{Drawing, Rect};
use super::legend::Legend;
use super::text::Paragraph;
use super::{drawable, theme};
use crate::colours::{Colour, series_colours};

const WIDTH: f64 = 720.0;
const CHART_HEIGHT: f64 = 400.0;

/// A method's accuracies.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanCurve {
    /// Name in the legend; a method's name has its own colour.
    pub label: String,
    /// In percent, from left to right; none leaves the method out of the legend, but keeps the others' colours.
    pub points: Vec<Spread>,
}

/// Draws accuracy over the images of a class, on a logarithmic axis, with error bars.
///
/// Error bars of one number of images stand a little beside each other, so that none hides another.
pub fn accuracy_by_images(title: &str, caption: &str, curves: &[MeanCurve]) -> Drawing {
    let mut counts: Vec<f64> = curves.iter().flat_map(|curve| &curve.points).map(|point| point.x).collect();
    counts.sort_by(f64::total_cmp);
    counts.dedup();
    let x = Axis::logarithmic_at("training images of each class (log scale)", &counts);
    draw((title, caption), curves, (&x, "test accuracy (%)"), |drawing, plot, drawn| {
        let step = (x.range().1 / x.range().0).powf(0.009);
        for (nth, (points, colour)) in drawn.iter().enumerate() {
            let shift = step.powf(nth as f64 - (drawn.len() as f64 - 1.0) / 2.0);
            let beside: Vec<Spread> = points.iter().map(|point| Spread { x: point.x * shift, ..*point }).collect();
            with_bars(drawing, plot, &beside, *colour);
        }
    })
}

/// Draws accuracy over the epochs, with a band for its spread.
pub fn accuracy_over_epochs(title: &str, caption: &str, curves: &[MeanCurve]) -> Drawing {
    let epochs = bounds(curves.iter().flat_map(|curve| &curve.points).map(|point| point.x)).unwrap_or((0.0, 1.0));
    let x = Axis::linear("epoch", epochs, 8, 1.0);
    draw((title, caption), curves, (&x, "validation accuracy (%)"), |drawing, plot, drawn| {
        plot.banded_curves(drawing, drawn, "");
    })
}

/// Title, legend, axes and caption; `fill` draws the curves that have points.
fn draw(
    (title, caption): (&str, &str),
    curves: &[MeanCurve],
    (x, y_name): (&Axis, &str),
    fill: impl FnOnce(&mut Drawing, &Plot<'_>, &[(&[Spread], Colour)]),
) -> Drawing {
    // Who has no results keeps the others' colours.
    let colours = series_colours(curves.iter().map(|curve| curve.label.as_str()));
    let known = || curves.iter().zip(&colours).filter(|(curve, _)| !curve.points.is_empty());
    let legend = known().map(|(curve, colour)| (curve.label.clone(), *colour, 3.0));
    let drawn: Vec<_> = known().map(|(curve, colour)| (&curve.points[..], *colour)).collect();
    let ends = curves.iter().flat_map(|curve| &curve.points).flat_map(|point| [point.low, point.high]);
    let (low, high) = bounds(ends).unwrap_or((0.0, 100.0));
    let room = (0.08 * (high - low)).max(1.0);
    let y = Axis::round(y_name, ((low - room).max(0.0), (high + room).min(100.0)), 7);

    let mut drawing = Drawing::new(WIDTH);
    let under_title = drawing.paragraph(&Paragraph::title(title, WIDTH), theme::MARGIN) + theme::GAP;
    let inner = WIDTH - 2.0 * theme::MARGIN;
    let top = Legend::new(legend, inner).draw(&mut drawing, (theme::MARGIN, under_title)) + 4.0;
    let plot = Plot::new(&mut drawing, Rect { x: theme::MARGIN, y: top, w: inner, h: CHART_HEIGHT }, x, &y);
    fill(&mut drawing, &plot, &drawn);
    if drawn.is_empty() {
        plot.note(&mut drawing, "no results yet");
    }
    let bottom = drawing.paragraph(&Paragraph::caption(caption, WIDTH), top + CHART_HEIGHT + 8.0);
    drawing.ending_at(bottom)
}

/// The line, its error bars and a disc at every mean.
fn with_bars(drawing: &mut Drawing, plot: &Plot<'_>, points: &[Spread], colour: Colour) {
    plot.curve(drawing, &points.iter().map(|point| (point.x, point.mean)).collect::<Vec<_>>(), colour);
    for point in points.iter().filter(|point| [point.low, point.mean, point.high].into_iter().all(drawable)) {
        let [low, mean, high] = [point.low, point.mean, point.high].map(|y| plot.at((point.x, y)));
        drawing.line(&[low, high], 1.5, colour);
        for (x, y) in [low, high] {
            drawing.line(&[(x - theme::MARK, y), (x + theme::MARK, y)], 1.5, colour);
        }
        drawing.disc(mean, theme::MARK, colour);
    }
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
                    Spread { x, mean, low: mean - 1.5, high: mean + 1.5 }
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
            let files = DrawnFiles::of(&draw("CIFAR-10", "mean ± deviation", &curves()));
            files.assert_texts(["CIFAR-10", "scratch", "fm-single", "l2t-ww", "mean ± deviation"]);
            files.assert_colours(series_colours(["scratch", "fm-single", "l2t-ww"]));
        }
        let files = DrawnFiles::of(&accuracy_by_images("CIFAR-10", "", &curves()));
        files.assert_texts([">50<", ">250<", ">1000<", "(log scale)"]);
    }

    #[test]
    fn nothing_and_little_are_drawn_too() {
        let one = [MeanCurve { label: "fm".into(), points: curves()[0].points[..1].to_vec() }];
        let broken = Spread { x: 3.0, mean: f64::NAN, low: f64::NAN, high: f64::NAN };
        let gap = [MeanCurve { label: "fm".into(), points: vec![broken] }];
        for draw in [accuracy_by_images, accuracy_over_epochs] {
            DrawnFiles::of(&draw("nothing", "", &[])).assert_texts(["no results yet"]);
            DrawnFiles::of(&draw("one", "", &one)).assert_texts(["fm"]);
            DrawnFiles::of(&draw("gap", "", &gap)).assert_texts(["fm"]);
        }
    }
}
