//! The command line: arguments, and one file per command.

/// Prints a line. A reader that has gone (`l2t train … | head`) is no reason to end a run.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($words)*);
    }};
}

mod args;
mod bench;
mod bench_loader;
mod compare;
mod completions;
mod data;
mod demo;
mod devices;
mod kernels;
mod progress;
mod report;
mod saliency;
mod saliency_picture;
mod source;
mod source_train;
mod train;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use l2t_core::device::{DeviceChoice, OpenDevice};
use l2t_core::home::at_home;
use l2t_core::{Error, Result};

use args::{Arguments, Command, DataCommand, SourceCommand, WindowArguments};

use crate::window::seam::{self, Opening};
use crate::window::shell::link::Link;

/// Exit code of a run that was stopped and saved: that of a program ended by Ctrl-C.
const STOPPED: u8 = 130;

/// How a command that did not fail ended.
enum Ending {
    Done,
    Stopped,
    /// It did what it was asked to, and what it looked at is no good: scripts ask for the exit code.
    Problems,
}

/// The command line as it is defined, for its manual.
pub fn definition() -> clap::Command {
    Arguments::command()
}

/// Runs the command that the arguments name. Errors end in one line on standard error and exit code 1.
pub fn main() -> ExitCode {
    match run(Arguments::parse_from(std::env::args_os().map(with_home)).command.unwrap_or_else(usual)) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Stopped) => ExitCode::from(STOPPED),
        Ok(Ending::Problems) => ExitCode::FAILURE,
        // By Ctrl-C, before there was anything to keep.
        Err(Error::Stopped) => ExitCode::from(STOPPED),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// An argument with `~` as the home folder, where no shell has done it: in quotes, behind `=`, or where there is none.
fn with_home(word: OsString) -> OsString {
    let Some(text) = word.to_str() else { return word };
    match text.split_once('=') {
        Some((option, path)) if option.starts_with("--") => format!("{option}={}", at_home(path).display()).into(),
        _ => at_home(text).into(),
    }
}

/// What happens without a command: the window, or what can be done without one.
fn usual() -> Command {
    let words = if seam::has_display() { ["l2t", "window"] } else { ["l2t", "demo"] };
    Arguments::parse_from(words).command.expect("a command was given")
}

fn run(command: Command) -> Result<Ending> {
    kernels::choose_as_asked()?;
    match command {
        Command::Window(arguments) => {
            let link = arguments.link.as_deref().map(Link::of_address).transpose()?;
            let WindowArguments { frame_times, after_loss, lose_device_when, .. } = arguments;
            let device = arguments.device.device;
            seam::open(Opening { device, link, frame_times, after_loss, lose_device_when })?;
            Ok(Ending::Done)
        }
        Command::Train(arguments) => train::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Report { folders, out, archive } => report::run(&folders, out.as_deref(), archive.as_deref()),
        Command::Results { folder, out } => report::results(&folder, out.as_deref()),
        Command::Source { command } => match command {
            SourceCommand::Train(arguments) => source_train::run(&arguments),
            SourceCommand::Eval(arguments) => source::eval(&arguments),
            SourceCommand::Inspect { weights } => source::inspect(&weights),
            SourceCommand::Convert { weights, out } => source::convert(&weights, &out),
        },
        Command::Saliency(arguments) => saliency::run(&arguments),
        Command::Data { command } => match command {
            DataCommand::Inspect { path } => data::inspect(&path),
            DataCommand::Sample(arguments) => data::sample(&arguments),
        },
        Command::Devices => devices::run(),
        Command::Completions { shell } => completions::run(shell),
        Command::Bench(arguments) => bench::run(&arguments),
    }
}

/// Opens a device and says which and why.
fn open_device(choice: DeviceChoice) -> Result<OpenDevice> {
    let device = l2t_core::device::open(choice)?;
    say!("device  {}: {}", device.name, device.reason);
    Ok(device)
}

/// A path that need not be UTF-8 as the text that a configuration holds.
pub(crate) fn utf8(path: &std::path::Path) -> Result<String> {
    path.to_str().map(String::from).ok_or_else(|| Error::file(path, "is no UTF-8 path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_folder_in_every_path() {
        let home = std::env::home_dir().expect("somebody runs this test");
        let home = home.to_str().expect("a plain name");
        for (given, read) in [
            ("~/runs", format!("{home}/runs")),
            ("--out=~/runs", format!("--out={home}/runs")),
            ("--set=data.path=~/pets", "--set=data.path=~/pets".into()),
            ("data.path=~/pets", "data.path=~/pets".into()),
            ("./~", "./~".into()),
            ("--out", "--out".into()),
        ] {
            assert_eq!(with_home(given.into()), OsString::from(read));
        }
    }
}
