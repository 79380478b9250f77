//! The `l2t` program as a user meets it: what it refuses and how, what a run leaves behind, and that a run which was
//! stopped ends as if it had not been.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Child;
use std::sync::LazyLock;
use std::time::Duration;

use l2t_core::experiment::snapshot::zip;
use safetensors::{Dtype, SafeTensors};
use support::{Said, Sandbox, Stored, TINY, tensor};

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

// ---- What is refused, and in which words ----

#[test]
fn bad_weights_are_named_with_the_key_at_fault() {
    let sandbox = Sandbox::new();
    sandbox.write_weights("whole.safetensors", |_| {});
    let whole = sandbox.read("whole.safetensors");
    sandbox.write("short.safetensors", &whole[..3000]);
    sandbox.write("shorter.safetensors", &whole[..whole.len() - 4]);
    sandbox.write("empty.safetensors", "");
    sandbox.write("text.safetensors", "these are no weights");
    sandbox.write("text.txt", "these are no weights");
    sandbox.write("short.pth.tar", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q");
    sandbox.write("folder.pth/inside", "");
    let nan = |name: &'static str| {
        move |t: &mut Vec<Stored>| tensor(t, name).bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes())
    };
    sandbox.write_weights("nan.safetensors", nan("fc.weight"));
    sandbox.write_weights("variance.safetensors", |t| {
        tensor(t, "bn1.running_var").bytes[..4].copy_from_slice(&(-1.0f32).to_le_bytes());
    });
    sandbox.write_weights("keys.safetensors", |t| {
        t.retain(|tensor| tensor.name != "bn1.weight");
        t.push(Stored { name: "extra".into(), dtype: Dtype::F32, shape: vec![1], bytes: vec![0; 4] });
    });
    sandbox.write_weights("shape.safetensors", |t| {
        let bias = tensor(t, "fc.bias");
        bias.shape = vec![19];
        bias.bytes.truncate(19 * 4);
    });
    sandbox.write_weights("scalar.safetensors", |t| {
        let kernel = tensor(t, "block1.conv1.weight");
        kernel.shape = vec![];
        kernel.bytes.truncate(4);
    });
    sandbox.write_weights("none.safetensors", |t| {
        let kernel = tensor(t, "conv1.weight");
        kernel.shape[0] = 0;
        kernel.bytes.clear();
    });
    sandbox.write_weights("half.safetensors", |t| {
        let bias = tensor(t, "fc.bias");
        bias.dtype = Dtype::BF16;
        bias.bytes.truncate(36 * 2);
    });
    sandbox.write_weights("headless.safetensors", |t| t.retain(|tensor| !tensor.name.starts_with("fc.")));
    sandbox.write_weights("other.safetensors", |t| t.retain(|tensor| tensor.name.starts_with("fc.")));
    refuse_each(
        &sandbox,
        &[
            ("sources.0.weights=away.safetensors", "away.safetensors: No such file"),
            ("sources.0.weights=away.pth", "away.pth: No such file"),
            ("sources.0.weights=short.safetensors", "short.safetensors: is no safetensors file: "),
            ("sources.0.weights=shorter.safetensors", "shorter.safetensors: is no safetensors file: "),
            ("sources.0.weights=empty.safetensors", "empty.safetensors: is no safetensors file: "),
            ("sources.0.weights=text.safetensors", "text.safetensors: is no safetensors file: "),
            ("sources.0.weights=text.txt", "text.txt: is no PyTorch checkpoint: "),
            ("sources.0.weights=short.pth.tar", "short.pth.tar: is no PyTorch checkpoint: "),
            ("sources.0.weights=folder.pth", "folder.pth: "),
            ("sources.0.weights=nan.safetensors", "nan.safetensors: fc.weight contains NaN"),
            ("sources.0.weights=variance.safetensors", "bn1.running_var contains -1, which is no variance"),
            (
                "sources.0.weights=keys.safetensors",
                "keys.safetensors: does not fit the network: 107 keys matched, 1 missing (bn1.weight), 1 unexpected (extra)",
            ),
            ("sources.0.weights=shape.safetensors", "fc.bias has shape [19] where the network has [36]"),
            ("sources.0.weights=scalar.safetensors", "block1.conv1.weight is no convolution but has shape []"),
            ("sources.0.weights=none.safetensors", "conv1.weight is empty"),
            ("sources.0.weights=half.safetensors", "fc.bias is of type BF16; F16, F32 and F64 are read"),
            ("sources.0.weights=other.safetensors", "other.safetensors: is neither a ResNet"),
            ("sources.0.weights=headless.safetensors method.name=lwf", "headless.safetensors: fc.weight is missing"),
            ("sources.0.weights=untrained-resnet9", "untrained-resnet9: is none of untrained-resnet8, "),
        ],
    );
}

