//! What the tests of the window in this process share.

use std::time::{Duration, Instant};

use egui_kittest::Harness;
use l2t_app::window::run::view_state::ViewState;
use l2t_app::window::shell::app::App;
use l2t_app::window::shell::settings::Settings;

/// Long enough for a busy machine; a window that works needs a hundredth of it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Draws until what is known of the run is as `reached` says.
pub fn until(harness: &mut Harness<'_, App>, what: &str, reached: impl Fn(&ViewState) -> bool) {
    let since = Instant::now();
    while !reached(harness.state().state()) {
        assert!(since.elapsed() < PATIENCE, "not reached: {what}; at {:?}", harness.state().state().stage);
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    // Once more, so that what was heard is on screen.
    harness.run_steps(2);
}

/// Those of somebody who has seen the tour and changed the preset.
pub fn settings(changes: Vec<String>) -> Settings {
    Settings { changes, tour_seen: true, ..Settings::default() }
}
