//! `cargo xtask bare`: the two commands of the README on a Debian that has nothing else.
//!
//! A Debian is made in a folder by debootstrap, with gcc, the certificates of the network and the toolchain of this
//! machine: no git, no Node.js, no browser, no Mesa, no display. The checkout comes as its committed files. What the
//! two commands need beyond that, they have to find or install themselves. It needs root and most of an hour, so it is no
//! part of `cargo xtask test`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::machine::Machine;
use crate::steps::{self, Failure};

/// The release of Debian that people have.
const RELEASE: &str = "bookworm";
/// What the README asks for, and what downloads need: gcc brings no C library's headers by itself.
const PACKAGES: &str = "gcc,libc6-dev,ca-certificates";
/// The README's two commands, and a file that the first one leaves where there is no display.
const COMMANDS: [(&str, Option<&str>); 2] =
    [("cargo run --release", Some("runs/demo/summary.json")), ("cargo xtask test", None)];
/// Where the checkout and the toolchain are, inside.
const CHECKOUT: &str = "l2t";
const TOOLCHAIN: &str = "opt/rust";

/// The options of `cargo xtask bare`.
#[derive(clap::Args)]
pub struct Args {
    /// Keep the folder, to look around in it
    #[arg(long)]
    keep: bool,
    /// Where to make the Debian; by default in the target folder
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Makes the Debian, runs the two commands in it, and removes it.
pub fn run(machine: &Machine, args: &Args) -> Result<(), Failure> {
    let folder = args.folder.clone().unwrap_or_else(|| machine.target.join("bare"));
    if folder.exists() {
        return Err(Failure::Advice(format!("{} is there already: remove it first", folder.display())));
    }
    if Command::new("debootstrap").arg("--version").stdout(Stdio::null()).status().is_err() {
        machine.install(&["debootstrap"], "no debootstrap here")?;
    }
    debian(&folder)?;
    toolchain(machine, &folder)?;
    checkout(machine, &folder)?;
    for (line, leaves) in COMMANDS {
        inside(&folder, line)?;
        if let Some(file) = leaves.filter(|file| !folder.join(CHECKOUT).join(file).is_file()) {
            return Err(Failure::Advice(format!("`{line}` passed, but left no {file}")));
        }
    }
    println!("\nxtask: the README's commands pass on a bare Debian");
    if args.keep {
        return Ok(());
    }
    fs::remove_dir_all(&folder).map_err(|error| Failure::file("remove", &folder, &error))
}

/// A smallest Debian in `folder`, which can look up names and trusts whom this machine trusts.
fn debian(folder: &Path) -> Result<(), Failure> {
    let mut debootstrap = Command::new("debootstrap");
    debootstrap.args(["--variant=minbase", &format!("--include={PACKAGES}"), RELEASE]).arg(folder);
    steps::run(debootstrap.args(mirror()))?;
    copy(&["/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"].map(PathBuf::from), folder)?;
    let sources = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    // Packages that the machine's administrator added are not part of a bare Debian.
    let own = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == "debian");
    let sources: Vec<PathBuf> = sources.filter(own).collect();
    if !sources.is_empty() {
        let old = folder.join("etc/apt/sources.list");
        fs::remove_file(&old).map_err(|error| Failure::file("remove", &old, &error))?;
    }
    copy(&sources, folder)?;
    copy(&[PathBuf::from("/etc/apt/apt.conf")].into_iter().filter(|path| path.exists()).collect::<Vec<_>>(), folder)
}

/// The mirror that apt uses here, where it says so.
fn mirror() -> Option<String> {
    let targets = Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI) $(RELEASE)"]).output().ok()?;
    let targets = String::from_utf8(targets.stdout).ok()?;
    targets.lines().find_map(|line| line.strip_suffix(RELEASE)?.strip_suffix(' ')).map(str::to_owned)
}

/// Copies files to the same place inside `folder`.
fn copy(files: &[PathBuf], folder: &Path) -> Result<(), Failure> {
    for file in files {
        let to = folder.join(file.strip_prefix("/").unwrap_or(file));
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::copy(file, &to)).map_err(|error| Failure::file("copy", file, &error))?;
    }
    Ok(())
}

/// The toolchain that this checkout asks for, with its linter and formatter, as rustup has it.
fn toolchain(machine: &Machine, folder: &Path) -> Result<(), Failure> {
    machine.ensure_wasm_target()?;
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).current_dir(&machine.root).output();
    let sysroot = sysroot.map_err(|error| Failure::Advice(format!("rustc does not start: {error}")))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    let to = folder.join(TOOLCHAIN);
    fs::create_dir_all(&to).map_err(|error| Failure::file("make", &to, &error))?;
    steps::run(Command::new("cp").args(["--archive", "--no-target-directory"]).arg(sysroot).arg(to))
}

/// The committed files of this checkout.
fn checkout(machine: &Machine, folder: &Path) -> Result<(), Failure> {
    let (archive, to) = (folder.join("checkout.tar"), folder.join(CHECKOUT));
    let mut git = Command::new("git");
    git.current_dir(&machine.root).args(["archive", "--format=tar", "HEAD", "--output"]).arg(&archive);
    steps::run(&mut git)?;
    fs::create_dir_all(&to).map_err(|error| Failure::file("make", &to, &error))?;
    steps::run(Command::new("tar").arg("--extract").arg("--file").arg(&archive).arg("--directory").arg(&to))?;
    fs::remove_file(&archive).map_err(|error| Failure::file("remove", &archive, &error))
}

/// Runs a line of shell in the checkout inside `folder`, with an environment of its own.
fn inside(folder: &Path, line: &str) -> Result<(), Failure> {
    println!("\n==> in the bare Debian: {line}");
    let start = std::time::Instant::now();
    // The mounts are those of a name space of their own, which is gone with its last process.
    let script = format!(
        "mount --rbind /dev {root}/dev && mount -t proc proc {root}/proc && mount -t sysfs sys {root}/sys && \
         exec chroot {root} /usr/bin/env -i HOME=/root USER=root LANG=C.UTF-8 CARGO_TERM_COLOR=never \
         PATH=/{TOOLCHAIN}/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -c 'cd /{CHECKOUT} && {line}'",
        root = folder.display(),
    );
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", &script]).stdin(Stdio::null());
    let outcome = steps::run(&mut unshare);
    println!("    {:.0} s", start.elapsed().as_secs_f64());
    outcome
}
