//! The fonts of the window, the page and the pictures: one, and behind it the signs that it lacks.

/// Letters.
pub const LETTERS: &[u8] = epaint_default_fonts::UBUNTU_LIGHT;
/// Arrows, mathematical signs and Greek letters.
pub const SIGNS: &[u8] = include_bytes!("../assets/hack-signs.ttf");
/// Pictures on buttons.
pub const ICONS: &[u8] = epaint_default_fonts::EGUI_ICONS;
