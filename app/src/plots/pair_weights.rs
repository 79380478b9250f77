//! λ of every pair over the epochs, like Figure 4 of the paper.

use std::io;
use std::iter::once;

use l2t_core::experiment::PairStatistics;
use l2t_core::matching::Pair;

use super::axes::{Axis, Plot, Spread, bounds};
use super::drawing::{Anchor, Drawing, Rect};
use super::legend::Legend;
use super::text::{Paragraph, fit};
use super::{Layer, PairPoint, Stack, check_pairs, drawable, theme};
use crate::colours::{Colour, INK, SOFT_INK, target_colour};

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
/// When a pair names a layer that does not exist.
pub fn pair_weights_over_epochs(
    title: &str,
    sources: &[Stack],
    target: &Stack,
    epochs: &[PairPoint],
) -> io::Result<Drawing> {
    check_pairs(sources, target, epochs.iter().flat_map(|epoch| &epoch.pairs))?;
    let curves = curves(epochs);
    let columns = sources.iter().map(|source| source.layers.len()).max().unwrap_or(0).max(1);
    let panel_width = if columns == 1 { WIDE_PANEL_WIDTH } else { PANEL_WIDTH };
    let width = 2.0 * theme::MARGIN + columns as f64 * (panel_width + PANEL_GAP) - PANEL_GAP;
    let points = curves.iter().flat_map(|(_, points)| points).filter(|point| drawable(point.mean));
    let x = Axis::linear("epoch", bounds(points.map(|point| point.x)).unwrap_or((0.0, 1.0)), 6, 1.0);
    let y = weight_axis(&curves);

    let mut drawing = Drawing::new(width);
    let under_title = drawing.paragraph(&Paragraph::title(title, width), theme::MARGIN) + theme::GAP;
    let legend = legend(&target.layers, &curves, width - 2.0 * theme::MARGIN);
    let mut top = legend.draw(&mut drawing, (theme::MARGIN, under_title)) + 6.0;
    for (source, column) in sources.iter().enumerate() {
        let number = if sources.len() > 1 { format!(" {}", source + 1) } else { String::new() };
        let name = fit(&format!("Source{number}: {}", column.name), width - 2.0 * theme::MARGIN, theme::HEADING);
        drawing.text(name, (theme::MARGIN, top + HEADING_HEIGHT / 2.0), (theme::HEADING, INK, Anchor::Left));
        top += HEADING_HEIGHT;
        for (layer, block) in column.layers.iter().enumerate() {
            let mine = curves.iter().filter(|(pair, _)| (pair.source, pair.source_layer) == (source, layer));
            let mine = mine.map(|(pair, points)| (&points[..], target_colour(pair.target_layer)));
            let left = theme::MARGIN + layer as f64 * (panel_width + PANEL_GAP);
            let place = Rect { x: left, y: top, w: panel_width, h: PANEL_NAME_HEIGHT + CHART_HEIGHT };
            draw_panel(&mut drawing, place, &format!("from {}", block.name()), (&x, &y), &mine.collect::<Vec<_>>());
        }
        top += PANEL_NAME_HEIGHT + CHART_HEIGHT + ROW_GAP;
    }
    let caption = "λ is the weight of transfer of a pair of layers: mean and standard deviation over the samples. \
                   One panel for each source layer, one colour for each target layer.";
    let bottom = drawing.paragraph(&Paragraph::caption(caption, width), top);
    Ok(drawing.ending_at(bottom))
}

fn draw_panel(drawing: &mut Drawing, place: Rect, name: &str, (x, y): (&Axis, &Axis), curves: &[(&[Spread], Colour)]) {
    let left = place.x + y.width_with_name();
    let name = fit(name, place.right() - left, theme::BODY);
    drawing.text(name, (left, place.y + PANEL_NAME_HEIGHT / 2.0), (theme::BODY, INK, Anchor::Left));
    let chart = Rect { y: place.y + PANEL_NAME_HEIGHT, h: CHART_HEIGHT, ..place };
    Plot::new(drawing, chart, x, y).banded_curves(drawing, curves, "no candidate pair");
}

