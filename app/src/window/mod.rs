//! The window: one egui program on the same core as the command line; the same code is the page in a browser.
//!
//! In reading order: [`run`] (what a run is asked for and tells, and what the window makes of it), [`shell`] (the state, what
//! users ask for, and where that happens), [`panels`] (what is on screen: functions of the state to what users ask for),
//! [`paint`] (what is drawn by hand), [`seam`] (a thread of the program or a worker of a page).

pub mod paint;
pub mod panels;
pub mod run;
pub mod seam;
pub mod shell;

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
        let paths = std::fs::read_dir(folder).expect("the sources").map(|entry| entry.expect("an entry").path());
        let read = |path: PathBuf| match path.is_dir() {
            true => sources(&path),
            false => vec![(path.clone(), std::fs::read_to_string(&path).expect("a source"))],
        };
        paths.flat_map(read).collect()
    }

    /// Files of the window and what they say, those whose paths hold one of `parts`.
    fn files(parts: &[&str]) -> Vec<(PathBuf, String)> {
        let all = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/window"));
        all.into_iter().filter(|(path, _)| parts.iter().any(|part| path.display().to_string().contains(part))).collect()
    }

    /// Those that say one of `words`.
    fn saying(files: Vec<(PathBuf, String)>, words: &[&str]) -> Vec<PathBuf> {
        assert!(files.len() > 3, "they are elsewhere");
        let is_word =
            |text: &str, word: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word);
        let says =
            |text: &str| words.iter().any(|word| is_word(text, word) || word.contains(' ') && text.contains(word));
        files.into_iter().filter(|(_, text)| says(text)).map(|(path, _)| path).collect()
    }

    /// What differs between a program and a page is said in [`seam`](super::seam) alone.
    #[test]
    fn nothing_outside_the_seam_asks_where_it_is() {
        let outside = files(&["/run/", "/shell/", "/panels/", "/paint/"]);
        assert_eq!(saying(outside, &[concat!("target_", "family")]), Vec::<PathBuf>::new());
    }

    /// What is on screen is a function of the state.
    #[test]
    fn no_view_holds_a_run_or_where_it_is_or_a_tensor() {
        let views = files(&["/panels/", "/paint/"]);
        assert_eq!(saying(views, &["Session", "Host", "Tensor", "&mut State", "App"]), Vec::<PathBuf>::new());
    }
}
