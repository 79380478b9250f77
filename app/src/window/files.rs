//! Files of a run: kept, opened, exported; the experiment as a command line and as a link.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eframe::egui::{Button, CollapsingHeader, TextEdit, Ui};
use l2t_core::experiment::config::SourceConfig;
use l2t_core::experiment::{Config, Snapshot};
use l2t_core::inputs::Inputs;
use l2t_core::{Error, Result};

use super::conduct::Output;
use super::hidden::Part;
use super::keeper::Opened;
use super::seam::{self, Given, KeptRun};
use crate::words;

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Write something of the run.
    Write(Output, PathBuf),
    /// Open a run, pictures or weights.
    Open(PathBuf),
    /// Choose a file to open.
    ChooseFile,
    /// Choose a folder to open.
    ChooseFolder,
    /// Put a text on the clipboard.
    Copy(String),
    /// Put a link on the clipboard that takes these away.
    CopyLink(BTreeSet<Part>),
    /// Keep the run in the browser from now on, under a name.
    KeepHere(String),
    /// Open a run that the browser keeps.
    OpenKept(String),
    /// Take it away.
    Forget(String),
}

/// What can be done where the window is.
pub struct Abilities {
    /// Runs that the browser keeps; `None` where there are folders instead.
    pub kept: Option<Vec<KeptRun>>,
    /// The zip of the newest run, which is kept without being asked.
    pub last: Option<PathBuf>,
}

/// The part of the window that is about files.
#[derive(Debug)]
pub struct FilesPanel {
    path: String,
    name: String,
    hide: BTreeSet<Part>,
}

impl Default for FilesPanel {
    fn default() -> Self {
        Self { path: String::new(), name: "my run".into(), hide: BTreeSet::new() }
    }
}

impl FilesPanel {
    /// Draws it; what the user asked for. `command` is the experiment as a command line.
    pub fn show(&mut self, ui: &mut Ui, command: &str, abilities: &Abilities) -> Option<Wish> {
        let mut wish = None;
        CollapsingHeader::new("Files").default_open(true).show(ui, |ui| {
            wish = match &abilities.kept {
                None => self.on_disk(ui, abilities.last.as_deref()),
                Some(kept) => self.in_browser(ui, kept),
            };
            ui.horizontal_wrapped(|ui| {
                if ui.button("Copy as command line").on_hover_text("this experiment for a terminal").clicked() {
                    wish = Some(Wish::Copy(command.to_owned()));
                }
                let about = "this experiment and what you look at, for a browser: the same link gives the same run";
                if ui.button("Copy link").on_hover_text(about).clicked() {
                    wish = Some(Wish::CopyLink(self.hide.clone()));
                }
            });
            self.choose_hidden(ui);
        });
        wish
    }

    fn on_disk(&mut self, ui: &mut Ui, last: Option<&Path>) -> Option<Wish> {
        let mut wish = None;
        let label = ui.label("folder or file");
        let field = TextEdit::singleline(&mut self.path).desired_width(f32::INFINITY).hint_text("path");
        ui.add(field).labelled_by(label.id);
        let given = PathBuf::from(self.path.trim());
        let named = !self.path.trim().is_empty();
        ui.horizontal_wrapped(|ui| {
            if ui.button("Open file…").on_hover_text("a zip of pictures or of a run, or weights").clicked() {
                wish = Some(Wish::ChooseFile);
            }
            if ui.button("Open folder…").on_hover_text("pictures, one folder a class, or a kept run").clicked() {
                wish = Some(Wish::ChooseFolder);
            }
            let about = "the newest run up to its last epoch, also if the program ended without warning";
            if let Some(last) = last
                && ui.button("Open last run").on_hover_text(about).clicked()
            {
                wish = Some(Wish::Open(last.to_owned()));
            }
        });
        ui.horizontal_wrapped(|ui| {
            let mut button = |text: &str, about: &str, make: &dyn Fn(PathBuf) -> Wish| {
                let button = ui.add_enabled(named, Button::new(text)).on_hover_text(about);
                if button.on_disabled_hover_text("name a folder or file first").clicked() {
                    wish = Some(make(given.clone()));
                }
            };
            let write = |output| move |place| Wish::Write(output, place);
            button("Keep run", "keep this run in that new folder from now on", &write(Output::Folder));
            button("Open", "a kept run, a folder or zip of pictures, or weights", &Wish::Open);
            button(
                "Export run",
                "write the run as it stands into that .zip, which a page opens, too",
                &write(Output::Run),
            );
            button(
                "Export charts",
                "write charts as PNG and SVG and their numbers as CSV into that folder",
                &write(Output::Charts),
            );
            button("Export weights", "write the target's weights to that .safetensors file", &write(Output::Weights));
        });
        ui.weak("Dropping a file on the window opens it, too.");
        wish
    }

