//! `cargo xtask platforms`: what the compiler says of the code for Windows and Macs.
//!
//! Linking needs those systems, checking does not: types, names and lints of every line that is for them alone, and of the crates
//! that they alone have. The first time takes a few minutes a system.

use std::process::Command;

use crate::machine::Machine;
use crate::steps::{self, Failure};

/// One processor each: the other one compiles the same lines.
const SYSTEMS: [&str; 2] = ["x86_64-pc-windows-msvc", "aarch64-apple-darwin"];

/// Checks the default members, tests included, for each system.
pub fn run(machine: &Machine) -> Result<(), Failure> {
    for system in SYSTEMS {
        let mut rustup = Command::new("rustup");
        steps::run(rustup.args(["target", "add", system]).current_dir(&machine.root))?;
        let mut clippy = machine.cargo("clippy");
        steps::run(clippy.args(["--release", "--all-targets", "--target", system, "--", "-D", "warnings"]))?;
    }
    Ok(())
}
