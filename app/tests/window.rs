//! The window in this process: its controls are found by the names that a screen reader would say.

#[path = "support/harness.rs"]
mod harness;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, PointerButton, Rect, Theme, Vec2};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, Node, SnapshotResults};
use harness::{PATIENCE, settings, until};
use l2t_app::window::panels::charts::Chart;
use l2t_app::window::run::order::Output;
use l2t_app::window::run::view_state::Stage;
use l2t_app::window::seam::{Given, Host};
use l2t_app::window::shell::app::App;
use l2t_app::window::shell::hidden::Part;
use l2t_app::window::shell::link::Link;
use l2t_app::window::shell::settings::Settings;
use l2t_app::window::shell::tab::Tab;
use l2t_core::device::{DeviceChoice, instead_of_lost, open, open_shared};
use l2t_core::experiment::Config;
use l2t_core::experiment::config::PairsConfig;

/// A run of a few iterations on the CPU.
const SMALL: [&str; 5] =
    ["target.width=0.0625", "data.per_class=8", "train.batch_size=20", "train.epochs=2", "meta.matching_steps=1"];

fn window(changes: &[&str]) -> Harness<'static, App> {
    let changes: Vec<String> = SMALL.iter().chain(changes).map(ToString::to_string).collect();
    let builder = Harness::builder().with_size([1280.0, 860.0]).with_max_steps(8);
    let mut harness = builder.build_eframe(|creation| App::new(&creation.egui_ctx, cpu(), &settings(changes), None));
    until(&mut harness, "it is ready and waits", |state| state.stage == Stage::Waiting);
    harness
}

fn cpu() -> Host {
    Host::new(Arc::new(|_| open(DeviceChoice::Cpu)))
}

fn press(harness: &mut Harness<'_, App>, name: &str) {
    button(harness, name).click();
    // What comes up measures itself first.
    harness.run_steps(3);
}

fn give(harness: &mut Harness<'_, App>, path: impl AsRef<Path>) {
    harness.state_mut().take(vec![Given::Path(path.as_ref().to_owned())]);
}

fn button<'a>(harness: &'a Harness<'_, App>, name: &'a str) -> Node<'a> {
    harness.get_by_role_and_label(Role::Button, name)
}

