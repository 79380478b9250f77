//! What stands over the window: keyboard shortcuts, the doors that a newcomer stands before, the tour, and what there is
//! to know of the device.

use eframe::egui::{Align2, Context, Grid, Window, vec2};

use super::{device, tour, welcome};
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;

/// Keys, and what they do.
pub const SHORTCUTS: [(&str, &str); 9] = [
    ("Space", "train, or pause"),
    ("S", "one step of Algorithm 1"),
    ("I", "one whole iteration"),
    ("R", "reset: a new run"),
    ("1 to 7", "accuracy, losses, λ, what is transferred, saliency, step by step, results"),
    ("? or F1", "this list"),
    ("Tab, Enter", "from control to control, press"),
    ("Ctrl + and −", "larger and smaller"),
    ("Ctrl Q", "close; a run that is kept in a folder is saved"),
];

/// What of it is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Help {
    /// The list of keys.
    pub shortcuts: bool,
    /// What there is to know of the device.
    pub device: bool,
    /// Its step.
    pub tour: Option<usize>,
    /// What stands in front of the window.
    pub front: Front,
}

/// What stands in front of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Front {
    /// Nothing.
    #[default]
    Nothing,
    /// Three doors, for those who are here for the first time.
    Doors,
    /// How to train on pictures of one's own.
    Pictures,
}

impl Help {
    /// For those who are here for the first time.
    pub fn newcomer() -> Self {
        Self { front: Front::Doors, ..Self::default() }
    }

    /// With the tour at its beginning, and nothing else.
    pub fn tour() -> Self {
        Self { tour: Some(0), ..Self::default() }
    }

    /// With the shortcuts open, or closed again.
    pub fn toggled(self) -> Self {
        Self { shortcuts: !self.shortcuts, ..self }
    }

    /// Whether a newcomer is being shown around.
    pub fn welcoming(self) -> bool {
        self.tour.is_some() || self.front == Front::Doors
    }
}

/// Draws what is open.
pub fn show(context: &Context, state: &State) -> Intents {
    let mut intents = welcome::show(context, state);
    intents.extend(tour::show(context, state));
    intents.extend(device::show(context, state));
    let mut open = state.help.shortcuts;
    let window = Window::new("Shortcuts").open(&mut open).collapsible(false).resizable(false);
    let tour = window.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(context, |ui| {
        Grid::new("shortcuts").striped(true).show(ui, |ui| {
            for (keys, what) in SHORTCUTS {
                ui.strong(keys);
                ui.label(what);
                ui.end_row();
            }
        });
        ui.button("Take the tour").clicked()
    });
    if tour.and_then(|shown| shown.inner).unwrap_or(false) {
        intents.push(Intent::Help(Help::tour()));
    } else if open != state.help.shortcuts {
        intents.push(Intent::Help(state.help.toggled()));
    }
    intents
}
