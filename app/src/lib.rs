//! `l2t`: train a small network from a frozen source, in a window or on the command line.
//!
//! [`cli`] is the command line, [`plots`] draws what a run measured, [`report`] writes what a comparison says,
//! [`window`] is the window.

pub mod allocator;
pub mod cli;
pub mod environment;
pub mod plots;
pub mod report;
pub mod window;
