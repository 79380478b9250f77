//! What a page and its worker tell each other: CBOR.

use l2t_app::window::run::facts::Fact;
use l2t_app::window::run::view_state::ViewState;
use l2t_app::window::seam::wire::{FromRun, ToRun, from_bytes, to_bytes};
use l2t_core::experiment::Pace;
use serde_bytes::ByteBuf;

use super::checkpoints;
use crate::dice::Dice;
use crate::reader::Reader;

/// Messages in both directions.
pub const READER: Reader = Reader {
    name: "messages",
    about: "messages between a page and its worker, as CBOR",
    several: false,
    valid: || {
        let facts = [
            Fact::Memory(3),
            Fact::Note("kept".into()),
            Fact::Failed("lost".into()),
            Fact::Narrowed(0.5, "small".into()),
        ];
        let mut all: Vec<Vec<u8>> = facts.into_iter().map(|fact| to_bytes(&FromRun::Fact(Box::new(fact)))).collect();
        all.extend([
            to_bytes(&ToRun::Pace(Pace::default())),
            to_bytes(&FromRun::Ready),
            to_bytes(&FromRun::Kept(ByteBuf::from(checkpoints::sound()))),
        ]);
        all
    },
    others: Vec::new,
    words: || {
        super::words(&[
            "Fact", "Start", "Pace", "Want", "Look", "Kept", "File", "Run", "Device", "Ready", "config", "inputs",
            "opened", "place", "history", "epochs", "\u{7f}",
        ])
    },
    grammar: |dice| {
        let mut bytes = Vec::new();
        item(dice, &mut bytes, 0);
        bytes
    },
    read,
};

fn read(input: &[u8]) -> bool {
    let to_run = from_bytes::<ToRun>(input);
    if let Ok(ToRun::Start(order)) = to_run {
        return super::taken(order.order()).is_some();
    }
    match super::taken(from_bytes::<FromRun>(input)) {
        Some(FromRun::Fact(fact)) => {
            let mut view = ViewState::default();
            view.apply(*fact, 1.0);
            let _ = (view.latest_pairs().map(<[_]>::len), view.secs_left(), view.progress.epoch_words());
            true
        }
        Some(_) => true,
        None => to_run.is_ok(),
    }
}

/// A value of CBOR, with names that the messages have.
fn item(dice: &mut Dice, bytes: &mut Vec<u8>, depth: usize) {
    const NAMES: [&str; 26] = [
        "Fact",
        "Start",
        "Pace",
        "Want",
        "Look",
        "Kept",
        "File",
        "Ready",
        "Device",
        "Run",
        "Iteration",
        "Losses",
        "Epoch",
        "Memory",
        "epoch",
        "done",
        "of",
        "task",
        "matching",
        "auxiliary",
        "pair_weights",
        "config",
        "inputs",
        "opened",
        "place",
        "outputs",
    ];
    match dice.below(if depth > 12 { 4 } else { 9 }) {
        0 => head(bytes, 0, dice.edge()),
        1 => head(bytes, 1, dice.edge()),
        2 => bytes.extend(dice.choose(&[
            &[0xf6u8][..],
            &[0xf4],
            &[0xf9, 0x7e, 0],
            &[0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
            &[0xff],
            &[0x5f],
            &[0x9f],
        ])),
        3 | 4 => text(bytes, dice.choose(&NAMES)),
        5 => {
            let contents = dice.bytes(20);
            let length = if dice.once_in(6) { dice.edge() } else { contents.len() as u64 };
            head(bytes, 2, length);
            bytes.extend(contents);
        }
        6 => {
            // Brackets without end.
            bytes.extend(
                dice.choose(&[&[0x81u8][..], &[0xa1, 0x61, b'a'], &[0xc1], &[0x9f], &[0xbf]]).repeat(dice.few(20_000)),
            );
        }
        7 => {
            let count = dice.below(5);
            head(bytes, 4, if dice.once_in(8) { dice.edge() } else { count as u64 });
            (0..count).for_each(|_| item(dice, bytes, depth + 1));
        }
        _ => {
            let count = 1 + dice.below(4);
            head(bytes, 5, if dice.once_in(8) { dice.edge() } else { count as u64 });
            for _ in 0..count {
                text(bytes, dice.choose(&NAMES));
                item(dice, bytes, depth + 1);
            }
        }
    }
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    head(bytes, 3, text.len() as u64);
    bytes.extend(text.bytes());
}

/// The head of an item: its major type and its number.
fn head(bytes: &mut Vec<u8>, major: u8, number: u64) {
    match u8::try_from(number) {
        Ok(small @ 0..24) => bytes.push(major << 5 | small),
        _ => {
            bytes.push(major << 5 | 27);
            bytes.extend(number.to_be_bytes());
        }
    }
}