#[test]
fn bad_data_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write_pictures("pictures", 4);
    sandbox.write("notes/readme.txt", "no pictures");
    std::fs::create_dir(sandbox.path("empty")).expect("a folder");
    sandbox.write("truncated/data_batch_1.bin", [0; 3000]);
    for part in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
        let mut record = [0; 3073];
        record[0] = 10;
        sandbox.write(&format!("labels/{part}.bin"), record);
    }
    refuse_each(
        &sandbox,
        &[
            ("data.path=away", "away: no such file or folder"),
            ("data.path=empty", "empty: no data set is recognised here"),
            ("data.path=notes", "notes: no data set is recognised here"),
            ("data.path=truncated", "data_batch_1.bin: 3000 bytes are not a whole number of CIFAR-10 records"),
            ("data.path=labels", "data_batch_1.bin: record 0 has label 10; the labels of CIFAR-10 are 0 to 9"),
            ("data.path=pictures data.per_class=50", "class `cat` has 4 images, 50 are wanted"),
            ("data.path=pictures data.per_class=0", "train.batch_size: 10 is more than the 6 training images"),
            ("train.batch_size=5000", "train.batch_size: 5000 is more than the 40 training images"),
        ],
    );
    for (line, message) in [
        ("source eval --weights embedded --device cpu --data pictures", "has 2 classes where ResNet-20 has 36"),
        ("source eval --weights embedded --device cpu --data empty", "empty: no data set is recognised here"),
        ("data inspect away", "away: no such file or folder"),
    ] {
        sandbox.refuses(line, message);
    }
}

