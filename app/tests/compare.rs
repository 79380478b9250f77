//! `l2t compare` and `l2t report` as a user meets them: what is refused, what is left behind, what happens to a grid that
//! is cut off, split or grown, and to a cell that diverges.

#[expect(dead_code, reason = "every file of tests uses a part of it")]
mod support;

use std::path::Path;
use std::process::Child;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use support::{Said, Sandbox};

/// An experiment of four iterations an epoch, with `compare` as the lines of its `[compare]` table.
fn grid(compare: &str, epochs: usize) -> String {
    format!(
        "[compare]\npreset = \"demo\"\nper_class = [5]\n{compare}\n[target]\nwidth = 0.0625\n[train]\nbatch_size = 10\n\
         epochs = {epochs}\n"
    )
}

/// Two methods at two seeds.
const FOUR: &str = "methods = [\"scratch\", \"fm\"]\nseeds = [0, 1]\ntasks = [{ label = \"shapes\" }]";

/// The four cells, run as a whole.
static WHOLE: LazyLock<Sandbox> = LazyLock::new(|| {
    let sandbox = Sandbox::shared("compare-whole");
    sandbox.write("grid.toml", grid(FOUR, 2));
    let said = sandbox.run("compare grid.toml --device cpu --out out");
    said.succeeds("compare").mentions(&[
        "4/4 shapes/n5/fm/seed1: test accuracy",
        "all 4 cells are done",
        "| scratch |",
    ]);
    sandbox
});

/// The files of a report that depend on the cells' results alone.
fn results(sandbox: &Sandbox, report: &str) -> [Vec<u8>; 2] {
    ["summary.csv", "differences.csv"].map(|name| sandbox.read(&format!("{report}/{name}")))
}

#[test]
fn bad_grids_are_named_with_file_and_key() {
    let sandbox = Sandbox::new();
    for (compare, message) in [
        ("methods = []", "grid.toml: compare.methods: names no method"),
        ("methods = [\"l3t\"]", "grid.toml: compare.methods[0]: method.name: unknown variant `l3t`"),
        ("methods = [\"fm\"]\nseeds = [1, 1]", "grid.toml: compare.seeds: has 1 twice"),
        ("methods = [\"fm\"]\npreset = \"demo\"", "grid.toml: line 5: duplicate key"),
        ("methods = [{ name = \"fm\", set = { train.lr = 0 } }]", "grid.toml: compare.methods[0]: train.lr: 0 is not"),
    ] {
        sandbox.write("grid.toml", grid(compare, 2));
        sandbox.refuses("compare grid.toml --device cpu --out out", message);
    }
    sandbox.write("grid.toml", grid("methods = [\"scratch\"]", 2));
    for (line, message) in [
        ("compare none.toml --out out", "none.toml: No such file"),
        (
            "compare --preset none --out out",
            "--preset: none is none of smoke, fine-grained, fine-grained-large, table1-cifar10, table1-imagenet, figure5",
        ),
        ("compare grid.toml --out out --set seed=1", "--set: seed is decided by compare.seeds"),
        ("compare grid.toml --out out --set train.rate=1", "train.rate: unknown field"),
        ("compare grid.toml --out grid.toml", "grid.toml: cannot be made"),
        ("report none", "none: holds no comparison: grid.toml is missing"),
    ] {
        sandbox.refuses(line, message);
    }
    for shard in ["2/2", "1", "x/2"] {
        let said = sandbox.run(&format!("compare grid.toml --out out --shard {shard}"));
        assert!(said.code == Some(2) && said.err.contains("is not of the form i/n"), "{}", said.err);
    }
}

#[test]
fn the_list_shows_where_the_cells_stand_and_runs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("grid.toml", grid(FOUR, 2));
    let said = sandbox.run("compare grid.toml --list");
    said.succeeds("--list").mentions(&["missing    shapes/n5/scratch/seed0\n", "missing    shapes/n5/fm/seed1\n"]);
    assert_eq!((said.out.lines().count(), sandbox.files().len()), (4, 1));
    let said = WHOLE.run("compare grid.toml --list --out out --shard 1/2");
    said.succeeds("--list").mentions(&["done       shapes/n5/", "test "]);
    assert_eq!(said.out.lines().count(), 2);
}

