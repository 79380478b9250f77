//! A new run, and closing, are there at once whatever the run before is about.

#[path = "support/harness.rs"]
mod harness;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use harness::{settings, until};
use l2t_app::window::run::view_state::{Stage, ViewState};
use l2t_app::window::seam::{Host, Leaving};
use l2t_app::window::shell::app::App;
use l2t_app::window::shell::link::Link;
use l2t_core::device::{DeviceChoice, open};

/// What a user does not notice. The window's thread does nothing but ask, so that a busy machine keeps it by far.
const AT_ONCE: Duration = Duration::from_millis(200);

/// What takes some seconds on any machine, with 1,500 test images and a source of eight megabytes of features.
const LONG: [&str; 5] =
    ["target.width=0.5", "data.per_class=4", "train.batch_size=20", "train.epochs=1", "meta.matching_steps=1"];

struct Window {
    harness: Harness<'static, App>,
    leaving: Leaving,
}

fn window(changes: &[String]) -> Window {
    let host = Host::new(Arc::new(|_| open(DeviceChoice::Cpu)));
    let leaving = host.leaving();
    let changes = LONG.iter().map(ToString::to_string).chain(changes.iter().cloned()).collect();
    let builder = Harness::builder().with_size([1280.0, 860.0]).with_max_steps(8);
    let harness = builder.build_eframe(|creation| App::new(&creation.egui_ctx, host, &settings(changes), None));
    Window { harness, leaving }
}

impl Window {
    fn until(&mut self, what: &str, reached: impl Fn(&ViewState) -> bool) {
        until(&mut self.harness, what, reached);
    }

    fn press(&mut self, name: &str) {
        self.harness.get_by_role_and_label(Role::Button, name).click();
        self.harness.run_steps(2);
    }

    /// The run is where `is_there` says; a new run takes its place.
    fn begins_anew(&mut self, is_there: impl Fn(&ViewState) -> bool) {
        assert!(is_there(self.harness.state().state()), "it is elsewhere: {:?}", self.harness.state().state().stage);
        let app = self.harness.state_mut();
        let link = Link::to(app.preset(), app.draft());
        let since = Instant::now();
        app.follow(link);
        let took = since.elapsed();
        assert!(took < AT_ONCE, "a new run was there after {took:?}");
    }

    /// The run is where `is_there` says; the window is closed, and the program ends with what is under way.
    fn closes(&mut self, is_there: impl Fn(&ViewState) -> bool) {
        assert!(is_there(self.harness.state().state()), "it is elsewhere: {:?}", self.harness.state().state().stage);
        let since = Instant::now();
        eframe::App::on_exit(self.harness.state_mut());
        let took = since.elapsed();
        assert!(took < AT_ONCE, "it was closed after {took:?}");
        self.leaving.wait();
    }

    /// A new run takes the place of one that is where `reach` brings it, and the window is closed on the next one there.
    fn waits_for_nothing(mut self, reach: impl Fn(&mut Self), is_there: impl Fn(&ViewState) -> bool) {
        reach(&mut self);
        self.begins_anew(&is_there);
        reach(&mut self);
        self.closes(&is_there);
    }
}

/// Two classes of large pictures, which take seconds to decode.
fn large_pictures(folder: &Path) {
    let picture = folder.join("a.png");
    for class in ["a", "b"] {
        std::fs::create_dir(folder.join("set").join(class)).expect("a folder");
    }
    image::RgbImage::from_pixel(4000, 4000, image::Rgb([40, 90, 7])).save(&picture).expect("written");
    for nth in 0..24 {
        let class = ["a", "b"][nth % 2];
        std::fs::hard_link(&picture, folder.join(format!("set/{class}/{nth}.png"))).expect("linked");
    }
}

fn is_loading(state: &ViewState) -> bool {
    state.device.is_some() && state.experiment.is_none() && state.stage == Stage::Opening
}

#[test]
fn while_data_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("set")).expect("a folder");
    large_pictures(folder.path());
    let path = toml::Value::String(folder.path().join("set").display().to_string());
    let window = window(&[format!("data.path={path}"), "data.per_class=0".into()]);
    // The second waits until the first has ended, then reads.
    window.waits_for_nothing(|window| window.until("it reads", is_loading), is_loading);
}

#[test]
fn while_it_is_tested() {
    let is_testing = |state: &ViewState| state.stage == Stage::Testing;
    let train = |window: &mut Window| {
        window.until("it is ready", |state| state.stage == Stage::Waiting);
        window.press("Train");
        window.until("it is tested", is_testing);
    };
    window(&[]).waits_for_nothing(train, is_testing);
}

#[test]
fn while_a_gradient_is_checked() {
    let is_checking = |state: &ViewState| state.checking && state.check.is_none();
    let check = |window: &mut Window| {
        window.until("it is ready", |state| state.stage == Stage::Waiting);
        window.press("Step by step");
        window.press("Check this gradient");
        window.until("it is checked", is_checking);
    };
    window(&[]).waits_for_nothing(check, is_checking);
}
