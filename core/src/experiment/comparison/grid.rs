//! A grid of experiments as one TOML file: an experiment, and a `[compare]` table with the axes.
//!
//! ```toml
//! [compare]
//! title = "Two methods"
//! preset = "demo"          # optional: what the tables below change; without it they are the whole experiment
//! methods = ["scratch", { label = "fm-single", name = "fm", set = { method.pairs = "single" } }]
//! seeds = [0, 1, 2]        # without it the experiment's seed
//! per_class = [20, 50]     # without it the experiment's data.per_class; 0 takes all
//! tasks = [{ label = "beetles", set = { data.synthetic = "fine-grained" } }]   # optional
//! set = ["meta.lr=1e-3"]   # optional: changes to the experiment, as on the command line
//!
//! [train]
//! epochs = 2
//! ```
//!
//! What a task or a method sets stands above the experiment and its changes. Each cell's seed decides initial weights,
//! the choice of images and their order, so that methods are compared pairwise at equal seeds.

use serde::Deserialize;

use super::settings::{changes, flat};
use crate::error::{Error, Result};
use crate::experiment::config::{PRESETS, parse};
use crate::experiment::{Config, Method};

/// Embedded grids by name.
pub const GRIDS: [(&str, &str); 6] = [
    ("smoke", include_str!("../../../presets/compare/smoke.toml")),
    ("fine-grained", include_str!("../../../presets/compare/fine-grained.toml")),
    ("fine-grained-large", include_str!("../../../presets/compare/fine-grained-large.toml")),
    ("table1-cifar10", include_str!("../../../presets/compare/table1-cifar10.toml")),
    ("table1-imagenet", include_str!("../../../presets/compare/table1-imagenet.toml")),
    ("figure5", include_str!("../../../presets/compare/figure5.toml")),
];

/// What the axes decide, and a change to the experiment would silently not.
const DECIDED: [(&str, &str); 3] =
    [("seed", "compare.seeds"), ("data.per_class", "compare.per_class"), ("method.name", "compare.methods")];

/// More cells than anybody can wait for are a slip.
const MOST_CELLS: usize = 100_000;

/// One run of a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Label of the task.
    pub task: String,
    /// Images of each class to learn from; 0 stands for all.
    pub per_class: usize,
    /// Label of the method.
    pub method: String,
    /// Root of the run's randomness.
    pub seed: u64,
    /// All of the run.
    pub config: Config,
}

impl Cell {
    /// What the cell is called, and its folder below the grid's: `shapes/n20/l2t-ww/seed0`.
    pub fn name(&self) -> String {
        format!("{}/{}/{}/seed{}", self.task, images_name(self.per_class), self.method, self.seed)
    }
}

/// `n50`, or `all` where all images are taken.
pub fn images_name(per_class: usize) -> String {
    if per_class == 0 { "all".into() } else { format!("n{per_class}") }
}

/// The cells of a grid file.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// What is compared, for people.
    pub title: String,
    /// In the order in which they are run: all of one seed before the next, so that a part of them is a fair comparison.
    pub cells: Vec<Cell>,
    /// The file with the changes of the command line in it.
    file: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Axes {
    title: Option<String>,
    preset: Option<String>,
    #[serde(default)]
    set: Vec<String>,
    methods: Vec<Entry>,
    seeds: Option<Vec<u64>>,
    per_class: Option<Vec<usize>>,
    #[serde(default)]
    tasks: Vec<Entry>,
}

/// A value of an axis that has a name.
#[derive(Deserialize)]
#[serde(untagged, expecting = "neither a name nor a table like { label = \"fm-single\", name = \"fm\", set = { … } }")]
enum Entry {
    Name(String),
    Table(Labelled),
}

#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
struct Labelled {
    label: Option<String>,
    name: Option<String>,
    #[serde(default)]
    set: toml::Table,
}

/// A task or a method: its label and what it changes.
struct Variant {
    key: String,
    label: String,
    changes: Vec<String>,
}

impl Grid {
    /// The embedded grid called `name`.
    ///
    /// # Errors
    /// Lists the names there are; otherwise as [`Grid::from_toml`].
    pub fn preset(name: &str, set: &[String]) -> Result<Self> {
        match GRIDS.iter().find(|(grid, _)| *grid == name) {
            Some((_, text)) => Self::from_toml(text, set),
            None => {
                let names: Vec<_> = GRIDS.iter().map(|(grid, _)| *grid).collect();
                Err(Error::config("--preset", format!("{name} is none of {}", names.join(", "))))
            }
        }
    }

