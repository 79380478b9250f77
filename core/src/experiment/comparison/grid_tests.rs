use super::*;

const FILE: &str = r#"
seed = 4
[compare]
title = "Two"
preset = "demo"
methods = ["scratch", { label = "fm-single", name = "fm", set = { method.pairs = "single", train.lr = 0.05 } }]
seeds = [0, 7]
per_class = [5, 0]
tasks = [{ label = "a" }, { label = "b", set = { data.size = 16 } }]
set = ["train.epochs=2"]
[train]
lr = 0.2
epochs = 9
"#;

#[test]
fn every_combination_is_one_cell_seed_by_seed() {
    let grid = Grid::from_toml(FILE, &["train.batch_size=10".into()]).expect("valid");
    let names: Vec<String> = grid.cells.iter().map(Cell::name).collect();
    let expected = ["seed0", "seed7"].map(|seed| {
        ["a/n5", "a/all", "b/n5", "b/all"]
            .map(|place| ["scratch", "fm-single"].map(|method| format!("{place}/{method}/{seed}")))
    });
    assert_eq!(names, expected.into_iter().flatten().flatten().collect::<Vec<_>>());
}

#[test]
fn methods_stand_above_changes_and_those_above_the_experiment() {
    let grid = Grid::from_toml(FILE, &["train.batch_size=10".into()]).expect("valid");
    let config = |name: &str| grid.cells.iter().find(|cell| cell.name() == name).expect(name).config.clone();
    let (scratch, fm) = (config("a/n5/scratch/seed7"), config("b/all/fm-single/seed0"));
    assert_eq!((scratch.train.lr, scratch.train.epochs, scratch.train.batch_size), (0.2, 2, 10));
    assert_eq!((scratch.method.name, scratch.seed, scratch.data.per_class), (Method::Scratch, 7, 5));
    assert_eq!((fm.train.lr, fm.method.name, fm.seed, fm.data.per_class), (0.05, Method::Fm, 0, 0));
    assert_eq!((fm.data.size, fm.target.width), (16, 0.25), "the task's, and the preset's");
    assert!(fm.method.pairs.is_some());
}

#[test]
fn a_grid_survives_its_own_toml() {
    let grid = Grid::from_toml(FILE, &["train.batch_size=10".into()]).expect("valid");
    assert_eq!(Grid::from_toml(&grid.to_toml(), &[]), Ok(grid));
}

#[test]
fn an_experiment_file_becomes_a_grid_by_its_axes() {
    let text = "seed = 3\n[compare]\nmethods = [\"scratch\"]\n[data]\nper_class = 8\n";
    let grid = Grid::from_toml(text, &[]).expect("valid");
    let names: Vec<String> = grid.cells.iter().map(Cell::name).collect();
    assert_eq!(names, ["fine-grained/n8/scratch/seed3"]);
    let with_path = Grid::from_toml(text, &["data.path=/data/cifar-10-batches-bin".into()]).expect("valid");
    assert_eq!(with_path.cells[0].task, "cifar-10-batches-bin");
    let without_sources = Grid::from_toml(&text.replace("seed = 3", "sources = []"), &[]);
    assert!(without_sources.is_ok(), "scratch needs no source: {without_sources:?}");
}

#[test]
fn every_embedded_grid_is_valid() {
    for (name, _) in GRIDS {
        let grid = Grid::preset(name, &[]).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(grid.cells.len() > 1, "{name}");
    }
}

#[test]
fn mistakes_are_named_with_their_key_in_one_line() {
    let compare = |rest: &str| format!("[compare]\n{rest}\n");
    let methods = |methods: &str| compare(&format!("methods = [{methods}]"));
    let with = |rest: &str| compare(&format!("methods = [\"scratch\"]\n{rest}"));
    for (text, message) in [
        ("seed = 0".into(), "compare: is missing"),
        ("seed = = 0".into(), "line 1: "),
        (compare(""), "compare: missing field `methods`"),
        (methods(""), "compare.methods: names no method"),
        (methods("3"), "compare.methods[0]: neither a name nor a table"),
        (methods("\"l3t\""), "compare.methods[0]: method.name: unknown variant `l3t`"),
        (methods("\"fm\", \"fm\""), "compare.methods[1]: the label fm is there twice"),
        (methods("\"fm\", { label = \"b\", name = \"fm\" }"), "compare.methods[1]: b has the same configuration as fm"),
        (methods("{ name = \"fm\", set = { method.beta = -1 } }"), "compare.methods[0]: method.beta: -1 is negative"),
        (methods("{ name = \"fm\", set = { seed = 1 } }"), "compare.methods[0].set: seed is decided by compare.seeds"),
        (methods("{ label = \"a/b\" }"), "compare.methods[0]: the label \"a/b\" names a folder"),
        (methods("{ set = {} }"), "compare.methods[0]: has no label"),
        (with("seeds = []"), "compare.seeds: is empty"),
        (with("seeds = [1, 1]"), "compare.seeds: has 1 twice"),
        (with("seeds = [-1]"), "compare.seeds[0]: invalid value: integer `-1`"),
        (with("per_class = 5"), "compare.per_class: invalid type"),
        (with("shards = 5"), "compare.shards: unknown field"),
        (with("preset = \"none\""), "compare.preset: none is none of bench, demo"),
        (with("tasks = [\"a\"]"), "compare.tasks[0]: a task is a table"),
        (with("tasks = [{ label = \"a\", set = { data.size = 0 } }]"), "compare.tasks[0]: data.size: 0 is not in"),
        (with("set = [\"seed=1\"]"), "compare.set: seed is decided by compare.seeds"),
        (with("[train]\nlr = 0"), "train.lr: 0 is not positive"),
        (with("[train]\nrate = 0"), "train.rate: unknown field"),
    ] {
        let error = Grid::from_toml(&text, &[]).expect_err(&text).to_string();
        assert!(error.starts_with(message) && !error.contains('\n'), "{text}\nsays {error}\nnot  {message}");
    }
    let error = Grid::preset("smoke", &["method.name=fm".into()]).expect_err("decided").to_string();
    assert_eq!(error, "--set: method.name is decided by compare.methods");
}
