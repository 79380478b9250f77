//! Files that should be pictures and cannot be read: left out by name, unless they are most of a class.

use std::collections::BTreeMap;

use crate::data::decode::plural;
use crate::data::files::Files;
use crate::error::{Error, Result};

/// Names that a note lists; the rest is counted.
const MAX_NAMED: usize = 3;

/// Reasons that have a note of their own; the files with others are counted.
const MAX_REASONS: usize = 6;

/// One such file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    class: usize,
    name: String,
    reason: String,
}

/// All of one part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Unread {
    files: Vec<File>,
}

impl Unread {
    /// Adds a file of a class; `reason` is what stands behind its name in a message.
    pub(super) fn push(&mut self, class: usize, name: impl Into<String>, reason: impl Into<String>) {
        self.files.push(File { class, name: name.into(), reason: reason.into() });
    }

    /// How many there are of each of `classes` classes.
    pub(super) fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        self.files.iter().for_each(|file| counts[file.class] += 1);
        counts
    }

    /// What keeps each class of which more than half of `all` its files cannot be read from being used.
    pub(super) fn problems(&self, files: &Files, class_names: &[String], all: &[usize]) -> Vec<Error> {
        let counts = self.class_counts(class_names.len());
        let broken = (0..class_names.len()).filter(|&class| 2 * counts[class] > all[class]);
        let problem = |class: usize| {
            let first = self.files.iter().filter(|file| file.class == class).min_by_key(|file| &file.name);
            let first = first.expect("it was counted");
            let (count, all, name) = (counts[class], all[class], &class_names[class]);
            let how_many = match all {
                1 => format!("it is the only file of class `{name}`"),
                all => format!("{count} of the {all} files of class `{name}` cannot be read, too many to leave out"),
            };
            Error::file(files.path_of(&first.name), format!("{}; {how_many}", first.reason))
        };
        broken.map(problem).collect()
    }

    /// The first of [`problems`](Self::problems).
    ///
    /// # Errors
    /// If there is one.
    pub(super) fn check(&self, files: &Files, class_names: &[String], all: &[usize]) -> Result<()> {
        self.problems(files, class_names, all).into_iter().next().map_or(Ok(()), Err)
    }

    /// What was left out and why, a note a reason.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for file in &self.files {
            reasons.entry(&file.reason).or_default().push(&file.name);
        }
        let mut reasons: Vec<(&str, Vec<&str>)> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
        let rest: usize = reasons.iter().skip(MAX_REASONS).map(|(_, names)| names.len()).sum();
        let told = reasons.iter().take(MAX_REASONS).map(|(reason, names)| note(reason, names));
        let counted = (rest > 0).then(|| format!("left out {rest} more {} that cannot be read", plural(rest, "file")));
        told.chain(counted).collect()
    }
}

fn note(reason: &str, names: &[&str]) -> String {
    let count = names.len();
    if let [name] = names {
        return format!("left out 1 file: {name} {reason}");
    }
    let named = names.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if count > MAX_NAMED { format!(" and {} more", count - MAX_NAMED) } else { String::new() };
    format!("left out {count} files ({named}{more}): each {reason}")
}

#[cfg(test)]
#[path = "unread_tests.rs"]
mod tests;
