//! The row at the top: *Train* and what else makes a run go on, and the numbers of the run.

use eframe::egui::{
    Align, Align2, Button, CornerRadius, FontId, Label, Layout, Rect, Response, RichText, Role, Sense, Shape, Stroke,
    StrokeKind, Ui, WidgetInfo, pos2, vec2,
};
use l2t_core::experiment::Pace;

use super::button::button;
use crate::window::paint::spot::{self, Spot};
use crate::window::paint::theme::{self, FIGURE, HEADING, SMALL};
use crate::window::run::view_state::{Stage, ViewState};
use crate::window::shell::hidden::Part;
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;
use crate::window::shell::tab::Tab;
use crate::words;

/// Draws it; where there is no room, in two rows.
pub fn show(ui: &mut Ui, state: &State, narrow: bool) -> Intents {
    let mut intents = Intents::new();
    ui.add_space(theme::STEP);
    ui.horizontal(|ui| {
        train_button(ui, state, narrow, &mut intents);
        if !narrow {
            more_buttons(ui, state, &mut intents);
        }
        ui.add_space(2.0 * theme::STEP);
        match doing(&state.run) {
            Some(words) => drop(ui.add(Label::new(words).wrap())),
            None => figures(&state.run, narrow).into_iter().for_each(|figure| figure.show(ui, narrow)),
        }
        if !narrow {
            about(ui, state, &mut intents);
        }
    });
    if narrow {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            if state.shows(Part::Left) {
                let settings = Button::new("Settings").selected(state.sheet);
                if ui.add(settings).on_hover_text("the experiment and files").clicked() {
                    intents.push(Intent::Sheet(!state.sheet));
                }
            }
            more_buttons(ui, state, &mut intents);
            about(ui, state, &mut intents);
        });
    }
    progress(ui, &state.run);
    intents
}

fn about(ui: &mut Ui, state: &State, intents: &mut Intents) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        intents.extend(button(ui, "?", "keyboard shortcuts and the tour", Intent::Help(state.help.toggled())));
        let dark = ui.visuals().dark_mode;
        intents.extend(button(ui, if dark { "light" } else { "dark" }, "the other theme", Intent::Dark(!dark)));
    });
}

fn train_button(ui: &mut Ui, state: &State, narrow: bool, intents: &mut Intents) {
    let able = state.run.can_go_on();
    let train = ui.add_enabled_ui(able, |ui| train(ui, state.abilities.running, narrow)).inner;
    spot::mark(ui, Spot::Train, train.rect);
    if train.clicked() {
        intents.push(Intent::Toggle);
    }
}

fn more_buttons(ui: &mut Ui, state: &State, intents: &mut Intents) {
    let able = state.run.can_go_on();
    if state.shows(Part::Steps) {
        let step = ui.add_enabled(able, Button::new("Step")).on_hover_text("one step of Algorithm 1 (S)");
        spot::mark(ui, Spot::Steps, step.rect);
        if step.clicked() {
            intents.extend([Intent::Tab(Tab::Steps), Intent::Pace(Pace::Step)]);
        }
        let iteration = ui.add_enabled(able, Button::new("Step iteration"));
        if iteration.on_hover_text("all steps of one iteration (I)").clicked() {
            intents.push(Intent::Pace(Pace::Iteration));
        }
    }
    let about = "a new run, with the experiment as it is in the settings (R)";
    intents.extend(button(ui, "Reset", about, Intent::StartAnew));
}

/// The button that everything begins with, with its key beside it.
fn train(ui: &mut Ui, running: bool, narrow: bool) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(148.0, 44.0), Sense::click());
    let (name, able) = (if running { "Pause" } else { "Train" }, ui.is_enabled());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, able, name));
    let (visuals, painter) = (ui.visuals(), ui.painter());
    let ink = theme::on_accent(visuals);
    let fill = theme::accent(visuals).gamma_multiply(if response.hovered() { 0.88 } else { 1.0 });
    let edge = if response.has_focus() { Stroke::new(2.0, visuals.text_color()) } else { Stroke::NONE };
    painter.rect(rect, CornerRadius::same(8), fill, edge, StrokeKind::Outside);
    let sign = Rect::from_center_size(rect.left_center() + vec2(24.0, 0.0), vec2(14.0, 16.0));
    if running {
        for left in [sign.left(), sign.right() - 5.0] {
            painter.rect_filled(Rect::from_min_size(pos2(left, sign.top()), vec2(5.0, 16.0)), 1.0, ink);
        }
    } else {
        let corners = vec![sign.left_top(), sign.right_center(), sign.left_bottom()];
        painter.add(Shape::convex_polygon(corners, ink, Stroke::NONE));
    }
    let at = rect.left_center() + vec2(42.0, 0.0);
    painter.text(at, Align2::LEFT_CENTER, name, FontId::proportional(HEADING), ink);
    // Who has so small a screen has no key to press.
    if !narrow {
        let at = rect.right_center() - vec2(12.0, 0.0);
        painter.text(at, Align2::RIGHT_CENTER, "space", FontId::proportional(SMALL), ink);
    }
    response.on_hover_text("Space")
}

