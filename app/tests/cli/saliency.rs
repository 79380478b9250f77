//! `l2t saliency`: pictures and tables of what is transferred where.

#[cfg(unix)]
use std::io::{BufRead, BufReader};
use std::path::Path;

#[cfg(unix)]
use crate::support::Said;
use crate::support::Sandbox;
use crate::{GOOD, train};

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
