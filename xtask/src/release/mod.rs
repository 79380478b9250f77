//! `cargo xtask release`: the program as an archive that anybody can unpack and run.
//!
//! The archive has the program, its manual pages and completions, the licences, and those of everything that is compiled into it.
//! With `--check` it is unpacked in a folder outside the repository, and the demo runs there, as small as it gets.

mod archive;
mod notices;
mod publish;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::Machine;
use crate::steps::{self, Failure};

pub use notices::write as licences;
pub use publish::{Args as PublishArgs, run as publish};

/// The systems that a release is for, as Rust calls them.
const TARGETS: [&str; 5] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

/// The newest version of GNU's C library that the program may ask for: that of Ubuntu 22.04. Debian 12 has 2.36.
const NEWEST_GLIBC: u32 = 35;

/// The demo, as small as it gets.
const TINY_DEMO: &str =
    "demo --device cpu --set train.epochs=1 --set target.width=0.0625 --set data.per_class=2 --set train.batch_size=10";

/// What the tiny demo must leave.
const LEAVES: [&str; 3] = ["summary.json", "comparison.png", "l2t-ww/matching.svg"];

/// The options of `cargo xtask release`.
#[derive(clap::Args)]
pub struct Args {
    /// The system to build for, as Rust calls it; by default this one
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Unpack the archive outside the repository and run the demo from there
    #[arg(long)]
    check: bool,
    /// The folder for the archive and its checksum; by default `dist` in the target folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Builds the archive, and tries it where that was asked for.
pub fn run(machine: &Machine, args: &Args) -> Result<(), Failure> {
    let host = host(machine)?;
    let target = args.target.as_deref().unwrap_or(&host);
    let out = args.out.clone().unwrap_or_else(|| machine.target.join("dist"));
    let archive = build(machine, target, target != host, &out)?;
    if args.check { check(&archive) } else { Ok(()) }
}

/// The archive for this machine, unpacked elsewhere.
pub fn tried(machine: &Machine) -> Result<(), Failure> {
    run(machine, &Args { target: None, check: true, out: None })
}

/// `l2t-0.1.0-x86_64-unknown-linux-gnu`; what `[package.metadata.binstall]` in `app/Cargo.toml` says, too.
fn stem(version: &str, target: &str) -> String {
    format!("l2t-{version}-{target}")
}

fn ending(target: &str) -> &'static str {
    if target.contains("windows") { "zip" } else { "tar.gz" }
}

/// The version that the workspace's packages share.
fn version(machine: &Machine) -> Result<String, Failure> {
    let metadata = metadata(machine, &["--no-deps"])?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let app = packages.iter().find(|package| package["name"] == "l2t-app");
    let version = app.and_then(|package| package["version"].as_str());
    version.map(str::to_owned).ok_or_else(|| Failure::Advice("cargo metadata names no l2t-app".into()))
}

fn metadata(machine: &Machine, arguments: &[&str]) -> Result<serde_json::Value, Failure> {
    let mut cargo = machine.cargo("metadata");
    let output = cargo.args(["--format-version", "1", "--locked"]).args(arguments).output();
    let output = output.map_err(|error| Failure::Advice(format!("cargo metadata does not start: {error}")))?;
    if !output.status.success() {
        return Err(Failure::Advice(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim())));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| Failure::Advice(format!("cargo metadata: {error}")))
}

