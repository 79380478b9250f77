//! The tour: five steps that point at what to look at, and know when it has happened.

use eframe::egui::{Align2, Button, Context, Id, RichText, Window, vec2};

use super::help::Help;
use crate::window::paint::spot::{self, Spot};
use crate::window::paint::theme;
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;

struct Step {
    heading: &'static str,
    words: &'static str,
    /// What it points at.
    at: Spot,
    /// What the user does in it; empty where there is only something to see.
    task: &'static str,
    done: fn(&State) -> bool,
}

const TOUR: [Step; 5] = [
    Step {
        heading: "Two networks",
        words: "On the left a source network that has learned a large task and is frozen. On the right a small target \
                network that has only a few images of another task. The lines between their layers are the pairs that \
                can be matched.",
        at: Spot::Networks,
        task: "",
        done: |_| true,
    },
    Step {
        heading: "Press Train",
        words: "The target learns its task and, at the same time, to imitate the source over the matched pairs. The \
                number at the end of a line is λ, how strongly that pair is matched: where to transfer. Nobody chose \
                it; it is learned.",
        at: Spot::Train,
        task: "Press Train, or the space bar.",
        done: |state| state.run.progress.at() > 0.0,
    },
    Step {
        heading: "What is transferred",
        words: "Press a number. Below you see the channels of the source that the pair weighs most and least, for one \
                image, and what the target makes of them. The weights w are even, unless the method learns them: \
                l2t-ww does, for each image.",
        at: Spot::Networks,
        task: "Press the number at the end of a line.",
        done: |state| state.selection.tab.shows_pair(),
    },
    Step {
        heading: "Step by step",
        words: "Pause, and press Step. Each press is one step of Algorithm 1: virtual steps that try what the matching \
                is good for, and the reverse pass that learns from them what and where to transfer.",
        at: Spot::Steps,
        task: "Press Pause, then Step.",
        done: |state| !state.run.steps.is_empty(),
    },
    Step {
        heading: "Compare",
        words: "Choose scratch or fm as method on the left, start a new run, and train again with the same seed: its curve \
                joins the first one under Accuracy, and its numbers stand under Results. Then drop a folder of your own \
                pictures on the window.",
        at: Spot::Experiment,
        task: "Choose another method, start a new run with it, and press Train.",
        done: |state| {
            let name = |run: &crate::window::run::results::Run<'_>| run.config.method.name.name();
            let runs = state.runs();
            runs.iter().any(|run| name(run) != name(&runs[0]))
        },
    },
];

/// Draws the step that is open.
pub fn show(context: &Context, state: &State) -> Intents {
    let Some(nth) = state.help.tour else { return vec![] };
    let step = &TOUR[nth];
    let done = (step.done)(state);
    spot::frame(context, step.at);
    let to = |tour| Intent::Help(Help { tour, ..state.help });
    let mut intents = Intents::new();
    let window = Window::new(format!("{} ({} of {})", step.heading, nth + 1, TOUR.len())).id(Id::unique("tour"));
    let window = window.collapsible(false).resizable(false).default_width(340.0);
    window.anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -16.0)).show(context, |ui| {
        ui.label(step.words);
        if !step.task.is_empty() {
            let text = if done { "Done." } else { step.task };
            ui.label(RichText::new(text).strong().color(theme::accent(ui.visuals())));
        }
        ui.horizontal(|ui| {
            let last = nth + 1 == TOUR.len();
            let next = Button::new(if last { "Done" } else { "Next" }).selected(done);
            if ui.add(next).clicked() {
                intents.push(to((!last).then_some(nth + 1)));
            }
            if nth > 0 && ui.button("Back").clicked() {
                intents.push(to(Some(nth - 1)));
            }
            if !last && ui.button("Skip the tour").clicked() {
                intents.push(to(None));
            }
        });
    });
    intents
}
