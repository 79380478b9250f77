//! λ of every pair over the epochs, like Figure 4 of the paper.

use std::io;
use std::iter::once;

use super::axes::{Axis, Plot, Spread, bounds};
use super::drawing::{Anchor, Drawing, Rect};
use super::legend::Legend;
use super::text::{Paragraph, fit};
use super::{LayerBlock, PairCurve, PairPoint, SourceColumn, check_pair, drawable, theme};
use crate::colours::{INK, SOFT_INK, target_colour};

const PANEL_WIDTH: f64 = 350.0;
const PANEL_GAP: f64 = 16.0;
const WIDE_PANEL_WIDTH: f64 = 560.0;
const CHART_HEIGHT: f64 = 300.0;
const HEADING_HEIGHT: f64 = 28.0;
const PANEL_NAME_HEIGHT: f64 = 20.0;
const ROW_GAP: f64 = 14.0;

/// Draws λ over the epochs: a row per source, a panel per source layer, a line per target layer.
///
/// A band shows one standard deviation to either side of the mean, cut at zero, below which λ cannot be. All panels
/// share their axes; the y axis reaches at least 1.2, because every λ starts near 1.
///
/// # Errors
/// When a curve names a layer that does not exist.
pub fn pair_weights_over_epochs(
    title: &str,
    sources: &[SourceColumn],
    target_layers: &[LayerBlock],
    curves: &[PairCurve],
) -> io::Result<Drawing> {
    for curve in curves {
        check_pair(sources, target_layers, (curve.source, curve.source_layer, curve.target_layer))?;
    }
    let columns = sources.iter().map(|source| source.layers.len()).max().unwrap_or(0).max(1);
    let panel_width = if columns == 1 { WIDE_PANEL_WIDTH } else { PANEL_WIDTH };
    let width = 2.0 * theme::MARGIN + columns as f64 * (panel_width + PANEL_GAP) - PANEL_GAP;
    let points = curves.iter().flat_map(|curve| &curve.points).filter(|point| is_drawable(point));
    let epochs = Axis::linear("epoch", bounds(points.map(|point| point.epoch)).unwrap_or((0.0, 1.0)), 6, 1.0);
    let weights = weight_axis(curves);

    let mut drawing = Drawing::new(width);
    let under_title = drawing.paragraph(&Paragraph::title(title, width), theme::MARGIN) + theme::GAP;
    let legend = legend(target_layers, curves, width - 2.0 * theme::MARGIN);
    let mut top = legend.draw(&mut drawing, (theme::MARGIN, under_title)) + 6.0;
    for (source, column) in sources.iter().enumerate() {
        let number = if sources.len() > 1 { format!(" {}", source + 1) } else { String::new() };
        let name = fit(&format!("Source{number}: {}", column.name), width - 2.0 * theme::MARGIN, theme::HEADING);
        drawing.text(name, (theme::MARGIN, top + HEADING_HEIGHT / 2.0), (theme::HEADING, INK, Anchor::Left));
        top += HEADING_HEIGHT;
        for (layer, block) in column.layers.iter().enumerate() {
            let mine = |curve: &&PairCurve| (curve.source, curve.source_layer) == (source, layer);
            let mine: Vec<&PairCurve> = curves.iter().filter(mine).collect();
            let x = theme::MARGIN + layer as f64 * (panel_width + PANEL_GAP);
            let place = Rect { x, y: top, w: panel_width, h: PANEL_NAME_HEIGHT + CHART_HEIGHT };
            draw_panel(&mut drawing, place, &format!("from {}", block.name()), (&epochs, &weights), &mine);
        }
        top += PANEL_NAME_HEIGHT + CHART_HEIGHT + ROW_GAP;
    }
    let caption = "λ is the weight of transfer of a pair of layers: mean and standard deviation over the samples. \
                   One panel for each source layer, one colour for each target layer.";
    let bottom = drawing.paragraph(&Paragraph::caption(caption, width), top);
    Ok(drawing.ending_at(bottom))
}

fn draw_panel(drawing: &mut Drawing, place: Rect, name: &str, (x, y): (&Axis, &Axis), pairs: &[&PairCurve]) {
    let left = place.x + y.width_with_name();
    let name = fit(name, place.right() - left, theme::BODY);
    drawing.text(name, (left, place.y + PANEL_NAME_HEIGHT / 2.0), (theme::BODY, INK, Anchor::Left));
    let chart = Rect { y: place.y + PANEL_NAME_HEIGHT, h: CHART_HEIGHT, ..place };
    let plot = Plot::new(drawing, chart, x, y);
    // What is below zero stands at the lower edge.
    let spread = |point: &PairPoint| {
        let std = deviation(point);
        Spread { x: point.epoch, low: point.mean - std, mean: point.mean, high: point.mean + std }
    };
    let curve = |pair: &&PairCurve| (pair.points.iter().map(spread).collect(), target_colour(pair.target_layer));
    plot.banded_curves(drawing, &pairs.iter().map(curve).collect::<Vec<_>>(), "no candidate pair");
}