/// λ of every pair of the last epoch, from the first on. What is below zero is drawn at the lower edge.
fn curves(epochs: &[PairPoint]) -> Vec<(Pair, Vec<Spread>)> {
    let point = |at: f64, known: &PairStatistics| {
        let std = if drawable(known.std) { known.std.abs() } else { 0.0 };
        Spread { x: at, low: known.mean - std, mean: known.mean, high: known.mean + std }
    };
    let curve = |PairStatistics { pair, .. }: &PairStatistics| {
        let of_pair = |epoch: &PairPoint| Some(point(epoch.at, epoch.pairs.iter().find(|known| known.pair == *pair)?));
        (*pair, epochs.iter().filter_map(of_pair).collect())
    };
    epochs.last().map_or(vec![], |last| last.pairs.iter().map(curve).collect())
}

/// The target layers that a curve leads to, and what a band is.
fn legend(targets: &[Layer], curves: &[(Pair, Vec<Spread>)], width: f64) -> Legend {
    let used = |index: &usize| curves.iter().any(|(pair, _)| pair.target_layer == *index);
    let names = (0..targets.len()).filter(used);
    let names = names.map(|index| (format!("to {}", targets[index].name()), target_colour(index), 3.0));
    let band = ("± 1 standard deviation".to_owned(), SOFT_INK.tint(2.0 * theme::BAND_DEPTH), 12.0);
    Legend::new(names.chain(once(band)), width)
}

fn weight_axis(curves: &[(Pair, Vec<Spread>)]) -> Axis {
    let highest = bounds(curves.iter().flat_map(|(_, points)| points).map(|point| point.high));
    Axis::round("transfer weight λ", (0.0, highest.map_or(1.2, |(_, high)| high.max(1.2))), 6)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{DrawnFiles, figure_3d, figure_3d_layers, figure_4, many_pairs};
    use super::*;

    #[test]
    fn both_files_show_every_pair() {
        let (sources, target) = figure_3d_layers();
        let drawing = pair_weights_over_epochs("λ on STL-10", &sources, &target, &figure_4(30)).unwrap();
        let files = DrawnFiles::of(&drawing);
        files.assert_texts(["λ on STL-10", "Source: ResNet-32", "from group 1 · 16×32×32", "to conv 5 · 512×2×2"]);
        files.assert_texts(["epoch", "transfer weight λ", "± 1 standard deviation"]);
        files.assert_colours((0..target.layers.len()).map(target_colour));
    }

    #[test]
    fn odd_data_is_drawn_too() {
        let (sources, target) = figure_3d_layers();
        let (two_sources, pairs_30) = many_pairs();
        let alike = |pairs: Vec<PairStatistics>| [1.0, 2.0, 3.0].map(|at| PairPoint { at, pairs: pairs.clone() });
        let with =
            |mean, std| alike(figure_3d().into_iter().map(|pair| PairStatistics { mean, std, ..pair }).collect());
        let mut gaps = figure_4(9);
        gaps[4].pairs[0].mean = f64::NAN;
        gaps[4].pairs[1].std = f64::INFINITY;
        gaps.iter_mut().for_each(|epoch| epoch.pairs[2].mean = f64::NAN);
        let long = vec![Stack { name: "long ".repeat(90), layers: sources[0].layers.clone() }];
        let cases: [(&str, &[Stack], &[PairPoint]); 9] = [
            ("one epoch", &sources, &figure_4(1)),
            ("one pair", &sources, &alike(figure_3d()[..1].to_vec())),
            ("no pair", &sources, &[]),
            ("no source", &[], &[]),
            ("all zero", &sources, &with(0.0, 0.0)),
            ("huge", &sources, &with(1e29, 1e299)),
            ("gaps", &sources, &gaps),
            ("thirty pairs", &two_sources, &alike(pairs_30)),
            ("long name", &long, &figure_4(3)),
        ];
        for (case, sources, epochs) in cases {
            let files = DrawnFiles::of(&pair_weights_over_epochs(case, sources, &target, epochs).unwrap());
            files.assert_texts([case, "± 1 standard deviation"]);
        }
    }

    #[test]
    fn the_weight_axis_reaches_all_bands_and_at_least_1_2() {
        assert!(weight_axis(&[]).range().1 >= 1.2);
        let epochs = figure_4(30);
        let highest = epochs.iter().flat_map(|epoch| &epoch.pairs).map(|pair| pair.mean + pair.std);
        let (low, high) = weight_axis(&curves(&epochs)).range();
        assert!(high >= highest.fold(0.0, f64::max) && low == 0.0);
    }
}
