//! The charts: learning curves, the learned matching and its change over the epochs, comparisons of methods.
//!
//! Every chart is a function from plain numbers to a [`Drawing`], the same for the command line, the report, the window and
//! the page. A drawing is lines, areas and texts; [`Drawing::svg`] writes them as an SVG, [`Drawing::png`] and
//! [`Drawing::image`] as pixels, on white or on dark ground. Nothing is read or written but by [`Drawing::write`].
//!
//! To draw something of your own: [`learning_curves`] takes any named series of losses and accuracies,
//! [`accuracy_over_epochs`] any means with their spread, and [`matching_over_epochs`] gives a picture for every epoch, of one
//! size and scale, from which an animation is made:
//!
//! ```
//! use l2t_app::colours::Ground;
//! use l2t_app::plots::{CurveSeries, learning_curves};
//!
//! let loss = CurveSeries { label: "L_org".into(), values: vec![(1.0, 2.3), (2.0, 1.1), (3.0, 0.7)] };
//! let drawing = learning_curves("three epochs", &[loss], &[], None);
//! assert!(drawing.svg().contains("three epochs"));
//! assert_eq!(drawing.image(1, Ground::Dark)?.width(), drawing.size().0 as u32);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Reading order: `drawing` (marks), `svg` and `raster` (its two writers), `text`, `axes` and `legend` (shared parts of
//! charts), then one file per chart. A chart more is a file more, with a function from its numbers to a [`Drawing`].
//!
//! The raster is drawn by `vello_cpu` with outlines from `skrifa` and `harfrust`, because egui draws its letters with them: they
//! are in the program and on the page already. `resvg` would bring an SVG reader, a font database and a second rasteriser, to
//! read what was just written; as a program that shares no code with ours it judges both writers in a test.

mod accuracy_curves;
#[cfg(not(target_family = "wasm"))]
mod animation;
mod axes;
#[cfg(not(target_family = "wasm"))]
mod contact_sheet;
mod drawing;
mod learning_curves;
mod legend;
mod matching_column;
mod matching_diagram;
mod matching_layout;
#[cfg(not(target_family = "wasm"))]
mod output;
mod pair_weights;
#[cfg(not(target_family = "wasm"))]
mod raster;
mod row_chart;
#[cfg(test)]
mod samples;
mod svg;
mod text;
mod theme;
#[cfg(not(target_family = "wasm"))]
mod tile_grid;

use std::io;
use std::path::Path;

use l2t_core::Error;

pub use accuracy_curves::{MeanCurve, MeanPoint, accuracy_by_images, accuracy_over_epochs};
#[cfg(not(target_family = "wasm"))]
pub use animation::animated;
#[cfg(not(target_family = "wasm"))]
pub use contact_sheet::{SheetRow, contact_sheet};
pub use drawing::Drawing;
pub use learning_curves::learning_curves;
pub use matching_diagram::{matching_diagram, matching_over_epochs};
pub use pair_weights::pair_weights_over_epochs;
pub use row_chart::{ChartRow, accuracy_rows, difference_rows};
#[cfg(not(target_family = "wasm"))]
pub(crate) use svg::escaped;
#[cfg(not(target_family = "wasm"))]
pub use tile_grid::{ColourBar, Tile, TileGrid, TileRow, tile_grid};

/// One line of a learning-curve panel.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveSeries {
    /// Name in the legend. The same name has the same colour in both panels; a method's name has its own colour.
    pub label: String,
    /// (epoch, value), in the order of the epochs. A value that is not finite leaves a gap.
    pub values: Vec<(f64, f64)>,
}

/// One tapped layer of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerBlock {
    /// What the layer is called, for example `group 2`.
    pub label: String,
    /// Channels, height and width of its feature map.
    pub shape: [usize; 3],
}

impl LayerBlock {
    /// `32×16×16`
    fn shape_name(&self) -> String {
        let [channels, height, width] = self.shape;
        format!("{channels}×{height}×{width}")
    }

    /// `group 2 · 32×16×16`
    fn name(&self) -> String {
        format!("{} · {}", self.label, self.shape_name())
    }
}

/// One source network and the layers that it offers, from its input to its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceColumn {
    /// What the network is called, for example `ResNet-32, Tiny ImageNet`.
    pub name: String,
    /// Its tapped layers.
    pub layers: Vec<LayerBlock>,
}

/// The learned weight λ of one candidate pair, over the samples of a data set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairLine {
    /// Index into the sources.
    pub source: usize,
    /// Index into that source's layers (m).
    pub source_layer: usize,
    /// Index into the target's layers (n).
    pub target_layer: usize,
    /// Mean of λ over the samples. A mean that is not finite is left out.
    pub mean: f64,
    /// Standard deviation of λ over the samples. One that is not finite is not written.
    pub std: f64,
}

/// λ of one candidate pair over the epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct PairCurve {
    /// Index into the sources.
    pub source: usize,
    /// Index into that source's layers (m).
    pub source_layer: usize,
    /// Index into the target's layers (n).
    pub target_layer: usize,
    /// In the order of the epochs.
    pub points: Vec<PairPoint>,
}

/// λ of one candidate pair after one epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairPoint {
    /// Epochs finished.
    pub epoch: f64,
    /// Mean of λ over the samples. A mean that is not finite leaves a gap.
    pub mean: f64,
    /// Standard deviation of λ over the samples.
    pub std: f64,
}

/// Why there is no picture at `path`.
pub fn explained(path: &Path, error: io::Error) -> Error {
    Error::file(path, format!("cannot be drawn: {error}"))
}

/// Whether a value can be drawn. Beyond 1e30 an axis would overflow, and a run that got there has diverged.
fn drawable(value: f64) -> bool {
    value.abs() < 1e30
}

/// A pair (source, source layer, target layer) must name layers that were given.
fn check_pair(
    sources: &[SourceColumn],
    targets: &[LayerBlock],
    (source, source_layer, target_layer): (usize, usize, usize),
) -> io::Result<()> {
    let known =
        sources.get(source).is_some_and(|column| source_layer < column.layers.len()) && target_layer < targets.len();
    if known {
        return Ok(());
    }
    let message =
        format!("no such pair to draw: source {source}, source layer {source_layer}, target layer {target_layer}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}
