//! Where a link leads.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::code;
use super::contents::{Contents, page_of};
use crate::steps::Failure;

/// What a link of a chapter becomes.
#[derive(Debug, PartialEq, Eq)]
pub enum Lead {
    /// An address relative to the chapter's page, or a place on it.
    Within(String),
    /// Another site.
    Elsewhere(String),
    /// A page of the repository's host, whose address is not known: words without a link.
    Unknown,
}

/// The files of the repository that were linked to, besides the chapters.
pub struct Targets {
    root: PathBuf,
    /// The address of the published repository, where there is one.
    repository: Option<String>,
    chapters: Vec<(PathBuf, PathBuf)>,
    files: BTreeMap<PathBuf, PathBuf>,
    pictures: BTreeMap<PathBuf, PathBuf>,
}

impl Targets {
    /// None yet.
    pub fn new(root: &Path, contents: &Contents) -> Self {
        let chapters = contents.chapters.iter().map(|chapter| (chapter.path.clone(), chapter.page.clone())).collect();
        let (files, pictures) = Default::default();
        Self { root: root.to_owned(), repository: repository(root), chapters, files, pictures }
    }

    /// Files that were linked to, with their pages.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.files.iter().map(|(path, page)| (path.as_path(), page.as_path()))
    }

    /// Pictures that were shown, with their places in the book.
    pub fn pictures(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.pictures.iter().map(|(path, to)| (path.as_path(), to.as_path()))
    }

    /// Where a link of the chapter at `from` leads.
    pub fn lead(&mut self, from: &Path, link: &str) -> Result<Lead, Failure> {
        if link.starts_with('#') {
            return Ok(Lead::Within(link.to_owned()));
        }
        if link.contains("://") {
            return Ok(Lead::Elsewhere(link.to_owned()));
        }
        let (file, place) = link.split_once('#').map_or((link, None), |(file, place)| (file, Some(place)));
        let folder = from.parent().unwrap_or(Path::new(""));
        // Above the repository is what its host shows around it: releases, issues.
        let Some(path) = joined(folder, file) else { return Ok(self.around(file)) };
        let wrong = |reason: &str| Failure::Advice(format!("{}: the link to {link} {reason}", from.display()));
        let (to, anchor) = self.target(&path, place).map_err(|reason| wrong(&reason))?;
        let address = relative(&page_of(from), &to);
        Ok(Lead::Within(anchor.map_or(address.clone(), |anchor| format!("{address}#{anchor}"))))
    }

    fn around(&self, link: &str) -> Lead {
        let page = link.trim_start_matches("../");
        match &self.repository {
            Some(repository) => Lead::Elsewhere(format!("{repository}/{page}")),
            None => Lead::Unknown,
        }
    }

    /// The page or picture of a file, and the place on it.
    fn target(&mut self, path: &Path, place: Option<&str>) -> Result<(PathBuf, Option<String>), String> {
        if let Some((_, page)) = self.chapters.iter().find(|(chapter, _)| chapter == path) {
            return Ok((page.clone(), place.map(str::to_owned)));
        }
        let file = self.root.join(path);
        if !file.is_file() {
            return Err("leads to no file".into());
        }
        if path.extension().is_some_and(|extension| ["png", "svg", "gif"].iter().any(|picture| extension == *picture)) {
            let to = path.strip_prefix("docs").map_or_else(|_| Path::new("repository").join(path), Path::to_owned);
            self.pictures.insert(path.to_owned(), to.clone());
            return Ok((to, None));
        }
        if path.extension().is_some_and(|extension| extension == "md") {
            return Err("leads to a text that is no chapter of docs/SUMMARY.md".into());
        }
        let line = place.map(|name| {
            let text = fs::read_to_string(&file).map_err(|error| format!("cannot be read: {error}"))?;
            code::line_of(&text, name).ok_or(format!("leads to a file that defines no {name}"))
        });
        let anchor = line.transpose()?.map(|line| format!("L{line}"));
        let page = page_of(path);
        self.files.insert(path.to_owned(), page.clone());
        Ok((page, anchor))
    }
}

/// The repository's address: GitHub says it to its workflows, elsewhere `Cargo.toml` does.
fn repository(root: &Path) -> Option<String> {
    let on_github = std::env::var("GITHUB_SERVER_URL").and_then(|server| {
        let name = std::env::var("GITHUB_REPOSITORY")?;
        Ok(format!("{server}/{name}"))
    });
    on_github.ok().or_else(|| {
        let manifest = fs::read_to_string(root.join("Cargo.toml")).ok()?.parse::<toml::Table>().ok()?;
        let address = manifest.get("workspace")?.get("package")?.get("repository")?.as_str()?.to_owned();
        (!address.is_empty()).then_some(address)
    })
}

/// `link` as seen from `folder`, relative to the repository; `None` where it leads out of that.
pub fn joined(folder: &Path, link: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in folder.join(link).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => path.pop().then_some(())?,
            _ => {}
        }
    }
    Some(path)
}

/// The address of the page `to` on the page `from`, both relative to the book.
pub fn relative(from: &Path, to: &Path) -> String {
    let folder: Vec<_> = from.parent().into_iter().flat_map(Path::components).collect();
    let parts: Vec<_> = to.components().collect();
    let shared = folder.iter().zip(&parts).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..".to_owned(), folder.len() - shared);
    let down = parts[shared..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_seen_from_where_they_stand() {
        assert_eq!(joined(Path::new("docs/cluster"), "../try.md"), Some("docs/try.md".into()));
        assert_eq!(joined(Path::new(""), "./core/src/lib.rs"), Some("core/src/lib.rs".into()));
        assert_eq!(joined(Path::new("docs"), "../../releases"), None);
    }

    #[test]
    fn addresses_work_from_any_depth() {
        assert_eq!(relative(Path::new("try.html"), Path::new("images/a.png")), "images/a.png");
        assert_eq!(relative(Path::new("a/b/c.html"), Path::new("a/d.html")), "../d.html");
        assert_eq!(relative(Path::new("a/b.html"), Path::new("book.css")), "../book.css");
    }

    #[test]
    fn links_lead_to_chapters_files_and_names_and_nowhere_else() {
        let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("Cargo says where")).join("..");
        let mut targets = Targets::new(&root, &Contents { chapters: Vec::new() });
        let mut lead = |link: &str| targets.lead(Path::new("docs/try.md"), link);
        let code = lead("../core/src/bilevel/hypergradient.rs#ReversePass").expect("it is defined there");
        let Lead::Within(code) = code else { panic!("{code:?}") };
        assert!(code.starts_with("repository/core/src/bilevel/hypergradient.rs.html#L"), "{code}");
        assert!(lead("../core/src/bilevel/hypergradient.rs#NoSuchName").is_err());
        assert!(lead("../core/src/nothing.rs").is_err());
        assert!(lead("../README.md").is_err(), "a text that is no chapter");
        assert_eq!(lead("https://burn.dev").ok(), Some(Lead::Elsewhere("https://burn.dev".into())));
    }
}
