//! Keyboard shortcuts, and the tour for those who are here for the first time.

use eframe::egui::{Align2, Context, Grid, Id, Window, vec2};

const SHORTCUTS: [(&str, &str); 9] = [
    ("Space", "train, or pause"),
    ("S", "one step of Algorithm 1"),
    ("I", "one whole iteration"),
    ("R", "reset: a new run"),
    ("1 to 6", "accuracy, losses, λ, what is transferred, saliency, step by step"),
    ("? or F1", "this list"),
    ("Tab, Enter", "from control to control, press"),
    ("Ctrl + and −", "larger and smaller"),
    ("Ctrl Q", "close; a run that is kept in a folder is saved"),
];

/// Heading and words of every step.
const TOUR: [(&str, &str); 5] = [
    (
        "Two networks",
        "On the left a source network that has learned a large task and is frozen. On the right a small target network that \
         has only a few images of another task. The lines between their layers are the pairs that can be matched.",
    ),
    (
        "Press Train",
        "The target learns its task and, at the same time, to imitate the source over the matched pairs. The number at the end \
         of a line is λ, how strongly that pair is matched: where to transfer. Nobody chose it; it is learned.",
    ),
    (
        "What is transferred",
        "Press a number. Below you see the channels of the source that the pair weighs most and least, for one image, and what \
         the target makes of them. The weights w are learned, too, and differ from image to image.",
    ),
    (
        "Step by step",
        "Pause, and press Step. Each press is one step of Algorithm 1: virtual steps that try what the matching is good for, \
         and the reverse pass that learns from them what and where to transfer.",
    ),
    (
        "Compare",
        "Choose scratch or fm as method on the left, start a new run, and train again with the same seed: its curve joins the \
         first one under Accuracy. Then drop a folder of your own pictures on the window.",
    ),
];

/// What of it is open.
#[derive(Debug, Default)]
pub struct Help {
    shortcuts: bool,
    tour: Option<usize>,
}

impl Help {
    /// Opens or closes the shortcuts.
    pub fn toggle(&mut self) {
        self.shortcuts = !self.shortcuts;
    }

    /// Starts the tour.
    pub fn begin_tour(&mut self) {
        self.shortcuts = false;
        self.tour = Some(0);
    }

    /// Whether the tour is open.
    pub fn touring(&self) -> bool {
        self.tour.is_some()
    }

    /// Draws what is open.
    pub fn show(&mut self, context: &Context) {
        let mut open = self.shortcuts;
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
        self.shortcuts = open;
        if tour.and_then(|shown| shown.inner).unwrap_or(false) {
            self.begin_tour();
        }
        self.show_tour(context);
    }

    fn show_tour(&mut self, context: &Context) {
        let Some(at) = self.tour else { return };
        let (heading, words) = TOUR[at];
        let window = Window::new(format!("{heading} ({} of {})", at + 1, TOUR.len())).id(Id::unique("tour"));
        let window = window.collapsible(false).resizable(false).default_width(360.0);
        window.anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -16.0)).show(context, |ui| {
            ui.label(words);
            ui.horizontal(|ui| {
                let last = at + 1 == TOUR.len();
                if ui.button(if last { "Done" } else { "Next" }).clicked() {
                    self.tour = (!last).then_some(at + 1);
                }
                if at > 0 && ui.button("Back").clicked() {
                    self.tour = Some(at - 1);
                }
                if !last && ui.button("Skip the tour").clicked() {
                    self.tour = None;
                }
            });
        });
    }
}
