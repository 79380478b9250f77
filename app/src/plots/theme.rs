//! Sizes of all pictures, in CSS pixels; their colours are in [`colours`](crate::colours).

/// Titles.
pub(super) const TITLE: f64 = 20.0;
/// Headings of columns, rows and panels.
pub(super) const HEADING: f64 = 16.5;
/// Names and values.
pub(super) const BODY: f64 = 15.0;
/// Axis ticks and captions.
pub(super) const SMALL: f64 = 13.5;
/// Blank border of a picture.
pub(super) const MARGIN: f64 = 22.0;
/// Room under a title.
pub(super) const GAP: f64 = 10.0;
/// Half the width of a curve's dot, of the end of an error bar and the like.
pub(super) const MARK: f64 = 4.0;
/// How much of its colour a band keeps.
pub(super) const BAND_DEPTH: f64 = 0.16;
