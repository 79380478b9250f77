//! The pictures of the window in the documentation: `cargo run --release --example window_pictures -- FOLDER [KEY=VALUE …]`.
//!
//! It trains the demo in a window that nobody sees, presses what a user would press, and writes what is then on screen.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::Theme;
use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use l2t_app::window::app::App;
use l2t_app::window::settings::Settings;
use l2t_app::window::view_state::{Stage, ViewState};
use l2t_core::device::{DeviceChoice, open};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("the folder to write into comes first");
    let changes: Vec<String> = arguments.collect();
    let (theme, size) = (Theme::Light, [1280.0, 860.0]);
    let builder = Harness::builder().with_size(size).with_theme(theme).with_max_steps(8).wgpu();
    let mut harness = builder.build_eframe(|creation| {
        App::new(&creation.egui_ctx, Arc::new(|| open(DeviceChoice::Cpu)), &settings(changes))
    });
    until(&mut harness, |state| state.stage == Stage::Waiting);
    let folder = Path::new(&folder);
    let epochs = harness.state().draft().train.epochs;
    press(&mut harness, "Train");
    until(&mut harness, |state| state.history.epochs.len() >= epochs * 2 / 3);
    save(&mut harness, folder, "training");
    press(&mut harness, "Pause");
    until(&mut harness, |state| state.stage == Stage::Waiting);
    for _ in 0..3 {
        press(&mut harness, "Step");
        settle(&mut harness);
    }
    save(&mut harness, folder, "steps");
    press(&mut harness, "Check this gradient");
    until(&mut harness, |state| state.check.is_some());
    save(&mut harness, folder, "check");
    press(&mut harness, "pair block 8 → group 4");
    settle(&mut harness);
    save(&mut harness, folder, "pair");
    for (tab, name) in
        [("Saliency", "saliency"), ("λ over time", "lambda"), ("Losses", "losses"), ("Accuracy", "accuracy")]
    {
        press(&mut harness, tab);
        settle(&mut harness);
        save(&mut harness, folder, name);
    }
    press(&mut harness, "?");
    save(&mut harness, folder, "help");
    press(&mut harness, "Take the tour");
    save(&mut harness, folder, "tour");
    press(&mut harness, "Skip the tour");
    press(&mut harness, "Edit pairs");
    save(&mut harness, folder, "edit");
}

fn until(harness: &mut Harness<'_, App>, reached: impl Fn(&ViewState) -> bool) {
    while !reached(harness.state().state()) {
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    harness.run_steps(2);
}

/// Lets what was asked for arrive.
fn settle(harness: &mut Harness<'_, App>) {
    for _ in 0..100 {
        harness.step();
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn press(harness: &mut Harness<'_, App>, name: &str) {
    harness.get_by_role_and_label(Role::Button, name).click();
    harness.run_steps(2);
}

fn save(harness: &mut Harness<'_, App>, folder: &Path, name: &str) {
    harness.run_steps(8);
    let picture = harness.render().expect("there is an adapter to draw with");
    picture.save(folder.join(format!("{name}.png"))).expect("the folder can be written to");
}

fn settings(changes: Vec<String>) -> Settings {
    Settings { changes, tour_seen: true, ..Settings::default() }
}
