//! The window of the program.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eframe::egui::ViewportBuilder;
use eframe::egui_wgpu::{WgpuSetup, WgpuSetupExisting};
use eframe::wgpu;
use l2t_core::device::{DeviceChoice, instead_of_lost, open_shared};
use l2t_core::{Error, Result};

use super::session::words;
use super::{FrameTimes, Host, MapPainter};
use crate::window::seam::Given;
use crate::window::shell::app::App;
use crate::window::shell::link::Link;

/// The smallest size that everything fits in.
const SMALLEST: [f32; 2] = [1024.0, 700.0];

/// How to open a window.
#[derive(Debug)]
pub struct Opening {
    /// What to train on, and where that is a GPU, to draw with.
    pub device: DeviceChoice,
    /// The experiment to begin with.
    pub link: Option<Link>,
    /// Where to write the time between frames.
    pub frame_times: Option<PathBuf>,
    /// It takes the place of a window whose device was lost.
    pub after_loss: bool,
    /// For tests: the device is destroyed as soon as there is this file.
    pub lose_device_when: Option<PathBuf>,
}

/// Opens the window and returns when it is closed. On a GPU, what is drawn and what is trained share one device. Where that is
/// lost, nothing more can be drawn in this process: another takes over.
///
/// # Errors
/// When the device cannot be opened, there is no display, or nothing that can draw on it.
pub fn open(opening: Opening) -> Result<()> {
    let Opening { device: choice, link, frame_times, after_loss, lose_device_when } = opening;
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
    let drawn_with = shared.as_ref().map(|shared| shared.device.clone());
    if let Some((device, file)) = drawn_with.clone().zip(lose_device_when) {
        destroy_when(device, file);
    }
    if let Some(shared) = shared {
        let l2t_core::device::WgpuSetup { instance, adapter, device, queue, .. } = shared;
        options.wgpu_options.wgpu_setup = WgpuSetup::Existing(WgpuSetupExisting { instance, adapter, device, queue });
    }
    let shares = matches!(options.wgpu_options.wgpu_setup, WgpuSetup::Existing(_));
    let open = Arc::new(move |lost| Ok(if lost { instead_of_lost() } else { device.clone() }));
    let host = Host::new(open).remembering().measuring(frame_times.as_deref().map(FrameTimes::new));
    let leaving = host.leaving();
    let opened = Arc::new(AtomicBool::new(false));
    let is_open = opened.clone();
    let create = move |creation: &eframe::CreationContext<'_>| {
        is_open.store(true, Ordering::Relaxed);
        let last_run = host.last_run().filter(|_| after_loss);
        let mut app = App::new(&creation.egui_ctx, host, &settings, link);
        if after_loss {
            app.take(last_run.into_iter().map(Given::Path).collect());
            app.warn("The graphics device was lost: on the CPU now, with the newest run that was kept.".into());
        }
        if let Some(render) = creation.wgpu_render_state.as_ref().filter(|_| shares) {
            app.draw_maps_by(MapPainter::new(&render.device, render.target_format));
        }
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    if let Some(device) = drawn_with {
        take_over_where_lost(device);
    }
    quiet_until(opened.clone());
    let shown = catch_unwind(AssertUnwindSafe(|| eframe::run_native("l2t", options, Box::new(create))));
    // The window has gone; what the last run saves is waited for.
    leaving.wait();
    let cannot = |reason: &str| {
        Error::Device(format!("the window cannot be opened: {reason}; l2t demo and l2t train need none"))
    };
    match shown {
        Ok(shown) => shown.map_err(|error| cannot(&error.to_string())),
        // A library of the system is missing that a window needs, libxkbcommon-x11 for one: winit panics.
        Err(panic) if !opened.load(Ordering::Relaxed) => Err(cannot(words(&*panic).trim_end_matches('.'))),
        Err(panic) => resume_unwind(panic),
    }
}

/// Says nothing of a panic of this thread before the window is there: it becomes an error with words of its own.
fn quiet_until(opened: Arc<AtomicBool>) {
    let (usual, window) = (std::panic::take_hook(), std::thread::current().id());
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() != window || opened.load(Ordering::Relaxed) {
            usual(panic);
        }
    }));
}

/// Whoever draws with a lost device panics, and what it would unwind through cannot be taken down: so the program is left from
/// there, and another takes its place.
fn take_over_where_lost(device: wgpu::Device) {
    let (usual, window) = (std::panic::take_hook(), std::thread::current().id());
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == window && is_lost(&device) {
            take_over();
        }
        usual(panic);
    }));
}

/// Whether nothing can be done with a device any more: not even a buffer of its own.
fn is_lost(device: &wgpu::Device) -> bool {
    let usage = wgpu::BufferUsages::COPY_SRC;
    let description = wgpu::BufferDescriptor { label: None, size: 4, usage, mapped_at_creation: true };
    device.create_buffer(&description).slice(..).get_mapped_range_mut().is_err()
}

/// Opens the window again, in a process with another device, and ends this one.
fn take_over() -> ! {
    eprintln!("the graphics device was lost: the window opens again on the CPU, with the newest run that was kept");
    let program = std::env::current_exe();
    let again =
        |program| std::process::Command::new(program).args(["window", "--device", "cpu", "--after-loss"]).spawn();
    let code = match program.and_then(again) {
        Ok(_) => 0,
        Err(error) => {
            eprintln!("error: it does not ({error}): l2t window --device cpu, and Open last run under Files, goes on");
            1
        }
    };
    #[expect(clippy::disallowed_methods, reason = "nothing more can be drawn, and every file is written whole")]
    std::process::exit(code)
}

fn destroy_when(device: wgpu::Device, file: PathBuf) {
    std::thread::spawn(move || {
        while !file.exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
        device.destroy();
    });
}

/// Whether there is a display to open a window on.
pub fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", target_os = "windows")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
