//! What is refused, and in which words, before anything is written.

use std::path::Path;

use safetensors::Dtype;

use crate::support::{Sandbox, Stored, TINY, tensor};
use crate::{GOOD, refuse_each, train};

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
    sandbox.write_weights("whole-numbers.safetensors", |t| {
        let bias = tensor(t, "fc.bias");
        bias.dtype = Dtype::I16;
        bias.bytes.truncate(36 * 2);
    });
    sandbox.write_weights("headless.safetensors", |t| t.retain(|tensor| !tensor.name.starts_with("fc.")));
    sandbox.write_weights("other.safetensors", |t| t.retain(|tensor| tensor.name.starts_with("fc.")));
    refuse_each(
        &sandbox,
        &[
            ("sources.0.weights=away.safetensors", "away.safetensors: No such file"),
            ("sources.0.weights=away.pth", "away.pth: No such file"),
            (
                "sources.0.weights=short.safetensors",
                "short.safetensors: is no whole safetensors file: it is cut off within its header",
            ),
            (
                "sources.0.weights=shorter.safetensors",
                "shorter.safetensors: is no whole safetensors file: it is cut off, or longer than its tensors",
            ),
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
            (
                "sources.0.weights=whole-numbers.safetensors",
                "fc.bias is of type I16, and F64, F32, F16 and BF16 are read",
            ),
            ("sources.0.weights=other.safetensors", "other.safetensors: is neither a ResNet"),
            (
                "sources.0.weights=headless.safetensors method.name=lwf",
                "sources[0].weights: headless.safetensors has no classifier, and lwf learns from the logits of one",
            ),
            (
                "sources.0.weights=untrained-resnet9",
                "untrained-resnet9: is no network that is known: untrained- and one of vgg9; resnet8, ",
            ),
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
            ("target.network=resnet9", "target.network: resnet9 is none of vgg9; resnet8"),
            ("target.network=resnet600000002", "target.network: resnet600000002 is none of vgg9; resnet8"),
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
    sandbox.write("binary.toml", [0xc3, 0x28]);
    for (file, message) in [
        ("malformed.toml", "malformed.toml: line 3: "),
        ("unclosed.toml", "unclosed.toml: line 2: "),
        ("key.toml", "key.toml: train.rate: unknown field `rate`"),
        ("binary.toml", "binary.toml: line 1 is not UTF-8: save it as UTF-8"),
        ("away.toml", "away.toml: No such file"),
    ] {
        sandbox.refuses(&format!("train --config {file} --device cpu --out out"), message);
    }
    sandbox.refuses(
        "train --preset demon --device cpu --out out",
        "--preset: demon is none of bench, demo, demo-early, source, source-resnet32, source-textures, cifar10-50, \
         paper-cifar10, cub200, dogs, mit67, stanford40, demo-large, source-resnet10, bench-photographs",
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