fn says(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

#[test]
fn train_pause_and_go_on_to_the_end() {
    let mut harness = window(&[]);
    assert!(harness.state().state().losses.is_empty(), "nothing is trained before it is asked for");
    press(&mut harness, "Train");
    until(&mut harness, "an iteration", |state| state.progress.done > 0 || state.progress.epoch > 0);
    press(&mut harness, "Pause");
    until(&mut harness, "it waits", |state| state.stage == Stage::Waiting);
    let done = harness.state().state().progress;
    std::thread::sleep(Duration::from_millis(300));
    harness.run_steps(3);
    assert_eq!(harness.state().state().progress, done, "a run that waits does not go on");
    press(&mut harness, "Train");
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    let state = harness.state().state();
    assert_eq!(state.history.epochs.len(), 2);
    assert!(state.summary.as_ref().is_some_and(|summary| summary.test_accuracy.is_some()));
    assert!(state.latest_pairs().is_some_and(|pairs| pairs.len() == 15));
}

#[test]
fn a_press_counts_however_long_the_frames_are() {
    let mut harness = window(&[]);
    let pos = button(&harness, "Train").rect().center();
    let primary =
        |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
    harness.event(Event::PointerMoved(pos));
    harness.event(primary(true));
    // A quarter of a second each.
    harness.run_steps(8);
    harness.event(primary(false));
    harness.run_steps(3);
    until(&mut harness, "an iteration", |state| state.progress.done > 0 || state.progress.epoch > 0);
}

#[test]
fn steps_come_one_at_a_time_and_are_explained() {
    let mut harness = window(&[]);
    press(&mut harness, "Step");
    until(&mut harness, "a step", |state| state.stage == Stage::Waiting && state.steps.len() == 1);
    assert!(says(&harness, "The frozen source network looked at the batch"));
    press(&mut harness, "Step");
    until(&mut harness, "another", |state| state.stage == Stage::Waiting && state.steps.len() == 2);
    assert!(says(&harness, "An ordinary step"));
    assert!(harness.state().state().steps[1].task.is_some_and(|loss| loss > 0.0));
    press(&mut harness, "Step iteration");
    until(&mut harness, "the iteration", |state| state.stage == Stage::Waiting && state.progress.done == 1);
    // Source, step 1, T = 1 and the task step there and back, the measurement, φ.
    assert_eq!(harness.state().state().steps.len(), 8);
    assert!(says(&harness, "one step of Adam along the hypergradient"));
}

#[test]
fn the_hypergradient_can_be_checked() {
    let mut harness = window(&[]);
    press(&mut harness, "Step by step");
    press(&mut harness, "Check this gradient");
    until(&mut harness, "the check", |state| state.check.is_some());
    let check = harness.state().state().check.clone().expect("it was reached").expect("it can be checked");
    // Central differences in f64 with ε = 1e-5 are right to about ε², unless a ReLU switches in between.
    assert!(check.relative_error() < 1e-4, "{check:?}");
    assert!(check.analytic != 0.0 && says(&harness, "relative error"));
}

#[test]
fn reset_keeps_the_curve_and_starts_with_the_controls_as_they_are() {
    let mut harness = window(&["method.name=scratch"]);
    press(&mut harness, "Train");
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    press(&mut harness, "Reset");
    until(&mut harness, "a new run waits", |state| state.stage == Stage::Waiting);
    assert!(harness.state().state().history.epochs.is_empty());
    assert_eq!(harness.state().earlier().len(), 1);
}

#[test]
fn a_preset_fills_the_controls_and_says_that_it_needs_a_new_run() {
    let mut harness = window(&[]);
    harness.get_by_role_and_label(Role::ComboBox, "Preset").click();
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Button, "bench").click();
    harness.run_steps(3);
    assert_eq!(harness.state().draft().target.width, 1.0);
    assert!(says(&harness, "These changes need a new run"));
}

/// What one task taught is there from the first step on another; a run that uses it can be opened where the first is not.
#[test]
fn a_run_uses_phi_of_the_one_before_it() {
    let design = ["method.name=l2t-where", "meta.where_per=pair", "meta.where_start=even", "meta.where_lr=0.1"];
    // In the last epoch it is not learned any more: its λ is that of φ as it is left.
    let mut harness = window(&[&design[..], &["meta.epochs=1"]].concat());
    press(&mut harness, "Train");
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    let weights = |harness: &Harness<'_, App>| -> Vec<Vec<f64>> {
        let epochs = harness.state().state().history.epochs.iter();
        epochs.map(|epoch| epoch.pair_weights.iter().map(|pair| pair.mean).collect()).collect()
    };
    let learned = weights(&harness).pop().expect("two epochs");
    assert!(learned.iter().any(|mean| (mean - 1.0).abs() > 0.05), "{learned:?}");

    harness.get_by_label("Learning φ").click();
    // It opens slowly.
    harness.run_steps(30);
    for (list, choice) in [("Origin", "of run 1"), ("Task", "texture")] {
        harness.get_by_role_and_label(Role::ComboBox, list).click();
        harness.run_steps(3);
        press(&mut harness, choice);
    }
    press(&mut harness, "Start a new run with these");
    until(&mut harness, "it is ready and waits", |state| state.stage == Stage::Waiting);
    assert!(says(&harness, "φ of run 1, as it stands"));
    assert!(harness.state().settings().changes.iter().all(|change| !change.contains("phi")), "it is in memory alone");
    press(&mut harness, "Train");
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    assert_eq!(weights(&harness), [learned.clone(), learned]);

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.zip");
    harness.state().write(Output::Run, &path);
    until(&mut harness, "it is written", |state| state.notices.iter().any(|notice| notice.text.contains("run.zip")));
    let (history, mut other) = (harness.state().state().history.clone(), window(&[]));
    give(&mut other, &path);
    until(&mut other, "it is open and done", |state| state.stage == Stage::Finished);
    assert_eq!(other.state().state().history, history);
    press(&mut other, "Reset");
    until(&mut other, "another of its kind waits", |state| state.stage == Stage::Waiting);
}

