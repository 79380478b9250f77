//! The controls of an experiment, in groups. A new control is a line in the file of its group; what it changes of the preset
//! is marked, with a way back.

mod data;
mod meta;
mod method;
mod networks;
mod rows;
mod training;

use eframe::egui::{CollapsingHeader, ComboBox, Label, RichText, Ui, vec2};
use l2t_core::experiment::Config;
use l2t_core::experiment::config::PRESETS;

use self::rows::{CONTROL, Rows};
use crate::window::paint::theme;
use crate::window::shell::hidden::Part;
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;

/// Controls that belong together.
struct Group {
    name: &'static str,
    /// What a link hides it by.
    part: Part,
    /// Whether a beginner needs it.
    open: bool,
    /// What it shows while it is folded.
    summary: fn(&Config) -> String,
    changed: fn(&Config, &Config) -> bool,
    show: fn(&mut Rows<'_>, &mut Config, &Config, &State),
}

const GROUPS: [Group; 5] = [data::GROUP, networks::GROUP, method::GROUP, training::GROUP, meta::GROUP];

/// Width of the label above the groups, so that its list stands in line with theirs.
const LABEL: f32 = 146.0;

/// The experiments to begin with: not those that train sources.
fn presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name).filter(|name| !name.starts_with("source"))
}

/// Draws the controls that no link took away.
pub fn show(ui: &mut Ui, state: &State) -> Intents {
    let mut intents = Intents::new();
    ui.horizontal(|ui| {
        let label = ui.label("Preset");
        ui.add_space(LABEL - label.rect.width());
        let list = ComboBox::from_id_salt("preset").selected_text(&state.preset).width(CONTROL).show_ui(ui, |ui| {
            for name in presets() {
                if ui.selectable_label(state.preset == name, name).clicked() {
                    intents.push(Intent::Preset(name));
                }
            }
        });
        list.response.labelled_by(label.id).on_hover_text("an experiment to begin with");
    });
    let mut draft = state.draft.clone();
    for group in GROUPS.iter().filter(|group| state.shows(group.part)) {
        let changed = (group.changed)(&state.draft, &state.base);
        fold(ui, group, (group.summary)(&state.draft), changed, &mut |rows| {
            (group.show)(rows, &mut draft, &state.base, state);
        });
    }
    if draft != state.draft {
        intents.push(Intent::Draft(draft.into()));
    }
    intents
}

/// A group that can be folded; folded, it says in a line what it holds.
fn fold(ui: &mut Ui, group: &Group, summary: String, changed: bool, show: &mut dyn FnMut(&mut Rows<'_>)) {
    let header = CollapsingHeader::new(RichText::new(group.name).strong()).default_open(group.open);
    let shown = header.show(ui, |ui| Rows::show(ui, group.name, show));
    if changed {
        let at = shown.header_response.rect.right_center() + vec2(theme::STEP, -theme::STEP);
        ui.painter().circle_filled(at, 3.0, theme::accent(ui.visuals()));
    }
    if !shown.fully_open() {
        ui.indent(group.name, |ui| ui.add(Label::new(RichText::new(summary).small().weak()).truncate()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_offered_can_be_read() {
        assert!(presets().count() >= 3);
        for name in presets() {
            assert!(Config::preset(name, &[]).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_change_marks_the_group_that_it_is_in_and_no_other() {
        let base = Config::preset("demo", &[]).unwrap();
        for (change, name) in [
            ("data.per_class=5", "Data"),
            ("target.width=0.5", "Networks"),
            ("method.beta=2", "Method"),
            ("seed=3", "Training"),
            ("meta.lr=0.01", "Learning φ"),
        ] {
            let draft = Config::preset("demo", &[change.into()]).unwrap();
            let marked = GROUPS.iter().filter(|group| (group.changed)(&draft, &base)).map(|group| group.name);
            assert_eq!(marked.collect::<Vec<_>>(), [name], "{change}");
        }
    }
}
