//! The demo, the help, the devices and the benchmark.

use crate::support::{Sandbox, TINY};

#[test]
fn the_demo_compares_five_columns_and_can_be_given_again() {
    let sandbox = Sandbox::new();
    // A column's own method stands, whatever is asked for.
    let line = format!("demo {TINY} --set method.name=lwf --out out");
    sandbox.run(&line).succeeds(&line).mentions(&[
        "scratch: test accuracy",
        "fm-one-to-one: test accuracy",
        "fm-all-to-all: test accuracy",
        "l2t-ww: test accuracy",
        "l2t-where-early: test accuracy",
        "comparison.png",
    ]);
    let summary: serde_json::Value = serde_json::from_slice(&sandbox.read("out/summary.json")).expect("JSON");
    let folders: Vec<_> = (0..5).map(|nth| summary["runs"][nth]["folder"].as_str().unwrap_or_default()).collect();
    assert_eq!(folders, ["scratch", "fm-one-to-one", "fm-all-to-all", "l2t-ww", "l2t-where-early"]);
    let pairs =
        |folder: &str| String::from_utf8_lossy(&sandbox.read(&format!("out/{folder}/config.toml"))).into_owned();
    for (folder, method) in [("scratch", "scratch"), ("fm-all-to-all", "fm"), ("l2t-where-early", "l2t-where")] {
        assert!(pairs(folder).contains(&format!("name = \"{method}\"")), "{folder}");
    }
    assert!(pairs("fm-one-to-one").contains("pairs = \"one-to-one\"") && pairs("fm-all-to-all").contains("all-to-all"));
    assert!(image::load_from_memory(&sandbox.read("out/comparison.png")).is_ok());
    let trained = sandbox.read("out/l2t-ww/target.safetensors");

    sandbox.run(&line).succeeds(&line).mentions(&["all 2 epochs were done already", "l2t-ww: test accuracy"]);
    assert!(sandbox.read("out/l2t-ww/target.safetensors") == trained);
    sandbox.refuses(&format!("{line} --set seed=1"), "out/scratch: holds a run of another configuration");
}

#[test]
fn help_teaches() {
    let sandbox = Sandbox::new();
    sandbox
        .run("--help")
        .succeeds("--help")
        .mentions(&["l2t demo", "window", "train", "saliency", "source", "data", "devices", "bench"]);
    sandbox.run("train --help").succeeds("train --help").mentions(&[
        "Examples:",
        "l2t train --preset demo --out",
        "l2t train --resume",
        "--set",
        "method.name=scratch",
        "software-gpu",
    ]);
    let help = sandbox.run("train --help").out;
    let names = sandbox.run("train --preset none --out out").err;
    let names = names.trim_end().split_once("is none of ").expect("the presets are listed").1;
    for name in names.split(", ") {
        assert!(help.contains(name), "the preset {name} is not in the help");
    }
}

#[test]
fn missing_and_contradictory_arguments_are_explained() {
    let sandbox = Sandbox::new();
    for (line, message) in [
        ("train", "--out <FOLDER>"),
        ("train --preset demo --config x.toml --out out", "cannot be used with"),
        ("train --resume out --set seed=1", "cannot be used with"),
        ("train --preset demo --out out --device tpu", "possible values: auto, gpu, cpu, software-gpu"),
        ("tran", "train"),
    ] {
        let said = sandbox.run(line);
        assert_eq!(said.code, Some(2), "{line}\n{}", said.err);
        assert_eq!(said.err.matches("error: ").count(), 1, "{line}\n{}", said.err);
        assert!(said.err.contains(message), "{line}\n{}", said.err);
    }
    assert!(sandbox.files().is_empty());
}

#[test]
fn devices_lists_the_cpu_and_what_auto_takes() {
    Sandbox::new().run("devices").succeeds("devices").mentions(&["CPU ", " threads", "auto takes "]);
}

#[test]
fn bench_times_every_phase_within_the_budget_of_34_forward_equivalents() {
    let sandbox = Sandbox::new();
    let line = "bench --repeats 1 --device cpu --set target.width=0.0625 --set train.batch_size=2";
    let said = sandbox.run(line);
    said.succeeds(line).mentions(&["\nsource ", "\nstep 1 ", "\nmatching steps ", "\ntask step ", "\nreverse pass "]);
    said.mentions(&["\nmeta step ", "\niteration ", "\nwork ", "\nrate ", "\npeak memory "]);
    let work = said.out.lines().find_map(|line| line.strip_prefix("work")?.split_once(" target forward-equivalents"));
    let count: f64 = work.expect("the count is printed").0.trim().parse().expect("a number");
    assert!(count > 3.0 && count <= 34.0, "{count} forward-equivalents");
    sandbox.refuses("bench --repeats 0 --device cpu", "--repeats: 0 iterations cannot be timed");
    sandbox
        .refuses("bench --device cpu --set train.batch_size=100000", "train.batch_size: 100000 is more than the 1000");
}
