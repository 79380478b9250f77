//! Configurations as flat lists of `key = value`, to change them, to compare them and to say how they differ.

use std::collections::BTreeMap;

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
}
