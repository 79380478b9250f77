//! What the page calls: `start` draws the window of `l2t-app` on a canvas, `work` turns a worker into the place where a
//! run goes on. The page's own scripts (`web/page/`) ask for a GPU and say what is missing before either is called.
#![cfg(target_family = "wasm")]

mod controls;
mod start;

use wasm_bindgen::prelude::*;

pub use start::{Page, start};

#[expect(unsafe_code, reason = "the linker makes this function; it takes and gives nothing")]
unsafe extern "C" {
    /// CubeCL's compiler registers itself in static constructors. Where nothing names this function, the linker wraps
    /// every export so that each call from JavaScript runs all of them again.
    safe fn __wasm_call_ctors();
}

/// Runs once in the page and once in each worker, before anything else.
#[wasm_bindgen(start)]
fn construct() {
    __wasm_call_ctors();
    // A console that has a logger already keeps it.
    let _ = console_log::init_with_level(log::Level::Warn);
}

/// Makes this worker the place where a run goes on.
#[wasm_bindgen]
pub fn work() {
    l2t_app::window::seam::work();
}
