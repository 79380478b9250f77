//! The names that people's checkpoints have for weights, brought to those of our networks.
//!
//! What wraps a network leaves its name in front of every key or between two parts of it (`module.`, `_orig_mod.`); a
//! network that is a part of another has that part's name in front (`model.`, `student.`); and the field's ResNets for
//! small images call their blocks `layer1.0`, where the authors of L2T say `block1`. Each step says what it did.

use std::collections::{BTreeMap, BTreeSet};

/// Left by data-parallel training, compilation, sharding and checkpointing; never a layer.
const WRAPPERS: [&str; 5] =
    ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"];
/// The first weight of every network that is read.
const FIRST: [&str; 2] = ["conv1.weight", "features.0.weight"];
/// Of several networks in one file the one that people mean.
const USUAL: [&str; 8] = ["model", "net", "network", "student", "backbone", "encoder", "classifier", "source"];

/// New names for old ones, and what was done to them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Renamed {
    /// By the name in the file; what is not in here belongs to another network.
    pub names: BTreeMap<String, String>,
    /// For the user.
    pub notes: Vec<String>,
}

/// The names of one network's weights, without what stands around them; `bottom` tells the kernel of the first convolution.
pub(super) fn plain(names: &BTreeSet<String>) -> Renamed {
    let mut renamed = Renamed { names: names.iter().map(|name| (name.clone(), name.clone())).collect(), notes: vec![] };
    renamed.without_wrappers();
    renamed.without_prefix();
    renamed.authors_names();
    renamed
}

impl Renamed {
    /// Replaces names by what `new` makes of them, unless two would become one.
    fn replace(&mut self, new: impl Fn(&str) -> String) -> bool {
        let replaced: Vec<String> = self.names.values().map(|name| new(name)).collect();
        let distinct = replaced.iter().collect::<BTreeSet<_>>().len() == replaced.len();
        let changed = distinct && self.names.values().ne(replaced.iter());
        if changed {
            self.names.values_mut().zip(replaced).for_each(|(name, replaced)| *name = replaced);
        }
        changed
    }

    fn without_wrappers(&mut self) {
        let is_wrapper = |part: &str| WRAPPERS.contains(&part);
        let found: BTreeSet<String> = self
            .names
            .values()
            .flat_map(|name| name.split('.'))
            .filter(|part| is_wrapper(part))
            .map(String::from)
            .collect();
        let strip = |name: &str| name.split('.').filter(|part| !is_wrapper(part)).collect::<Vec<_>>().join(".");
        if self.replace(strip) {
            let found = found.into_iter().collect::<Vec<_>>().join(".`, `");
            self.notes.push(format!("taken off the names: `{found}.`"));
        }
    }

    /// Takes off what stands in front of the first weight; what does not begin with it belongs to something else.
    fn without_prefix(&mut self) {
        let prefixes: BTreeSet<&str> = self
            .names
            .values()
            .flat_map(|name| FIRST.iter().filter_map(|first| name.strip_suffix(first)))
            .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
            .collect();
        // Blocks have a `conv1` too: a prefix of another prefix is the whole.
        let whole: Vec<&str> = prefixes
            .iter()
            .copied()
            .filter(|prefix| !prefixes.iter().any(|other| other != prefix && prefix.starts_with(other)))
            .collect();
        let usual =
            USUAL.iter().find_map(|name| whole.iter().find(|prefix| prefix.split('.').any(|part| part == *name)));
        let Some(prefix) = usual.or(whole.first()).map(|prefix| (*prefix).to_owned()) else { return };
        if prefix.is_empty() {
            return;
        }
        let before = self.names.len();
        self.names.retain(|_, name| name.starts_with(&prefix));
        self.names.values_mut().for_each(|name| *name = name[prefix.len()..].to_owned());
        self.notes.push(format!("taken off the names: `{prefix}`"));
        let left = before - self.names.len();
        if left > 0 {
            let tensors = if left == 1 { "1 tensor" } else { &format!("{left} tensors") };
            self.notes.push(format!("left out: {tensors} outside of `{prefix}`"));
        }
    }

