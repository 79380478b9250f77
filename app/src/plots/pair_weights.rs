//! λ of every pair over the epochs, like Figure 4 of the paper.

use std::io;
use std::iter::once;

use super::axes::{Axis, Chart, Plot, band, bounds, curve};
use super::canvas::{Area, Drawn, Picture, Rendered, Surface, render};
use super::legend::Legend;
use super::pen::{Paragraph, Rect};
use super::text::{Anchor, fit, write};
use super::{LayerBlock, PairCurve, PairPoint, SourceColumn, check_pair, drawable, theme};

const PANEL_WIDTH: f64 = 350.0;
const PANEL_GAP: f64 = 16.0;
const WIDE_PANEL_WIDTH: f64 = 560.0;
const CHART_HEIGHT: f64 = 300.0;
const HEADING_HEIGHT: f64 = 28.0;
const PANEL_NAME_HEIGHT: f64 = 20.0;
const ROW_GAP: f64 = 14.0;
/// How much of its colour a band keeps.
const BAND_DEPTH: f64 = 0.16;

/// Draws λ over the epochs: a row per source, a panel per source layer, a line per target layer.
///
/// A band shows one standard deviation to either side of the mean, cut at zero, below which λ cannot be. All panels
/// share their axes; the y axis reaches at least 1.2, because every λ starts near 1.
///
/// # Errors
/// When a curve names a layer that does not exist, or a file cannot be written.
pub fn pair_weights_over_epochs(
    title: &str,
    sources: &[SourceColumn],
    target_layers: &[LayerBlock],
    curves: &[PairCurve],
) -> io::Result<Rendered> {
    for curve in curves {
        check_pair(sources, target_layers, (curve.source, curve.source_layer, curve.target_layer))?;
    }
    render(&PairWeights::new(title, sources, target_layers, curves))
}

struct PairWeights<'a> {
    title: Paragraph,
    legend: Legend,
    caption: Paragraph,
    sources: &'a [SourceColumn],
    curves: &'a [PairCurve],
    epochs: Axis,
    weights: Axis,
    panel_width: f64,
    width: f64,
}

impl<'a> PairWeights<'a> {
    fn new(title: &str, sources: &'a [SourceColumn], targets: &[LayerBlock], curves: &'a [PairCurve]) -> Self {
        let columns = sources.iter().map(|source| source.layers.len()).max().unwrap_or(0).max(1);
        let panel_width = if columns == 1 { WIDE_PANEL_WIDTH } else { PANEL_WIDTH };
        let width = 2.0 * theme::MARGIN + columns as f64 * (panel_width + PANEL_GAP) - PANEL_GAP;
        let points = || curves.iter().flat_map(|curve| &curve.points).filter(|point| is_drawable(point));
        let highest = points().map(|point| point.mean + deviation(point)).fold(1.2, f64::max);
        let epochs = bounds(points().map(|point| point.epoch)).unwrap_or((0.0, 1.0));
        let used = |index: &usize| curves.iter().any(|curve| curve.target_layer == *index);
        let names = (0..targets.len()).filter(used);
        let names = names.map(|index| (format!("to {}", targets[index].name()), theme::target_colour(index), 3.0));
        let band = ("± 1 standard deviation".to_owned(), theme::tint(theme::SOFT_INK, 2.0 * BAND_DEPTH), 12.0);
        let caption = "λ is the weight of transfer of a pair of layers: mean and standard deviation over the samples. \
                       One panel for each source layer, one colour for each target layer.";
        Self {
            title: Paragraph::title(title, width),
            legend: Legend::new(names.chain(once(band)), width - 2.0 * theme::MARGIN),
            caption: Paragraph::caption(caption, width),
            sources,
            curves,
            epochs: Axis::linear("epoch", epochs, 6, 1.0),
            weights: Axis::round("transfer weight λ", (0.0, highest), 6),
            panel_width,
            width,
        }
    }

    fn top(&self) -> f64 {
        theme::MARGIN + self.title.height() + 10.0 + self.legend.height() + 6.0
    }

    fn row_height(&self) -> f64 {
        HEADING_HEIGHT + PANEL_NAME_HEIGHT + CHART_HEIGHT + ROW_GAP
    }

    fn row_name(&self, source: usize) -> String {
        let number = if self.sources.len() > 1 { format!(" {}", source + 1) } else { String::new() };
        let name = format!("Source{number}: {}", self.sources[source].name);
        fit(&name, self.width - 2.0 * theme::MARGIN, theme::HEADING)
    }

