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
use l2t_app::window::run::view_state::{Stage, ViewState};
use l2t_app::window::seam::{Given, Host};
use l2t_app::window::shell::app::App;
use l2t_app::window::shell::settings::Settings;
use l2t_core::device::{DeviceChoice, open};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [run, folder] = &arguments[..] else { panic!("give the folder of a run and the folder to write into") };
    let (run, folder) = (Path::new(run), Path::new(folder));
    first_visit(folder);
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        every_tab(run, folder, theme, name, [1280.0, 860.0]);
    }
    every_tab(run, folder, Theme::Light, "light", [1024.0, 700.0]);
    every_tab(run, folder, Theme::Light, "light", [820.0, 1180.0]);
    every_tab(run, folder, Theme::Dark, "dark", [390.0, 844.0]);
}

fn window(settings: &Settings, theme: Theme, size: [f32; 2]) -> Harness<'static, App> {
    let builder = Harness::builder().with_size(size).with_theme(theme).with_max_steps(8).wgpu();
    let mut harness = builder.build_eframe(|creation| {
        App::new(&creation.egui_ctx, Host::new(Arc::new(|_| open(DeviceChoice::Cpu))), settings, None)
    });
    until(&mut harness, |state| state.stage == Stage::Waiting);
    settle(&mut harness);
    harness
}

/// What a newcomer sees, and what training looks like behind the first door.
fn first_visit(folder: &Path) {
    let mut harness = window(&Settings::default(), Theme::Light, [1280.0, 860.0]);
    save(&mut harness, folder, "first-start");
    press(&mut harness, "Use my pictures");
    save(&mut harness, folder, "own-pictures");
    press(&mut harness, "Close");
    press(&mut harness, "?");
    press(&mut harness, "Take the tour");
    press(&mut harness, "Next");
    press(&mut harness, "Train");
    until(&mut harness, |state| state.progress.done > 2);
    save(&mut harness, folder, "tour-training");
}

fn every_tab(run: &Path, folder: &Path, theme: Theme, name: &str, size: [f32; 2]) {
    let settings = Settings { tour_seen: true, ..Settings::default() };
    let mut harness = window(&settings, theme, size);
    let save = |harness: &mut Harness<'_, App>, what: &str| {
        save(harness, folder, &format!("{what}-{name}-{}", size[0]));
    };
    save(&mut harness, "waiting");
    for _ in 0..3 {
        press(&mut harness, "Step");
        settle(&mut harness);
    }
    press(&mut harness, "Check this gradient");
    until(&mut harness, |state| state.check.is_some());
    save(&mut harness, "steps");
    harness.state_mut().take(vec![Given::Path(run.into())]);
    until(&mut harness, |state| state.stage == Stage::Finished);
    press(&mut harness, "OK");
    for (tab, key) in [
        ("λ over time", "lambda"),
        ("Losses", "losses"),
        ("Results", "results"),
        ("Accuracy", "accuracy"),
        ("Saliency", "saliency"),
    ] {
        press(&mut harness, tab);
        settle(&mut harness);
        save(&mut harness, key);
    }
    press(&mut harness, "pair block 8 → group 4");
    press(&mut harness, "What is transferred");
    settle(&mut harness);
    save(&mut harness, "pair");
    if size[0] < 840.0 {
        press(&mut harness, "Settings");
        save(&mut harness, "settings");
    }
}

fn until(harness: &mut Harness<'_, App>, reached: impl Fn(&ViewState) -> bool) {
    while !reached(harness.state().state()) {
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    harness.run_steps(2);
}

/// Lets what was asked for arrive, however busy the machine is.
fn settle(harness: &mut Harness<'_, App>) {
    let waits =
        |harness: &Harness<'_, App>| harness.query_all_by_label_contains("waiting for the run").next().is_some();
    let mut frames = 0;
    while frames < 60 || waits(harness) {
        harness.step();
        std::thread::sleep(Duration::from_millis(20));
        frames += 1;
    }
}

fn press(harness: &mut Harness<'_, App>, name: &str) {
    harness.get_by_role_and_label(Role::Button, name).click_accesskit();
    harness.run_steps(3);
}

fn save(harness: &mut Harness<'_, App>, folder: &Path, name: &str) {
    harness.run_steps(8);
    let picture = harness.render().expect("there is an adapter to draw with");
    picture.save(folder.join(format!("{name}.png"))).expect("the folder can be written to");
}
