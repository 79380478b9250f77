//! What text is drawn with.

use std::sync::Arc;

use eframe::egui::{FontData, FontDefinitions, FontFamily};

use crate::fonts::{ICONS, LETTERS, SIGNS};

/// Ubuntu, and behind it the signs that it lacks; the same in a window and on a page, which carries no others.
pub fn fonts() -> FontDefinitions {
    let files = [("Ubuntu", LETTERS), ("signs", SIGNS), ("icons", ICONS)];
    let mut fonts = FontDefinitions::empty();
    for (name, file) in files {
        fonts.font_data.insert(name.into(), Arc::new(FontData::from_static(file)));
    }
    let names: Vec<String> = files.iter().map(|(name, _)| (*name).into()).collect();
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, names.clone());
    }
    fonts
}
