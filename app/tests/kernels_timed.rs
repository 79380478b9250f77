//! The kernels of a device, timed on request while a run waits.

#[path = "support/harness.rs"]
mod harness;

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use harness::{settings, until};
use l2t_app::window::run::view_state::Stage;
use l2t_app::window::seam::Host;
use l2t_app::window::shell::app::App;
use l2t_core::device::{DeviceChoice, open};

const CHANGES: [&str; 4] = ["target.width=0.0625", "method.name=scratch", "data.per_class=8", "train.batch_size=20"];

/// All of them take a software driver minutes: enough that it begins, says how far it is, and ends with its run.
#[test]
fn timing_tells_how_far_it_is_and_a_new_run_ends_it() {
    let device = open(DeviceChoice::SoftwareGpu).expect("the checks install a software driver");
    let host = Host::new(Arc::new(move |_| Ok(device.clone())));
    let changes = CHANGES.map(String::from).to_vec();
    let mut harness = Harness::builder()
        .with_size([1280.0, 860.0])
        .with_max_steps(8)
        .build_eframe(|creation| App::new(&creation.egui_ctx, host, &settings(changes), None));
    let press = |harness: &mut Harness<'_, App>, name: &str| {
        harness.get_by_role_and_label(Role::Button, name).click();
        harness.run_steps(3);
    };
    until(&mut harness, "it is ready and waits", |state| state.stage == Stage::Waiting);
    press(&mut harness, "About this device");
    press(&mut harness, "Time its kernels");
    until(&mut harness, "some products", |state| state.timing.is_some_and(|(done, _)| done > 2));
    press(&mut harness, "Reset");
    until(&mut harness, "a new run waits", |state| state.stage == Stage::Waiting && state.timing.is_none());
    assert!(harness.state().state().timed.is_none(), "nothing was timed to the end");
}
