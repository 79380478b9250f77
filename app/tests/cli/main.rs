//! The `l2t` program as a user meets it, a file for what is asked of it.

mod commands;
mod data_and_sources;
mod refused;
mod results;
mod saliency;
mod stopped;
#[path = "../support/mod.rs"]
mod support;
mod trained;

use std::sync::LazyLock;

use support::{Said, Sandbox, TINY};

/// `l2t train` of the demo, tiny, into `out`, with `changes`.
fn train(changes: &str, out: &str) -> String {
    let changes: String = changes.split_whitespace().map(|change| format!(" --set {change}")).collect();
    format!("train --preset demo {TINY}{changes} --out {out}")
}

/// Every row: a change to a good run, and what must be said about it before anything is written.
fn refuse_each(sandbox: &Sandbox, rows: &[(&str, &str)]) {
    for (change, message) in rows {
        sandbox.refuses(&train(change, "out"), message);
    }
}

/// A finished run in `out`, and what it said.
struct GoodRun {
    sandbox: Sandbox,
    said: Said,
}

static GOOD: LazyLock<GoodRun> = LazyLock::new(|| {
    let sandbox = Sandbox::shared("cli-good");
    let said = sandbox.run(&train("", "out"));
    said.succeeds("the good run");
    GoodRun { sandbox, said }
});

/// The metrics without the seconds, which no two runs share: they are the last field of each line.
fn metrics(sandbox: &Sandbox, out: &str) -> Vec<String> {
    let text = sandbox.text(&format!("{out}/metrics.jsonl"));
    text.lines().map(|line| line.split(",\"elapsed_secs\":").next().expect("a part").to_owned()).collect()
}

/// Whether two runs ended with the same network, by the same epochs.
fn same(one: (&Sandbox, &str), two: (&Sandbox, &str)) -> (bool, bool) {
    let network = |(sandbox, out): (&Sandbox, &str)| sandbox.read(&format!("{out}/target.safetensors"));
    (network(one) == network(two), metrics(one.0, one.1) == metrics(two.0, two.1))
}