    fn in_browser(&mut self, ui: &mut Ui, kept: &[KeptRun]) -> Option<Wish> {
        let mut wish = None;
        ui.horizontal_wrapped(|ui| {
            if ui.button("Open file…").on_hover_text("a zip of pictures or of a run, or weights").clicked() {
                wish = Some(Wish::ChooseFile);
            }
            for (text, about, output, name) in [
                ("Export run", "a .zip that the program for the desktop opens, too", Output::Run, "l2t-run.zip"),
                ("Export charts", "charts as SVG and their numbers as CSV in a .zip", Output::Charts, "l2t-charts"),
                ("Export weights", "the target's weights", Output::Weights, "target.safetensors"),
            ] {
                if ui.button(text).on_hover_text(about).clicked() {
                    wish = Some(Wish::Write(output, name.into()));
                }
            }
        });
        ui.horizontal(|ui| {
            let label = ui.label("name");
            ui.add(TextEdit::singleline(&mut self.name).desired_width(90.0)).labelled_by(label.id);
            let about = "this browser keeps the run under that name, from now on";
            if ui.button("Keep here").on_hover_text(about).clicked() && !self.name.trim().is_empty() {
                wish = Some(Wish::KeepHere(self.name.trim().to_owned()));
            }
        });
        for run in kept {
            ui.horizontal(|ui| {
                if ui.small_button(format!("Open {}", run.name)).clicked() {
                    wish = Some(Wish::OpenKept(run.name.clone()));
                }
                if ui.small_button("x").on_hover_text(format!("take {} out of this browser", run.name)).clicked() {
                    wish = Some(Wish::Forget(run.name.clone()));
                }
                ui.weak(words::size(run.bytes));
            });
        }
        ui.weak("Dropping a file on the page opens it, too. Nothing leaves this machine.");
        wish
    }

