//! What sets one experiment apart from another, as `key=value`: for a command line or a link.

use super::config::Config;

impl Config {
    /// The changes that make `base` into this, in the form that [`Config::preset`] takes; `key=` takes a key away.
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
    let gone = base.and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
    for name in gone.filter(|name| !table.contains_key(*name)) {
        changes.push(if key.is_empty() { format!("{name}=") } else { format!("{key}.{name}=") });
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::experiment::config::PRESETS;

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

    /// A change of nearly every kind, and what takes one away again.
    const EDITS: [&str; 30] = [
        "seed=4",
        "seed=9007199254740993",
        "data.path=pets",
        "data.path=2024",
        "data.path=C:\\temp\\new",
        "data.path= größe \"&'=#\n\t🙂 ",
        "data.path=",
        "data.synthetic=texture",
        "data.per_class=5",
        "data.validation=0",
        "sources=[]",
        "sources=[{weights=\"a b.pth\",layers=[1,2]},{weights=\"embedded\"}]",
        "sources=[{weights=\"a b.pth\"}]",
        "sources=",
        "sources.0.layers=[3,4]",
        "sources.0.layers=",
        "sources.0.weights=007",
        "target.network=resnet20",
        "target.width=0.1",
        "target.width=3.3333333333333335",
        "method.name=scratch",
        "method.name=l2t-w",
        "method.name=lwf-at",
        "method.pairs=one-to-one",
        "method.pairs=[{source_layer=1,target_layer=2},{source=1,source_layer=0,target_layer=0}]",
        "method.pairs=",
        "train.lr=1e-7",
        "train.lr=",
        "train.weight_decay=0",
        "meta.rule=paper",
    ];

    /// An experiment of some preset with some edits; those that do not fit are left out.
    fn drawn(random: &mut impl rand::Rng) -> Config {
        let mut below = |n: usize| (random.next_u64() % n as u64) as usize;
        let (preset, _) = PRESETS[below(PRESETS.len())];
        let mut config = Config::preset(preset, &[]).unwrap();
        for _ in 0..below(9) {
            let edit = EDITS[below(EDITS.len())].to_owned();
            if let Ok(changed) = Config::from_toml(&config.to_toml(), &[edit]) {
                config = changed;
            }
        }
        config
    }

    #[test]
    fn the_changes_make_any_experiment_into_any_other() {
        let mut random = ChaCha8Rng::seed_from_u64(14);
        let mut taken_away = 0;
        for _ in 0..2000 {
            let (base, wanted) = (drawn(&mut random), drawn(&mut random));
            let changes = wanted.changes_from(&base);
            taken_away += changes.iter().filter(|change| change.ends_with('=')).count();
            assert_eq!(Config::from_toml(&base.to_toml(), &changes).as_ref(), Ok(&wanted), "{changes:?}\n{base:?}");
        }
        assert!(taken_away > 500, "{taken_away}");
    }

    #[test]
    fn pictures_that_are_cleared_do_not_come_back() {
        let base = Config::preset("demo", &["data.path=my pictures".into()]).unwrap();
        let cleared = Config::preset("demo", &[]).unwrap();
        assert_eq!(cleared.changes_from(&base), ["data.path="]);
    }
}
