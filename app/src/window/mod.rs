//! The window: one egui program on the same core as the command line; the same code is the page in a browser.
//!
//! In reading order: [`facts`] (what a run tells), [`view_state`] (what the window makes of it), [`conduct`] (the run's
//! side, told by a `Control` and looked at between two steps), [`seam`] (a thread of the program or a worker of a page),
//! [`app`] (the state, and what happens every frame), then what is on screen: [`toolbar`], [`experiment_panel`],
//! [`left_side`], [`centre`] with its [`tab`]s: [`network_picture`], [`curves`], [`pair_panel`], [`saliency_panel`],
//! [`strip`]; and [`files`], [`help`]. [`settings`] are what is remembered, a [`link`] is what can be sent.

pub mod app;
mod around;
pub mod centre;
pub mod conduct;
pub mod curves;
pub mod experiment_panel;
pub mod facts;
pub mod files;
#[cfg(not(target_family = "wasm"))]
pub mod frame_times;
pub mod help;
pub mod hidden;
pub mod keeper;
pub mod left_side;
pub mod link;
#[cfg(not(target_family = "wasm"))]
mod native;
pub mod network_picture;
pub mod pair_panel;
mod palette;
mod pictures;
pub mod saliency_panel;
mod screen_picture;
pub mod seam;
pub mod settings;
pub mod strip;
pub mod tab;
pub mod toolbar;
pub mod view_state;

#[cfg(not(target_family = "wasm"))]
pub use native::{Opening, has_display, open};
