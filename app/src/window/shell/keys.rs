//! Keyboard shortcuts: `panels/help.rs` lists them.

use eframe::egui::{Context, Key, Modifiers};
use l2t_core::experiment::Pace;

use super::hidden::Part;
use super::intent::{Intent, Intents};
use super::state::State;
use super::tab::Tab;

const NUMBERS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// What the keys that went down ask for.
pub fn pressed(context: &Context, state: &State) -> Intents {
    let mut intents = Intents::new();
    let down = |modifiers, key| context.input_mut(|input| input.consume_key(modifiers, key));
    if down(Modifiers::COMMAND, Key::Q) {
        intents.push(Intent::Close);
    }
    if context.egui_wants_keyboard_input() {
        return intents;
    }
    let down = |key| down(Modifiers::NONE, key);
    if down(Key::Space) && context.memory(|memory| memory.focused().is_none()) {
        intents.push(Intent::Toggle);
    }
    for (key, pace) in [(Key::S, Pace::Step), (Key::I, Pace::Iteration)] {
        if down(key) && state.shows(Part::Steps) {
            intents.push(Intent::Pace(pace));
        }
    }
    if down(Key::R) {
        intents.push(Intent::StartAnew);
    }
    if down(Key::Questionmark) || down(Key::F1) {
        intents.push(Intent::Help(state.help.toggled()));
    }
    for (tab, key) in Tab::all().zip(NUMBERS) {
        if down(key) && state.shows(tab.part) {
            intents.push(Intent::Tab(tab.tab));
        }
    }
    intents
}
