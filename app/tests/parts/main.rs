//! The parts of the window, each without the others: what runs tell, views, texts, files, looks.

mod given;
mod looks;
mod run_state;
mod texts;
mod views;
