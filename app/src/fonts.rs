//! The fonts of the window, the page and the charts: one, and behind it the signs that it lacks.
//!
//! Statics, because every use of a constant would bring the file along once more.

/// Letters.
pub static LETTERS: &[u8] = include_bytes!("../assets/ubuntu-light.ttf");
/// Arrows, mathematical signs and Greek letters.
pub static SIGNS: &[u8] = include_bytes!("../assets/hack-signs.ttf");
/// Pictures on buttons.
pub static ICONS: &[u8] = epaint_default_fonts::EGUI_ICONS;