#[test]
fn bad_files_are_refused_in_words_and_good_ones_are_taken() {
    let mut harness = window(&["train.batch_size=10"]);
    let before = harness.state().draft().clone();
    give(&mut harness, "nothing.safetensors");
    harness.run_steps(2);
    assert!(says(&harness, "nothing.safetensors"));
    assert_eq!(*harness.state().draft(), before);

    let folder = tempfile::tempdir().expect("a folder");
    for class in ["left", "right"] {
        let class = folder.path().join("train").join(class);
        std::fs::create_dir_all(&class).expect("a folder");
        for nth in 0..12 {
            image::RgbImage::new(8, 8).save(class.join(format!("{nth}.png"))).expect("a picture");
        }
    }
    give(&mut harness, folder.path());
    harness.run_steps(2);
    assert_eq!(harness.state().draft().data.path.as_deref(), folder.path().to_str());
    press(&mut harness, "Start a new run with these");
    until(&mut harness, "it is ready", |state| {
        state.experiment.as_ref().is_some_and(|e| e.shown.class_names.len() == 2)
    });
}

#[test]
fn pairs_are_chosen_by_pressing_them() {
    let mut harness = window(&[]);
    press(&mut harness, "Edit pairs");
    press(&mut harness, "pair block 2 → group 1, on");
    let Some(PairsConfig::List(pairs)) = &harness.state().draft().method.pairs else { panic!("pairs are listed") };
    assert_eq!(pairs.len(), 14);
    press(&mut harness, "pair block 2 → group 1, off");
    let Some(PairsConfig::List(pairs)) = &harness.state().draft().method.pairs else { panic!("pairs are listed") };
    assert_eq!(pairs.len(), 15);
}

#[test]
fn a_pair_shows_what_is_transferred_and_where_it_looks() {
    let mut harness = window(&[]);
    press(&mut harness, "pair block 8 → group 5");
    since_shown(&mut harness, "The most weighted channels");
    press(&mut harness, "Saliency");
    since_shown(&mut harness, "Mass inside the object");
}

fn since_shown(harness: &mut Harness<'_, App>, text: &str) {
    let since = Instant::now();
    while !says(harness, text) {
        assert!(since.elapsed() < PATIENCE, "not shown: {text}");
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_run_is_kept_and_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kept");
    let mut harness = window(&["method.name=scratch"]);
    press(&mut harness, "Train");
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    let history = harness.state().state().history.clone();
    harness.state().write(Output::Folder, &path);
    until(&mut harness, "it is kept", |state| state.notices.iter().any(|notice| notice.text.contains("is kept in")));
    drop(harness);
    let mut harness = window(&[]);
    give(&mut harness, &path);
    until(&mut harness, "it is open and done", |state| state.stage == Stage::Finished);
    assert_eq!(harness.state().state().history, history);
}

#[test]
fn a_folder_that_is_lost_while_training_is_a_warning_and_the_run_can_be_kept_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let mut harness = window(&["method.name=scratch"]);
    harness.state().write(Output::Folder, &first);
    until(&mut harness, "it is kept", |state| state.notices.iter().any(|notice| notice.text.contains("is kept in")));
    std::fs::remove_dir_all(&first).expect("it was made");
    // A file where the folder was: nothing can be written there, as on a disk that is full or gone.
    std::fs::write(&first, "in the way").expect("the folder can be written to");
    press(&mut harness, "Train");
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    let warnings = harness.state().state().notices.iter().filter(|notice| notice.warning);
    assert_eq!(warnings.filter(|notice| notice.text.contains("the run goes on in memory")).count(), 1, "said once");
    harness.state().write(Output::Folder, &second);
    until(&mut harness, "it is kept elsewhere", |state| {
        state.notices.iter().any(|notice| {
            notice.text.contains("second is kept") || notice.text.contains("kept in") && notice.text.contains("second")
        })
    });
    assert!(second.join("checkpoints/best.safetensors").exists());
}

