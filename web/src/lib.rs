//! What the page calls: `start` draws the window of `l2t-app` on a canvas, `work` turns a worker into the place where a
//! run goes on. The page's own scripts (`web/page/`) ask for a GPU and say what is missing before either is called.
#![cfg(target_family = "wasm")]

mod controls;
mod start;

use wasm_bindgen::prelude::*;

pub use start::{Page, start};

/// Runs once in the page and once in each worker, before anything else.
#[wasm_bindgen(start)]
fn construct() {
    l2t_core::device::construct();
    // A console that has a logger already keeps it.
    let _ = console_log::init_with_level(log::Level::Warn);
}

/// Makes this worker the place where a run goes on. `fetch` promises the contents of a file of the page, given its path and the
/// program's version.
#[wasm_bindgen]
pub fn work(fetch: js_sys::Function) {
    l2t_app::window::seam::work(fetch);
}
