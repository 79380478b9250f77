//! `cargo xtask site`: what is published: the page, the book beside it, and the documentation of the code.
//!
//! | folder | what it holds |
//! |---|---|
//! | the top | the page, as `cargo xtask web` builds it, with a link to the book |
//! | `book` | the book, with a link to the page |
//! | `api` | the documentation of the code, as `cargo doc` writes it |

use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::Machine;
use crate::steps::{self, Failure};
use crate::{book, release, web};

/// What the page has in the place of the link to the book.
const PLACE: &str = "<!-- manual -->";
const LINK: &str = "<p><a href=\"book/index.html\">The manual</a></p>";

/// The options of `cargo xtask site`.
#[derive(clap::Args)]
pub struct Args {
    /// Serve the site on this machine after building it
    #[arg(long)]
    serve: bool,
    /// Port to serve on; 0 takes a free one
    #[arg(long, default_value_t = 8000, requires = "serve")]
    port: u16,
    /// The folder to build into; by default `site` in the target folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Builds the site, and serves it where that was asked for.
pub fn run(machine: &Machine, args: &Args) -> Result<(), Failure> {
    let site = args.out.clone().unwrap_or_else(|| machine.target.join("site"));
    if site.exists() {
        fs::remove_dir_all(&site).map_err(|error| Failure::file("remove", &site, &error))?;
    }
    copy(&web::build(machine, true)?, &site)?;
    link_to_book(&site.join("index.html"))?;
    steps::run(machine.cargo("doc").args(["--release", "--workspace", "--no-deps"]))?;
    copy(&machine.target.join("doc"), &site.join("api"))?;
    let book = book::build(machine, &site.join("book"), true)?;
    let pages: Vec<PathBuf> = book.pages.iter().map(|page| Path::new("book").join(page)).collect();
    book::check(&site, &pages)?;
    release::licences(machine, crate::machine::WASM_TARGET, "l2t-web", &site.join("licences.txt"))?;
    println!("    the site is in {}", site.display());
    if args.serve {
        let server = web::Server::start(&site, args.port)?;
        println!("\nopen {} (Ctrl-C ends it)", server.url());
        server.wait();
    }
    Ok(())
}

fn link_to_book(page: &Path) -> Result<(), Failure> {
    let text = fs::read_to_string(page).map_err(|error| Failure::file("read", page, &error))?;
    if !text.contains(PLACE) {
        return Err(Failure::Advice(format!("{} has no place for the link to the book", page.display())));
    }
    fs::write(page, text.replace(PLACE, LINK)).map_err(|error| Failure::file("write", page, &error))
}

/// A folder and all that is in it.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(|error| Failure::file("make", to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| Failure::file("read", from, &error))? {
        let path = entry.map_err(|error| Failure::file("read", from, &error))?.path();
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            fs::copy(&path, &to).map_err(|error| Failure::file("copy", &path, &error))?;
        }
    }
    Ok(())
}