    /// `layer2.1.…` becomes `blocks4.0.…`, `shortcut` becomes `downsample`, `linear` becomes `fc`: in networks of basic blocks
    /// alone, which have no third convolution.
    fn authors_names(&mut self) {
        let has = |wanted: &str| self.names.values().any(|name| name == wanted);
        if !has("layer1.0.conv1.weight") || has("layer1.0.conv3.weight") {
            return;
        }
        if self.replace(authors_name) {
            self.notes.push("the blocks are called `layer1.0` and so on, as usual; read as `block1` and so on".into());
        }
    }
}

fn authors_name(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let block = |group: &str, nth: &str| -> Option<String> {
        let (group, nth): (usize, usize) = (group.strip_prefix("layer")?.parse().ok()?, nth.parse().ok()?);
        let group = group.checked_sub(1)?;
        Some(if nth == 0 { format!("block{}", 2 * group + 1) } else { format!("blocks{}.{}", 2 * group + 2, nth - 1) })
    };
    match &parts[..] {
        [group, nth, rest @ ..] if block(group, nth).is_some() => {
            let rest = rest.iter().map(|part| if *part == "shortcut" { "downsample" } else { part });
            let rest: Vec<&str> = rest.collect();
            format!("{}.{}", block(group, nth).unwrap_or_default(), rest.join("."))
        }
        ["linear" | "classifier" | "head", last] => format!("fc.{last}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(names: &[&str]) -> Renamed {
        plain(&names.iter().map(ToString::to_string).collect())
    }

    fn news(renamed: &Renamed) -> Vec<&str> {
        renamed.names.values().map(String::as_str).collect()
    }

    #[test]
    fn wrappers_and_prefixes_come_off_alone_and_stacked() {
        for prefix in
            ["", "module.", "_orig_mod.", "module._orig_mod.", "model.", "module.student.", "model.module.net."]
        {
            let names = ["conv1.weight", "block1.conv1.weight", "fc.bias"].map(|name| format!("{prefix}{name}"));
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let found = renamed(&names);
            assert_eq!(news(&found), ["block1.conv1.weight", "conv1.weight", "fc.bias"], "{prefix}");
            assert_eq!(found.notes.is_empty(), prefix.is_empty(), "{prefix}");
        }
    }

    #[test]
    fn a_wrapper_inside_comes_off_too() {
        let found = renamed(&["features.module.0.weight", "features.module.1.bias", "classifier.weight"]);
        assert_eq!(news(&found), ["classifier.weight", "features.0.weight", "features.1.bias"]);
        assert_eq!(found.notes, ["taken off the names: `module.`"]);
    }

    #[test]
    fn of_two_networks_the_usual_one_is_read_and_the_other_is_told() {
        let found = renamed(&["teacher.conv1.weight", "student.conv1.weight", "student.fc.weight", "loss.scale"]);
        assert_eq!(news(&found), ["conv1.weight", "fc.weight"]);
        assert_eq!(found.notes, ["taken off the names: `student.`", "left out: 2 tensors outside of `student.`"]);
    }

    #[test]
    fn the_fields_names_become_the_authors() {
        let found = renamed(&[
            "conv1.weight",
            "layer1.0.conv1.weight",
            "layer1.2.bn2.bias",
            "layer3.0.shortcut.0.weight",
            "layer3.1.conv2.weight",
            "linear.weight",
        ]);
        let mut names = news(&found);
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "block1.conv1.weight",
                "block5.downsample.0.weight",
                "blocks2.1.bn2.bias",
                "blocks6.0.conv2.weight",
                "conv1.weight",
                "fc.weight"
            ]
        );
        let bottlenecks = renamed(&["conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv3.weight"]);
        assert_eq!(bottlenecks.notes, [""; 0], "another kind of network keeps its names");
    }
}
