//! A target that a device cannot hold: the window takes the widest that it can, and says so.

#[path = "support/harness.rs"]
mod harness;

use std::sync::Arc;

use egui_kittest::Harness;
use harness::{settings, until};
use l2t_app::window::run::view_state::Stage;
use l2t_app::window::seam::Host;
use l2t_app::window::shell::app::App;
use l2t_core::device::{DeviceChoice, open};

/// Of 1,024 × 1,024 pixels, the 64 channels of VGG-9's first layers are 256 MiB an image, and a binding of the software
/// driver holds 128 MiB.
const CHANGES: [&str; 7] = [
    "target.width=1",
    "method.name=scratch",
    "data.size=1024",
    "data.validation=0",
    "data.per_class=0",
    "train.batch_size=2",
    "train.epochs=1",
];

#[test]
fn the_window_takes_the_width_that_fits_the_device_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    for class in ["left", "right"] {
        let class = folder.path().join("train").join(class);
        std::fs::create_dir_all(&class).expect("a folder");
        image::RgbImage::new(8, 8).save(class.join("0.png")).expect("a picture");
    }
    let device = open(DeviceChoice::SoftwareGpu).expect("the checks install a software driver");
    let host = Host::new(Arc::new(move |_| Ok(device.clone())));
    let pictures = format!("data.path={:?}", folder.path());
    let changes = CHANGES.map(String::from).into_iter().chain([pictures]).collect();
    let mut harness = Harness::builder()
        .with_size([1280.0, 860.0])
        .with_max_steps(8)
        .build_eframe(|creation| App::new(&creation.egui_ctx, host, &settings(changes), None));
    assert!((harness.state().draft().target.width - 1.0).abs() < f64::EPSILON, "what is asked for");
    until(&mut harness, "it is ready and waits", |state| state.stage == Stage::Waiting);
    let state = harness.state().state();
    let width = state.experiment.as_ref().map(|experiment| experiment.config.target.width);
    assert_eq!(width, Some(0.5));
    assert_eq!(Some(harness.state().draft().target.width), width, "the controls, and so the link, say what runs");
    let words: Vec<&str> = state.notices.iter().map(|notice| notice.text.as_str()).collect();
    assert!(words.iter().any(|text| text.contains("256 MiB") && text.contains("width 0.5")), "{words:?}");
}
