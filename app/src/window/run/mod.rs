//! A run and what is known of it: what it is asked for ([`order`]), what it tells ([`facts`]), how it goes on
//! ([`conduct`], `watcher`, [`keeper`]), what the window makes of it ([`view_state`], [`results`]); and the files it can
//! begin with ([`given`]).

pub mod conduct;
pub mod facts;
pub mod given;
pub mod keeper;
pub mod order;
pub mod progress;
pub mod results;
pub mod view_state;
mod watcher;
