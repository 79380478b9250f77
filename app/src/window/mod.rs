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
pub mod help;
pub mod hidden;
pub mod keeper;
pub mod left_side;
pub mod link;
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// What differs between a program and a page is said in [`seam`](super::seam) alone.
    #[test]
    fn nothing_outside_the_seam_asks_where_it_is() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/window");
        let files = std::fs::read_dir(&folder).expect("the sources").map(|entry| entry.expect("an entry").path());
        let sources: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect();
        assert!(sources.len() > 20, "they are elsewhere");
        let asks = concat!("target_", "family");
        let asking = sources.iter().filter(|path| std::fs::read_to_string(path).expect("a source").contains(asks));
        assert_eq!(asking.collect::<Vec<_>>(), Vec::<&std::path::PathBuf>::new());
    }
}
