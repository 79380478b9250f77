//! How the meta-networks, which decide what and where to transfer, are trained: their weights φ.

use l2t_core::bilevel::{InnerRule, MeasuredOn, Scheme};
use l2t_core::experiment::Config;
use l2t_core::experiment::snapshot::LATEST;
use l2t_core::meta::{WherePer, WhereStart, WhereTotal};

use super::Group;
use super::networks::short;
use super::rows::{Rows, Words, words};
use crate::window::shell::hidden::Part;
use crate::window::shell::state::State;

pub const GROUP: Group = Group {
    name: "Learning φ",
    part: Part::Meta,
    open: false,
    summary: |draft| {
        let learned = || format!("T = {}, learning rate {}", draft.meta.matching_steps, draft.meta.lr);
        without(draft).unwrap_or_else(learned)
    },
    changed: |draft, base| (draft.meta, &draft.method.phi) != (base.meta, &base.method.phi),
    show,
};

const ORIGIN: Words = words(
    "Origin",
    "φ",
    "learned while the target is, or that of another run as it stands, for the price of feature matching: of the run on screen, or \
     of a latest.safetensors that is opened or dropped",
);
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

/// Why no φ is learned.
fn without(draft: &Config) -> Option<String> {
    match &draft.method.phi {
        _ if !draft.method.name.recipe().learns_phi() => {
            Some(format!("{} learns neither what nor where", draft.method.name.name()))
        }
        phi => phi.as_ref().map(|run| format!("φ of {}, as it stands", run_name(run))),
    }
}

/// What a run is called that lies at `path`: its folder, or its file.
fn run_name(path: &str) -> &str {
    short(path.strip_suffix(LATEST).unwrap_or(path))
}

/// Whether φ is learned, or another run's.
fn origin(rows: &mut Rows<'_>, draft: &mut Config, base: &Config, state: &State) {
    let (had, teacher) = (draft.method.phi.clone(), state.teacher());
    let mut options = vec![(None, "learned here".to_owned())];
    options.extend(teacher.clone().map(|run| (Some(run.clone()), format!("of {run}"))));
    let other = had.as_deref().map_or(String::new(), |run| format!("of {}", run_name(run)));
    rows.list(&ORIGIN, (&mut draft.method.phi, &base.method.phi), options, &other);
    if let (Some(run), Some(experiment)) = (teacher, &state.run.experiment)
        && draft.method.phi != had
        && draft.method.phi.as_ref() == Some(&run)
    {
        draft.use_phi_of(&experiment.config, &run);
    }
}

/// (value, name) of every option.
fn options<T>(options: impl IntoIterator<Item = (T, &'static str)>) -> Vec<(T, String)> {
    options.into_iter().map(|(value, name)| (value, name.to_owned())).collect()
}

fn show(rows: &mut Rows<'_>, draft: &mut Config, base: &Config, state: &State) {
    if draft.method.name.recipe().learns_phi() {
        origin(rows, draft, base, state);
    }
    if let Some(why) = without(draft) {
        return rows.note(&why);
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
