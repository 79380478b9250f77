//! What the user asks for. Views return it; [`App::update`](super::app::App) is where it happens.

use std::collections::BTreeSet;
use std::path::PathBuf;

use eframe::egui::Rect;
use l2t_core::experiment::{Config, Pace};
use l2t_core::matching::Pair;

use super::hidden::Part;
use super::tab::Tab;
use crate::window::paint::saliency::SaliencyStyle;
use crate::window::panels::files::FilesForm;
use crate::window::panels::help::Help;
use crate::window::run::order::Output;
use crate::window::run::results::Table;

/// One wish. The first ones are done by [`State::apply`](super::state::State::apply) alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// The controls of the experiment say this.
    Draft(Box<Config>),
    /// Begin with this preset.
    Preset(&'static str),
    /// Show this below the networks.
    Tab(Tab),
    /// Look at a pair of the run, by its index.
    Pair(usize),
    /// Choose pairs for the next run, or end that.
    EditPairs(bool),
    /// Take a pair in, or leave it out.
    TogglePair(Pair),
    /// Look at the next images.
    OtherImages,
    /// Look at the feature maps of this image.
    FirstImage(usize),
    /// Draw maps so.
    Style(SaliencyStyle),
    /// Take this notice away.
    Read(usize),
    /// The fields about files say this.
    Form(FilesForm),
    /// Look at the results so.
    Table(Table),
    /// Show this of the help.
    Help(Help),

    /// Train as soon as the run is ready, and show around.
    SeeItLearn,
    /// Open the lesson.
    Lesson,
    /// Show the settings, where there is no room for them beside the networks.
    Sheet(bool),
    /// Train, or pause.
    Toggle,
    /// Go so far.
    Pace(Pace),
    /// A new run of the draft, which waits.
    StartAnew,
    /// Go on from the end of the last epoch of a run that cannot go on, on a device that is opened anew.
    Recover,
    /// Check the hypergradient.
    CheckGradient,
    /// Time the kernels of the device.
    TimeKernels,
    /// Write something of the run.
    Write(Output, PathBuf),
    /// Open a run, pictures or weights.
    Open(PathBuf),
    /// Choose a file to open.
    ChooseFile,
    /// Choose a folder to open.
    ChooseFolder,
    /// Keep the run in the browser from now on, under a name.
    KeepHere(String),
    /// Open a run that the browser keeps.
    OpenKept(String),
    /// Take it away.
    Forget(String),
    /// Put a text on the clipboard.
    Copy(String),
    /// Put a link on the clipboard that takes these away.
    CopyLink(BTreeSet<Part>),
    /// Give this part of the window as a PNG file.
    SavePicture(Rect),
    /// Dark, or light.
    Dark(bool),
    /// Close the window.
    Close,
}

/// What a view returns.
pub type Intents = Vec<Intent>;