#[test]
fn pictures_that_vanish_while_training_do_not_stop_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let pictures = folder.path().join("pictures");
    for class in ["left", "right"] {
        let class = pictures.join("train").join(class);
        std::fs::create_dir_all(&class).expect("a folder");
        for nth in 0..20u8 {
            image::RgbImage::from_pixel(8, 8, image::Rgb([nth; 3]))
                .save(class.join(format!("{nth}.png")))
                .expect("a picture");
        }
    }
    let path = format!("data.path={}", pictures.display());
    let mut harness = window(&[&path, "data.per_class=0", "train.batch_size=10", "method.name=scratch"]);
    std::fs::remove_dir_all(&pictures).expect("it was made");
    press(&mut harness, "Train");
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    press(&mut harness, "Reset");
    until(
        &mut harness,
        "it says what is missing",
        |state| matches!(&state.stage, Stage::Failed(why) if why.contains("pictures")),
    );
}

#[test]
fn a_window_that_is_closed_while_training_saves_what_it_keeps() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kept");
    let mut harness = window(&["train.epochs=50", "method.name=scratch"]);
    harness.state().write(Output::Folder, &path);
    until(&mut harness, "it is kept", |state| !state.notices.is_empty());
    press(&mut harness, "Train");
    until(&mut harness, "an epoch", |state| state.history.epochs.len() > 1);
    let epochs = harness.state().state().history.epochs.len();
    drop(harness);
    let (_, checkpoint) = l2t_core::experiment::store::RunFolder::open(&path).expect("it can be gone on with");
    assert!(checkpoint.position.history.epochs.len() >= epochs);
}

#[test]
fn charts_and_weights_are_exported() {
    let folder = tempfile::tempdir().expect("a folder");
    let (charts, weights) = (folder.path().join("charts"), folder.path().join("target.safetensors"));
    let mut harness = window(&[]);
    press(&mut harness, "Train");
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    harness.state().write(Output::Charts, &charts);
    harness.state().write(Output::Weights, &weights);
    until(&mut harness, "both are there", |state| state.notices.len() == 2);
    for name in ["learning-curves.png", "learning-curves.svg", "matching.png", "pair-weights.svg", "metrics.csv"] {
        assert!(charts.join(name).exists(), "{name}");
    }
    assert!(l2t_core::source::read_weights(weights.to_str().expect("UTF-8")).is_ok());
}

#[test]
fn a_run_in_a_zip_is_opened_from_disk_and_from_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let zip = folder.path().join("run.zip");
    let mut harness = window(&["method.name=scratch"]);
    press(&mut harness, "Train");
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    let history = harness.state().state().history.clone();
    harness.state().write(Output::Run, &zip);
    until(&mut harness, "it is written", |state| state.notices.iter().any(|notice| notice.text.contains("run.zip")));
    let bytes = std::fs::read(&zip).expect("it was written");
    for given in [Given::Path(zip), Given::file("dropped.zip".into(), bytes)] {
        let mut harness = window(&[]);
        harness.state_mut().take(vec![given]);
        until(&mut harness, "it is open and done", |state| state.stage == Stage::Finished);
        assert_eq!(harness.state().state().history, history);
        assert_eq!(harness.state().draft().method.name.name(), "scratch");
    }
}

