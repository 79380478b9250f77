//! What the target learns from.

use eframe::egui::{Align2, Label, TextEdit};
use l2t_core::data::WorldTask;
use l2t_core::experiment::Config;
use l2t_core::experiment::config::{DataConfig, PictureView};

use super::Group;
use super::rows::{CONTROL, Rows, Words, words};
use crate::window::shell::hidden::Part;
use crate::window::shell::state::State;

pub const GROUP: Group = Group {
    name: "Data",
    part: Part::Data,
    open: true,
    summary: |draft| draft.data.path.clone().unwrap_or_else(|| draft.data.synthetic.purpose().into()),
    changed: |draft, base| draft.data != base.data,
    show,
};

const TYPED: Words =
    words("Pictures", "", "a folder or zip of your own: one folder a class; drop it on the window. Empty: built in");
const DROPPED: Words =
    words("Pictures", "", "a zip of your own, one folder a class, or the files of CIFAR: drop it on the page");
const TASK: Words = words("Task", "", "which task of the built-in world the target learns");
const SIZE: Words =
    words("Pixels", "", "rows and columns of the images that the networks see; time grows with its square");
const VIEW: Words = words(
    "View",
    "",
    "all of a picture, whatever its shape; or a part of it, by lot in training and its middle otherwise, as for ImageNet",
);
const PER_CLASS: Words = words("Images of a class", "N", "images of each class to learn from; 0 takes all");

fn show(rows: &mut Rows<'_>, draft: &mut Config, base: &Config, state: &State) {
    let mut own = draft.data.path.clone().unwrap_or_default();
    let changed = (draft.data.path != base.data.path).then(|| "built-in pictures".to_owned());
    let typed = state.abilities.kept.is_none();
    let back = rows.row(if typed { &TYPED } else { &DROPPED }, changed, &mut |ui| {
        if typed {
            return ui.add(
                TextEdit::singleline(&mut own).desired_width(CONTROL).align(Align2::LEFT_CENTER).hint_text("built in"),
            );
        }
        ui.add(Label::new(if own.is_empty() { "built in" } else { own.as_str() }).truncate())
    });
    draft.data.path = if back { base.data.path.clone() } else { (!own.trim().is_empty()).then_some(own) };
    if draft.data.path.is_none() {
        let tasks = WorldTask::ALL.into_iter().map(|task| (task, task.name().to_owned())).collect();
        rows.list(&TASK, (&mut draft.data.synthetic, &base.data.synthetic), tasks, "");
    }
    // The small images of a beginner have one size.
    if draft.data.path.is_some() || base.data.size != DataConfig::default().size {
        rows.number(&SIZE, (&mut draft.data.size, base.data.size), 16..=1024, 1.0);
        let views = [(PictureView::Stretched, "whole picture"), (PictureView::Cropped, "parts of it")];
        let views = views.map(|(view, name)| (view, name.to_owned())).to_vec();
        rows.list(&VIEW, (&mut draft.data.view, &base.data.view), views, "");
    }
    rows.number(&PER_CLASS, (&mut draft.data.per_class, base.data.per_class), 0..=5_000, 0.2);
}
