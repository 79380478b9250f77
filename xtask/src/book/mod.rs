//! `cargo xtask book`: the manual as a folder of pages, without scripts, for any host and for a disk.
//!
//! Its chapters are the Markdown files that `docs/SUMMARY.md` lists, which read well where the repository is shown, too; formulas
//! become MathML, which browsers set by themselves. A link to a file of the repository leads to a page with its text, a link to
//! `file.rs#name` to the line that defines the name, and both must be there. The reference is generated from the program.
//!
//! | file | what it holds |
//! |---|---|
//! | `contents.rs` | the chapters and their order |
//! | `page.rs` | a chapter as HTML |
//! | `targets.rs` | where a link leads: another chapter, a file of the repository, a picture |
//! | `code.rs` | a file of the repository as a page |
//! | `keys.rs` | the keys of an experiment, from the code that reads them |
//! | `links.rs` | follows every link |

mod code;
mod contents;
mod keys;
mod links;
mod page;
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::Machine;
use crate::steps::{self, Failure};
use crate::web;

pub use links::check;

use contents::Contents;
use page::Frame;
use targets::Targets;

/// The options of `cargo xtask book`.
#[derive(clap::Args)]
pub struct Args {
    /// Serve the book on this machine after building it
    #[arg(long)]
    serve: bool,
    /// Port to serve on; 0 takes a free one
    #[arg(long, default_value_t = 8001, requires = "serve")]
    port: u16,
    /// Follow the links to other sites as well (needs the network and curl)
    #[arg(long)]
    follow: bool,
}

/// Builds the book, and does with it what was asked for.
pub fn run(machine: &Machine, args: &Args) -> Result<(), Failure> {
    let folder = machine.target.join("book");
    let book = build(machine, &folder, false)?;
    check(&folder, &book.pages)?;
    if args.follow {
        links::follow(&book.elsewhere)?;
    }
    println!("    the book is in {}", folder.display());
    if args.serve {
        let server = web::Server::start(&folder, args.port)?;
        println!("\nopen {} (Ctrl-C ends it)", server.url());
        server.wait();
    }
    Ok(())
}

/// The book, its links, and every page of it in a browser.
pub fn tried(machine: &Machine) -> Result<(), Failure> {
    let folder = machine.target.join("book");
    let book = build(machine, &folder, false)?;
    check(&folder, &book.pages)?;
    let server = web::Server::start(&folder, 0)?;
    let mut browser = machine.node_with_playwright()?;
    let browser = browser.args(["--test", "tests/browser/book.test.mjs"]).env("L2T_URL", server.url());
    steps::run(
        browser.env("L2T_CHROMIUM", machine.chromium()?).env("L2T_PICTURES", machine.target.join("book-pictures")),
    )
}

/// What was built.
pub struct Book {
    /// Every page, relative to the book's folder.
    pub pages: Vec<PathBuf>,
    /// Every address of another site that is linked to.
    pub elsewhere: BTreeSet<String>,
}

/// Builds the book into `folder`; as a part of the site it has links to the rest of that.
pub fn build(machine: &Machine, folder: &Path, in_site: bool) -> Result<Book, Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| Failure::file("remove", folder, &error))?;
    }
    let generated = machine.target.join("book-reference");
    reference(machine, &generated)?;
    let contents = Contents::read(&machine.root, &generated)?;
    let mut targets = Targets::new(&machine.root, &contents);
    let mut book = Book { pages: Vec::new(), elsewhere: BTreeSet::new() };
    for (nth, chapter) in contents.chapters.iter().enumerate() {
        let text = fs::read_to_string(&chapter.file).map_err(|error| Failure::file("read", &chapter.file, &error))?;
        commands_are_known(&chapter.path, &text)?;
        let body = page::body(&text, |link| targets.lead(&chapter.path, link))?;
        book.elsewhere.extend(body.elsewhere.iter().cloned());
        let frame = Frame { contents: &contents, nth, in_site };
        write(folder, &chapter.page, &frame.around(&body), &mut book.pages)?;
    }
    for (path, page) in targets.files() {
        let text = fs::read_to_string(machine.root.join(path)).map_err(|error| Failure::file("read", path, &error))?;
        write(folder, page, &code::page(path, &text, page), &mut book.pages)?;
    }
    for (path, to) in targets.pictures() {
        let (from, to) = (machine.root.join(path), folder.join(to));
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::copy(&from, &to)).map_err(|error| Failure::file("copy", &from, &error))?;
    }
    let style = folder.join("book.css");
    fs::write(&style, include_str!("../../book/book.css")).map_err(|error| Failure::file("write", &style, &error))?;
    println!("    {} pages, {} of them files of the repository", book.pages.len(), targets.files().count());
    Ok(book)
}

/// The chapters that the program writes itself.
fn reference(machine: &Machine, folder: &Path) -> Result<(), Failure> {
    let mut manual = machine.cargo("run");
    steps::run(manual.args(["--release", "--quiet", "--example", "manual", "--", "reference"]).arg(folder))?;
    let defaults = folder.join("defaults.toml");
    let defaults = fs::read_to_string(&defaults).map_err(|error| Failure::file("read", &defaults, &error))?;
    let text = keys::chapter(&machine.root.join("core/src"), &defaults)?;
    let to = folder.join("configuration.md");
    fs::write(&to, text).map_err(|error| Failure::file("write", &to, &error))
}

/// Lines that call this program must be such that it would run; those that call `l2t` are run by `app/tests/book.rs`.
fn commands_are_known(chapter: &Path, text: &str) -> Result<(), Failure> {
    for line in page::shell_lines(text) {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.starts_with("cargo xtask") {
            crate::parsed(line)
                .map_err(|reason| Failure::Advice(format!("{}: `{line}`: {reason}", chapter.display())))?;
        }
    }
    Ok(())
}

fn write(folder: &Path, page: &Path, text: &str, pages: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let to = folder.join(page);
    let made = to.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(&to, text)).map_err(|error| Failure::file("write", &to, &error))?;
    pages.push(page.to_owned());
    Ok(())
}