#[test]
fn a_link_brings_its_experiment_and_hides_what_it_says() {
    let harness = window(&["seed=5"]);
    let link = harness.state().link([Part::Files, Part::Meta, Part::Steps].into());
    assert_eq!(link.config, *harness.state().draft());
    assert!(says(&harness, "Learning φ"), "it is there where no link hides it");
    let read = Link::read(&link.hash()).expect("it is understood");
    let builder = Harness::builder().with_size([1280.0, 860.0]).with_max_steps(8);
    let mut harness = builder.build_eframe(move |creation| {
        App::new(&creation.egui_ctx, cpu(), &settings(SMALL.map(String::from).to_vec()), Some(read))
    });
    until(&mut harness, "it is ready and waits", |state| state.stage == Stage::Waiting);
    assert_eq!(harness.state().draft().seed, 5);
    for hidden in ["Copy link", "Learning φ", "Step", "Step by step"] {
        assert!(harness.query_all_by_label(hidden).next().is_none(), "{hidden} is hidden");
    }
    assert!(harness.query_all_by_label("Train").next().is_some());
}

#[test]
fn a_run_whose_device_fails_goes_on_from_its_last_epoch() {
    let (device, shared) = open_shared(DeviceChoice::SoftwareGpu).expect("the checks install a software driver");
    let shared = shared.expect("no other test here opens it");
    // As the program does it.
    let host = Host::new(Arc::new(move |lost| Ok(if lost { instead_of_lost() } else { device.clone() })));
    let changes = SMALL.iter().chain(&["method.name=scratch", "train.epochs=3"]).map(ToString::to_string).collect();
    let mut harness = Harness::builder()
        .with_size([1280.0, 860.0])
        .with_max_steps(8)
        .build_eframe(|creation| App::new(&creation.egui_ctx, host, &settings(changes), None));
    until(&mut harness, "it is ready and waits", |state| state.stage == Stage::Waiting);
    press(&mut harness, "Train");
    until(&mut harness, "an epoch", |state| !state.history.epochs.is_empty());
    shared.device.destroy();
    until(&mut harness, "it says so", |state| matches!(&state.stage, Stage::Failed(why) if why.contains("lost")));
    let epochs = harness.state().state().history.epochs.clone();
    press(&mut harness, &format!("Go on from the end of epoch {}", epochs.len()));
    until(&mut harness, "the end", |state| state.stage == Stage::Finished);
    let state = harness.state().state();
    assert!(state.device.as_ref().is_some_and(|device| device.name.starts_with("CPU")));
    assert_eq!(state.history.epochs.len(), 3);
    assert_eq!(state.history.epochs[..epochs.len()], epochs[..], "what was done is kept");
}

#[test]
fn a_newcomer_is_shown_around_once() {
    let builder = Harness::builder().with_size([1280.0, 860.0]).with_max_steps(8);
    let newcomer = Settings { changes: SMALL.map(String::from).to_vec(), ..Settings::default() };
    let mut harness = builder.build_eframe(|creation| App::new(&creation.egui_ctx, cpu(), &newcomer, None));
    harness.run_steps(3);
    assert!(!harness.state().settings().tour_seen && says(&harness, "Use my pictures"));
    press(&mut harness, "See it learn");
    assert!(!harness.state().settings().tour_seen && says(&harness, "Two networks (1 of 5)"));
    until(&mut harness, "it trains as soon as it is ready", |state| state.stage == Stage::Training);
    for _ in 0..4 {
        press(&mut harness, "Next");
    }
    assert!(says(&harness, "Compare (5 of 5)"));
    press(&mut harness, "Done");
    assert!(harness.state().settings().tour_seen && !says(&harness, "5 of 5"));
    press(&mut harness, "?");
    press(&mut harness, "Take the tour");
    assert!(says(&harness, "Two networks (1 of 5)"));
}