    /// Reads a grid file, with `set` (`key=value`) on top of its experiment, and checks every cell's configuration.
    ///
    /// # Errors
    /// Names the key.
    pub fn from_toml(text: &str, set: &[String]) -> Result<Self> {
        let mut file = parse(text)?;
        let mut experiment = file.clone();
        let Some(axes) = experiment.remove("compare") else {
            return Err(Error::config("compare", "is missing: a grid has a [compare] table with methods = [...]"));
        };
        let axes: Axes = serde_path_to_error::deserialize(axes)
            .map_err(|e| Error::config(within("compare", &e.path().to_string()), e.inner().message()))?;
        for (origin, changes) in [("compare.set", &axes.set[..]), ("--set", set)] {
            changes.iter().try_for_each(|change| undecided(origin, change))?;
        }
        let set = [&axes.set[..], set].concat();
        let base = Base::new(axes.preset.as_deref(), &experiment, set.clone())?;
        let title = axes.title.clone().unwrap_or_else(|| "Comparison".into());
        let cells = cells(&base, axes)?;
        if let Some(toml::Value::Table(compare)) = file.get_mut("compare") {
            compare.insert("set".into(), set.into());
        }
        Ok(Self { title, cells, file })
    }

    /// The grid as a file that needs no `--set`.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(&self.file).expect("it was read from TOML")
    }
}

/// `outer.path`, where a path of nothing is the table itself.
fn within(outer: &str, path: &str) -> String {
    if path == "." || path == "?" { outer.into() } else { format!("{outer}.{path}") }
}

fn undecided(origin: &str, change: &str) -> Result<()> {
    match DECIDED.iter().find(|(key, _)| change.split('=').next() == Some(key)) {
        Some((key, axis)) => Err(Error::config(origin, format!("{key} is decided by {axis}"))),
        None => Ok(()),
    }
}

/// The experiment that all cells start from.
struct Base {
    text: String,
    changes: Vec<String>,
    config: Config,
}

impl Base {
    fn new(preset: Option<&str>, experiment: &toml::Table, set: Vec<String>) -> Result<Self> {
        let (text, tables) = match preset {
            None => (toml::to_string(experiment).expect("it was read from TOML"), vec![]),
            Some(name) => match PRESETS.iter().find(|(preset, _)| *preset == name) {
                Some((_, text)) => ((*text).to_owned(), changes(experiment)),
                None => {
                    let names: Vec<_> = PRESETS.iter().map(|(preset, _)| *preset).collect();
                    let reason = format!("{name} is none of {}", names.join(", "));
                    return Err(Error::config("compare.preset", reason));
                }
            },
        };
        let changes = [tables, set].concat();
        // The method is the cells' affair; the one that needs no sources lets every other key be checked.
        let config = Config::from_toml(&text, &[&changes[..], &["method.name=scratch".into()]].concat())?;
        Ok(Self { text, changes, config })
    }

    fn with(&self, more: &[&[String]]) -> Result<Config> {
        Config::from_toml(&self.text, &[&self.changes[..], &more.concat()].concat())
    }
}

fn cells(base: &Base, axes: Axes) -> Result<Vec<Cell>> {
    let methods = variants("compare.methods", axes.methods, true)?;
    if methods.is_empty() {
        return Err(Error::config("compare.methods", "names no method"));
    }
    let mut tasks = variants("compare.tasks", axes.tasks, false)?;
    if tasks.is_empty() {
        tasks.push(Variant { key: "compare.tasks".into(), label: task_name(&base.config), changes: vec![] });
    }
    let seeds = axis("compare.seeds", axes.seeds, base.config.seed)?;
    let per_class = axis("compare.per_class", axes.per_class, base.config.data.per_class)?;
    let counts = [tasks.len(), per_class.len(), methods.len(), seeds.len()];
    if counts.iter().try_fold(1, |all: usize, n| all.checked_mul(*n)).is_none_or(|all| all > MOST_CELLS) {
        return Err(Error::config("compare", format!("makes more than {MOST_CELLS} cells")));
    }
    // Every combination is checked at one seed; a seed cannot make a good configuration bad.
    let mut first = Vec::new();
    for task in &tasks {
        let plain = ["method.name=scratch".to_owned()];
        base.with(&[&task.changes, &plain]).map_err(|e| Error::config(&task.key, e))?;
        for &images in &per_class {
            let images_change = [format!("data.per_class={images}")];
            let of_methods = methods.iter().map(|method| {
                let config = base.with(&[&task.changes, &images_change, &method.changes]);
                let (task, method_label) = (task.label.clone(), method.label.clone());
                let config = config.map_err(|e| Error::config(&method.key, e))?;
                Ok(Cell { task, per_class: images, method: method_label, seed: 0, config })
            });
            let of_methods = of_methods.collect::<Result<Vec<_>>>()?;
            no_twins(&of_methods, &methods)?;
            first.extend(of_methods);
        }
    }
    let at_seed = |seed: u64| {
        first.iter().cloned().map(move |cell| Cell { seed, config: Config { seed, ..cell.config.clone() }, ..cell })
    };
    Ok(seeds.into_iter().flat_map(at_seed).collect())
}

