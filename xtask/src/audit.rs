//! `cargo xtask audit`: the dependencies against the RustSec advisory database.

use crate::machine::Machine;
use crate::steps::{self, Failure};

/// Runs every check of cargo-deny, advisories included; these need the network, so `test` leaves them out.
pub fn run(machine: &Machine) -> Result<(), Failure> {
    println!("    fetching the RustSec advisory database from github.com; without it this command fails");
    steps::run(machine.cargo_deny()?.arg("check"))
}
