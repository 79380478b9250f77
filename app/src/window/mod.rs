//! The window: one egui program on the same core as the command line.
//!
//! In reading order: [`facts`] (what the training thread says), [`view_state`] (what the window makes of it), [`session`]
//! (the thread, told by a `Control` and looked at between two steps), [`app`] (the controls), then the panels:
//! [`experiment_panel`], [`network_picture`], [`curves`], [`pair_panel`], [`saliency_panel`], [`strip`], [`files`], [`help`].
//! [`settings`] are what is remembered.

pub mod app;
pub mod curves;
pub mod experiment_panel;
pub mod facts;
pub mod files;
pub mod frame_times;
pub mod help;
pub mod keeper;
pub mod network_picture;
pub mod pair_panel;
mod palette;
mod pictures;
pub mod saliency_panel;
pub mod session;
pub mod settings;
pub mod strip;
pub mod view_state;

use std::path::Path;
use std::sync::Arc;

use eframe::egui::ViewportBuilder;
use eframe::egui_wgpu::{WgpuSetup, WgpuSetupExisting};
use l2t_core::device::{DeviceChoice, open_shared};
use l2t_core::{Error, Result};

use app::App;
use frame_times::FrameTimes;
use settings::Settings;

/// The smallest size that everything fits in.
const SMALLEST: [f32; 2] = [1024.0, 700.0];

/// Opens the window and returns when it is closed. On a GPU, what is drawn and what is trained share one device.
///
/// # Errors
/// When the device cannot be opened, there is no display, or nothing that can draw on it.
pub fn open(choice: DeviceChoice, frame_times: Option<&Path>) -> Result<()> {
    if !has_display() {
        return Err(Error::Device("there is no display to open a window on; l2t demo and l2t train need none".into()));
    }
    let (device, shared) = open_shared(choice)?;
    let settings = Settings::load();
    let viewport = ViewportBuilder::default()
        .with_title("L2T")
        .with_app_id("l2t")
        .with_inner_size(settings.size)
        .with_min_inner_size(SMALLEST);
    let mut options = eframe::NativeOptions { viewport, ..Default::default() };
    if let Some(shared) = shared {
        let l2t_core::device::WgpuSetup { instance, adapter, device, queue, .. } = shared;
        options.wgpu_options.wgpu_setup = WgpuSetup::Existing(WgpuSetupExisting { instance, adapter, device, queue });
    }
    let open = Arc::new(move || Ok(device.clone()));
    let measure = frame_times.map(FrameTimes::new);
    let create = move |creation: &eframe::CreationContext<'_>| {
        let mut app = App::new(&creation.egui_ctx, open, &settings);
        if let Some(times) = measure {
            app.measure_frames(times);
        }
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    eframe::run_native("l2t", options, Box::new(create))
        .map_err(|error| Error::Device(format!("the window cannot be opened: {error}")))
}

/// Whether there is a display to open a window on.
pub fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", target_os = "windows")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
