//! What a good run leaves behind, and that another one leaves the same.

use crate::support::Sandbox;
use crate::{GOOD, same, train};

#[test]
fn a_run_says_what_it_uses_and_how_it_ended() {
    GOOD.said.mentions(&[
        "device  CPU",
        "data    built-in fine-grained: 10 classes, 40 training, 200 validation, 1500 test images",
        "source  ResNet-20: 108 keys matched, 0 missing, 0 unexpected",
        "15 candidate pairs",
        "l2t-ww epoch   2",
        "l2t-ww: test accuracy ",
        "all of it is in out",
    ]);
}

#[test]
fn a_run_leaves_these_files_and_no_others() {
    let pictures = ["learning-curves", "matching", "pair-weights"];
    let mut expected: Vec<String> =
        ["", "/checkpoints", "/checkpoints/best.safetensors", "/checkpoints/latest.safetensors"]
            .iter()
            .chain(&["/config.toml", "/metrics.csv", "/metrics.jsonl", "/pair-weights.csv"])
            .chain(&["/summary.json", "/target.safetensors"])
            .map(|name| format!("out{name}"))
            .collect();
    expected.extend(pictures.iter().flat_map(|name| [format!("out/{name}.png"), format!("out/{name}.svg")]));
    expected.sort();
    let found: Vec<String> = GOOD.sandbox.files().iter().map(|path| path.display().to_string()).collect();
    let mut found: Vec<String> = found.into_iter().filter(|path| path.starts_with("out")).collect();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_summary_says_what_happened() {
    let summary: serde_json::Value = serde_json::from_slice(&GOOD.sandbox.read("out/summary.json")).expect("JSON");
    let run = &summary["runs"][0];
    for (field, expected) in [
        ("method", serde_json::json!("l2t-ww")),
        ("seed", 0.into()),
        ("epochs", 2.into()),
        ("complete", true.into()),
        ("images", serde_json::json!([40, 200, 1500])),
        ("folder", ".".into()),
    ] {
        assert_eq!(run[field], expected, "{field}");
    }
    for share in ["test_accuracy", "validation_accuracy"] {
        assert!(run[share].as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)), "{share} is {}", run[share]);
    }
    assert!(run["best_epoch"].as_u64().is_some_and(|epoch| (1..=2).contains(&epoch)), "{run}");
    assert!(run["wall_secs"].as_f64().is_some_and(|secs| secs > 0.0), "{run}");
    assert!(run["device"].as_str().is_some_and(|device| device.starts_with("CPU")), "{run}");
}

#[test]
fn the_metrics_have_a_line_for_every_epoch_and_pair() {
    let lines = |name: &str| GOOD.sandbox.text(name).lines().map(String::from).collect::<Vec<_>>();
    let records = lines("out/metrics.jsonl");
    assert_eq!(records.len(), 2);
    for (nth, record) in records.iter().enumerate() {
        let record: serde_json::Value = serde_json::from_str(record).expect("JSON");
        assert_eq!(record["epoch"], nth + 1);
        assert!(record["task_loss"].as_f64().is_some_and(|loss| loss > 0.0), "{record}");
        assert!(record["matching_loss"].as_f64().is_some_and(|loss| loss > 0.0), "{record}");
        assert_eq!(record["pair_weights"].as_array().map(Vec::len), Some(15));
    }
    let table = lines("out/metrics.csv");
    assert_eq!(table[0], "epoch,lr,task_loss,matching_loss,train_accuracy,validation_accuracy,elapsed_secs");
    assert_eq!(table.len(), 1 + 2);
    let table = lines("out/pair-weights.csv");
    assert_eq!(table[0], "epoch,source,source_layer,target_layer,mean,std");
    assert_eq!(table.len(), 1 + 2 * 15);
    for (nth, row) in table[1..].iter().enumerate() {
        let expected = format!("{},0,{},{},", nth / 15 + 1, nth % 15 / 5, nth % 5);
        assert!(row.starts_with(&expected), "{row} does not start with {expected}");
    }
}

