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
use l2t_core::experiment::PairStatistics;
use l2t_core::network::Tap;
use serde::{Deserialize, Serialize};

pub use accuracy_curves::{MeanCurve, accuracy_by_images, accuracy_over_epochs};
#[cfg(not(target_family = "wasm"))]
pub use animation::animated;
pub use axes::Spread;
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

/// A layer that can be matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// What it is called, for example `group 2`.
    pub label: String,
    /// Channels, height and width of its feature map.
    pub shape: [usize; 3],
}

impl Layer {
    /// `32×16×16`
    pub fn shape_name(&self) -> String {
        let [channels, height, width] = self.shape;
        format!("{channels}×{height}×{width}")
    }

    /// `group 2 · 32×16×16`
    fn name(&self) -> String {
        format!("{} · {}", self.label, self.shape_name())
    }
}

/// A network and its layers that can be matched, from its input to its output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// What the network is called, for example `ResNet-32, Tiny ImageNet`.
    pub name: String,
    /// Its layers.
    pub layers: Vec<Layer>,
}

impl Stack {
    /// The network called `name`, with these layers.
    pub fn new(name: String, taps: &[Tap]) -> Self {
        Self { name, layers: taps.iter().map(|tap| Layer { label: tap.label.clone(), shape: tap.shape }).collect() }
    }
}

/// λ of every pair at one time. A mean that is not finite is left out, a deviation that is not is not written.
#[derive(Debug, Clone, PartialEq)]
pub struct PairPoint {
    /// In epochs.
    pub at: f64,
    /// In the order of the pairs.
    pub pairs: Vec<PairStatistics>,
}

/// Why there is no picture at `path`.
pub fn explained(path: &Path, error: io::Error) -> Error {
    Error::file(path, format!("cannot be drawn: {error}"))
}

/// Whether a value can be drawn. Beyond 1e30 an axis would overflow, and a run that got there has diverged.
fn drawable(value: f64) -> bool {
    value.abs() < 1e30
}

/// Pairs must name layers that were given.
fn check_pairs<'a>(
    sources: &[Stack],
    target: &Stack,
    pairs: impl IntoIterator<Item = &'a PairStatistics>,
) -> io::Result<()> {
    for PairStatistics { pair, .. } in pairs {
        let source = sources.get(pair.source).map_or(&[][..], |stack| &stack.layers);
        if pair.source_layer >= source.len() || pair.target_layer >= target.layers.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no such pair to draw: {pair:?}")));
        }
    }
    Ok(())
}