    fn choose_hidden(&mut self, ui: &mut Ui) {
        let about = "for a class: who opens the link does not see these";
        let shown = CollapsingHeader::new("Hide in the link").show(ui, |ui| {
            for (part, _, what) in Part::ALL {
                let mut hidden = self.hide.contains(&part);
                if ui.checkbox(&mut hidden, what).changed() {
                    if hidden {
                        self.hide.insert(part)
                    } else {
                        self.hide.remove(&part)
                    };
                }
            }
        });
        shown.header_response.on_hover_text(about);
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

/// Files that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gathered {
    /// A file or folder on this machine.
    Path(PathBuf),
    /// Files in memory, and what to call them.
    Memory(String, Vec<(String, Vec<u8>)>),
    /// What to tell the user instead.
    Words(String),
}

/// What was given at once: the files of CIFAR come several at a time and are one data set.
pub fn gathered(given: Vec<Given>) -> Vec<Gathered> {
    // Those of the python versions have no ending, but for their lists of names.
    let part = |name: &str| [".bin", ".txt", ".meta"].iter().any(|end| name.ends_with(end)) || !name.contains('.');
    let mut together = Vec::new();
    let mut all = Vec::new();
    for given in given {
        match given {
            Given::Path(path) => all.push(Gathered::Path(path)),
            Given::Bytes(name, bytes) if part(&name) => together.push((name, bytes)),
            Given::Bytes(name, bytes) => all.push(Gathered::Memory(name.clone(), vec![(name, bytes)])),
            Given::Words(text) => all.push(Gathered::Words(text)),
        }
    }
    if !together.is_empty() {
        let names: Vec<&str> = together.iter().map(|(name, _)| name.as_str()).collect();
        all.push(Gathered::Memory(names.join(" + "), together));
    }
    all
}

impl Gathered {
    /// How messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Memory(name, _) => name.clone(),
            Self::Words(_) => String::new(),
        }
    }

    /// The run that it is, if it is one.
    ///
    /// # Errors
    /// When it is a run that is damaged.
    pub fn run(&self) -> Result<Option<Opened>> {
        match self {
            Self::Path(path) => seam::run_at(path),
            Self::Memory(name, files) => match &files[..] {
                [(_, bytes)] if Snapshot::is_in(bytes) => {
                    Ok(Some(Opened { snapshot: Snapshot::from_zip(name, bytes)?, folder: None }))
                }
                _ => Ok(None),
            },
            Self::Words(_) => Ok(None),
        }
    }
}

/// Puts pictures or weights into the experiment, if they can be read.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn take_into(draft: &mut Config, inputs: &mut Inputs, given: Gathered) -> Result<String> {
    let mut fresh = Inputs::default();
    let text = match given {
        Gathered::Path(path) => {
            path.to_str().map(String::from).ok_or_else(|| Error::file(&path, "is no UTF-8 path"))?
        }
        Gathered::Memory(name, files) => {
            fresh.insert_all(&name, files);
            name
        }
        Gathered::Words(text) => return Ok(text),
    };
    let ends_with = |known: &str| Path::new(&text).extension().is_some_and(|end| end.eq_ignore_ascii_case(known));
    let weights = ["safetensors", "pth", "pt", "ckpt"].iter().any(|known| ends_with(known));
    // `resnet32.pth.tar` is none, by old habit.
    let note = if weights || (ends_with("tar") && fresh.data(&text).is_err()) {
        l2t_core::network::architecture::of_weights(&fresh.weights(&text)?, Some(draft.data.size))?.build()?;
        let note = format!("{text} is the source of the next run");
        let source = SourceConfig { weights: text, layers: None, mean: None, std: None };
        match draft.sources.first_mut() {
            Some(first) => *first = source,
            None => draft.sources.push(source),
        }
        note
    } else {
        fresh.data(&text)?;
        let note = format!("{text} has the pictures of the next run");
        draft.data.path = Some(text);
        note
    };
    inputs.extend(&fresh);
    Ok(note)
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
        let (before, mut inputs) = (draft.clone(), Inputs::default());
        for name in ["none.zip", "none.safetensors"] {
            let memory = Gathered::Memory(name.into(), vec![(name.into(), b"nonsense".to_vec())]);
            for given in [Gathered::Path(name.into()), memory] {
                let error = take_into(&mut draft, &mut inputs, given).unwrap_err().to_string();
                assert!(error.starts_with(name), "{error}");
            }
        }
        assert_eq!(draft, before);
        assert_eq!(inputs.iter().count(), 0);
    }

    #[test]
    fn the_files_of_one_data_set_are_taken_together() {
        for (given, expected) in [
            (["data_batch_1.bin", "beetles.zip", "test_batch.bin"], "data_batch_1.bin + test_batch.bin"),
            (["batches.meta", "beetles.zip", "test_batch"], "batches.meta + test_batch"),
        ] {
            let given = given.map(|name| Given::Bytes(name.into(), vec![1])).to_vec();
            let names: Vec<String> = gathered(given).iter().map(Gathered::name).collect();
            assert_eq!(names, ["beetles.zip", expected]);
        }
    }
}
