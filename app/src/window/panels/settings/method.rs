//! What is transferred, and between which layers.

use l2t_core::experiment::config::{MethodConfig, PairsConfig};
use l2t_core::experiment::{Config, Method};
use l2t_core::matching::PairRule;
use l2t_core::method::SourceUse;

use super::Group;
use super::rows::{Rows, Words, words};
use crate::window::shell::hidden::Part;
use crate::window::shell::state::State;

pub const GROUP: Group = Group {
    name: "Method",
    part: Part::Method,
    open: true,
    summary: |draft| draft.method.name.name().into(),
    changed: |draft, base| draft.method != MethodConfig { phi: draft.method.phi.clone(), ..base.method.clone() },
    show,
};

const METHOD: Words = words("Method", "", "what is transferred: a row of the paper's Table 1");
const PAIRS: Words = words(
    "Layers to match",
    "C",
    "which pairs of layers may be matched; 'Edit pairs' above the picture chooses them one by one",
);
const BETA: Words = words("Matching weight", "β", "factor on the matching loss: L_total = L_org + β L_wfm");
const EPOCHS: Words = words(
    "Transfer epochs",
    "",
    "epochs, from the first, in which the source is listened to; behind them the target trains alone",
);

fn show(rows: &mut Rows<'_>, draft: &mut Config, base: &Config, _: &State) {
    let (method, before) = (&mut draft.method, &base.method);
    let methods = Method::ALL.into_iter().map(|method| (method, method.name().to_owned())).collect();
    rows.list(&METHOD, (&mut method.name, &before.name), methods, "");
    match method.name.default_pairs() {
        None => method.pairs = None,
        Some(_) => matching(rows, method, before),
    }
    if method.name.recipe().sources == SourceUse::EveryBatch {
        rows.epochs(&EPOCHS, (&mut method.epochs, before.epochs));
    }
}

/// Of a method that matches layers.
fn matching(rows: &mut Rows<'_>, method: &mut MethodConfig, before: &MethodConfig) {
    let rule = |rule| Some(PairsConfig::Rule(rule));
    let options = vec![
        (None, "by the method".to_owned()),
        (rule(PairRule::Single), "single".to_owned()),
        (rule(PairRule::OneToOne), "one-to-one".to_owned()),
        (rule(PairRule::AllToAll), "all-to-all".to_owned()),
    ];
    rows.list(&PAIRS, (&mut method.pairs, &before.pairs), options, "chosen by hand");
    rows.number(&BETA, (&mut method.beta, before.beta), 0.0..=100.0, 0.05);
}