/// What a baseline adds to L_org stands under its own name wherever losses stand.
#[test]
fn auxiliary_losses_are_named_in_the_output_the_metrics_and_the_picture() {
    let sandbox = Sandbox::new();
    let line = train("method.name=lwf+at", "out");
    let said = sandbox.run(&line);
    said.succeeds(&line).mentions(&[
        "distillation: an added output layer of 36 classes",
        "attention: 3 pairs of attention maps",
        " · distillation ",
        " · attention ",
    ]);
    let record: serde_json::Value =
        serde_json::from_str(sandbox.text("out/metrics.jsonl").lines().next().expect("an epoch")).expect("JSON");
    for name in ["distillation", "attention"] {
        let loss = &record["auxiliary_losses"][name];
        assert!(loss.as_f64().is_some_and(|loss| loss > 0.0), "{name} is {loss}");
        assert!(sandbox.text("out/learning-curves.svg").contains(name), "{name} is not in the picture");
    }
    let header = "epoch,lr,task_loss,matching_loss,distillation_loss,attention_loss,train_accuracy,validation_accuracy";
    assert!(sandbox.text("out/metrics.csv").starts_with(header));
    let line = train("method.name=fine-tuning target.network=resnet20", "tuned");
    let said = sandbox.run(&line);
    said.succeeds(&line).mentions(&["starts from the source's weights, its classifier drawn anew"]);
}

#[test]
fn the_pictures_can_be_opened() {
    for name in ["learning-curves", "matching", "pair-weights"] {
        let png = image::load_from_memory(&GOOD.sandbox.read(&format!("out/{name}.png"))).expect(name).to_rgb8();
        let first = *png.get_pixel(0, 0);
        assert!(png.pixels().any(|pixel| *pixel != first), "{name}.png is blank");
        let svg = GOOD.sandbox.text(&format!("out/{name}.svg"));
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{name}.svg");
    }
}

#[test]
fn the_trained_network_can_be_inspected_and_evaluated() {
    let run = &GOOD.sandbox;
    let line = "source inspect --weights out/target.safetensors";
    run.run(line).succeeds(line).mentions(&["VGG-9, 10 classes, 36954 weights", "0 missing, 0 unexpected", "layer  4"]);
    let pictures = Sandbox::new();
    for class in 0..10 {
        for part in ["train", "test"] {
            let mut png = std::io::Cursor::new(Vec::new());
            let picture = image::RgbImage::from_pixel(32, 32, image::Rgb([25 * class, 0, 0]));
            picture.write_to(&mut png, image::ImageFormat::Png).expect("a picture can be encoded");
            pictures.write(&format!("ten/{part}/{class}/0.png"), png.into_inner());
        }
    }
    let line =
        format!("source eval --device cpu --weights {} --data ten", run.path("out/target.safetensors").display());
    pictures.run(&line).succeeds(&line).mentions(&["accuracy ", "of 10 images of ten"]);
}

#[test]
fn the_same_seed_gives_the_same_network_to_the_last_bit() {
    let sandbox = Sandbox::new();
    let line = train("", "again");
    sandbox.run(&line).succeeds(&line);
    assert_eq!(same((&GOOD.sandbox, "out"), (&sandbox, "again")), (true, true));
}

#[test]
fn a_run_can_be_repeated_from_its_own_configuration() {
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", GOOD.sandbox.read("out/config.toml"));
    let line = "train --device cpu --config config.toml --out again";
    sandbox.run(line).succeeds(line);
    assert_eq!(same((&GOOD.sandbox, "out"), (&sandbox, "again")), (true, true));
}

#[test]
fn another_seed_gives_another_network() {
    let sandbox = Sandbox::new();
    let line = train("seed=1", "other");
    sandbox.run(&line).succeeds(&line);
    assert_eq!(same((&GOOD.sandbox, "out"), (&sandbox, "other")), (false, false));
}
