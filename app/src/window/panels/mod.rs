//! What is on screen. Every view is a function of the [`State`](super::shell::state::State) to what the user asks for.

mod button;
pub mod centre;
pub mod charts;
mod device;
mod empty;
pub mod files;
pub mod help;
pub mod left_side;
mod notices;
pub mod pair;
mod pair_weights;
pub mod results;
pub mod saliency;
pub mod settings;
pub mod steps;
pub mod toolbar;
mod tour;
mod welcome;
