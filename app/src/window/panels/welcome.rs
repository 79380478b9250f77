//! What a newcomer sees first: one sentence and three doors.

use eframe::egui::{
    Align2, Context, CornerRadius, FontId, Id, Key, Modifiers, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, Window,
    vec2,
};

use super::help::{Front, Help};
use crate::window::paint::theme::{self, BODY, HEADING, STEP};
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;

const DOORS: [(&str, &str, Intent); 3] = [
    ("See it learn", "the demo, at once: ten kinds of beetle, 20 pictures of each", Intent::SeeItLearn),
    (
        "Use my pictures",
        "a folder or zip with one folder a class; nothing leaves this machine",
        Intent::Help(Help { shortcuts: false, device: false, tour: None, front: Front::Pictures }),
    ),
    ("Lesson", "short experiments that say what to look at", Intent::Lesson),
];

/// Draws what stands in front of the window.
pub fn show(context: &Context, state: &State) -> Intents {
    let title = match state.help.front {
        Front::Nothing => return vec![],
        Front::Doors => "Learning what and where to transfer",
        Front::Pictures => "Your own pictures",
    };
    let mut intents = Intents::new();
    let width = (context.content_rect().width() - 48.0).min(520.0);
    let window = Window::new(title).id(Id::unique("welcome")).collapsible(false).resizable(false);
    window.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).fixed_size(vec2(width, 0.0)).show(context, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0 * STEP;
        match state.help.front {
            Front::Doors => doors(ui, &mut intents),
            _ => pictures(ui, state, &mut intents),
        }
        if ui.button("Close").clicked() || ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            intents.push(Intent::Help(Help { front: Front::Nothing, ..state.help }));
        }
    });
    intents
}

fn doors(ui: &mut Ui, intents: &mut Intents) {
    ui.label(
        "A small network learns a task from a few pictures, with the help of a frozen network that knows another task: watch \
         what it takes over, and where.",
    );
    for (name, about, intent) in DOORS {
        if door(ui, name, about) {
            intents.push(intent);
        }
    }
}

/// A button as wide as the window, with a line that says what is behind it.
fn door(ui: &mut Ui, name: &str, about: &str) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 64.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let (visuals, painter) = (ui.visuals(), ui.painter().with_clip_rect(rect));
    let lit = response.hovered() || response.has_focus();
    let edge = Stroke::new(
        if lit { 2.0 } else { 1.0 },
        if lit { theme::accent(visuals) } else { visuals.window_stroke.color },
    );
    painter.rect(rect, CornerRadius::same(8), visuals.widgets.inactive.bg_fill, edge, StrokeKind::Inside);
    let at = rect.left_center() + vec2(4.0 * STEP, 0.0);
    painter.text(at, Align2::LEFT_BOTTOM, name, FontId::proportional(HEADING), theme::accent(visuals));
    let line =
        painter.layout(about.to_owned(), FontId::proportional(BODY), visuals.text_color(), rect.width() - 8.0 * STEP);
    painter.galley(at, line, visuals.text_color());
    response.clicked()
}

fn pictures(ui: &mut Ui, state: &State, intents: &mut Intents) {
    let page = state.abilities.kept.is_some();
    ui.label("One folder a class, with some twenty pictures in each or more. They are resized; any of the usual formats will do.");
    ui.label(if page {
        "1. Drop a zip of these folders on the page, or open it here."
    } else {
        "1. Drop the folder that holds them on the window, or open it here; a zip will do as well."
    });
    ui.horizontal(|ui| {
        if !page && ui.button("Choose a folder…").clicked() {
            intents.push(Intent::ChooseFolder);
        }
        if ui.button("Choose a file…").clicked() {
            intents.push(Intent::ChooseFile);
        }
    });
    ui.label("2. Press “Start a new run with these” on the left.");
    ui.label("3. Press Train.");
}