#[test]
fn every_file_of_the_report_is_there_and_cells_are_ordinary_runs() {
    for name in ["report.html", "report.md", "cells.csv", "summary.csv", "differences.csv", "accuracy-shapes-n5.png"] {
        assert!(WHOLE.path(&format!("out/report/{name}")).is_file(), "{name}");
    }
    let page = WHOLE.text("out/report/report.html");
    for part in [
        "<code>l2t compare grid.toml --device cpu --out out</code>",
        "l2t 0.1.0",
        "train.epochs = 2",
        "UTC",
        "4 of 4 done",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The same run by `l2t train` gives the same network.
    let cell = "out/shapes/n5/scratch/seed1";
    WHOLE.run(&format!("train --config {cell}/config.toml --device cpu --out alone")).succeeds("train");
    assert_eq!(WHOLE.read(&format!("{cell}/target.safetensors")), WHOLE.read("alone/target.safetensors"));
}

#[test]
fn shards_in_separate_folders_merge_to_the_whole() {
    let sandbox = Sandbox::new();
    sandbox.write("grid.toml", grid(FOUR, 2));
    sandbox.run("compare grid.toml --device cpu --out a --shard 0/2").succeeds("shard 0").mentions(&["2/2 shapes/n5/"]);
    assert!(!sandbox.path("a/report").exists());
    sandbox.run("report a").succeeds("report").mentions(&["2 of 4 cells are done: 2 missing"]);
    let page = sandbox.text("a/report/report.html");
    assert!(page.contains("Incomplete: 2 missing") && page.contains(": missing</li>"));
    sandbox.run("compare grid.toml --device cpu --out b --shard 1/2").succeeds("shard 1");
    sandbox.run("report a b --out merged").succeeds("report").mentions(&["all 4 cells are done"]);
    assert_eq!(results(&sandbox, "merged"), results(&WHOLE, "out/report"));
    // More shards than cells: nothing to do is no failure.
    sandbox.run("compare grid.toml --device cpu --out b --shard 4/5").succeeds("shard 4").mentions(&["0 cells"]);
}

/// Waits until the cell has saved an epoch.
fn wait_for(sandbox: &Sandbox, run: &mut Child, cell: &str) {
    let checkpoint = sandbox.path(&format!("{cell}/checkpoints/latest.safetensors"));
    let start = Instant::now();
    while !checkpoint.is_file() {
        assert!(run.try_wait().expect("it can be asked").is_none(), "it ended before {}", checkpoint.display());
        assert!(start.elapsed() < Duration::from_secs(120), "{} does not come", checkpoint.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_grid_that_is_stopped_and_killed_ends_as_if_it_had_not_been() {
    let sandbox = Sandbox::new();
    let compare = "methods = [\"scratch\"]\nseeds = [0, 1]\ntasks = [{ label = \"shapes\" }]";
    sandbox.write("grid.toml", grid(compare, 25));
    sandbox.run("compare grid.toml --device cpu --out whole").succeeds("compare");
    let line = "compare grid.toml --device cpu --out cut";

    let mut run = sandbox.start(line);
    wait_for(&sandbox, &mut run, "cut/shapes/n5/scratch/seed0");
    let interrupt = std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(interrupt.expect("kill starts").success());
    let said = Said::by(run.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(130), "{}", said.err);
    said.mentions(&["go on with the same command"]);
    sandbox.run("compare grid.toml --out cut --list").mentions(&["unfinished shapes/n5/scratch/seed0", "of 25 epochs"]);

    let mut run = sandbox.start(line);
    wait_for(&sandbox, &mut run, "cut/shapes/n5/scratch/seed1");
    run.kill().expect("it still runs");
    run.wait().expect("it ends");
    let said = sandbox.run(line);
    said.succeeds(line).mentions(&["1 of 2 are settled already", "all 2 cells are done"]);
    assert_eq!(results(&sandbox, "cut/report"), results(&sandbox, "whole/report"));
    for seed in [0, 1] {
        let weights = |out: &str| sandbox.read(&format!("{out}/shapes/n5/scratch/seed{seed}/target.safetensors"));
        assert!(weights("cut") == weights("whole"), "seed {seed}");
    }
}

#[test]
fn a_cell_that_diverges_is_recorded_and_the_others_go_on() {
    let sandbox = Sandbox::new();
    let wild = "methods = [{ label = \"wild\", name = \"scratch\", set = { train.lr = 1e30 } }, \"scratch\"]\n\
                tasks = [{ label = \"shapes\" }]";
    sandbox.write("grid.toml", grid(wild, 2));
    let line = "compare grid.toml --device cpu --out out";
    let failed = "training diverged: 1 of 2 cells failed, first shapes/n5/wild/seed0: ";
    let said = sandbox.run(line);
    said.fails_with(line, failed);
    said.mentions(&["2/2 shapes/n5/scratch/seed0: test accuracy", "1 of 2 cells are done: 1 failed"]);
    let cells = sandbox.text("out/report/cells.csv");
    assert!(cells.contains("shapes,5,wild,0,failed,") && cells.contains("not finite"), "{cells}");
    assert!(sandbox.text("out/report/report.md").contains("shapes/n5/wild/seed0: failed: "));
    let again = sandbox.run(line);
    again.fails_with(line, failed);
    again.mentions(&["2 of 2 are settled already"]);
}

#[test]
fn a_folder_may_grow_but_not_change() {
    let sandbox = Sandbox::new();
    let one = "methods = [\"scratch\"]\ntasks = [{ label = \"shapes\" }]";
    sandbox.write("grid.toml", grid(one, 2));
    sandbox.run("compare grid.toml --device cpu --out out").succeeds("compare");
    let line = "compare grid.toml --device cpu --out out --set train.epochs=3";
    sandbox.refuses(line, "out: holds another grid: shapes/n5/scratch/seed0 has train.epochs = 2 there and 3 here");
    std::fs::remove_file(sandbox.path("out/grid.toml")).expect("it is there");
    sandbox.refuses(line, "out/shapes/n5/scratch/seed0: holds a run with train.epochs = 2");
    sandbox.write("grid.toml", grid(&format!("{one}\nseeds = [0, 5]"), 2));
    let said = sandbox.run("compare grid.toml --device cpu --out out");
    said.succeeds("grown").mentions(&[
        "1 of 2 are settled already",
        "2/2 shapes/n5/scratch/seed5",
        "all 2 cells are done",
    ]);
    sandbox.write("grid.toml", grid(&format!("{one}\nseeds = [5]"), 2));
    let line = "compare grid.toml --device cpu --out out";
    sandbox.refuses(line, "out: holds another grid: shapes/n5/scratch/seed0 is not in this one");
}

#[test]
fn the_examples_for_clusters_name_shards_that_fit() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cluster");
    let text = |name: &str| std::fs::read_to_string(docs.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let job = text("kubernetes/compare.yaml");
    assert!(job.contains("completions: 4") && job.contains("--shard \"$JOB_COMPLETION_INDEX/4\""));
    // The grid in the ConfigMap is a grid.
    let from = job.find("    [compare]").expect("a grid");
    let lines = job[from..].lines().take_while(|line| *line != "---");
    let grid: String = lines.map(|line| format!("{}\n", line.trim_start_matches("    "))).collect();
    let sandbox = Sandbox::new();
    sandbox.write("grid.toml", grid);
    let said = sandbox.run("compare grid.toml --list");
    assert_eq!(said.succeeds("--list").out.lines().count(), 6);
    assert!(text("slurm/compare.sbatch").contains("--shard \"$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT\""));
}
