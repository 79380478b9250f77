//! A page and its worker have a device each, so that nothing is drawn from the memory of the other.

use eframe::egui::{Rect, Shape};

use crate::window::paint::saliency::SaliencyStyle;

/// Maps on the device that draws: none.
#[derive(Debug, Clone, Default)]
pub struct DrawableMaps;

/// There is none.
#[derive(Debug, Clone)]
pub enum MapPainter {}

impl MapPainter {
    /// Never called.
    pub fn paint(&self, _: &DrawableMaps, _: &[&[u8]], _: [usize; 2], _: SaliencyStyle) -> Option<Vec<Vec<Painted>>> {
        match *self {}
    }
}

/// There is none.
#[derive(Debug, Clone)]
pub enum Painted {}

impl Painted {
    /// Never called.
    pub fn shape(&self, _: Rect) -> Shape {
        match *self {}
    }
}