/// What this compiler compiles for when nothing else is said.
fn host(machine: &Machine) -> Result<String, Failure> {
    let output = Command::new("rustc").arg("-vV").current_dir(&machine.root).output();
    let output = output.map_err(|error| Failure::Advice(format!("rustc does not start: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::Advice("rustc -vV names no host".into()))
}

/// Builds program and manual, puts them in a folder with the licences, and packs it. The default members are selected, as by
/// `cargo build`: others have other features, and Burn would be compiled anew.
fn build(machine: &Machine, target: &str, foreign: bool, out: &Path) -> Result<PathBuf, Failure> {
    let (mut folder, mut options) = (machine.target.clone(), vec!["--release", "--locked"]);
    if foreign {
        let mut rustup = Command::new("rustup");
        steps::run(rustup.args(["target", "add", target]).current_dir(&machine.root))?;
        folder.push(target);
        options.extend(["--target", target]);
    }
    steps::run(machine.cargo("build").args(&options).args(["--bin", "l2t"]))?;
    let name = if target.contains("windows") { "l2t.exe" } else { "l2t" };
    let program = folder.join("release").join(name);
    if target.ends_with("linux-gnu") {
        old_enough(&program)?;
    }
    let stem = stem(&version(machine)?, target);
    let packed = out.join(&stem);
    if packed.exists() {
        fs::remove_dir_all(&packed).map_err(|error| Failure::file("remove", &packed, &error))?;
    }
    fs::create_dir_all(&packed).map_err(|error| Failure::file("make", &packed, &error))?;
    steps::run(
        machine.cargo("run").args(&options).args(["--quiet", "--example", "manual", "--", "files"]).arg(&packed),
    )?;
    let copies = [(program, name), (machine.root.join("LICENSE-MIT"), "LICENSE-MIT")];
    for (from, to) in copies.into_iter().chain([(machine.root.join("LICENSE-APACHE"), "LICENSE-APACHE")]) {
        fs::copy(&from, packed.join(to)).map_err(|error| Failure::file("copy", &from, &error))?;
    }
    licences(machine, target, "l2t-app", &packed.join("LICENSES-OF-OTHERS.txt"))?;
    let archive = archive::pack(out, &stem, ending(target))?;
    fs::remove_dir_all(&packed).map_err(|error| Failure::file("remove", &packed, &error))?;
    let bytes = fs::metadata(&archive).map_or(0, |metadata| metadata.len());
    println!("    {bytes} bytes in {}, its checksum beside it", archive.display());
    Ok(archive)
}

/// An error where the program would not start on the oldest system that it is meant for.
fn old_enough(program: &Path) -> Result<(), Failure> {
    let bytes = fs::read(program).map_err(|error| Failure::file("read", program, &error))?;
    let newest = newest_glibc(&bytes);
    println!("    asks for GNU's C library 2.{newest} or newer");
    if newest <= NEWEST_GLIBC {
        return Ok(());
    }
    Err(Failure::Advice(format!(
        "{} asks for GNU's C library 2.{newest}; build on a system with 2.{NEWEST_GLIBC} or older",
        program.display()
    )))
}

/// The n of the newest `GLIBC_2.n` that the program names.
fn newest_glibc(program: &[u8]) -> u32 {
    const NAME: &[u8] = b"GLIBC_2.";
    let digits = |at: usize| program[at + NAME.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let number = |at| digits(at).fold(0, |number: u32, digit| number.saturating_mul(10) + u32::from(digit - b'0'));
    program
        .windows(NAME.len())
        .enumerate()
        .filter(|(_, window)| *window == NAME)
        .map(|(at, _)| number(at))
        .max()
        .unwrap_or(0)
}

/// Runs the demo from what is in the archive, in a folder that knows nothing of this repository.
fn check(archive: &Path) -> Result<(), Failure> {
    archive::verify(archive)?;
    let folder = std::env::temp_dir().join(format!("l2t-release-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
    let outcome = try_in(archive, &folder);
    fs::remove_dir_all(&folder).map_err(|error| Failure::file("remove", &folder, &error))?;
    outcome
}

fn try_in(archive: &Path, folder: &Path) -> Result<(), Failure> {
    let unpacked = archive::unpack(archive, folder)?;
    let program = unpacked.join(format!("l2t{}", std::env::consts::EXE_SUFFIX));
    for line in ["--version", "devices", TINY_DEMO] {
        let mut command = Command::new(&program);
        steps::run(command.args(line.split(' ')).current_dir(folder))?;
    }
    let demo = folder.join("runs/demo");
    let missing = LEAVES.into_iter().find(|file| !demo.join(file).is_file());
    if let Some(file) = missing {
        return Err(Failure::Advice(format!("the demo left no {file}")));
    }
    println!("    the demo ran from {}", unpacked.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("Cargo says where")).join("..")
    }

    #[test]
    fn the_workflow_builds_for_every_system() {
        let workflow = fs::read_to_string(root().join(".github/workflows/release.yml")).expect("the workflow");
        let targets: Vec<_> =
            workflow.lines().filter_map(|line| line.split("target: ").nth(1)?.split(',').next()).collect();
        let built: Vec<_> = targets.into_iter().filter(|target| !target.starts_with("${{")).collect();
        assert_eq!(built, TARGETS);
    }

    #[test]
    fn what_installs_archives_knows_what_they_are_called() {
        let manifest = fs::read_to_string(root().join("app/Cargo.toml")).expect("the manifest");
        let name = stem("{ version }", "{ target }");
        for ending in TARGETS.map(ending) {
            assert!(
                manifest.contains(&format!("/v{{ version }}/{name}.{ending}\"")),
                "pkg-url ends in {name}.{ending}"
            );
        }
        assert!(manifest.contains(&format!("bin-dir = \"{name}/{{ bin }}{{ binary-ext }}\"")), "bin-dir is in {name}");
    }

    #[test]
    fn the_newest_version_counts_and_not_the_last() {
        assert_eq!(newest_glibc(b"..GLIBC_2.34\0GLIBC_2.4\0GLIBC_2.2.5\0"), 34);
        assert_eq!(newest_glibc(b"nothing of the kind"), 0);
    }
}
