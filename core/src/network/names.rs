//! The names that people's checkpoints have for weights, brought to those of our networks.
//!
//! What wraps a network leaves its name in front of every key or between two parts of it (`module.`, `_orig_mod.`); a
//! network that is a part of another has that part's name in front (`model.`, `student.`); HuggingFace's ResNets have other
//! names than torchvision's for the same network, and the field's for small images call two of its layers otherwise. Each
//! step says what it did.

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
    /// Whose names they were.
    pub naming: Option<Naming>,
}

/// Whose names the weights in a file have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// `layer1.0.conv1`, also timm's.
    Torchvision,
    /// `resnet.encoder.stages.0.layers.0.layer.0.convolution`.
    HuggingFace,
    /// `layer1.0.shortcut.0` and `linear`, as most ResNets for small images have them.
    SmallImages,
    /// `block1.conv1`.
    Authors,
    /// `features.0`.
    Vgg,
}

impl Naming {
    /// For the user.
    pub fn words(self) -> &'static str {
        match self {
            Self::Torchvision => "torchvision's and timm's (conv1, layer1.0.conv1, …, fc)",
            Self::HuggingFace => "HuggingFace's (resnet.encoder.stages.0.layers.0…), read as torchvision's (layer1.0…)",
            Self::SmallImages => {
                "those of ResNets for small images (layer1.0.shortcut.0, linear), read as torchvision's (downsample, fc)"
            }
            Self::Authors => "those of L2T's authors (conv1, block1.conv1, …, fc)",
            Self::Vgg => "those of a VGG (features.0, …, classifier)",
        }
    }

    fn of(names: &BTreeMap<String, String>) -> Option<Self> {
        let has = |wanted: &str| names.values().any(|name| name == wanted);
        if has("layer1.0.conv1.weight") {
            Some(Self::Torchvision)
        } else if has("block1.conv1.weight") {
            Some(Self::Authors)
        } else {
            has("features.0.weight").then_some(Self::Vgg)
        }
    }
}

/// The names of one network's weights, without what stands around them.
pub(super) fn plain(names: &BTreeSet<String>) -> Renamed {
    let names = names.iter().map(|name| (name.clone(), name.clone())).collect();
    let mut renamed = Renamed { names, notes: vec![], naming: None };
    renamed.without_wrappers();
    let huggingface = renamed.huggingface();
    renamed.without_prefix();
    let small = renamed.small_images();
    renamed.naming = Naming::of(&renamed.names).map(|plain| match plain {
        _ if huggingface => Naming::HuggingFace,
        Naming::Torchvision if small => Naming::SmallImages,
        plain => plain,
    });
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
            .filter(|prefix| prefix.is_empty() || prefix.ends_with('.') && !is_block(prefix))
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

    /// HuggingFace's names of the same network.
    fn huggingface(&mut self) -> bool {
        self.names.values().any(|name| name.ends_with("embedder.embedder.convolution.weight"))
            && self.replace(of_huggingface)
    }

    /// `shortcut` becomes `downsample`, `linear` becomes `fc`: beside blocks that are called `layer1.0`.
    fn small_images(&mut self) -> bool {
        self.names.values().any(|name| name == "layer1.0.conv1.weight") && self.replace(of_small_images)
    }
}

/// Whether a name so far is that of a block: `layer1.0.`, `block1.`, `blocks2.0.`.
fn is_block(prefix: &str) -> bool {
    let parts: Vec<&str> = prefix.trim_end_matches('.').split('.').collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_group =
        |text: &str| ["layer", "blocks", "block"].iter().any(|start| text.strip_prefix(start).is_some_and(is_number));
    match parts[..] {
        [.., group, nth] if is_number(nth) => is_group(group),
        [.., group] => is_group(group),
        [] => false,
    }
}

fn of_small_images(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    match parts[..] {
        ["linear" | "classifier" | "head", last] => format!("fc.{last}"),
        [group, nth, "shortcut", ..] if group.starts_with("layer") => {
            format!("{group}.{nth}.downsample.{}", parts[3..].join("."))
        }
        _ => name.to_owned(),
    }
}