/// Who has chosen nothing sees where to transfer being learned; the paper's own rates need longer to show it.
#[test]
fn see_it_learn_begins_where_lambda_moves_soonest() {
    let builder = Harness::builder().with_size([1280.0, 860.0]).with_max_steps(8);
    let mut harness = builder.build_eframe(|creation| App::new(&creation.egui_ctx, cpu(), &Settings::default(), None));
    harness.run_steps(3);
    press(&mut harness, "See it learn");
    until(&mut harness, "it trains as soon as it is ready", |state| state.stage == Stage::Training);
    let experiment = harness.state().state().experiment.clone().expect("it trains");
    assert_eq!(experiment.config, Config::preset("demo-early", &[]).expect("a preset"));
}

#[test]
fn keys_do_what_the_list_says() {
    let mut harness = window(&[]);
    harness.key_press(Key::S);
    until(&mut harness, "a step", |state| state.stage == Stage::Waiting && state.steps.len() == 1);
    harness.key_press(Key::I);
    until(&mut harness, "an iteration", |state| state.stage == Stage::Waiting && state.progress.done == 1);
    harness.key_press(Key::Num2);
    harness.run_steps(2);
    assert_eq!(harness.state().tab(), Tab::Chart(Chart::Losses));
    harness.key_press(Key::Space);
    until(&mut harness, "training", |state| state.progress.done > 1 || state.progress.epoch > 0);
    harness.key_press(Key::R);
    until(&mut harness, "a new run", |state| state.stage == Stage::Waiting && state.progress.done == 0);
}

#[test]
fn what_cannot_be_opened_is_said_in_words() {
    let changes: Vec<String> = vec!["sources.0.weights=gone.pth".into()];
    let mut harness = Harness::builder()
        .with_size([1024.0, 700.0])
        .with_max_steps(8)
        .build_eframe(|creation| App::new(&creation.egui_ctx, cpu(), &settings(changes), None));
    until(&mut harness, "it fails", |state| matches!(state.stage, Stage::Failed(_)));
    assert!(says(&harness, "The run cannot go on: gone.pth"));
}

/// The main view, waiting, as it is drawn: in both themes, at the size it opens with, at the smallest, and on the page of a
/// tablet and of a phone.
#[test]
fn the_main_view_looks_as_it_did() {
    let mut results = SnapshotResults::new();
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for size in [[1280.0, 860.0], [1024.0, 700.0], [820.0, 1180.0], [390.0, 844.0]] {
            let mut harness = drawn(size, theme);
            harness.run_steps(2);
            // How many threads there are depends on the machine; a small screen has it in a sheet.
            let device = harness.query_all_by_label_contains("Runs on").next().map(|line| line.rect());
            device.into_iter().for_each(|rect| harness.mask(rect.expand(4.0)));
            // So does how long a run takes, which stands below these words.
            let time = harness.query_all_by_label("Time left").next().map(|words| words.rect());
            time.into_iter().for_each(|rect| harness.mask(Rect::from_min_size(rect.min, Vec2::new(60.0, 40.0))));
            results.add(harness.try_snapshot(format!("main-{name}-{}", size[0])));
        }
    }
}

fn drawn(size: [f32; 2], theme: Theme) -> Harness<'static, App> {
    let changes = SMALL.map(String::from).to_vec();
    let builder = Harness::builder().with_size(size).with_theme(theme).with_max_steps(8).wgpu();
    let mut harness = builder.build_eframe(|creation| App::new(&creation.egui_ctx, cpu(), &settings(changes), None));
    until(&mut harness, "it is ready and waits", |state| state.stage == Stage::Waiting);
    // What the layers see comes from the run's thread, when it comes.
    let since = Instant::now();
    while !harness.state().shows_layers() {
        assert!(since.elapsed() < PATIENCE, "the layers' pictures do not come");
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.run_steps(2);
    harness
}
