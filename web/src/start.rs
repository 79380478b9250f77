//! The window on a canvas.

use std::sync::Arc;

use eframe::egui::Context;
use eframe::{Renderer, WebGlContextOption, WebOptions, WebRunner};
use l2t_app::window::seam::{Host, Place};
use l2t_app::window::shell::app::App;
use l2t_app::window::shell::link::Link;
use l2t_core::device::{DeviceChoice, WebAdapter};
use serde::Deserialize;
use wasm_bindgen::prelude::*;
use web_sys::{CustomEvent, CustomEventInit, HtmlCanvasElement};

use crate::controls::{Controls, Named};

/// What the page found out before the program was loaded.
#[derive(Debug, Deserialize)]
struct Found {
    /// The GPU that WebGPU offers, if any.
    adapter: Option<WebAdapter>,
    /// Why there is none.
    reason: String,
    /// Whether to draw with it, too, and not with WebGL.
    draw: bool,
    /// What stands behind the # of the address.
    hash: String,
}

/// The running window, for the page's scripts and for tests.
#[wasm_bindgen]
pub struct Page {
    runner: WebRunner,
    controls: Controls,
    context: Context,
}

#[wasm_bindgen]
impl Page {
    /// Every control on screen, as JSON: name, role, value, rectangle in CSS pixels. For screen readers and tests.
    pub fn controls(&self) -> String {
        serde_json::to_string(&self.controls.list()).unwrap_or_default()
    }

    /// How many frames were drawn.
    pub fn frames(&self) -> u32 {
        self.controls.frames()
    }

    /// What is known of the run, as JSON.
    pub fn state(&self) -> String {
        self.runner.app_mut::<App>().map_or_else(|| "null".into(), |app| facts(&app).to_string())
    }

    /// Draws once more: the address may have changed.
    pub fn refresh(&self) {
        self.context.request_repaint();
    }
}

fn facts(app: &App) -> serde_json::Value {
    let state = app.state();
    serde_json::json!({
        "title": app.title(),
        "experiment": state.experiment.as_ref().map(|run| Link::to(app.preset(), &run.config).hash()),
        "stage": format!("{:?}", state.stage),
        "device": state.device.as_ref().map(|device| device.name.clone()),
        "epoch": state.progress.epoch,
        "iteration": state.progress.done,
        "iterations": state.progress.of,
        "iteration_secs": state.iteration_secs(),
        "memory": state.memory,
        "losses": state.losses.iter().map(|point| (point.at, point.task, point.matching)).collect::<Vec<_>>(),
        "lambda": state.latest_pairs().map(|pairs| pairs.iter().map(|pair| pair.mean).collect::<Vec<_>>()),
        "epochs": state.history.epochs.iter().map(|record| record.task_loss).collect::<Vec<_>>(),
        "steps": state.steps.len(),
        "check": state.check.as_ref().map(|check| check.as_ref().map_or(f64::NAN, |check| check.relative_error())),
        "test_accuracy": state.summary.as_ref().and_then(|summary| summary.test_accuracy),
        "notices": state.notices.iter().map(|notice| notice.text.clone()).collect::<Vec<_>>(),
        "source": state.experiment.as_ref().and_then(|e| e.config.sources.first()).map(|source| source.weights.clone()),
        "classes": state.experiment.as_ref().map(|experiment| experiment.shown.class_names.clone()),
    })
}

/// Draws the window on `canvas`; `found` is JSON, see `web/page/gate.js`.
///
/// # Errors
/// In words: when the page and the program do not fit, or nothing can be drawn.
#[wasm_bindgen]
pub async fn start(canvas: HtmlCanvasElement, found: String) -> Result<Page, JsValue> {
    let found: Found = serde_json::from_str(&found).map_err(|error| words(&error))?;
    let (link, trouble) = match Link::read(&found.hash) {
        Ok(link) => ((!found.hash.is_empty()).then_some(link), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let asked = link.as_ref().and_then(|link| link.device);
    let place = Place { choice: asked.unwrap_or(DeviceChoice::Auto), adapter: found.adapter, reason: found.reason };
    let renderer = if found.draw { Renderer::Wgpu } else { Renderer::Glow };
    let options = WebOptions { renderer, webgl_context_option: WebGlContextOption::WebGl2, ..WebOptions::default() };
    tell_of_panics();
    let runner = WebRunner::new();
    let controls = Controls::default();
    let (named, opened) = (controls.clone(), Arc::new(std::sync::Mutex::new(None)));
    let out = opened.clone();
    let create = move |creation: &eframe::CreationContext<'_>| {
        let context = creation.egui_ctx.clone();
        context.add_plugin(Named::new(named));
        *out.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(context.clone());
        let woken = context.clone();
        let host = Host::new(place, asked, Arc::new(move || woken.request_repaint()));
        let mut app = App::new(&context, host, &Host::remembered(), link);
        if let Some(text) = trouble {
            app.warn(format!("the link is not understood: {text}"));
        }
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    runner.start(canvas, options, Box::new(create)).await?;
    let context = opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    Ok(Page { runner, controls, context: context.ok_or_else(|| words(&"the window did not open"))? })
}

/// A panic is shown by the page, which still lives.
fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let details = CustomEventInit::new();
        details.set_detail(&JsValue::from_str(&panic.to_string()));
        let event = CustomEvent::new_with_event_init_dict("l2t-panic", &details);
        if let (Some(window), Ok(event)) = (web_sys::window(), event) {
            // Where the page has gone, there is nobody to tell.
            let _ = window.dispatch_event(&event);
        }
    }));
}

fn words(error: &dyn std::fmt::Display) -> JsValue {
    JsValue::from_str(&error.to_string())
}