#[test]
fn bad_keys_and_values_are_named() {
    refuse_each(
        &Sandbox::new(),
        &[
            ("bogus.key=1", "bogus: unknown field `bogus`, expected one of `seed`"),
            ("train.rate=1", "train.rate: unknown field `rate`"),
            ("train.epochs=many", "train.epochs: invalid type: string \"many\""),
            ("train.epochs=-1", "train.epochs: invalid value: integer `-1`"),
            ("train.epochs=0", "train.epochs: 0 epochs train nothing"),
            ("train.lr=nan", "train.lr: NaN is not positive"),
            ("=1", "--set: =1 names no key"),
            ("train", "--set: train is not of the form key=value"),
            ("sources.5.layers=[0]", "sources.5.layers: 5 is no index into a list of 1"),
            ("sources=[]", "sources: l2t-ww needs at least one source"),
            ("method.name=l3t", "method.name: unknown variant `l3t`, expected one of `scratch`"),
            ("method.pairs=some", "method.pairs: neither single, one-to-one, all-to-all nor a list"),
            ("method.pairs=[]", "method.pairs: no pair is left to match"),
            ("method.pairs=[] method.name=at", "method.pairs: no pair is left to match"),
            ("method.pairs=single method.name=lwf", "method.pairs: lwf has no pairs of layers; leave it out"),
            ("method.pairs=single method.name=scratch", "method.pairs: scratch has no pairs of layers; leave it out"),
            ("method.pairs=single method.name=fine-tuning", "method.pairs: fine-tuning has no pairs of layers"),
            ("method.name=lwf+at sources=[]", "sources: lwf+at needs at least one source"),
            ("method.temperature=0", "method.temperature: 0 is not positive"),
            ("method.attention=-1", "method.attention: -1 is negative or no number"),
            (
                r#"method.name=fine-tuning sources=[{weights="embedded"},{weights="embedded"}]"#,
                "sources: fine-tuning starts from one source; there are 2",
            ),
            (
                "method.name=fine-tuning",
                "target.network: fine-tuning needs the source's own architecture; vgg9 is not the architecture of the source",
            ),
            (
                "method.name=fine-tuning target.network=resnet14",
                "ResNet-20: block3.conv1.weight is [32, 16, 3, 3] and not [16, 16, 3, 3]",
            ),
            (
                "method.pairs=[{source_layer=0,target_layer=9}]",
                "method.pairs[0]: target layer 9 does not exist: the target has 5",
            ),
            (
                "method.pairs=[{source_layer=9,target_layer=0}]",
                "method.pairs[0]: source layer 9 does not exist: ResNet-20 has 3",
            ),
            ("sources.0.layers=[99]", "sources[0].layers: layer 99 does not exist: ResNet-20 has 9"),
            ("sources.0.layers=[0,0]", "sources[0].layers: layer 0 is there twice"),
            ("sources.0.layers=[]", "sources[0].layers: at least one layer is needed"),
            ("data.size=16", "data.size: 16 pixels cannot be halved 5 times; give at least 32"),
            ("data.size=0", "data.size: 0 is not in 1 to 1024"),
            ("data.augment=32", "data.augment: a border of 32 does not suit images of 32 pixels"),
            ("target.network=resnet9", "target.network: resnet9 is neither vgg9 nor resnet8"),
            ("target.network=resnet600000002", "target.network: resnet600000002 is neither vgg9 nor resnet8"),
            ("target.width=1e9", "target.width: 1000000000 is more than 16"),
        ],
    );
}

#[test]
fn bad_configuration_files_are_named_with_the_line_or_key() {
    let sandbox = Sandbox::new();
    sandbox.write("malformed.toml", "seed = 0\n[train]\nlr = = 3\n");
    sandbox.write("unclosed.toml", "seed = 0\n[train\nlr = 3\n");
    sandbox.write("key.toml", "[train]\nrate = 3\n");
    sandbox.write("binary.toml", [0xff, 0xfe]);
    for (file, message) in [
        ("malformed.toml", "malformed.toml: line 3: "),
        ("unclosed.toml", "unclosed.toml: line 2: "),
        ("key.toml", "key.toml: train.rate: unknown field `rate`"),
        ("binary.toml", "binary.toml: stream did not contain valid UTF-8"),
        ("away.toml", "away.toml: No such file"),
    ] {
        sandbox.refuses(&format!("train --config {file} --device cpu --out out"), message);
    }
    sandbox.refuses(
        "train --preset demon --device cpu --out out",
        "--preset: demon is none of bench, demo, source, source-resnet32, source-textures, cifar10-50, paper-cifar10",
    );
}

#[test]
fn folders_that_cannot_be_written_are_named() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "");
    sandbox.refuses(&train("", "file/out"), "file/out: cannot be made: ");
    sandbox.refuses(&train("", "file"), "file: cannot be made: ");
    sandbox
        .refuses("source convert --weights embedded --out file/x.safetensors", "file/x.safetensors: cannot be written");
    sandbox
        .refuses("source convert --weights embedded --out away/x.safetensors", "away/x.safetensors: cannot be written");
    sandbox.refuses(&format!("demo {TINY} --out file/out"), "file/out/scratch: cannot be made: ");
    sandbox.refuses(&format!("demo {TINY} --out out --set train.epochs=0"), "train.epochs: 0 epochs train nothing");
}

