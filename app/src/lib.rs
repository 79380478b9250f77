//! `l2t`: train a small network from a frozen source, on the command line.
//!
//! [`cli`] is the command line, [`plots`] draws what a run measured, [`report`] writes what a comparison says.

pub mod allocator;
pub mod cli;
pub mod environment;
pub mod plots;
pub mod report;
pub mod window;
