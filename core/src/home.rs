//! `~` as the user's home folder, wherever a path is taken.

use std::path::{Path, PathBuf};

/// `path` with a first part `~` replaced by the home folder. `./~` is a folder of that name.
pub fn at_home(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) if rest.as_os_str().is_empty() => home,
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_first_part_of_its_own_is_the_home_folder() {
        let home = std::env::home_dir().expect("somebody runs this test");
        assert_eq!(at_home("~"), home);
        assert_eq!(at_home("~/pets/cats"), home.join("pets/cats"));
        for path in ["./~", "a/~/b", "~me/b", "/~", "", "pets"] {
            assert_eq!(at_home(path), Path::new(path));
        }
    }
}