#[test]
fn a_folder_with_a_run_is_not_overwritten() {
    let (run, before) = (&GOOD.sandbox, GOOD.sandbox.read("out/target.safetensors"));
    run.refuses(&train("seed=1", "out"), "out: holds a run already; go on with it by --resume out");
    assert!(run.read("out/target.safetensors") == before);
}

#[test]
fn what_cannot_be_resumed_is_named() {
    let sandbox = Sandbox::new();
    let whole = GOOD.sandbox.read("out/checkpoints/latest.safetensors");
    let latest = |folder: &str| format!("{folder}/checkpoints/latest.safetensors");
    std::fs::create_dir(sandbox.path("empty")).expect("a folder");
    sandbox.write(&latest("header"), &whole[..500]);
    sandbox.write(&latest("half"), &whole[..whole.len() / 2]);
    sandbox.write(&latest("text"), "no checkpoint");
    sandbox.write_weights(&latest("weights"), |_| {});
    let format = b"format = 2";
    let at = whole.windows(format.len()).position(|window| window == format).expect("the format is in the header");
    let mut other = whole.clone();
    other[at + format.len() - 1] = b'0';
    sandbox.write(&latest("format"), other);
    sandbox.write(&latest("best"), &whole);
    for (folder, message) in [
        ("away", "away: is no folder"),
        ("empty", "empty: holds no run that can be gone on with"),
        ("header", "header/checkpoints/latest.safetensors: is no checkpoint, or is truncated"),
        ("half", "half/checkpoints/latest.safetensors: is no checkpoint, or is truncated"),
        ("text", "text/checkpoints/latest.safetensors: is no checkpoint, or is truncated"),
        ("weights", "weights/checkpoints/latest.safetensors: is a safetensors file, but no checkpoint"),
        ("format", "format/checkpoints/latest.safetensors: is a checkpoint of format 0; this program reads format 2"),
        ("best", "best/checkpoints/best.safetensors: No such file"),
    ] {
        sandbox.refuses(&format!("train --device cpu --resume {folder}"), message);
    }
    sandbox.write("run.zip", "no zip");
    for (rest, message) in [
        ("run.zip", "run.zip: is a file: name a folder for its run by --out"),
        ("run.zip --out on", "run.zip: is no zip of a run"),
        ("header --out on", "header: is kept in its own folder: leave out --out"),
    ] {
        sandbox.refuses(&format!("train --device cpu --resume {rest}"), message);
    }
}

#[test]
fn a_gpu_that_is_not_there_is_said_to_be_missing() {
    let sandbox = Sandbox::new();
    let devices = sandbox.run("devices");
    if devices.out.contains("discrete GPU")
        || devices.out.contains("integrated GPU")
        || devices.out.contains("virtual GPU")
    {
        return;
    }
    sandbox.refuses("train --preset demo --device gpu --out out", "device: no ");
    let message = match devices.out.contains("software driver") {
        true => "train.precision: f64 needs --device cpu",
        false => "device: no software Vulkan driver was found",
    };
    let line = "train --preset demo --device software-gpu --set train.precision=f64 --out out";
    sandbox.refuses(line, message);
}

#[test]
fn a_run_that_diverges_says_so_and_leaves_no_results() {
    for (changes, message) in [
        ("train.lr=1e30", "training diverged: L_org is not finite at epoch 1, iteration "),
        ("train.lr=1e30 method.name=scratch", "training diverged: L_org is not finite at epoch 1, iteration "),
        // One iteration: its loss is fine, and what it makes of the weights is not.
        ("train.lr=1e30 train.epochs=1 train.batch_size=40", "is not finite after 1 epochs and 0 iterations"),
    ] {
        let sandbox = Sandbox::new();
        let line = train(changes, "out");
        sandbox.run(&line).fails_with(&line, message);
        let left: Vec<_> = sandbox.files().into_iter().collect();
        assert_eq!(left, ["out", "out/checkpoints", "out/config.toml"].map(Path::new), "{changes}");
    }
}