/// The target layers that a curve leads to, and what a band is.
fn legend(targets: &[LayerBlock], curves: &[PairCurve], width: f64) -> Legend {
    let used = |index: &usize| curves.iter().any(|curve| curve.target_layer == *index);
    let names = (0..targets.len()).filter(used);
    let names = names.map(|index| (format!("to {}", targets[index].name()), target_colour(index), 3.0));
    let band = ("± 1 standard deviation".to_owned(), SOFT_INK.tint(2.0 * theme::BAND_DEPTH), 12.0);
    Legend::new(names.chain(once(band)), width)
}

fn weight_axis(curves: &[PairCurve]) -> Axis {
    let points = curves.iter().flat_map(|curve| &curve.points).filter(|point| is_drawable(point));
    let highest = points.map(|point| point.mean + deviation(point)).fold(1.2, f64::max);
    Axis::round("transfer weight λ", (0.0, highest), 6)
}

fn is_drawable(point: &PairPoint) -> bool {
    drawable(point.epoch) && drawable(point.mean)
}

/// The standard deviation, or none where it cannot be drawn.
fn deviation(point: &PairPoint) -> f64 {
    if drawable(point.std) { point.std.abs() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{DrawnFiles, figure_3d_layers, figure_4, many_pairs};
    use super::*;

    #[test]
    fn both_files_show_every_pair() {
        let (sources, targets) = figure_3d_layers();
        let curves = figure_4(30);
        let files = DrawnFiles::of(&pair_weights_over_epochs("λ on STL-10", &sources, &targets, &curves).unwrap());
        files.assert_texts(["λ on STL-10", "Source: ResNet-32", "from group 1 · 16×32×32", "to conv 5 · 512×2×2"]);
        files.assert_texts(["epoch", "transfer weight λ", "± 1 standard deviation"]);
        files.assert_colours((0..targets.len()).map(target_colour));
    }

    #[test]
    fn odd_data_is_drawn_too() {
        let (sources, targets) = figure_3d_layers();
        let (two_sources, pairs_30) = many_pairs();
        let with = |mean: f64, std: f64| {
            let point = |epoch: f64| PairPoint { epoch, mean, std };
            let curve = |pair: PairCurve| PairCurve { points: vec![point(1.0), point(2.0), point(3.0)], ..pair };
            figure_4(1).into_iter().map(curve).collect::<Vec<_>>()
        };
        let mut gaps = figure_4(9);
        gaps[0].points[4].mean = f64::NAN;
        gaps[1].points[4].std = f64::INFINITY;
        gaps[2].points.iter_mut().for_each(|point| point.mean = f64::NAN);
        let curve_of = |pair: &super::super::PairLine| PairCurve {
            source: pair.source,
            source_layer: pair.source_layer,
            target_layer: pair.target_layer,
            points: vec![
                PairPoint { epoch: 1.0, mean: 1.0, std: 0.1 },
                PairPoint { epoch: 2.0, mean: pair.mean, std: pair.std },
            ],
        };
        let thirty: Vec<PairCurve> = pairs_30.iter().map(curve_of).collect();
        let long = vec![SourceColumn { name: "long ".repeat(90), layers: sources[0].layers.clone() }];
        let cases: [(&str, &[SourceColumn], &[PairCurve]); 9] = [
            ("one epoch", &sources, &figure_4(1)),
            ("one pair", &sources, &figure_4(30)[..1]),
            ("no pair", &sources, &[]),
            ("no source", &[], &[]),
            ("all zero", &sources, &with(0.0, 0.0)),
            ("huge", &sources, &with(1e29, 1e299)),
            ("gaps", &sources, &gaps),
            ("thirty pairs", &two_sources, &thirty),
            ("long name", &long, &figure_4(3)),
        ];
        for (case, sources, curves) in cases {
            let files = DrawnFiles::of(&pair_weights_over_epochs(case, sources, &targets, curves).unwrap());
            files.assert_texts([case, "± 1 standard deviation"]);
        }
    }

    #[test]
    fn the_weight_axis_reaches_all_bands_and_at_least_1_2() {
        assert!(weight_axis(&[]).range().1 >= 1.2);
        let curves = figure_4(30);
        let highest = curves.iter().flat_map(|curve| &curve.points).map(|point| point.mean + point.std);
        let (low, high) = weight_axis(&curves).range();
        assert!(high >= highest.fold(0.0, f64::max) && low == 0.0);
    }
}