/// `resnet.encoder.stages.1.layers.0.layer.1.normalization.bias` → `layer2.0.bn2.bias`; what stands in front of `resnet` stays.
fn of_huggingface(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let begins = |known: &[&str]| parts.windows(known.len()).position(|window| window == known);
    let (at, plain) = if let Some(at) = begins(&["embedder", "embedder"]) {
        (at, of_layer(&parts[at + 2..], "1", "conv", "bn"))
    } else if let Some(at) = begins(&["encoder", "stages"]) {
        (at, of_block(&parts[at + 2..]))
    } else if let Some(at) = begins(&["classifier", "1"]) {
        (at, Some(format!("fc.{}", parts[at + 2..].join("."))))
    } else {
        return name.to_owned();
    };
    let Some(plain) = plain else { return name.to_owned() };
    let before = parts[..at].strip_suffix(&["resnet"]).unwrap_or(&parts[..at]);
    before.iter().copied().chain([plain.as_str()]).collect::<Vec<_>>().join(".")
}

/// What follows `encoder.stages`.
fn of_block(parts: &[&str]) -> Option<String> {
    let [group, "layers", nth, rest @ ..] = parts else { return None };
    let group = group.parse::<usize>().ok()?.checked_add(1)?;
    let inside = match rest {
        ["layer", number, rest @ ..] => {
            let number = number.parse::<usize>().ok()?.checked_add(1)?.to_string();
            of_layer(rest, &number, "conv", "bn")?
        }
        ["shortcut", rest @ ..] => of_layer(rest, "", "downsample.0", "downsample.1")?,
        _ => return None,
    };
    Some(format!("layer{group}.{nth}.{inside}"))
}

/// `convolution.weight` and `normalization.bias` by the names of a convolution and a normalisation.
fn of_layer(parts: &[&str], number: &str, convolution: &str, normalisation: &str) -> Option<String> {
    let [kind, rest @ ..] = parts else { return None };
    let name = match *kind {
        "convolution" => convolution,
        "normalization" => normalisation,
        _ => return None,
    };
    Some(format!("{name}{number}.{}", rest.join(".")))
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
    fn the_names_of_small_images_become_torchvisions() {
        let found = renamed(&[
            "conv1.weight",
            "layer1.0.conv1.weight",
            "layer1.2.bn2.bias",
            "layer3.0.shortcut.0.weight",
            "linear.weight",
        ]);
        let mut names = news(&found);
        names.sort_unstable();
        assert_eq!(
            names,
            ["conv1.weight", "fc.weight", "layer1.0.conv1.weight", "layer1.2.bn2.bias", "layer3.0.downsample.0.weight"]
        );
        assert_eq!(found.naming, Some(Naming::SmallImages));
        let plain = renamed(&["conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv3.weight", "fc.bias"]);
        assert_eq!((plain.notes.len(), plain.naming), (0, Some(Naming::Torchvision)));
    }

    #[test]
    fn huggingfaces_names_become_torchvisions() {
        for prefix in ["", "resnet.", "module.resnet.", "model.resnet."] {
            let head = prefix.strip_suffix("resnet.").unwrap_or(prefix);
            let found = renamed(&[
                &format!("{prefix}embedder.embedder.convolution.weight"),
                &format!("{prefix}embedder.embedder.normalization.running_var"),
                &format!("{prefix}encoder.stages.0.layers.0.layer.0.convolution.weight"),
                &format!("{prefix}encoder.stages.0.layers.2.layer.1.normalization.bias"),
                &format!("{prefix}encoder.stages.3.layers.0.shortcut.normalization.num_batches_tracked"),
                &format!("{prefix}encoder.stages.3.layers.0.shortcut.convolution.weight"),
                &format!("{head}classifier.1.bias"),
            ]);
            let names: BTreeSet<&str> = news(&found).into_iter().collect();
            let expected = [
                "bn1.running_var",
                "conv1.weight",
                "fc.bias",
                "layer1.0.conv1.weight",
                "layer1.2.bn2.bias",
                "layer4.0.downsample.0.weight",
                "layer4.0.downsample.1.num_batches_tracked",
            ];
            assert_eq!(names, BTreeSet::from(expected), "{prefix}");
            assert_eq!(found.naming, Some(Naming::HuggingFace));
        }
    }

    /// A stem of several convolutions has no `conv1.weight`: what stands in front of a block's is not what stands in front of
    /// the network.
    #[test]
    fn a_block_is_no_network() {
        // In the order in which a map has them.
        let names = ["conv1.0.weight", "fc.weight", "layer1.0.conv1.weight", "layer2.1.conv1.weight"];
        let found = renamed(&names);
        assert_eq!((news(&found), found.notes.len()), (names.to_vec(), 0));
        let authors = ["block1.conv1.weight", "blocks2.0.conv1.weight"];
        assert_eq!(news(&renamed(&authors)), authors);
    }
}
