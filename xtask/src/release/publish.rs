//! `cargo xtask publish`: the archives of all systems, as one release on GitHub.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{TARGETS, archive, ending, stem, version};
use crate::machine::Machine;
use crate::steps::{self, Failure};

/// The options of `cargo xtask publish`.
#[derive(clap::Args)]
pub struct Args {
    /// The folder with the archives that `cargo xtask release` made on each system
    folder: PathBuf,
    /// The tag that is released: v and the version
    #[arg(long)]
    tag: String,
    /// Check everything and publish nothing
    #[arg(long)]
    dry_run: bool,
}

/// Compares tag, archives and checksums, and publishes them by GitHub's own `gh`.
pub fn run(machine: &Machine, args: &Args) -> Result<(), Failure> {
    let version = version(machine)?;
    if args.tag != format!("v{version}") {
        return Err(Failure::Advice(format!("the tag {} is not that of version {version}", args.tag)));
    }
    let mut files = Vec::new();
    let mut sums = String::new();
    for target in TARGETS {
        let archive = args.folder.join(format!("{}.{}", stem(&version, target), ending(target)));
        sums += &archive::verify(&archive)?;
        sums.push('\n');
        files.push(archive);
    }
    let together = args.folder.join("SHA256SUMS");
    fs::write(&together, &sums).map_err(|error| Failure::file("write", &together, &error))?;
    files.push(together);
    print!("{sums}");
    let mut gh = gh(&args.tag, &files);
    if args.dry_run {
        println!("    would run {}", steps::command_line(&gh));
        return Ok(());
    }
    steps::run(gh.current_dir(&machine.root))
}

fn gh(tag: &str, files: &[impl AsRef<Path>]) -> Command {
    let mut gh = Command::new("gh");
    gh.args(["release", "create", tag, "--verify-tag", "--generate-notes", "--title", tag]);
    gh.args(files.iter().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.as_ref().to_owned())));
    gh
}
