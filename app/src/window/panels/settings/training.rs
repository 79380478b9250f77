//! How the target's weights θ are trained.

use l2t_core::experiment::Config;

use super::Group;
use super::rows::{Rows, Words, words};
use crate::window::shell::hidden::Part;
use crate::window::shell::state::State;

pub const GROUP: Group = Group {
    name: "Training",
    part: Part::Training,
    open: false,
    summary: |draft| format!("{} epochs, seed {}", draft.train.epochs, draft.seed),
    changed: |draft, base| (draft.train, draft.seed) != (base.train, base.seed),
    show,
};

const EPOCHS: Words = words("Epochs", "", "passes over the training images");
const BATCH: Words = words("Images of a batch", "B", "images of a step");
const RATE: Words = words("Learning rate", "", "of θ at the start; half a cosine takes it to zero");
const SEED: Words = words("Seed", "", "root of all randomness: the same seed gives the same run");

fn show(rows: &mut Rows<'_>, draft: &mut Config, base: &Config, _: &State) {
    let (train, before) = (&mut draft.train, &base.train);
    rows.number(&EPOCHS, (&mut train.epochs, before.epochs), 1..=1000, 0.5);
    rows.number(&BATCH, (&mut train.batch_size, before.batch_size), 1..=1024, 0.5);
    rows.number(&RATE, (&mut train.lr, before.lr), 1e-5..=10.0, 0.001);
    rows.number(&SEED, (&mut draft.seed, base.seed), 0..=u64::MAX, 0.1);
}
