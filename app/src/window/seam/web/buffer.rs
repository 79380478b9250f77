//! Messages in the browser's buffers.

use js_sys::{Array, Uint8Array};
use l2t_core::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;

use crate::window::seam::wire::{from_bytes, to_bytes};

/// A message as a buffer, and what to hand over with it.
pub fn pack(message: &impl Serialize) -> (Uint8Array, Array) {
    let buffer = Uint8Array::from(&to_bytes(message)[..]);
    let handed = Array::of1(&buffer.buffer());
    (buffer, handed)
}

/// A message from its buffer.
///
/// # Errors
/// When it is none: page and worker are of two versions.
pub fn unpack<T: DeserializeOwned>(data: &wasm_bindgen::JsValue) -> Result<T> {
    // `Uint8Array::new` would take a number for a length.
    from_bytes(&data.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).unwrap_or_default())
}
