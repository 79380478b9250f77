//! `l2t`: train a small network from a frozen source, in a window or on the command line.
//!
//! [`cli`] is the command line, [`plots`] draws what a run measured ([`charts`]: from its history), [`report`] writes what a
//! comparison says, [`window`] is the window, which a page in a browser shows as well.

#[cfg(not(target_family = "wasm"))]
pub mod allocator;
pub mod charts;
#[cfg(not(target_family = "wasm"))]
pub mod cli;
pub mod colours;
#[cfg(not(target_family = "wasm"))]
pub mod environment;
pub mod fonts;
pub mod plots;
#[cfg(not(target_family = "wasm"))]
pub mod priority;
#[cfg(not(target_family = "wasm"))]
pub mod report;
pub mod window;
pub mod words;