/// A number of the run.
struct Figure {
    name: &'static str,
    value: String,
    about: String,
}

impl Figure {
    fn show(self, ui: &mut Ui, narrow: bool) {
        let shown = ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            // As wide from the first number on: what is beside it stays.
            ui.set_min_width(if narrow { 60.0 } else { 92.0 });
            ui.label(RichText::new(self.name).size(SMALL).weak());
            ui.label(RichText::new(self.value).size(if narrow { HEADING } else { FIGURE }));
        });
        shown.response.on_hover_text(self.about);
    }
}

/// Where the run stands, now and at its best.
fn figures(state: &ViewState, narrow: bool) -> Vec<Figure> {
    let progress = state.progress;
    let share =
        |record: &l2t_core::experiment::EpochRecord| record.validation_accuracy.unwrap_or(record.train_accuracy);
    let accuracy = |share: Option<f64>| share.map_or_else(|| "–".into(), words::percent);
    let best = state.history.best();
    let epoch = format!("{} / {}", (progress.epoch + 1).min(progress.epochs), progress.epochs);
    let about = format!("iteration {} of {} in this epoch", progress.done, progress.of);
    let of = "of the validation images, behind the last epoch; of the training images where none are held out";
    let mut figures = vec![
        Figure { name: "Epoch", value: epoch, about },
        Figure { name: "Accuracy", value: accuracy(state.history.epochs.last().map(share)), about: of.into() },
        Figure {
            name: "Best",
            value: accuracy(best.map(share)),
            about: best.map_or_else(|| "no epoch is complete".into(), |best| format!("in epoch {}", best.epoch)),
        },
    ];
    if narrow {
        figures.pop();
    }
    if let Some(test) = state.summary.as_ref().and_then(|summary| summary.test_accuracy) {
        let about = "of the test images, with the weights of the best epoch";
        figures.push(Figure { name: "Test", value: words::percent(test), about: about.into() });
    } else {
        let left = state.secs_left().map_or_else(|| "–".into(), words::duration);
        let speed = state.iteration_secs().map(|secs| {
            if secs < 1.0 {
                format!("{:.1} iterations a second", 1.0 / secs)
            } else {
                format!("{secs:.1} s an iteration")
            }
        });
        figures.push(Figure {
            name: "Time left",
            value: left,
            about: speed.unwrap_or_else(|| "expected by what one forward pass takes".into()),
        });
    }
    figures
}

/// What goes on besides training.
fn doing(state: &ViewState) -> Option<String> {
    match (&state.stage, state.compiling, state.testing) {
        (Stage::Opening, ..) => Some("Drawing images, building networks…".into()),
        (Stage::Failed(_), ..) => Some("stopped".into()),
        (_, Some(compiling), _) => Some(format!(
            "compiling {} of {}: {}, {} kernels",
            compiling.done,
            compiling.of,
            compiling.phase.name(),
            state.kernels.unwrap_or_default()
        )),
        (_, _, Some((done, of))) => Some(format!("{done} of {of} test images")),
        _ => None,
    }
}

/// A line as long as the run, filled as far as it is.
fn progress(ui: &mut Ui, state: &ViewState) {
    let progress = state.progress;
    let share = match (&state.stage, state.compiling, state.testing) {
        (_, Some(compiling), _) => compiling.done as f64 / compiling.of as f64,
        (_, _, Some((done, of))) => done as f64 / of as f64,
        (Stage::Finished, ..) => 1.0,
        _ => progress.at() / progress.epochs.max(1) as f64,
    };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::STEP), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, progress_words(state)));
    let fill = Rect::from_min_size(rect.min, vec2(rect.width() * share.clamp(0.0, 1.0) as f32, rect.height()));
    ui.painter().rect_filled(rect, 2.0, ui.visuals().widgets.inactive.bg_fill);
    ui.painter().rect_filled(fill, 2.0, theme::accent(ui.visuals()));
    response.on_hover_text(progress_words(state));
}

/// How far a run is, in words.
pub fn progress_words(state: &ViewState) -> String {
    let progress = state.progress;
    if state.stage == Stage::Finished {
        return finished_words(state);
    }
    let mut words = progress.epoch_words();
    if progress.done > 0 {
        words += &format!(" · {} of {}", progress.done, progress.of);
    }
    if let Some(secs) = state.secs_left() {
        words += &format!(" · {} left", words::duration(secs));
    }
    words
}

/// The result in words.
pub fn finished_words(state: &ViewState) -> String {
    let test = state.summary.as_ref().and_then(|summary| summary.test_accuracy);
    test.map_or_else(|| "done".into(), |share| format!("done: {} of the test images right", words::percent(share)))
}
