//! Sizes of all pictures, in CSS pixels; their colours are in [`colours`](crate::colours).

/// Titles.
pub(super) const TITLE: f64 = 21.0;
/// Headings of columns, rows and panels.
pub(super) const HEADING: f64 = 17.0;
/// Names and values.
pub(super) const BODY: f64 = 15.5;
/// Axis ticks and captions.
pub(super) const SMALL: f64 = 14.5;
/// Blank border of a picture.
pub(super) const MARGIN: f64 = 22.0;
/// Room under a title.
pub(super) const GAP: f64 = 10.0;
/// Room between the lines of an error bar, a curve's dot and the like: half the width of such a mark.
pub(super) const MARK: f64 = 4.0;
/// How much of its colour a band keeps.
pub(super) const BAND_DEPTH: f64 = 0.16;
