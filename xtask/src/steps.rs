//! Numbered steps and the programs they call.

use crate::machine::Machine;
use std::fmt::Write;
use std::process::{Command, ExitStatus};
use std::time::Instant;

/// Why a command of xtask stopped; each is printed once, by `main`.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A program ran and said no; its own output is above.
    #[error("`{line}` failed ({status})")]
    Program {
        /// The program and its arguments.
        line: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A program could not be started.
    #[error("could not start `{line}`: {source}")]
    Start {
        /// The program and its arguments.
        line: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Something that a person has to do first.
    #[error("{0}")]
    Advice(String),
    /// The step in which one of the others happened.
    #[error("step `{step}` failed after {elapsed_secs:.1} s: {failure}; alone: cargo xtask test --only {step}")]
    Step {
        /// The step's name.
        step: &'static str,
        /// Seconds spent in that step.
        elapsed_secs: f64,
        /// What went wrong in it.
        failure: Box<Self>,
    },
}

impl Failure {
    /// A file or folder that something could not be done with.
    pub fn file(verb: &str, path: &std::path::Path, error: &dyn std::fmt::Display) -> Self {
        Self::Advice(format!("could not {verb} {}: {error}", path.display()))
    }
}

/// One named check of `cargo xtask test`.
pub struct Step {
    /// What `--only` calls it.
    pub name: &'static str,
    /// One line for the heading and for `--list`.
    pub about: &'static str,
    /// Does it.
    pub run: fn(&Machine) -> Result<(), Failure>,
}

/// Runs the steps in order, each under a heading; the first failure ends it.
pub fn run_in_order(machine: &Machine, steps: &[&Step]) -> Result<(), Failure> {
    let start = Instant::now();
    let mut times = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!("\n==> {}/{} {}: {}", index + 1, steps.len(), step.name, step.about);
        let step_start = Instant::now();
        let outcome = (step.run)(machine);
        let elapsed_secs = step_start.elapsed().as_secs_f64();
        outcome.map_err(|failure| Failure::Step { step: step.name, elapsed_secs, failure: failure.into() })?;
        println!("    {} passed in {elapsed_secs:.1} s", step.name);
        times.push(format!("{} {elapsed_secs:.0} s", step.name));
    }
    println!(
        "\nxtask: all {} steps passed in {:.1} s: {}",
        steps.len(),
        start.elapsed().as_secs_f64(),
        times.join(", ")
    );
    Ok(())
}

/// Runs a program with its output shown, after printing its command line.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let line = command_line(command);
    println!("    $ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Program { line, status }),
        Err(source) => Err(Failure::Start { line, source }),
    }
}

/// What a person would type in a shell to run this program.
pub fn command_line(command: &Command) -> String {
    let mut line = String::new();
    for (key, value) in command.get_envs() {
        if let Some(value) = value {
            let _ = write!(line, "{}={} ", key.display(), quoted(&value.to_string_lossy()));
        }
    }
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    line + &words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains(char::is_whitespace) { format!("'{word}'") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_command_line_can_be_pasted() {
        let mut command = Command::new("cargo");
        command.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings").env_remove("UNUSED");
        assert_eq!(command_line(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn a_failed_step_says_how_to_run_it_again() {
        let failure = Failure::Step {
            step: "fmt",
            elapsed_secs: 0.52,
            failure: Box::new(Failure::Advice("install it".to_owned())),
        };
        assert_eq!(
            failure.to_string(),
            "step `fmt` failed after 0.5 s: install it; alone: cargo xtask test --only fmt"
        );
    }
}
