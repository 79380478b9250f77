//! Configurations as flat lists of `key = value`, to change them, to compare them and to say how they differ.

use std::collections::{BTreeMap, BTreeSet};

use super::grid::Cell;
use crate::experiment::Config;

/// Every value of `table` with its dotted key, in the order of the keys. Lists are values; empty tables vanish.
pub fn flat(table: &toml::Table) -> BTreeMap<String, toml::Value> {
    let mut values = BTreeMap::new();
    collect("", table, &mut values);
    values
}

fn collect(prefix: &str, table: &toml::Table, values: &mut BTreeMap<String, toml::Value>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => collect(&key, inner, values),
            _ => {
                values.insert(key, value.clone());
            }
        }
    }
}

/// `table` in the form of `--set`: one `key=value` for every value.
pub fn changes(table: &toml::Table) -> Vec<String> {
    flat(table).into_iter().map(|(key, value)| format!("{key}={value}")).collect()
}

/// Every key of a configuration with its value as TOML.
pub fn values(config: &Config) -> BTreeMap<String, String> {
    let table = toml::Table::try_from(config).expect("a configuration is plain data");
    flat(&table).into_iter().map(|(key, value)| (key, value.to_string())).collect()
}

/// The first key in which two configurations differ, with both values; `nothing` stands for a key that is not there.
pub fn first_difference(one: &Config, other: &Config) -> Option<(String, String, String)> {
    let (one, other) = (values(one), values(other));
    let value = |values: &BTreeMap<String, String>, key: &str| values.get(key).cloned().unwrap_or("nothing".into());
    one.keys()
        .chain(other.keys())
        .find(|key| one.get(*key) != other.get(*key))
        .map(|key| (key.clone(), value(&one, key), value(&other, key)))
}

/// How the cells of a grid differ, apart from what its axes of seeds and images say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// `key = value` that all cells share.
    pub common: Vec<String>,
    /// For every task, what differs between tasks.
    pub tasks: Vec<(String, Vec<String>)>,
    /// For every method, what differs and is not the task's alone.
    pub methods: Vec<(String, Vec<String>)>,
}

impl Choices {
    /// Of `cells`, whose labels are `tasks` and `methods`.
    pub fn of(cells: &[&Cell], tasks: &[String], methods: &[String]) -> Self {
        let all: Vec<(&Cell, BTreeMap<String, String>)> =
            cells.iter().map(|cell| (*cell, values(&cell.config))).collect();
        let keys: BTreeSet<&String> = all.iter().flat_map(|(_, values)| values.keys()).collect();
        // The values of a key among the cells that `of` chooses; an absent one, as of optional keys, is said to be.
        let found = |key: &str, of: &dyn Fn(&Cell) -> bool| -> BTreeSet<String> {
            let chosen = all.iter().filter(|(cell, _)| of(cell));
            chosen.map(|(_, values)| values.get(key).cloned().unwrap_or("by default".into())).collect()
        };
        let mut choices = Self { common: vec![], tasks: empty(tasks), methods: empty(methods) };
        for key in keys.into_iter().filter(|key| !["seed", "data.per_class"].contains(&key.as_str())) {
            let line =
                |values: BTreeSet<String>| format!("{key} = {}", values.into_iter().collect::<Vec<_>>().join(" or "));
            let everywhere = found(key, &|_| true);
            let of_task = |task: &str| found(key, &|cell| cell.task == task);
            if everywhere.len() <= 1 {
                choices.common.push(line(everywhere));
            } else if tasks.iter().all(|task| of_task(task).len() <= 1) {
                choices.tasks.iter_mut().for_each(|(task, lines)| lines.push(line(of_task(task))));
            } else {
                let of_method = |method: &str| found(key, &|cell| cell.method == method);
                choices.methods.iter_mut().for_each(|(method, lines)| lines.push(line(of_method(method))));
            }
        }
        choices
    }
}

fn empty(labels: &[String]) -> Vec<(String, Vec<String>)> {
    labels.iter().map(|label| (label.clone(), vec![])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_become_the_changes_that_make_them() {
        let table =
            "seed = 3\nsources = []\n[method]\nname = \"fm\"\npairs = [{ source_layer = 0, target_layer = 1 }]\n";
        let changes = changes(&table.parse().expect("valid"));
        assert_eq!(
            changes,
            ["method.name=\"fm\"", "method.pairs=[{ source_layer = 0, target_layer = 1 }]", "seed=3", "sources=[]"]
        );
        let config = |text: &str, changes: &[String]| {
            Config::from_toml(text, &[changes, &["sources=[{weights=\"embedded\"}]".to_owned()]].concat())
        };
        assert_eq!(config("", &changes), config(table, &[]));
    }

    #[test]
    fn a_difference_is_named_with_both_values() {
        let base = Config::default();
        let changed = Config::from_toml("", &["method.pairs=single".into()]).expect("valid");
        assert_eq!(first_difference(&base, &base), None);
        assert_eq!(
            first_difference(&base, &changed),
            Some(("method.pairs".into(), "nothing".into(), "\"single\"".into()))
        );
    }

    #[test]
    fn what_differs_is_said_where_it_is_chosen() {
        let text = "[compare]\npreset = \"demo\"\nseeds = [0, 1]\nper_class = [5, 9]\n\
                    methods = [\"scratch\", { name = \"fm\", set = { train.lr = 0.02 } }]\n\
                    tasks = [{ label = \"a\" }, { label = \"b\", set = { data.size = 16 } }]\n";
        let grid = super::super::Grid::from_toml(text, &[]).expect("valid");
        let cells: Vec<&Cell> = grid.cells.iter().collect();
        let choices = Choices::of(&cells, &["a".into(), "b".into()], &["scratch".into(), "fm".into()]);
        assert!(choices.common.contains(&"train.epochs = 30".to_owned()), "{choices:?}");
        assert!(choices.common.iter().all(|line| !line.starts_with("seed") && !line.contains("per_class")));
        assert_eq!(choices.tasks[1], ("b".into(), vec!["data.size = 16".into()]));
        let fm = ["method.name = \"fm\"", "train.lr = 0.02"].map(String::from).to_vec();
        assert_eq!(choices.methods[1], ("fm".into(), fm));
    }
}
