//! The pictures of a run: learning curves, the learned matching, and its change over the epochs.
//!
//! The three charts of a run are [`Rendered`] in memory. Those of a comparison take a path *stem*; `out/accuracy` gives
//! `out/accuracy.svg` and `out/accuracy.png`. Both forms are drawn by the same code and written whole or not at all; the folder
//! must exist. Reading order: `theme` (colours), `canvas` (files), `text` and `pen` (marks), `axes` and
//! `legend` (shared parts of charts), then one file per picture.

mod accuracy_curves;
mod axes;
mod bearing;
mod canvas;
mod contact_sheet;
mod learning_curves;
mod legend;
mod matching_column;
mod matching_diagram;
mod matching_layout;
mod pair_weights;
mod pen;
mod row_chart;
#[cfg(test)]
mod samples;
mod text;
mod theme;
mod tile_grid;

use std::io;
use std::path::Path;

use l2t_core::Error;

pub use accuracy_curves::{MeanCurve, MeanPoint, accuracy_by_images, accuracy_over_epochs};
pub use canvas::Rendered;
pub use contact_sheet::{SheetRow, contact_sheet};
pub use learning_curves::learning_curves;
pub use matching_diagram::matching_diagram;
pub use pair_weights::pair_weights_over_epochs;
pub use row_chart::{ChartRow, accuracy_rows, difference_rows};
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

/// Why there is no picture at `path`: the error of its file as it is, or that it cannot be drawn.
pub fn explained(path: &Path, error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(of_its_file) => of_its_file,
        Err(other) => Error::file(path, format!("cannot be drawn: {other}")),
    }
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