// ---- What a good run leaves behind ----

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
    run.run(line).succeeds(line).mentions(&["VGG, 10 classes, 36954 weights", "0 missing, 0 unexpected", "layer  4"]);
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

// ---- The same again ----

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

// ---- Stop and go on ----

/// Eighteen iterations an epoch: time to be stopped in the middle of one.
fn longer(out: &str) -> String {
    train("train.epochs=3 data.per_class=9 train.batch_size=5", out)
}

/// A longer run that nobody stopped.
static UNSTOPPED: LazyLock<Sandbox> = LazyLock::new(|| {
    let sandbox = Sandbox::shared("cli-unstopped");
    let line = longer("out");
    sandbox.run(&line).succeeds(&line);
    sandbox
});

/// Reads what a run says until its first epoch is over, and waits for some of the second: less than the rest takes on any
/// machine.
fn wait_for_the_second_epoch(run: &mut Child) -> BufReader<std::process::ChildStdout> {
    let mut lines = BufReader::new(run.stdout.take().expect("standard output is piped"));
    let mut line = String::new();
    while !line.contains("epoch   1") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("l2t says UTF-8") > 0, "the run ended before its first epoch did");
    }
    std::thread::sleep(Duration::from_millis(20));
    lines
}

/// (epoch, iteration) at which the run in `out` was saved.
fn saved_at(sandbox: &Sandbox, out: &str) -> (usize, usize) {
    let bytes = sandbox.read(&format!("{out}/checkpoints/latest.safetensors"));
    let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("a checkpoint");
    let header = metadata.metadata().as_ref().expect("a header")["l2t.checkpoint"].clone();
    let number = |key: &str| {
        let value = header.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")?.parse().ok());
        value.unwrap_or_else(|| panic!("no {key} in {header}"))
    };
    (number("epoch"), number("iteration"))
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_by_ctrl_c_goes_on_as_if_it_had_not_been() {
    let sandbox = Sandbox::new();
    let mut run = sandbox.start(&longer("out"));
    let mut rest = wait_for_the_second_epoch(&mut run);
    let interrupt = std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(interrupt.expect("kill starts").success());
    let mut out = String::new();
    rest.read_to_string(&mut out).expect("l2t says UTF-8");
    let said = Said { out, ..Said::by(run.wait_with_output().expect("it ends")) };
    assert_eq!(said.code, Some(130), "{said:?}");
    said.mentions(&["stopped after the iteration and saved", "go on with: l2t train --resume out"]);
    assert_eq!(said.err, "stopping after this iteration; everything is being saved\n");

    let (epoch, iteration) = saved_at(&sandbox, "out");
    assert!(epoch >= 1 && (1..18).contains(&iteration), "not in the middle of an epoch: {epoch}, {iteration}");
    let summary: serde_json::Value = serde_json::from_slice(&sandbox.read("out/summary.json")).expect("JSON");
    assert_eq!(summary["runs"][0]["complete"], false);
    assert!(!sandbox.path("out/target.safetensors").exists(), "a run that was stopped has no result yet");

    let line = "train --device cpu --resume out";
    sandbox.run(line).succeeds(line);
    assert_eq!(same((&UNSTOPPED, "out"), (&sandbox, "out")), (true, true));
    assert_eq!(metrics(&sandbox, "out").len(), 3);
}

#[test]
fn a_run_that_is_killed_goes_on_from_its_last_epoch() {
    let sandbox = Sandbox::new();
    let mut run = sandbox.start(&longer("out"));
    let _rest = wait_for_the_second_epoch(&mut run);
    run.kill().expect("it still runs");
    assert!(!run.wait().expect("it ends").success(), "it ended by itself");
    let (epoch, iteration) = saved_at(&sandbox, "out");
    assert!((1..3).contains(&epoch) && iteration == 0, "{epoch}, {iteration}");
    let kept = ["best", "latest"].map(|name| format!("checkpoints/{name}.safetensors"));
    sandbox.write("run.zip", zip(&kept.map(|file| (file.clone(), sandbox.read(&format!("out/{file}"))))));

    for (line, folder) in
        [("train --device cpu --resume out", "out"), ("train --device cpu --resume run.zip --out from-zip", "from-zip")]
    {
        sandbox.run(line).succeeds(line);
        assert_eq!(same((&UNSTOPPED, "out"), (&sandbox, folder)), (true, true), "{line}");
    }
    let partial: Vec<_> =
        sandbox.files().into_iter().filter(|path| path.display().to_string().ends_with("partial")).collect();
    assert!(partial.is_empty(), "{partial:?}");
}

#[test]
fn resuming_a_finished_run_trains_nothing() {
    let sandbox = Sandbox::new();
    for file in ["best", "latest"].map(|name| format!("out/checkpoints/{name}.safetensors")) {
        sandbox.write(&file, UNSTOPPED.read(&file));
    }
    let line = "train --device cpu --resume out";
    let said = sandbox.run(line);
    said.succeeds(line).mentions(&["all 3 epochs were done already; nothing is trained", "test accuracy"]);
    assert!(!said.out.contains("epoch   "), "{}", said.out);
    assert!(sandbox.read("out/target.safetensors") == UNSTOPPED.read("out/target.safetensors"));
}

#[test]
fn a_reader_that_goes_away_does_not_end_a_run() {
    let sandbox = Sandbox::new();
    let mut run = sandbox.start(&train("", "out"));
    drop(run.stdout.take());
    let said = Said::by(run.wait_with_output().expect("it ends"));
    said.succeeds("train | true");
    assert!(sandbox.path("out/target.safetensors").exists());
}

// ---- Saliency ----

/// `l2t saliency` of the good run into `out` of the sandbox, on its few validation images, with `changes`.
fn saliency(run: &Path, changes: &str) -> String {
    format!("saliency --device cpu --run {} --split validation --out out {changes}", run.display())
}

/// The rows of a table, each a list of fields; no field here has a comma in it.
fn table(sandbox: &Sandbox, name: &str) -> Vec<Vec<String>> {
    sandbox.text(name).lines().map(|line| line.split(',').map(String::from).collect()).collect()
}

#[test]
fn saliency_leaves_a_picture_and_both_tables() {
    let sandbox = Sandbox::new();
    let line = saliency(&GOOD.sandbox.path("out"), "--images 3");
    let said = sandbox.run(&line);
    said.succeeds(&line).mentions(&[
        "pair    block 8 of ResNet-20 to group 5 of VGG-9, width 0.0625",
        "images  200 of built-in fine-grained: 3 are shown",
        "evenly weighted channels out of 64",
        "saliency.png, saliency.csv and saliency-summary.csv are in out",
    ]);
    let files: Vec<_> = sandbox.files().into_iter().collect();
    let expected = ["out", "out/saliency-summary.csv", "out/saliency.csv", "out/saliency.png"];
    assert_eq!(files, expected.map(Path::new));
    let png = image::load_from_memory(&sandbox.read("out/saliency.png")).expect("a picture").to_rgb8();
    let first = *png.get_pixel(0, 0);
    assert!(png.pixels().filter(|pixel| **pixel != first).count() > 100_000, "the picture is all but blank");

    let rows = table(&sandbox, "out/saliency.csv");
    assert_eq!(rows[0][..5].join(","), "image,class,object_area,uniform_mass,learned_mass");
    assert_eq!(rows.len(), 1 + 200);
    for row in &rows[1..] {
        let shares: Vec<f64> = row[2..5].iter().map(|field| field.parse().expect("a share")).collect();
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{row:?}");
    }
    let summary = table(&sandbox, "out/saliency-summary.csv");
    assert_eq!(summary[0].join(","), "score,images,mean,ci95_low,ci95_high,chance");
    for row in &summary[1..] {
        let numbers: Vec<f64> = row[1..].iter().map(|field| field.parse().expect("a number")).collect();
        let [_, mean, low, high, _] = numbers[..] else { panic!("{row:?}") };
        assert!(low <= mean && mean <= high, "{row:?}");
    }
    // The mean of the table is the mean of the images.
    let masses = rows[1..].iter().map(|row| row[3].parse::<f64>().expect("a share"));
    let mean = masses.sum::<f64>() / 200.0;
    assert_eq!(summary[1][0], "uniform_mass");
    assert!((mean - summary[1][2].parse::<f64>().expect("a number")).abs() < 1e-12);

    let again = line.replace("--out out", "--out again");
    sandbox.run(&again).succeeds(&again);
    for name in ["saliency.png", "saliency.csv", "saliency-summary.csv"] {
        assert!(sandbox.read(&format!("out/{name}")) == sandbox.read(&format!("again/{name}")), "{name} differs");
    }
}

#[test]
fn saliency_takes_any_pair_of_the_run_and_other_images() {
    let sandbox = Sandbox::new();
    sandbox.write_pictures("pictures", 2);
    let run = GOOD.sandbox.path("out");
    let line = format!("saliency --device cpu --run {} --data pictures --pair 0,3 --out out", run.display());
    sandbox.run(&line).succeeds(&line).mentions(&[
        "pair    block 2 of ResNet-20 to group 4 of VGG-9",
        "images  4 of pictures: 4 are shown",
        "scores  none: these images do not say where their object is",
    ]);
    assert_eq!(table(&sandbox, "out/saliency.csv").len(), 1 + 4);
    assert_eq!(table(&sandbox, "out/saliency-summary.csv").len(), 1);
    let png = |changes: &str, out: &str| {
        let line = format!("{line} {changes}").replace("--out out", &format!("--out {out}"));
        sandbox.run(&line).succeeds(&line);
        sandbox.read(&format!("{out}/saliency.png"))
    };
    let plain = sandbox.read("out/saliency.png");
    for (nth, change) in ["--alpha 0.9", "--colour-map viridis", "--clip 0.5"].iter().enumerate() {
        assert!(png(change, &format!("other{nth}")) != plain, "{change} changes nothing");
    }
}

#[test]
fn saliency_of_uniform_weights_is_shown_once() {
    let sandbox = Sandbox::new();
    let line = train("method.name=fm train.epochs=1", "run");
    sandbox.run(&line).succeeds(&line);
    let line = saliency(Path::new("run"), "--images 1");
    sandbox.run(&line).succeeds(&line).mentions(&["weights fm keeps the channel weights uniform"]);
    let summary = sandbox.text("out/saliency-summary.csv");
    assert!(summary.contains("uniform_mass,200,") && !summary.contains("learned"), "{summary}");
}

#[test]
fn saliency_that_cannot_be_is_explained() {
    let sandbox = Sandbox::new();
    let line = train("method.name=scratch train.epochs=1", "scratch");
    sandbox.run(&line).succeeds(&line);
    sandbox.write("folder/notes.txt", "no run");
    sandbox.write("file", "in the way");
    sandbox.write("broken/checkpoints/latest.safetensors", "no checkpoint");
    let latest = GOOD.sandbox.read("out/checkpoints/latest.safetensors");
    sandbox.write("nobest/checkpoints/latest.safetensors", latest);
    let good = GOOD.sandbox.path("out");
    for (run, changes, message) in [
        ("away", "", "away: is no folder"),
        ("folder", "", "folder: holds no run that can be gone on with"),
        ("broken", "", "latest.safetensors: is no checkpoint, or is truncated"),
        ("nobest", "", "best.safetensors: No such file"),
        ("scratch", "", "scratch: is a run of scratch, which matches no features"),
        ("", "--pair 9,0", "--pair: 9,0 is no pair of this run; it has 0,0 0,1 0,2 0,3 0,4 1,0"),
        ("", "--pair 1,0,0", "--pair: 1,0,0 is no pair of this run; it has 0,0,0 0,0,1"),
        ("", "--pair last", "--pair: last is neither m,n nor s,m,n"),
        ("", "--pair 1", "--pair: 1 is neither m,n nor s,m,n"),
        ("", "--alpha 1.5", "--alpha: 1.5 is not in 0 to 1"),
        ("", "--clip 0", "--clip: 0 is not in 0.01 to 1"),
        ("", "--clip NaN", "--clip: NaN is not in 0.01 to 1"),
        ("", "--images 0", "--images: 0 is not in 1 to 24"),
        ("", "--data away", "--split: validation images are held out by a run"),
        ("", "--data away --split test", "away: no such file or folder"),
        ("", "--out file", "file: cannot be written into"),
        ("", "--out file/below", "file/below: cannot be written into"),
    ] {
        let run = if run.is_empty() { good.clone() } else { run.into() };
        let mut line = saliency(&run, changes);
        for twice in ["--split", "--out"].iter().filter(|key| changes.contains(**key)) {
            // The later of two would be refused by the arguments' own check.
            let value = if *twice == "--split" { " --split validation" } else { " --out out" };
            line = line.replacen(value, "", 1);
        }
        sandbox.refuses(&line, message);
    }
}

#[cfg(unix)]
#[test]
fn saliency_that_is_stopped_writes_nothing() {
    let sandbox = Sandbox::new();
    let line = format!("saliency --device cpu --run {} --out new/out", GOOD.sandbox.path("out").display());
    let mut running = sandbox.start(&line);
    let mut lines = BufReader::new(running.stdout.take().expect("standard output is piped"));
    let mut said = String::new();
    while !said.starts_with("images ") {
        said.clear();
        assert!(lines.read_line(&mut said).expect("l2t says UTF-8") > 0, "it ended before it began");
    }
    // Ctrl-C is listened to before this line is said, and a thousand images take much longer than this.
    let interrupt = std::process::Command::new("kill").args(["-INT", &running.id().to_string()]).status();
    assert!(interrupt.expect("kill starts").success());
    let said = Said::by(running.wait_with_output().expect("it ends"));
    assert_eq!((said.code, said.err.as_str()), (Some(130), "stopping; nothing is written\n"));
    let left = sandbox.files();
    assert!(left.is_empty(), "{left:?}");
}

// ---- The other commands ----

#[test]
fn the_demo_compares_three_methods_and_can_be_given_again() {
    let sandbox = Sandbox::new();
    let line = format!("demo {TINY} --out out");
    sandbox.run(&line).succeeds(&line).mentions(&[
        "scratch: test accuracy",
        "fm: test accuracy",
        "l2t-ww: test accuracy",
        "comparison.png",
    ]);
    let summary: serde_json::Value = serde_json::from_slice(&sandbox.read("out/summary.json")).expect("JSON");
    let methods: Vec<_> = (0..3).map(|nth| summary["runs"][nth]["method"].as_str().unwrap_or_default()).collect();
    assert_eq!(methods, ["scratch", "fm", "l2t-ww"]);
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
        ("source train --preset sauce --out x.safetensors", "--preset: sauce is none of bench, demo, source, "),
        (
            "source train --data pets --network resnet9 --set train.batch_size=2 --out x.safetensors",
            "target.network: resnet9 is neither",
        ),
        ("source train --data pets --out away/x.safetensors", "away/x.safetensors: cannot be written"),
        ("source inspect --weights embedded:resnet56", "embedded:resnet56: is none of embedded:resnet20, "),
    ] {
        sandbox.refuses(&format!("{line} {}", if line.contains("inspect") { "" } else { "--device cpu" }), message);
    }
}
