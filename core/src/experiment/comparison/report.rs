//! What a comparison says: a table, differences and curves, as plain numbers for any front end.

use super::difference::{Difference, differences};
use super::grid::{Cell, images_name};
use super::group::{Counts, Group};
use super::outcome::CellOutcome;

/// A comparison, complete or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What is compared.
    pub title: String,
    /// Labels of the tasks, in the grid's order.
    pub tasks: Vec<String>,
    /// Images per class, ascending; 0, all of them, comes last.
    pub per_class: Vec<usize>,
    /// Labels of the methods, in the grid's order.
    pub methods: Vec<String>,
    /// Seeds, ascending.
    pub seeds: Vec<u64>,
    /// Every cell.
    pub outcomes: Vec<CellOutcome>,
    /// Task by task, images by images.
    pub settings: Vec<Setting>,
}

/// The methods on one task with one number of images per class.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Label of the task.
    pub task: String,
    /// Images of each class; 0 stands for all.
    pub per_class: usize,
    /// One for each method of the report.
    pub groups: Vec<Group>,
    /// Paired, at equal seeds.
    pub differences: Vec<Difference>,
}

impl Setting {
    /// `shapes, n20`
    pub fn name(&self) -> String {
        format!("{}, {}", self.task, images_words(self.per_class))
    }

    /// `shapes-n20`
    pub fn file_name(&self) -> String {
        format!("{}-{}", self.task, images_name(self.per_class))
    }
}

/// `20 images a class`
pub fn images_words(per_class: usize) -> String {
    match per_class {
        0 => "all images".into(),
        1 => "1 image a class".into(),
        _ => format!("{per_class} images a class"),
    }
}

impl Report {
    /// Sums up `outcomes`.
    pub fn new(title: &str, outcomes: Vec<CellOutcome>) -> Self {
        let tasks = distinct(&outcomes, |cell| cell.task.clone());
        let methods = distinct(&outcomes, |cell| cell.method.clone());
        let mut per_class = distinct(&outcomes, |cell| cell.per_class);
        per_class.sort_by_key(|images| if *images == 0 { usize::MAX } else { *images });
        let mut seeds = distinct(&outcomes, |cell| cell.seed);
        seeds.sort_unstable();
        let mut settings = Vec::new();
        for task in &tasks {
            for &images in &per_class {
                let here: Vec<&CellOutcome> =
                    outcomes.iter().filter(|o| o.cell.task == *task && o.cell.per_class == images).collect();
                if !here.is_empty() {
                    settings.push(setting(task, images, &methods, &here));
                }
            }
        }
        Self { title: title.to_owned(), tasks, per_class, methods, seeds, outcomes, settings }
    }

    /// What became of all cells.
    pub fn counts(&self) -> Counts {
        Counts::of(&self.outcomes)
    }
}

fn setting(task: &str, per_class: usize, methods: &[String], outcomes: &[&CellOutcome]) -> Setting {
    let of = |method: &String| {
        let mine: Vec<&CellOutcome> = outcomes.iter().copied().filter(|o| o.cell.method == *method).collect();
        Group::of(method, &mine)
    };
    let groups: Vec<Group> = methods.iter().map(of).collect();
    let differences = differences(&groups, outcomes);
    Setting { task: task.to_owned(), per_class, groups, differences }
}

fn distinct<T: PartialEq>(outcomes: &[CellOutcome], value: impl Fn(&Cell) -> T) -> Vec<T> {
    let mut found = Vec::new();
    for outcome in outcomes {
        let value = value(&outcome.cell);
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
