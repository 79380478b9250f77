//! Fuzzing: inputs that nobody would make, for every reader of what a user or a link gives.
//!
//! `cargo xtask fuzz --help` says how to run it. Inputs are valid ones that were changed ([`mutate`]) or come from a
//! grammar of the format (`readers/`), by choices of `arbitrary` on seeded random bytes ([`dice`]): input n of a reader is
//! a function of the seed. A [`worker`] process reads them, with a thread as small as a page's, an [`allocator`] that
//! refuses what goes beyond 1 GiB, and a second for each; the [`supervisor`] makes findings of panics, refusals, delays
//! and of whatever ends the worker, makes their inputs smaller and keeps them. Coverage-guided fuzzers need a nightly
//! toolchain; `bolero` and `proptest` bring neither the budget nor the processes that this is about.

mod allocator;
mod dice;
mod folder;
mod journal;
mod minimise;
mod mutate;
mod reader;
mod readers;
mod self_check;
mod supervisor;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use clap::Parser;

use reader::Reader;
use supervisor::{Finding, Outcome, Plan};
use worker::Range;

/// Reads changed, cut, spliced and made-up inputs with every reader of files, links and messages
#[derive(Parser)]
#[command(name = "cargo xtask fuzz", bin_name = "cargo xtask fuzz")]
struct Args {
    /// The readers, all without a name
    readers: Vec<String>,
    /// Seconds for all readers together
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Inputs for each reader, however long that takes
    #[arg(long)]
    inputs: Option<u64>,
    /// Input n of a reader is a function of this and n
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Reads the input in this file alone, with the one reader that is named
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Readers at a time; as many as there are processors without it
    #[arg(long)]
    jobs: Option<usize>,
    /// Lists the readers
    #[arg(long)]
    list: bool,
    /// Where inputs that fail are put
    #[arg(long, default_value = "target/fuzz")]
    out: PathBuf,
    #[arg(long, hide = true)]
    journal: Option<PathBuf>,
    #[arg(long, hide = true, default_value_t = 0)]
    from: u64,
    #[arg(long, hide = true)]
    alone: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(code) => code,
        Err(reason) => {
            eprintln!("fuzz: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<ExitCode, String> {
    let readers = args.readers.iter().map(|name| by_name(name)).collect::<Result<Vec<_>, _>>()?;
    let time = Duration::try_from_secs_f64(args.seconds).map_err(|error| format!("--seconds: {error}"))?;
    if args.list {
        readers::ALL.iter().for_each(|reader| println!("{:<16} {}", reader.name, reader.about));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(file) = &args.replay {
        let [reader] = readers[..] else { return Err("--replay needs the name of one reader".into()) };
        let input = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        return Ok(ExitCode::from(worker::run_one(reader, input)));
    }
    if let (Some(journal), [reader]) = (&args.journal, &readers[..]) {
        let range = Range { seed: args.seed, from: args.from, to: args.inputs.unwrap_or(u64::MAX), time };
        return Ok(ExitCode::from(worker::run(reader, range, journal)));
    }
    self_check::run(args.seed)?;
    let readers = if readers.is_empty() { readers::ALL.iter().collect() } else { readers };
    Ok(if all(&readers, args, time)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn by_name(name: &str) -> Result<&'static Reader, String> {
    let known = readers::ALL.iter().chain(&self_check::FAULTY);
    known.into_iter().find(|reader| reader.name == name).ok_or_else(|| {
        let names: Vec<_> = readers::ALL.iter().map(|reader| reader.name).collect();
        format!("{name} is none of {}", names.join(", "))
    })
}

/// Runs the readers, a few at a time; whether nothing was found.
fn all(readers: &[&'static Reader], args: &Args, time: Duration) -> Result<bool, String> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or(processors).clamp(1, readers.len());
    // Whole rounds, so that all of them together take the time that was asked for.
    let share = time / readers.len().div_ceil(jobs) as u32;
    let plan = Plan {
        seed: args.seed,
        inputs: args.inputs.unwrap_or(u64::MAX),
        time: if args.inputs.is_some() { Duration::from_secs(1 << 20) } else { share },
        folder: args.out.clone(),
        smaller: true,
    };
    println!("{:<16}{:>12}{:>9}{:>10}{:>12}{:>9}", "reader", "inputs", "taken", "seconds", "most MiB", "longest");
    let queue = Mutex::new(readers.iter());
    let work = || -> Result<usize, String> {
        let mut found = 0;
        while let Some(reader) = queue.lock().expect("nobody panics with it").next() {
            let outcome = supervisor::run(reader, &plan)?;
            show(reader, &plan, &outcome);
            found += outcome.findings.len();
        }
        Ok(found)
    };
    let found = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a job does not panic")).sum::<Result<usize, String>>()
    })?;
    println!("seed {}: {found} found in {} readers", args.seed, readers.len());
    Ok(found == 0)
}

fn show(reader: &Reader, plan: &Plan, outcome: &Outcome) {
    let measured = &outcome.measured;
    let share = 100.0 * measured.taken as f64 / measured.inputs.max(1) as f64;
    let row = format!(
        "{:<16}{:>12}{share:>8.1}%{:>10.1}{:>12.1}{:>7} ms",
        reader.name,
        measured.inputs,
        outcome.took.as_secs_f64(),
        measured.peak as f64 / f64::from(1 << 20),
        measured.slowest.div_ceil(1000),
    );
    let lines: Vec<String> = outcome.findings.iter().map(|finding| line(reader, plan, finding)).collect();
    println!("{}", [vec![row], lines].concat().join("\n"));
}

fn line(reader: &Reader, plan: &Plan, finding: &Finding) -> String {
    let (name, file, seed) = (reader.name, finding.file.display(), plan.seed);
    format!(
        "  FOUND: input {} of seed {seed}: {}\n         {} bytes; again: cargo xtask fuzz {name} --replay {file}",
        finding.number, finding.fault, finding.bytes
    )
}
