//! The manual, from the program itself: no word of it is written twice. `cargo xtask release` and `cargo xtask book` run it.
//!
//! ```text
//! manual files FOLDER       pages for man, completions for shells
//! manual reference FOLDER   commands.md, keyboard.md, and defaults.toml: an experiment with every key
//! ```

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use clap::{Arg, Command};
use l2t_app::cli::definition;
use l2t_app::window::panels::help::SHORTCUTS;
use l2t_core::experiment::Config;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["files", folder] => files(Path::new(folder)),
        ["reference", folder] => reference(Path::new(folder)),
        _ => Err(io::Error::other("manual files FOLDER, or manual reference FOLDER")),
    }
}

fn files(folder: &Path) -> io::Result<()> {
    let (pages, completions) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(definition(), pages)?;
    for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish] {
        clap_complete::generate_to(shell, &mut definition(), "l2t", &completions)?;
    }
    clap_complete::generate_to(clap_complete::Shell::PowerShell, &mut definition(), "l2t", &completions).map(drop)
}

fn reference(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut command = definition().disable_help_subcommand(true).term_width(usize::MAX);
    command.build();
    let mut text = String::from("# Commands\n\n");
    text += "Every command of `l2t`, as `--help` shows it.\n";
    describe(&mut text, &mut command, "l2t");
    fs::write(folder.join("commands.md"), text)?;
    let mut keys = String::from("# Keys of the window\n\n| key | what it does |\n|---|---|\n");
    SHORTCUTS.iter().for_each(|(key, what)| line(&mut keys, &format!("| {key} | {what} |")));
    fs::write(folder.join("keyboard.md"), keys)?;
    fs::write(folder.join("defaults.toml"), Config::default().to_toml())
}

/// A heading, what the command does, how it is called, its arguments; then the commands below it.
fn describe(text: &mut String, command: &mut Command, name: &str) {
    line(text, &format!("\n## {name}\n"));
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    // Examples are shown as they stand.
    let (words, examples) = about.split_once("Examples:").unwrap_or((&about, ""));
    line(text, words.trim_end());
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").lines().map(str::trim).collect::<Vec<_>>().join("\n");
    line(text, &format!("\n```text\n{usage}\n```"));
    if !examples.is_empty() {
        let examples: Vec<&str> =
            examples.trim_matches('\n').lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        line(text, &format!("\n```sh\n{}\n```", examples.join("\n")));
    }
    let own = |argument: &&Arg| !matches!(argument.get_id().as_str(), "help" | "version");
    let shown: Vec<&Arg> = command.get_arguments().filter(|argument| !argument.is_hide_set()).filter(own).collect();
    if !shown.is_empty() {
        line(text, "\n| argument | what it says |\n|---|---|");
        shown.into_iter().for_each(|argument| row(text, argument));
    }
    for below in command.get_subcommands_mut() {
        let name = format!("{name} {}", below.get_name());
        describe(text, below, &name);
    }
}

fn row(text: &mut String, argument: &Arg) {
    let values = argument.get_possible_values();
    let takes = argument.get_action().takes_values();
    let name = argument.to_string().replace('|', "\\|");
    let mut words = argument.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
    if !words.ends_with('.') {
        words.push('.');
    }
    if takes && !values.is_empty() {
        let values: Vec<String> = values.iter().filter(|value| !value.is_hide_set()).map(value_of).collect();
        let _ = write!(words, " One of {}.", values.join("; "));
    }
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if takes && !defaults.is_empty() {
        let _ = write!(words, " Default: `{}`.", defaults.join(" "));
    }
    line(text, &format!("| `{name}` | {words} |"));
}

fn value_of(value: &clap::builder::PossibleValue) -> String {
    let help = value.get_help().map(|help| format!(": {}", help.to_string().trim_end_matches('.')));
    format!("`{}`{}", value.get_name(), help.unwrap_or_default())
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
