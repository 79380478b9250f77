//! The window of the program.

use std::path::Path;
use std::sync::Arc;

use eframe::egui::ViewportBuilder;
use eframe::egui_wgpu::{WgpuSetup, WgpuSetupExisting};
use l2t_core::device::{DeviceChoice, instead_of_lost, open_shared};
use l2t_core::{Error, Result};

use super::app::App;
use super::frame_times::FrameTimes;
use super::link::Link;
use super::seam::{Host, MapPainter};

/// The smallest size that everything fits in.
const SMALLEST: [f32; 2] = [1024.0, 700.0];

/// Opens the window and returns when it is closed. On a GPU, what is drawn and what is trained share one device.
///
/// # Errors
/// When the device cannot be opened, there is no display, or nothing that can draw on it.
pub fn open(choice: DeviceChoice, link: Option<Link>, frame_times: Option<&Path>) -> Result<()> {
    if !has_display() {
        return Err(Error::Device("there is no display to open a window on; l2t demo and l2t train need none".into()));
    }
    let (device, shared) = open_shared(choice)?;
    let settings = Host::remembered();
    let mut viewport = ViewportBuilder::default()
        .with_title("L2T")
        .with_app_id("l2t")
        .with_inner_size(settings.size)
        .with_min_inner_size(SMALLEST);
    if let Some(position) = settings.position {
        viewport = viewport.with_position(position);
    }
    let mut options = eframe::NativeOptions { viewport, ..Default::default() };
    if let Some(shared) = shared {
        let l2t_core::device::WgpuSetup { instance, adapter, device, queue, .. } = shared;
        options.wgpu_options.wgpu_setup = WgpuSetup::Existing(WgpuSetupExisting { instance, adapter, device, queue });
    }
    let shares = matches!(options.wgpu_options.wgpu_setup, WgpuSetup::Existing(_));
    let open = Arc::new(move |lost| Ok(if lost { instead_of_lost() } else { device.clone() }));
    let measure = frame_times.map(FrameTimes::new);
    let create = move |creation: &eframe::CreationContext<'_>| {
        let mut app = App::new(&creation.egui_ctx, Host::new(open).remembering(), &settings, link);
        if let Some(render) = creation.wgpu_render_state.as_ref().filter(|_| shares) {
            app.draw_maps_by(MapPainter::new(&render.device, render.target_format));
        }
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
