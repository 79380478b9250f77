//! What the window remembers from one time to the next.

use eframe::egui::Theme;
use l2t_core::experiment::Config;
use serde::{Deserialize, Serialize};

/// What is remembered. A file of an earlier or later version that cannot be read is as good as none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether the tour was seen or skipped.
    pub tour_seen: bool,
    /// Light or dark, where it was chosen; otherwise the system's.
    pub dark: Option<bool>,
    /// Width and height of the window, in points.
    pub size: [f32; 2],
    /// Where its upper left corner was, in points.
    pub position: Option<[f32; 2]>,
    /// The page that links lead to, where this is a program.
    pub page: String,
    /// The preset that the experiment began with.
    pub preset: String,
    /// How it was changed.
    pub changes: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tour_seen: false,
            dark: None,
            size: [1280.0, 860.0],
            position: None,
            // What `cargo xtask web --serve` answers at.
            page: "http://127.0.0.1:8000/".into(),
            preset: "demo".into(),
            changes: vec![],
        }
    }
}

impl Settings {
    /// The experiment that was on screen; the preset where its changes do not fit any more.
    pub fn experiment(&self) -> (String, Config) {
        let remembered = Config::preset(&self.preset, &self.changes).map(|config| (self.preset.clone(), config));
        remembered.unwrap_or_else(|_| {
            let preset = Self::default().preset;
            let config = Config::preset(&preset, &[]).expect("the usual preset is there");
            (preset, config)
        })
    }

    /// Light or dark.
    pub fn theme(&self) -> Option<Theme> {
        self.dark.map(|dark| if dark { Theme::Dark } else { Theme::Light })
    }
}
