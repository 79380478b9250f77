//! `l2t data` and `l2t source`: what is in pictures and weights, and sources made of either.

use crate::support::{Sandbox, TINY};

#[test]
fn data_inspect_counts_the_pictures() {
    let sandbox = Sandbox::new();
    sandbox.write_pictures("pets", 4);
    sandbox.run("data inspect pets").succeeds("data inspect").mentions(&[
        "pets: image folder, 2 classes",
        "train              8           4",
        "test               8           4",
        "cat",
        "dog",
    ]);
}

#[test]
fn data_inspect_of_what_has_problems_ends_with_an_error_code() {
    let sandbox = Sandbox::new();
    sandbox.write_pictures("pets", 2);
    sandbox.write("pets/train/cat/2.png", "half a picture");
    sandbox.write("pets/train/cat/@eaDir/1.png/small.png", "a thumbnail");
    let line = "data inspect pets";
    sandbox.run(line).succeeds(line).mentions(&[
        "train              4           2",
        "- left out what a system left behind: `@eaDir`",
        "- train: left out 1 file: train/cat/2.png is not an image",
    ]);
    for name in ["3", "4"] {
        sandbox.write(&format!("pets/train/cat/{name}.png"), "half a picture");
    }
    let said = sandbox.run(line);
    assert_eq!(said.code, Some(1), "{}", said.out);
    said.mentions(&["problems", "2.png: is not an image; 3 of the 5 files of class `cat` cannot be read"]);
}

#[test]
fn source_inspect_shows_the_embedded_network() {
    let line = "source inspect --weights embedded";
    Sandbox::new().run(line).succeeds(line).mentions(&[
        "ResNet-20, 36 classes, 274180 weights",
        "108 keys matched, 0 missing, 0 unexpected",
        "task      built-in things",
        "command   l2t source train --preset source",
        "layer  8  block 8      64 × 8 × 8  matched by default",
    ]);
}

#[test]
fn data_sample_draws_every_task_and_pictures_of_ones_own() {
    let sandbox = Sandbox::new();
    for task in ["things", "materials", "fine-grained", "texture", "shifted", "unrelated"] {
        let line = format!("data sample --task {task} --per-class 2 --masks --out {task}.png");
        sandbox.run(&line).succeeds(&line).mentions(&[&format!("built-in {task}: ")]);
        let sheet = image::load_from_memory(&sandbox.read(&format!("{task}.png"))).expect("a PNG").to_rgb8();
        // A class a row of at least 48 CSS pixels, two PNG pixels each.
        assert!(sheet.height() >= 10 * 96, "{task}: {:?}", sheet.dimensions());
    }
    sandbox.write_pictures("pets", 4);
    let line = "data sample pets --per-class 3 --out pets.png";
    sandbox.run(line).succeeds(line).mentions(&["pets: 2 classes, a row each, in pets.png"]);
    for (line, message) in [
        ("data sample --task shapes --out x.png", "task: shapes is none of things, materials, "),
        ("data sample --task things --per-class 0 --out x.png", "--per-class: 0 is not in 1 to 100"),
        ("data sample --task things --size 8 --out x.png", "size: 8 is not in 16 to 256"),
        ("data sample --task things --out away/x.png", "away/x.png: cannot be written"),
        ("data sample pets --masks --out x.png", "--masks: pets has no object masks"),
        ("data sample away --out x.png", "away: no such file or folder"),
    ] {
        sandbox.refuses(line, message);
    }
}

#[test]
fn source_train_makes_a_source_from_anyones_pictures() {
    let sandbox = Sandbox::new();
    sandbox.write_pictures("pets", 6);
    let common = "--network resnet8 --set train.batch_size=4 --set data.validation=0 --device cpu";
    let line = format!("source train --data pets {common} --set train.epochs=2 --out pets.safetensors");
    sandbox.run(&line).succeeds(&line).mentions(&[
        "data    pets: 2 classes, 12 training, 0 validation, 12 test images",
        "as stored, in half precision: test accuracy ",
        "transfer from it with --set sources.0.weights=pets.safetensors",
    ]);
    let first = sandbox.read("pets.safetensors");
    let inspect = "source inspect --weights pets.safetensors";
    sandbox.run(inspect).succeeds(inspect).mentions(&[
        "ResNet-8, 2 classes",
        "classes   cat, dog",
        "command   l2t source train --data pets --network resnet8 --set train.batch_size=4",
        "seed      0",
        " on 12 test images",
    ]);
    // The same command goes on with what is there, and makes the same file.
    sandbox.run(&line).succeeds(&line).mentions(&["all 2 epochs were done already"]);
    assert!(first == sandbox.read("pets.safetensors"), "the file changed");
    let other = format!("source train --data pets {common} --set train.epochs=3 --out pets.safetensors");
    sandbox.refuses(&other, "pets-run: holds a run of another configuration; name another folder");
    let transfer = format!("train --preset demo {TINY} --set sources.0.weights=pets.safetensors --out out");
    sandbox.run(&transfer).succeeds(&transfer).mentions(&["source  ResNet-8: 48 keys matched"]);
}

#[test]
fn source_train_refuses_what_cannot_work() {
    let sandbox = Sandbox::new();
    sandbox.write_pictures("pets", 4);
    for (line, message) in [
        ("source train --data away --out x.safetensors", "away: no such file or folder"),
        (
            "source train --preset sauce --out x.safetensors",
            "--preset: sauce is none of bench, demo, demo-early, source, ",
        ),
        (
            "source train --data pets --network resnet9 --set train.batch_size=2 --out x.safetensors",
            "target.network: resnet9 is none of vgg9; resnet8, resnet14",
        ),
        ("source train --data pets --out away/x.safetensors", "away/x.safetensors: cannot be written"),
        ("source inspect --weights embedded:resnet56", "embedded:resnet56: is none of embedded:resnet20, "),
    ] {
        sandbox.refuses(&format!("{line} {}", if line.contains("inspect") { "" } else { "--device cpu" }), message);
    }
}
