//! How the meta-networks, which decide what and where to transfer, are trained: their weights φ.

use l2t_core::bilevel::{InnerRule, MeasuredOn, Scheme};
use l2t_core::experiment::Config;
use l2t_core::meta::{WherePer, WhereStart, WhereTotal};

use super::Group;
use super::rows::{Rows, Words, words};
use crate::window::shell::hidden::Part;
use crate::window::shell::state::State;

pub const GROUP: Group = Group {
    name: "Learning φ",
    part: Part::Meta,
    open: false,
    summary: |draft| match learns(draft) {
        true => format!("T = {}, learning rate {}", draft.meta.matching_steps, draft.meta.lr),
        false => format!("{} learns neither what nor where", draft.method.name.name()),
    },
    changed: |draft, base| draft.meta != base.meta,
    show,
};

const STEPS: Words = words("Virtual steps", "T", "steps on L_wfm alone in every iteration, taken on a copy");
const RATE: Words = words("Learning rate of φ", "", "Adam's; 0.0001 in the paper");
const SCHEME: Words = words(
    "Scheme",
    "",
    "three-stage, the paper's: matching, task, measure. Two-stage, the standard one: L_total, measure",
);
const RULE: Words = words(
    "Virtual momentum",
    "",
    "the virtual steps: with momentum as in the authors' code, or plain gradient descent as in the paper",
);
const MEASURED: Words = words(
    "Measured on",
    "",
    "the images that L_org is measured on behind the virtual steps: those of the steps, as in the paper, or others",
);
const START: Words =
    words("λ at the start", "", "how g begins: at random as in the authors' code, or with every λ at 1");
const PER: Words = words(
    "A λ for",
    "",
    "every image and pair, as in the paper; every pair, whatever the image; or one λ for all, which says how much and not where",
);
const TOTAL: Words = words("Sum of λ", "", "free as in the paper, or the λ of an image add up to the number of pairs");

fn learns(draft: &Config) -> bool {
    draft.method.name.recipe().learns_phi()
}

/// (value, name) of every option.
fn options<T>(options: impl IntoIterator<Item = (T, &'static str)>) -> Vec<(T, String)> {
    options.into_iter().map(|(value, name)| (value, name.to_owned())).collect()
}

fn show(rows: &mut Rows<'_>, draft: &mut Config, base: &Config, _: &State) {
    if !learns(draft) {
        return rows.note("This method learns neither what nor where.");
    }
    let (meta, before) = (&mut draft.meta, &base.meta);
    rows.number(&STEPS, (&mut meta.matching_steps, before.matching_steps), 0..=16, 0.05);
    rows.number(&RATE, (&mut meta.lr, before.lr), 1e-6..=1.0, 0.0001);
    let schemes = options([(Scheme::ThreeStage, "three-stage"), (Scheme::TwoStage, "two-stage")]);
    rows.list(&SCHEME, (&mut meta.scheme, &before.scheme), schemes, "");
    let rules = options([(InnerRule::Authors, "with momentum"), (InnerRule::Paper, "plain")]);
    rows.list(&RULE, (&mut meta.rule, &before.rule), rules, "");
    let measured = [
        (MeasuredOn::SameBatch, "the same batch"),
        (MeasuredOn::OtherBatch, "another batch"),
        (MeasuredOn::HeldOut, "held-out images"),
    ];
    rows.list(&MEASURED, (&mut meta.measured_on, &before.measured_on), options(measured), "");
    let starts = options([(WhereStart::Random, "at random"), (WhereStart::Even, "even")]);
    rows.list(&START, (&mut meta.where_start, &before.where_start), starts, "");
    let per = [(WherePer::Image, "each image"), (WherePer::Pair, "each pair"), (WherePer::All, "all pairs")];
    rows.list(&PER, (&mut meta.where_per, &before.where_per), options(per), "");
    let totals = options([(WhereTotal::Free, "free"), (WhereTotal::Constant, "constant")]);
    rows.list(&TOTAL, (&mut meta.where_total, &before.where_total), totals, "");
}
