//! Test data like the paper's, and what the tests ask of the files drawn from it.

use image::RgbImage;
use l2t_core::experiment::PairStatistics;
use l2t_core::matching::Pair;

use super::raster::SCALE;
use super::{CurveSeries, Drawing, Layer, PairPoint, Stack};
use crate::colours::{Colour, Ground};

/// The mean λ of Figure 3(d), a row per source layer; those under 0.1 are made up.
const FIGURE_3D: [[f64; 5]; 3] =
    [[0.04, 0.21, 0.02, 0.00, 2.62], [0.06, 0.03, 0.01, 0.74, 1.40], [0.00, 0.05, 0.08, 2.88, 0.09]];

pub(super) fn layers(layers: &[(&str, [usize; 3])]) -> Vec<Layer> {
    layers.iter().map(|(label, shape)| Layer { label: (*label).to_owned(), shape: *shape }).collect()
}

/// ResNet-32 and VGG-9, as the paper matches them.
pub(super) fn figure_3d_layers() -> (Vec<Stack>, Stack) {
    let groups = layers(&[("group 1", [16, 32, 32]), ("group 2", [32, 16, 16]), ("group 3", [64, 8, 8])]);
    let convolutions = layers(&[
        ("conv 1", [64, 32, 32]),
        ("conv 2", [128, 16, 16]),
        ("conv 3", [256, 8, 8]),
        ("conv 4", [512, 4, 4]),
        ("conv 5", [512, 2, 2]),
    ]);
    let stack = |name: &str, layers| Stack { name: name.to_owned(), layers };
    (vec![stack("ResNet-32", groups)], stack("VGG-9", convolutions))
}

/// The fifteen pairs of Figure 3(d).
pub(super) fn figure_3d() -> Vec<PairStatistics> {
    let pair = |index: usize| {
        let (source_layer, target_layer) = (index / 5, index % 5);
        let mean = FIGURE_3D[source_layer][target_layer];
        let std = mean * [0.06, 0.15, 0.315][source_layer];
        PairStatistics { pair: Pair { source: 0, source_layer, target_layer }, mean, std }
    };
    (0..15).map(pair).collect()
}

/// Two sources, all pairs of which are strong enough for a line.
pub(super) fn many_pairs() -> (Vec<Stack>, Vec<PairStatistics>) {
    let (mut sources, _) = figure_3d_layers();
    sources.push(Stack { name: "ResNet-20, CIFAR-10".to_owned(), layers: sources[0].layers.clone() });
    let pair = |index: usize| PairStatistics {
        pair: Pair { source: index / 15, source_layer: index / 5 % 3, target_layer: index % 5 },
        mean: 0.2 + (index * 7 % 30) as f64 / 12.0,
        std: 0.1,
    };
    (sources, (0..30).map(pair).collect())
}

/// From λ = 1 to the values of Figure 3(d).
pub(super) fn figure_4(epochs: usize) -> Vec<PairPoint> {
    let epoch = |epoch: usize| {
        let share = 1.0 - (-(epoch as f64) / 8.0).exp();
        let on_the_way = |known: PairStatistics| PairStatistics {
            mean: 1.0 + (known.mean - 1.0) * share,
            std: known.std * share + 0.02,
            ..known
        };
        PairPoint { at: epoch as f64, pairs: figure_3d().into_iter().map(on_the_way).collect() }
    };
    (1..=epochs).map(epoch).collect()
}

/// Losses and accuracies.
pub(super) fn learning(epochs: usize) -> (Vec<CurveSeries>, Vec<CurveSeries>) {
    let series = |label: &str, value: fn(f64) -> f64| CurveSeries {
        label: label.to_owned(),
        values: (1..=epochs).map(|epoch| (epoch as f64, value(epoch as f64))).collect(),
    };
    let losses = vec![
        series("task loss", |epoch| 2.2 * (-epoch / 7.0).exp() + 0.04),
        series("matching loss", |epoch| 0.8 / epoch.sqrt()),
    ];
    let accuracies = vec![
        series("train", |epoch| 99.0 - 75.0 * (-epoch / 6.0).exp()),
        series("validation", |epoch| 78.0 - 50.0 * (-epoch / 7.0).exp() + (epoch * 1.7).sin()),
        series("test", |epoch| 77.0 - 50.0 * (-epoch / 7.0).exp() + (epoch * 2.3).cos()),
    ];
    (losses, accuracies)
}

/// Both files of one picture.
pub(super) struct DrawnFiles {
    svg: String,
    png: RgbImage,
}

impl DrawnFiles {
    pub(super) fn of(drawing: &Drawing) -> Self {
        let svg = drawing.svg();
        let png = image::load_from_memory(&drawing.png(Ground::Light).unwrap()).unwrap().to_rgb8();
        let (width, height) = drawing.size();
        assert_eq!(png.dimensions(), (width as u32 * SCALE, height as u32 * SCALE));
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"));
        Self { svg, png }
    }

    pub(super) fn assert_texts<'a>(&self, texts: impl IntoIterator<Item = &'a str>) {
        for text in texts {
            assert!(self.svg.contains(text), "{text:?} is not in the SVG");
        }
    }

    /// Each colour must cover enough pixels to be seen.
    pub(super) fn assert_colours(&self, colours: impl IntoIterator<Item = Colour>) {
        for Colour { light, .. } in colours {
            let near = |pixel: &[u8; 3]| pixel.iter().zip(light).all(|(a, b)| a.abs_diff(b) <= 2);
            let count = self.png.pixels().filter(|pixel| near(&pixel.0)).count();
            assert!(count > 100, "only {count} pixels of {light:?}");
        }
    }
}
