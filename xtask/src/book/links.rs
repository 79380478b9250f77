//! Follows every link: to a page, to a place on it, to a picture; and, where that is asked for, to other sites.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::targets::joined;
use crate::steps::Failure;

/// Follows the links of the pages in `folder`, each given relative to it.
pub fn check(folder: &Path, pages: &[PathBuf]) -> Result<(), Failure> {
    let mut texts: HashMap<PathBuf, String> = HashMap::new();
    for page in pages {
        let path = folder.join(page);
        let text = fs::read_to_string(&path).map_err(|error| Failure::file("read", &path, &error))?;
        texts.insert(page.clone(), text);
    }
    let (mut followed, mut broken) = (0, BTreeSet::new());
    for (page, text) in &texts {
        for link in ["href=\"", "src=\""].iter().flat_map(|attribute| values(text, attribute)) {
            if link.contains("://") || link.starts_with("data:") {
                continue;
            }
            followed += 1;
            if let Err(reason) = follow_within(folder, &texts, page, link) {
                broken.insert(format!("{}: {link} {reason}", page.display()));
            }
        }
    }
    if !broken.is_empty() {
        let lines: Vec<String> = broken.into_iter().collect();
        return Err(Failure::Advice(format!("links that lead nowhere:\n{}", lines.join("\n"))));
    }
    println!("    followed {followed} links");
    Ok(())
}

fn follow_within(folder: &Path, texts: &HashMap<PathBuf, String>, page: &Path, link: &str) -> Result<(), &'static str> {
    let (file, place) = link.split_once('#').map_or((link, None), |(file, place)| (file, Some(place)));
    let beside = page.parent().unwrap_or(Path::new(""));
    let target = if file.is_empty() { Some(page.to_owned()) } else { joined(beside, file) };
    let target = target.ok_or("leads out of the book")?;
    if !folder.join(&target).is_file() {
        return Err("leads to no page");
    }
    let Some(place) = place else { return Ok(()) };
    let text = texts.get(&target).ok_or("leads to a place where there are none")?;
    if values(text, "id=\"").any(|id| id == place) { Ok(()) } else { Err("leads to no place on its page") }
}

/// What stands in quotes behind `attribute`, wherever that is.
fn values<'a>(text: &'a str, attribute: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(attribute).filter_map(move |(at, _)| text[at + attribute.len()..].split('"').next())
}

/// Asks for every address of another site.
pub fn follow(addresses: &BTreeSet<String>) -> Result<(), Failure> {
    let mut broken = Vec::new();
    for address in addresses {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--location", "--max-time", "60", "--retry", "2", "--output"]);
        // Some sites refuse programs that do not say who they are.
        let output = curl
            .arg(if cfg!(windows) { "NUL" } else { "/dev/null" })
            .args(["--user-agent", "l2t-book", "--write-out", "%{http_code}"])
            .arg(address)
            .output();
        let code = match output {
            Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Err(error) => return Err(Failure::Advice(format!("curl does not start: {error}"))),
        };
        println!("    {code} {address}");
        if !code.starts_with('2') {
            broken.push(format!("{address} ({code})"));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Failure::Advice(format!("no answer from {}", broken.join(", ")))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let folder = std::env::temp_dir().join(format!("l2t-links-{}", std::process::id()));
        fs::create_dir_all(folder.join("b")).expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a page");
        write("a.html", "<h2 id=\"x\">x</h2><a href=\"b/c.html#y\">c</a><a href=\"#x\">x</a>");
        write("b/c.html", "<p id=\"y\"><a href=\"../a.html#x\">a</a></p>");
        let pages = [PathBuf::from("a.html"), PathBuf::from("b/c.html")];
        let good = check(&folder, &pages);
        let mut broken = Vec::new();
        for (text, reason) in [
            ("<a href=\"d.html\">d</a>", "leads to no page"),
            ("<a href=\"../a.html#z\">z</a>", "leads to no place on its page"),
            ("<img src=\"../../x.png\">", "leads out of the book"),
        ] {
            write("b/c.html", &format!("{text}<p id=\"y\">"));
            broken.push((check(&folder, &pages).map_err(|failure| failure.to_string()), reason));
        }
        fs::remove_dir_all(&folder).expect("it can be removed");
        good.expect("all lead somewhere");
        for (outcome, reason) in broken {
            assert!(outcome.as_ref().is_err_and(|said| said.contains(reason)), "{outcome:?}: {reason}");
        }
    }
}
