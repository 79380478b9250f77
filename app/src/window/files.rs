//! Files of a run: kept, opened, exported; and the experiment as a command line.

use std::path::{Path, PathBuf};

use eframe::egui::{CollapsingHeader, TextEdit, Ui};
use l2t_core::Result;
use l2t_core::data::DataSource;
use l2t_core::experiment::Config;
use l2t_core::experiment::config::SourceConfig;
use l2t_core::source::read_weights;

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Keep the run in a new folder from now on.
    Save(PathBuf),
    /// Open a run, pictures or weights.
    Open(PathBuf),
    /// Write the target's weights.
    Export(PathBuf),
    /// Write the charts and their numbers.
    Charts(PathBuf),
    /// Put a text on the clipboard.
    Copy(String),
}

/// The part of the window that is about files.
#[derive(Debug, Default)]
pub struct FilesPanel {
    path: String,
}

impl FilesPanel {
    /// Draws it; what the user asked for.
    pub fn show(&mut self, ui: &mut Ui, draft: &Config, preset: &str) -> Option<Wish> {
        let mut wish = None;
        CollapsingHeader::new("Files").default_open(true).show(ui, |ui| {
            let label = ui.label("folder or file");
            let field = TextEdit::singleline(&mut self.path).desired_width(f32::INFINITY).hint_text("path");
            ui.add(field).labelled_by(label.id);
            let given = PathBuf::from(self.path.trim());
            let named = !self.path.trim().is_empty();
            ui.horizontal_wrapped(|ui| {
                let mut button = |text: &str, about: &str, make: fn(PathBuf) -> Wish| {
                    let button = ui.add_enabled(named, eframe::egui::Button::new(text)).on_hover_text(about);
                    if button.on_disabled_hover_text("name a folder or file first").clicked() {
                        wish = Some(make(given.clone()));
                    }
                };
                button("Keep run", "keep this run in that new folder from now on", Wish::Save);
                button("Open", "a kept run, a folder or zip of pictures, or weights", Wish::Open);
                button(
                    "Export charts",
                    "write charts as PNG and SVG and their numbers as CSV into that folder",
                    Wish::Charts,
                );
                button("Export weights", "write the target's weights to that .safetensors file", Wish::Export);
            });
            if ui.button("Copy as command line").on_hover_text("this experiment for a terminal").clicked() {
                wish = Some(Wish::Copy(command_line(draft, preset)));
            }
            ui.weak("Dropping a file on the window opens it, too.");
        });
        wish
    }
}

/// The experiment as a command.
pub fn command_line(draft: &Config, preset: &str) -> String {
    let base = Config::preset(preset, &[]).expect("the preset was chosen from those there are");
    let changes = draft.changes_from(&base);
    let set: String = changes.iter().map(|change| format!(" --set {}", quoted(change))).collect();
    format!("l2t train --preset {preset}{set} --out run")
}

/// As a shell reads it back.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "=._-/:+,".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Puts pictures or weights into the experiment, if they can be read.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn take_into(draft: &mut Config, path: &Path) -> Result<String> {
    let text = crate::cli::utf8(path)?;
    let weights = path.extension().is_some_and(|extension| {
        ["safetensors", "pth", "pt", "tar", "ckpt"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    });
    if weights {
        let read = read_weights(&text)?;
        l2t_core::source::infer(&read, draft.data.size)?;
        match draft.sources.first_mut() {
            Some(source) => *source = SourceConfig { weights: text, layers: None },
            None => draft.sources.push(SourceConfig { weights: text, layers: None }),
        }
        return Ok(format!("{} is the source of the next run", path.display()));
    }
    DataSource::open(path)?;
    draft.data.path = Some(text);
    Ok(format!("{} has the pictures of the next run", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_says_what_was_changed_and_nothing_else() {
        let draft = Config::preset("demo", &["seed=3".into(), "data.path=my pictures".into()]).unwrap();
        let line = command_line(&draft, "demo");
        assert_eq!(line, r#"l2t train --preset demo --set 'data.path="my pictures"' --set seed=3 --out run"#);
    }

    #[test]
    fn files_that_are_no_pictures_or_weights_are_refused_by_name() {
        let mut draft = Config::preset("demo", &[]).unwrap();
        let before = draft.clone();
        for name in ["none.zip", "none.safetensors"] {
            let error = take_into(&mut draft, Path::new(name)).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        assert_eq!(draft, before);
    }
}
