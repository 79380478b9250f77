//! `cargo xtask fuzz`: inputs that nobody would make, for every reader of files, links and messages.
//!
//! What is done is in `tests/fuzz/`; this builds it and passes the options on.

use crate::machine::Machine;
use crate::steps::{self, Failure};
use std::path::PathBuf;

/// The options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Args {
    /// The readers; all of them without a name
    readers: Vec<String>,
    /// List the readers and do nothing
    #[arg(long)]
    list: bool,
    /// Seconds for all readers together [default: 60]
    #[arg(long, value_name = "N")]
    seconds: Option<f64>,
    /// Inputs for each reader, however long that takes
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    inputs: Option<u64>,
    /// Input n of a reader is a function of this and n [default: 0]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Read the input in this file alone, with the one reader that is named
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Readers at a time [default: one a processor]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

/// Fuzzes the readers.
pub fn run(machine: &Machine, args: &Args) -> Result<(), Failure> {
    let mut command = machine.cargo("run");
    // Of the tests' package alone Cargo selects the features of the whole workspace, and compiles Burn no second time.
    command.args(["--release", "--quiet", "--package", "l2t-tests", "--example", "fuzz", "--"]);
    command.args(&args.readers).arg("--out").arg(machine.target.join("fuzz"));
    if args.list {
        command.arg("--list");
    }
    if let Some(file) = &args.replay {
        command.arg("--replay").arg(std::path::absolute(file).unwrap_or_else(|_| file.clone()));
    }
    let numbers = [
        ("--seconds", args.seconds.map(|seconds| seconds.to_string())),
        ("--inputs", args.inputs.map(|inputs| inputs.to_string())),
        ("--seed", args.seed.map(|seed| seed.to_string())),
        ("--jobs", args.jobs.map(|jobs| jobs.to_string())),
    ];
    for (key, value) in numbers {
        command.args(value.iter().flat_map(|value| [key, value]));
    }
    steps::run(&mut command)
}

/// A minute of it, the same inputs every time.
pub fn a_minute(machine: &Machine) -> Result<(), Failure> {
    let none = Args { readers: vec![], list: false, seconds: None, inputs: None, seed: None, replay: None, jobs: None };
    run(machine, &none)
}
