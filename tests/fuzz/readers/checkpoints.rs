//! Runs: a checkpoint, and a zip with two of them.

use std::sync::LazyLock;

use burn_tensor::Device;
use futures_lite::future::block_on;
use l2t_core::experiment::checkpoint::{Checkpoint, Position};
use l2t_core::experiment::{Config, Plan, Snapshot};

use super::zips;
use crate::dice::Dice;
use crate::mutate::{self, Material};
use crate::reader::Reader;

/// A zip with a run.
pub const RUN: Reader = Reader {
    name: "run-zip",
    about: "a run in a zip",
    several: false,
    valid: || vec![sound()],
    others: Vec::new,
    words,
    grammar: |dice| {
        let files = vec![
            ("run/checkpoints/latest.safetensors".to_owned(), odd_checkpoint(dice)),
            ("run/checkpoints/best.safetensors".to_owned(), odd_checkpoint(dice)),
        ];
        zips::odd_zip(dice, &files)
    },
    read: |input| {
        if !Snapshot::is_in(input) {
            return false;
        }
        let Some(snapshot) = super::taken(Snapshot::from_zip("run.zip", input)) else { return false };
        // What is opened is kept again.
        let again = Snapshot::from_zip("again.zip", &snapshot.to_zip());
        assert!(again.is_ok(), "a run that was read cannot be kept: {again:?}");
        goes_on(&snapshot.latest)
    },
};

/// A checkpoint.
pub const CHECKPOINT: Reader = Reader {
    name: "checkpoint",
    about: "where a run stands, as safetensors",
    several: false,
    valid: || vec![CHECKPOINT_BYTES.clone()],
    others: Vec::new,
    words,
    grammar: odd_checkpoint,
    read: |input| {
        let Some(checkpoint) = super::taken(Checkpoint::from_bytes("latest.safetensors", input)) else { return false };
        goes_on(&checkpoint)
    },
};

fn words() -> Vec<Vec<u8>> {
    super::words(&[
        "latest.safetensors",
        "format = 2",
        "epoch = ",
        "[[position.history.epochs]]",
        "theta",
        "velocity",
        "phi",
        "adam.first",
        "running.0.mean",
        "\"F32\"",
        "\"F64\"",
        "nan",
        "auxiliary_losses",
    ])
}

fn goes_on(checkpoint: &Checkpoint) -> bool {
    super::taken(checkpoint.restore(&PLAN)).is_some()
}

/// The smallest experiment, on images of the built-in world.
static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let changes = [
        "method.name=fm",
        "method.pairs=single",
        "target.width=0.01",
        "data.per_class=2",
        "data.size=32",
        "data.augment=0",
        "train.batch_size=2",
        "data.validation=0",
    ];
    let config = Config::preset("demo", &changes.map(String::from)).expect("it is valid");
    Plan::new(config, Device::flex(), "CPU".into()).expect("it can be made")
});

static CHECKPOINT_BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| checkpoint().to_bytes());

fn checkpoint() -> Checkpoint {
    block_on(Checkpoint::take(&PLAN, &PLAN.initial_state(), Position::default())).expect("the CPU can be read")
}

/// The run at its beginning, as a zip.
pub fn sound() -> Vec<u8> {
    Snapshot { latest: checkpoint(), best: None }.to_zip()
}

/// A checkpoint with a changed header, its length right.
fn odd_checkpoint(dice: &mut Dice) -> Vec<u8> {
    let sound = &CHECKPOINT_BYTES;
    let length = sound.first_chunk().map_or(0, |length| u64::from_le_bytes(*length)) as usize;
    let (header, numbers) = sound[8..].split_at(length);
    let (corpus, words) = ([header.to_vec()], words());
    let mut header = mutate::bytes(dice, header.to_vec(), &Material { corpus: &corpus, words: &words });
    if dice.once_in(2) {
        header = with_history(dice, &corpus[0]);
    }
    [&(header.len() as u64).to_le_bytes()[..], &header, numbers].concat()
}

/// A header with epochs that may be of different runs.
fn with_history(dice: &mut Dice, header: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(header).into_owned();
    let mut epochs = String::new();
    for nth in 0..dice.below(4) {
        let number = dice.choose(&["0.5", "nan", "inf", "1e308", "-1.0"]);
        let losses = dice.choose(&[
            "",
            "auxiliary_losses = { distillation = 1.0 }\\n",
            "auxiliary_losses = { attention = nan }\\n",
            "matching_loss = 0.5\\n",
        ]);
        let pairs = dice.choose(&["[]", "[{ source = 0, source_layer = 1, target_layer = 2, mean = 0.5, std = nan }]"]);
        epochs += &format!(
            "[[position.history.epochs]]\\nepoch = {}\\nlr = {number}\\ntask_loss = {number}\\n{losses}train_accuracy = 0.5\\npair_weights = {pairs}\\nelapsed_secs = 1.0\\n",
            if dice.once_in(6) { dice.edge() } else { nth as u64 }
        );
    }
    text = text.replace("epochs = []\\n", "");
    match text.find("\"}") {
        Some(end) => text.insert_str(end, &format!("\\n{epochs}")),
        None => text += &epochs,
    }
    text.into_bytes()
}
