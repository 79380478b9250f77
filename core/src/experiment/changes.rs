//! What sets one experiment apart from another, as `key=value`: for a command line or a link.

use super::config::Config;

impl Config {
    /// The changes that make `base` into this, in the form that [`Config::preset`] takes.
    pub fn changes_from(&self, base: &Self) -> Vec<String> {
        let table = |config: &Self| toml::Value::try_from(config).expect("a configuration is plain data");
        let mut changes = Vec::new();
        collect("", &table(self), Some(&table(base)), &mut changes);
        changes
    }
}

fn collect(key: &str, value: &toml::Value, base: Option<&toml::Value>, changes: &mut Vec<String>) {
    if base == Some(value) {
        return;
    }
    let toml::Value::Table(table) = value else {
        return changes.push(format!("{key}={value}"));
    };
    for (name, value) in table {
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        collect(&key, value, base.and_then(|base| base.get(name)), changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_make_the_one_into_the_other() {
        let base = Config::preset("demo", &[]).unwrap();
        assert_eq!(base.changes_from(&base), Vec::<String>::new());
        for changes in [
            &["seed=3", "train.lr=0.1", "method.name=fm"][..],
            &["method.pairs=one-to-one", "data.path=a folder/with \"quotes\"", "meta.rule=paper"],
            &["method.pairs=[{source_layer=1,target_layer=2}]", "sources=[{weights=\"a.pth\"},{weights=\"b.pth\"}]"],
        ] {
            let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
            let wanted = Config::preset("demo", &changes).unwrap();
            let found = wanted.changes_from(&base);
            assert_eq!(found.len(), changes.len(), "{found:?}");
            assert_eq!(Config::preset("demo", &found), Ok(wanted), "{found:?}");
        }
    }
}