/// Two labels for one configuration would be two columns of the same numbers.
fn no_twins(cells: &[Cell], methods: &[Variant]) -> Result<()> {
    for (nth, cell) in cells.iter().enumerate() {
        if let Some(twin) = cells[..nth].iter().find(|earlier| earlier.config == cell.config) {
            let reason = format!("{} has the same configuration as {}", cell.method, twin.method);
            return Err(Error::config(&methods[nth].key, reason));
        }
    }
    Ok(())
}

/// What to call a task that the file gives no label: its data.
fn task_name(config: &Config) -> String {
    let Some(path) = &config.data.path else { return config.synthetic_name() };
    let stem = std::path::Path::new(path).file_stem().map_or("task".into(), |stem| stem.to_string_lossy());
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "task".into() } else { name.into() }
}

fn axis<T: Copy + PartialEq + std::fmt::Display>(key: &str, values: Option<Vec<T>>, default: T) -> Result<Vec<T>> {
    let values = values.unwrap_or_else(|| vec![default]);
    if values.is_empty() {
        return Err(Error::config(key, "is empty"));
    }
    match values.iter().enumerate().find(|(nth, value)| values[..*nth].contains(value)) {
        Some((_, twice)) => Err(Error::config(key, format!("has {twice} twice"))),
        None => Ok(values),
    }
}

fn variants(axis: &str, entries: Vec<Entry>, methods: bool) -> Result<Vec<Variant>> {
    let mut variants: Vec<Variant> = Vec::new();
    for (nth, entry) in entries.into_iter().enumerate() {
        let key = format!("{axis}[{nth}]");
        let labelled = match entry {
            Entry::Name(name) if methods => Labelled { name: Some(name), ..Labelled::default() },
            Entry::Name(_) => return Err(Error::config(key, "a task is a table { label = …, set = { … } }")),
            Entry::Table(labelled) => labelled,
        };
        let variant = variant(key, labelled, methods)?;
        if variants.iter().any(|earlier| earlier.label == variant.label) {
            return Err(Error::config(variant.key, format!("the label {} is there twice", variant.label)));
        }
        variants.push(variant);
    }
    Ok(variants)
}

fn variant(key: String, labelled: Labelled, method: bool) -> Result<Variant> {
    if !method && labelled.name.is_some() {
        return Err(Error::config(key, "a task has a label, not a name"));
    }
    let Some(label) = labelled.label.or_else(|| labelled.name.clone()) else {
        return Err(Error::config(key, "has no label"));
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if label.is_empty() || label.len() > 64 || label.starts_with('.') || !label.chars().all(plain) {
        let reason = format!("the label {label:?} names a folder: 1 to 64 of a-z, A-Z, 0-9, -, _, + and ., no . first");
        return Err(Error::config(key, reason));
    }
    for decided in ["seed", "data.per_class"] {
        if flat(&labelled.set).contains_key(decided) {
            undecided(&format!("{key}.set"), decided)?;
        }
    }
    let name = labelled.name.map(|name| format!("method.name={}", toml::Value::String(name)));
    Ok(Variant { key, label, changes: name.into_iter().chain(changes(&labelled.set)).collect() })
}

/// The methods whose pairs are fixed by hand, not learned.
pub fn has_fixed_pairs(method: Method) -> bool {
    ["fm", "at", "lwf+at", "l2t-w"].contains(&method.name())
}

#[cfg(test)]
#[path = "grid_tests.rs"]
mod tests;