    fn draw_panel<DB: Surface>(&self, area: &Area<DB>, (source, source_layer): (usize, usize)) -> Drawn<DB> {
        let left = theme::MARGIN + source_layer as f64 * (self.panel_width + PANEL_GAP);
        let top = self.top() + source as f64 * self.row_height() + HEADING_HEIGHT;
        let plot_left = left + self.weights.width_with_name();
        let name = format!("from {}", self.sources[source].layers[source_layer].name());
        let name = fit(&name, left + self.panel_width - plot_left, theme::BODY);
        write(area, &name, (plot_left, top + PANEL_NAME_HEIGHT / 2.0), (theme::BODY, theme::INK, Anchor::Left))?;

        let place = Rect { x: left, y: top + PANEL_NAME_HEIGHT, w: self.panel_width, h: CHART_HEIGHT };
        let Plot { mut chart, grid } = Plot::new(area, place, &self.epochs, &self.weights)?;
        let mine = |curve: &&PairCurve| (curve.source, curve.source_layer) == (source, source_layer);
        for pair in self.curves.iter().filter(mine) {
            draw_band(&mut chart, pair)?;
        }
        for pair in self.curves.iter().filter(mine) {
            let means: Vec<(f64, f64)> = pair.points.iter().map(|point| (point.epoch, point.mean)).collect();
            curve(&mut chart, &means, theme::target_colour(pair.target_layer))?;
        }
        if !self.curves.iter().filter(mine).any(|pair| pair.points.iter().any(is_drawable)) {
            let middle = (grid.x + grid.w / 2.0, grid.middle());
            write(area, "no candidate pair", middle, (theme::BODY, theme::SOFT_INK, Anchor::Centre))?;
        }
        Ok(())
    }
}

impl Picture for PairWeights<'_> {
    fn size(&self) -> (f64, f64) {
        let rows = self.sources.len() as f64 * self.row_height();
        (self.width, self.top() + rows + self.caption.height() + theme::MARGIN)
    }

    fn draw<DB: Surface>(&self, area: &Area<DB>) -> Drawn<DB> {
        self.title.draw(area, theme::MARGIN)?;
        self.legend.draw(area, (theme::MARGIN, theme::MARGIN + self.title.height() + 10.0))?;
        for (source, column) in self.sources.iter().enumerate() {
            let heading = self.top() + source as f64 * self.row_height() + HEADING_HEIGHT / 2.0;
            let look = (theme::HEADING, theme::INK, Anchor::Left);
            write(area, &self.row_name(source), (theme::MARGIN, heading), look)?;
            for source_layer in 0..column.layers.len() {
                self.draw_panel(area, (source, source_layer))?;
            }
        }
        self.caption.draw(area, self.top() + self.sources.len() as f64 * self.row_height())
    }
}

fn is_drawable(point: &PairPoint) -> bool {
    drawable(point.epoch) && drawable(point.mean)
}

/// The standard deviation, or none where it cannot be drawn.
fn deviation(point: &PairPoint) -> f64 {
    if drawable(point.std) { point.std.abs() } else { 0.0 }
}

/// The band of one standard deviation, which the axis cuts at zero; at a lone point it is a bar.
fn draw_band<DB: Surface>(chart: &mut Chart<'_, DB>, pair: &PairCurve) -> Drawn<DB> {
    let edges =
        pair.points.iter().map(|point| (point.epoch, point.mean - deviation(point), point.mean + deviation(point)));
    band(chart, &edges.collect::<Vec<_>>(), (theme::target_colour(pair.target_layer), BAND_DEPTH))
}

#[cfg(test)]
mod tests {
    use plotters::prelude::Ranged;

    use super::super::samples::{DrawnFiles, figure_3d_layers, figure_4, many_pairs};
    use super::*;

    #[test]
    fn both_files_show_every_pair() {
        let (sources, targets) = figure_3d_layers();
        let curves = figure_4(30);
        let files =
            DrawnFiles::of(|stem| pair_weights_over_epochs("λ on STL-10", &sources, &targets, &curves)?.write(stem));
        files.assert_texts(["λ on STL-10", "Source: ResNet-32", "from group 1 · 16×32×32", "to conv 5 · 512×2×2"]);
        files.assert_texts(["epoch", "transfer weight λ", "± 1 standard deviation"]);
        files.assert_colours((0..targets.len()).map(theme::target_colour));
        files.assert_size(PairWeights::new("λ on STL-10", &sources, &targets, &curves).size());
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
            let files = DrawnFiles::of(|stem| pair_weights_over_epochs(case, sources, &targets, curves)?.write(stem));
            files.assert_texts([case, "± 1 standard deviation"]);
        }
    }

    #[test]
    fn the_weight_axis_reaches_all_bands_and_at_least_1_2() {
        let (sources, targets) = figure_3d_layers();
        let empty = PairWeights::new("", &sources, &targets, &[]);
        assert!(empty.weights.range().end >= 1.2);
        let curves = figure_4(30);
        let highest = curves.iter().flat_map(|curve| &curve.points).map(|point| point.mean + point.std);
        let axis = PairWeights::new("", &sources, &targets, &curves).weights;
        assert!(axis.range().end >= highest.fold(0.0, f64::max) && axis.range().start == 0.0);
    }
}
