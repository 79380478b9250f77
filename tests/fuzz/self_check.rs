//! Readers with a fault each, to see before every run that faults are found: a fuzzer that sees none passes for ever.

use std::hint::black_box;
use std::time::Duration;

use crate::reader::Reader;
use crate::supervisor::{self, Plan};
use crate::worker::{MEMORY, TIME};

const fn faulty(name: &'static str, read: fn(&[u8]) -> bool) -> Reader {
    let about = "has a fault";
    let none = Vec::new;
    Reader { name, about, several: false, valid: none, others: none, words: none, grammar: |dice| dice.bytes(64), read }
}

/// One for each way to go wrong.
pub static FAULTY: [Reader; 5] = [
    faulty("self-panic", |input| input.iter().all(|byte| *byte < 200) || panic!("on purpose")),
    faulty("self-greedy", |input| input.len() < 9 || !black_box(vec![1u8; MEMORY + 1]).is_empty()),
    faulty("self-polite", |input| {
        input.len() < 9 || black_box(Vec::<u8>::new()).try_reserve(black_box(MEMORY + 1)).is_err()
    }),
    faulty("self-deep", |input| input.len() < 9 || deep(input, u64::MAX) > 0),
    faulty("self-slow", |input| {
        std::thread::sleep(if input.len() < 9 { Duration::ZERO } else { 5 * TIME });
        true
    }),
];

/// Calls itself without end.
fn deep(input: &[u8], more: u64) -> u64 {
    let here = black_box([more; 64]);
    if more == 0 { 0 } else { deep(input, more - 1) + here[input.len() % 64] }
}

/// What each must be found to do.
const WORDS: [&str; 5] = ["on purpose", "memory allocation of", "bytes beyond", "ended the process", "took more than"];

/// Runs them all.
///
/// # Errors
/// Names the fault that was not found.
pub fn run(seed: u64) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no folder: {error}"))?;
    let check = |reader: &'static Reader, words: &str| {
        let plan =
            Plan { seed, inputs: 100, time: Duration::from_secs(1), folder: folder.path().into(), smaller: false };
        let found = supervisor::run(reader, &plan)?.findings;
        let right = found.iter().any(|finding| finding.fault.contains(words));
        let faults: Vec<_> = found.iter().map(|finding| finding.fault.as_str()).collect();
        if right { Ok(()) } else { Err(format!("{} is not found to be faulty: {faults:?}", reader.name)) }
    };
    std::thread::scope(|scope| {
        let pairs = FAULTY.iter().zip(WORDS);
        let threads: Vec<_> = pairs.map(|(reader, words)| scope.spawn(move || check(reader, words))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a check does not panic"))
    })
}
