//! The pictures of the window in the documentation, of a run that is complete:
//! `cargo run --release --example window_pictures -- RUN FOLDER`.
//!
//! It opens the run in a window that nobody sees, presses what a user would press, and writes what is then on screen.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::Theme;
use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use l2t_app::window::app::App;
use l2t_app::window::seam::{Given, Host};
use l2t_app::window::settings::Settings;
use l2t_app::window::view_state::{Stage, ViewState};
use l2t_core::device::{DeviceChoice, open};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [run, folder] = &arguments[..] else { panic!("give the folder of a run and the folder to write into") };
    let folder = Path::new(folder);
    let settings = Settings { tour_seen: true, ..Settings::default() };
    let builder = Harness::builder().with_size([1280.0, 860.0]).with_theme(Theme::Light).with_max_steps(8).wgpu();
    let mut harness = builder.build_eframe(|creation| {
        App::new(&creation.egui_ctx, Host::new(Arc::new(|_| open(DeviceChoice::Cpu))), &settings, None)
    });
    until(&mut harness, |state| state.stage == Stage::Waiting);
    for _ in 0..3 {
        press(&mut harness, "Step");
        settle(&mut harness);
    }
    press(&mut harness, "Check this gradient");
    until(&mut harness, |state| state.check.is_some());
    save(&mut harness, folder, "steps");
    harness.state_mut().take(vec![Given::Path(run.into())]);
    until(&mut harness, |state| state.stage == Stage::Finished);
    press(&mut harness, "OK");
    for (tab, name) in
        [("λ over time", "lambda"), ("Losses", "losses"), ("Accuracy", "accuracy"), ("Saliency", "saliency")]
    {
        press(&mut harness, tab);
        settle(&mut harness);
        save(&mut harness, folder, name);
    }
    press(&mut harness, "pair block 8 → group 4");
    press(&mut harness, "What is transferred");
    settle(&mut harness);
    save(&mut harness, folder, "pair");
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
