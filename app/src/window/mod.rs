//! The window: one egui program on the same core as the command line.
//!
//! In reading order: [`facts`] (what the training thread says), [`view_state`] (what the window makes of it), [`session`]
//! (the thread, told by a `Control` and looked at between two steps), [`app`] (the controls), then the panels:
//! [`experiment_panel`], [`network_picture`], [`curves`], [`pair_panel`], [`saliency_panel`], [`strip`], [`files`], [`help`].

pub mod app;
pub mod curves;
pub mod experiment_panel;
pub mod facts;
pub mod files;
pub mod help;
pub mod keeper;
pub mod network_picture;
pub mod pair_panel;
mod palette;
mod pictures;
pub mod saliency_panel;
pub mod session;
pub mod strip;
pub mod view_state;

use std::sync::Arc;

use l2t_core::device::DeviceChoice;
use l2t_core::{Error, Result};

use app::App;

/// The smallest size that everything fits in.
const SMALLEST: [f32; 2] = [1024.0, 700.0];

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When there is no display, or nothing that can draw on it.
pub fn open(choice: DeviceChoice) -> Result<()> {
    let viewport = eframe::egui::ViewportBuilder::default()
        .with_title("L2T: learn what and where to transfer")
        .with_app_id("l2t")
        .with_inner_size([1280.0, 860.0])
        .with_min_inner_size(SMALLEST);
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    let open = Arc::new(move || l2t_core::device::open(choice));
    eframe::run_native(
        "l2t",
        options,
        Box::new(move |creation| Ok(Box::new(App::new(&creation.egui_ctx, open, "demo", &[])))),
    )
    .map_err(|error| Error::Device(format!("the window cannot be opened: {error}")))
}

/// Whether there is a display to open a window on.
pub fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", target_os = "windows")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
