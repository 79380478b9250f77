//! The chapters: what `docs/SUMMARY.md` lists, in its order.

use std::fs;
use std::path::{Path, PathBuf};

use super::targets::joined;
use crate::steps::Failure;

/// A chapter.
pub struct Chapter {
    /// What the contents call it.
    pub title: String,
    /// The heading that it stands under there.
    pub part: String,
    /// Its Markdown, relative to the repository.
    pub path: PathBuf,
    /// Where that is read from: generated chapters are not in the repository.
    pub file: PathBuf,
    /// Its page, relative to the book.
    pub page: PathBuf,
}

/// All of them.
pub struct Contents {
    /// In reading order.
    pub chapters: Vec<Chapter>,
}

impl Contents {
    /// Reads the list; chapters in `docs/reference` are in the folder `generated`.
    pub fn read(root: &Path, generated: &Path) -> Result<Self, Failure> {
        let list = root.join("docs/SUMMARY.md");
        let text = fs::read_to_string(&list).map_err(|error| Failure::file("read", &list, &error))?;
        let mut chapters = Vec::new();
        for (part, title, link) in entries(&text) {
            let path = joined(Path::new("docs"), link).ok_or_else(|| Failure::Advice(format!("{link} is outside")))?;
            let file = match path.strip_prefix("docs/reference") {
                Ok(name) => generated.join(name),
                Err(_) => root.join(&path),
            };
            if !file.is_file() {
                return Err(Failure::Advice(format!("{}: there is no {link}", list.display())));
            }
            let page = page_of(&path);
            chapters.push(Chapter { title: title.into(), part: part.into(), path, file, page });
        }
        Ok(Self { chapters })
    }
}

/// Part, title and link of every item of the list.
fn entries(text: &str) -> Vec<(&str, &str, &str)> {
    let mut part = "";
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            part = heading.trim();
        } else if let Some((title, link)) = line.trim().strip_prefix("- [").and_then(|rest| rest.split_once("](")) {
            found.push((part, title, link.trim_end_matches(')')));
        }
    }
    found
}

/// Where the page of a file of the repository is: what is in `docs` at the top, all else in `repository`.
pub fn page_of(path: &Path) -> PathBuf {
    let within = path.strip_prefix("docs").map_or_else(|_| Path::new("repository").join(path), Path::to_owned);
    match path.extension().is_some_and(|extension| extension == "md") {
        true => within.with_extension("html"),
        false => PathBuf::from(format!("{}.html", within.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_parts_and_chapters() {
        let text = "# Contents\n\n- [Start](index.md)\n\n## Try it\n- [Here](try.md)\n\nWords.\n";
        assert_eq!(entries(text), [("", "Start", "index.md"), ("Try it", "Here", "try.md")]);
    }

    #[test]
    fn every_file_has_a_page_of_its_own() {
        for (path, page) in [
            ("docs/try.md", "try.html"),
            ("docs/cluster/README.md", "cluster/README.html"),
            ("ARCHITECTURE.md", "repository/ARCHITECTURE.html"),
            ("core/src/lib.rs", "repository/core/src/lib.rs.html"),
            ("docs/cluster/slurm/submit.sh", "cluster/slurm/submit.sh.html"),
        ] {
            assert_eq!(page_of(Path::new(path)), Path::new(page));
        }
    }
}
