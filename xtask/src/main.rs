//! `cargo xtask <command>`: what a person or CI runs on this repository, one file per command.
//!
//! | file | what it holds |
//! |---|---|
//! | `test.rs` | `cargo xtask test`: every check a change must pass |
//! | `audit.rs` | `cargo xtask audit`: known vulnerabilities in the dependencies |
//! | `book/` | `cargo xtask book`: the manual as pages, with every link followed |
//! | `platforms.rs` | `cargo xtask platforms`: the code for Windows and Macs, checked and not linked |
//! | `release/` | `cargo xtask release` and `publish`: the program as archives for every system |
//! | `shaders.rs` | the kernels in the languages of other systems, a step of `test` |
//! | `site.rs` | `cargo xtask site`: page, book and documentation of the code, as they are published |
//! | `workflows.rs` | the workflows of GitHub, a step of `test` |
//! | `bare.rs` | `cargo xtask bare`: the README's commands on a Debian that has nothing else (Linux, root) |
//! | `fuzz.rs` | `cargo xtask fuzz`: made-up inputs for every reader of files, links and messages |
//! | `slurm.rs` | `cargo xtask slurm`: the example for Slurm, on a Slurm of this machine alone (Unix) |
//! | `torture/` | `cargo xtask torture`: the program killed at random moments, on full disks and in read-only folders |
//! | `web.rs` | `cargo xtask web`: the page, and a server for it |
//! | `machine.rs` | finds or installs what the commands need from the machine |
//! | `steps.rs` | runs numbered steps and programs, and words their failures |

mod audit;
#[cfg(target_os = "linux")]
mod bare;
mod book;
mod fuzz;
mod machine;
mod platforms;
mod release;
mod shaders;
mod site;
#[cfg(unix)]
mod slurm;
mod steps;
mod test;
mod torture;
mod web;
mod workflows;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// The commands that people and CI run on this repository.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Start with `cargo xtask test`: it prepares the machine and runs every check.\n\
                  `cargo xtask <command> --help` explains one command."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prepare the machine, then run every check a change must pass
    Test(test::Args),
    /// Build the page in a browser tab into `web/dist`, and serve it
    Web(web::Args),
    /// Build the book into the target folder, run its links, and serve it
    Book(book::Args),
    /// Build page, book and documentation of the code, as they are published
    Site(site::Args),
    /// Build the program as an archive for others, and try it
    Release(release::Args),
    /// Publish the archives of all systems as a release on GitHub (needs `gh`)
    Publish(release::PublishArgs),
    /// Check the code for Windows and Macs, as far as that goes without them
    Platforms,
    /// Give every reader of files, links and messages inputs that nobody would make
    Fuzz(fuzz::Args),
    /// Kill the program at random moments, fill its disks, and see that it goes on as if nothing had happened
    Torture(torture::Args),
    /// Look the dependencies up in the RustSec advisory database (needs the network)
    Audit,
    /// Run the README's two commands on a bare Debian made for it (needs root and most of an hour)
    #[cfg(target_os = "linux")]
    Bare(bare::Args),
    /// Run the Slurm example on a Slurm of this machine alone (needs root and Debian's packages)
    #[cfg(unix)]
    Slurm,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let outcome = machine::Machine::find().and_then(|machine| match cli.command {
        Command::Test(args) => test::run(&machine, &args),
        Command::Web(args) => web::run(&machine, &args),
        Command::Book(args) => book::run(&machine, &args),
        Command::Site(args) => site::run(&machine, &args),
        Command::Release(args) => release::run(&machine, &args),
        Command::Publish(args) => release::publish(&machine, &args),
        Command::Platforms => platforms::run(&machine),
        Command::Fuzz(args) => fuzz::run(&machine, &args),
        Command::Torture(args) => torture::run(&machine, &args),
        Command::Audit => audit::run(&machine),
        #[cfg(target_os = "linux")]
        Command::Bare(args) => bare::run(&machine, &args),
        #[cfg(unix)]
        Command::Slurm => slurm::run(&machine),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Whether a line of a workflow or of the book is a command of this program; `${{ … }}` may stand for anything.
fn parsed(line: &str) -> Result<(), String> {
    let mut line = line.to_owned();
    while let Some(start) = line.find("${{") {
        let end = line[start..].find("}}").map_or(line.len(), |length| start + length + 2);
        line.replace_range(start..end, "x");
    }
    let words = line.strip_prefix("cargo xtask").ok_or("it begins otherwise")?.split_whitespace();
    let words = std::iter::once("cargo xtask").chain(words.map(|word| word.trim_matches('"')));
    let parsed = Cli::try_parse_from(words);
    parsed.map(drop).map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// Prints what clap has to say, and for an unknown command the list of the known ones as well.
fn explain(error: &clap::Error) -> ExitCode {
    // A closed pipe is all that can go wrong here, and then nobody reads.
    let _ = error.print();
    if error.kind() == ErrorKind::InvalidSubcommand {
        eprintln!("\n{}", Cli::command().render_help());
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lines_are_told_from_those_that_would_fail() {
        assert_eq!(parsed("cargo xtask release --target ${{ matrix.target }} --check"), Ok(()));
        assert_eq!(parsed("cargo xtask publish dist --tag \"$NAME\""), Ok(()));
        assert!(parsed("cargo xtask relase").is_err_and(|reason| reason.contains("relase")));
        assert!(parsed("npm install").is_err());
    }

    #[test]
    fn every_command_says_what_it_does() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "`{}` has no help line", command.get_name());
        }
    }
}
