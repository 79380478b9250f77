//! What it is transferred from, and to.

use std::path::Path;

use l2t_core::experiment::Config;
use l2t_core::experiment::config::SourceConfig;
use l2t_core::network::architecture::offered;

use super::Group;
use super::rows::{Rows, Words, words};
use crate::window::shell::hidden::Part;
use crate::window::shell::state::State;

pub const GROUP: Group = Group {
    name: "Networks",
    part: Part::Networks,
    open: false,
    summary: |draft| {
        let source = draft.sources.first().map_or("none", |source| short(&source.weights));
        format!("{source} → {}, width {}", draft.target.network, draft.target.width)
    },
    changed: |draft, base| (&draft.sources, &draft.target) != (&base.sources, &base.target),
    show,
};

const SOURCE: Words = words(
    "Source",
    "S",
    "the frozen network to transfer from; drop a .safetensors or .pth file on the window for your own",
);
const TARGET: Words = words("Target", "T_θ", "the network to train");
const WIDTH: Words = words("Width", "", "factor on the channels of a VGG-9, ResNet-18 or ResNet-34; 1 is the paper's");

/// The name of an embedded source or a file.
pub(super) fn short(weights: &str) -> &str {
    if weights == "embedded" {
        return "resnet20";
    }
    let name = Path::new(weights).file_name().and_then(|name| name.to_str()).unwrap_or(weights);
    name.trim_start_matches("embedded:")
}

fn show(rows: &mut Rows<'_>, draft: &mut Config, base: &Config, _: &State) {
    let first = |config: &Config| config.sources.first().map(|source| source.weights.clone());
    let (before, had) = (first(base), first(draft));
    let mut options: Vec<(Option<String>, String)> =
        l2t_core::embedded::sources().map(|(name, _)| (Some(name.clone()), short(&name).to_owned())).collect();
    // The first goes by the plain name, too.
    options[0].0 = Some("embedded".into());
    if let Some(weights) = had.as_ref().filter(|_| options.iter().all(|(name, _)| *name != had)) {
        options.push((had.clone(), short(weights).to_owned()));
    }
    let mut chosen = had;
    rows.list(&SOURCE, (&mut chosen, &before), options, "none");
    match (draft.sources.first_mut(), chosen) {
        (Some(first), Some(weights)) => first.weights = weights,
        (None, Some(weights)) => {
            draft.sources.push(SourceConfig { weights, layers: None, mean: None, std: None });
        }
        // The preset has none.
        (_, None) => draft.sources.clear(),
    }
    let targets = offered().map(|name| (name.to_owned(), name.to_owned())).collect();
    let other = draft.target.network.clone();
    rows.list(&TARGET, (&mut draft.target.network, &base.target.network), targets, &other);
    rows.number(&WIDTH, (&mut draft.target.width, base.target.width), 0.03125..=2.0, 0.01);
}
