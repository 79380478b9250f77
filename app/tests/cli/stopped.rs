//! A run that is stopped or killed ends, when it goes on, as if it had not been.

#[cfg(unix)]
use std::io::Read;
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::LazyLock;
use std::time::Duration;

use l2t_core::experiment::snapshot::zip;
use safetensors::SafeTensors;

#[cfg(unix)]
use crate::metrics;
use crate::support::{Said, Sandbox};
use crate::{same, train};

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

/// Reads what a run in `out` says until its first epoch is over, and waits until that is kept, which is done beside the second,
/// and for some of that: less than the rest takes on any machine.
fn wait_for_the_second_epoch(sandbox: &Sandbox, run: &mut Child) -> BufReader<std::process::ChildStdout> {
    let mut lines = BufReader::new(run.stdout.take().expect("standard output is piped"));
    let mut line = String::new();
    while !line.contains("epoch   1") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("l2t says UTF-8") > 0, "the run ended before its first epoch did");
    }
    while !sandbox.path("out/checkpoints/latest.safetensors").exists() {
        assert!(run.try_wait().expect("a child of ours").is_none(), "the run ended without keeping an epoch");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(50));
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
    let mut rest = wait_for_the_second_epoch(&sandbox, &mut run);
    let interrupt = std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(interrupt.expect("kill starts").success());
    let mut out = String::new();
    rest.read_to_string(&mut out).expect("l2t says UTF-8");
    let said = Said { out, ..Said::by(run.wait_with_output().expect("it ends")) };
    assert_eq!(said.code, Some(130), "{said:?}");
    said.mentions(&["stopped and saved", "go on with: l2t train --resume out"]);
    assert_eq!(said.err, "stopping; what was trained is being saved\n");

    let (epoch, iteration) = saved_at(&sandbox, "out");
    // What was done of an iteration is thrown away, of the first one of an epoch, too.
    assert!(epoch >= 1 && iteration < 18, "not in the middle of an epoch: {epoch}, {iteration}");
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
    let _rest = wait_for_the_second_epoch(&sandbox, &mut run);
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

/// Before there is anything to keep, Ctrl-C leaves nothing behind.
#[cfg(unix)]
#[test]
fn ctrl_c_while_pictures_are_read_ends_the_program() {
    let sandbox = Sandbox::new();
    let picture = sandbox.path("a.png");
    image::RgbImage::from_pixel(4000, 4000, image::Rgb([40, 90, 7])).save(&picture).expect("written");
    // A fifth of a second each at least, over a hundred times: what is under way at the interrupt is their reading.
    for nth in 0..120 {
        let folder = sandbox.path(["set/a", "set/b"][nth % 2]);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::hard_link(&picture, folder.join(format!("{nth}.png"))).expect("linked");
    }
    let mut run = sandbox.start(&train("data.path=set data.per_class=0", "out"));
    let mut lines = BufReader::new(run.stdout.take().expect("standard output is piped"));
    let mut line = String::new();
    lines.read_line(&mut line).expect("l2t says UTF-8");
    assert!(line.starts_with("device"), "{line}");
    std::thread::sleep(Duration::from_millis(500));
    let interrupt = std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(interrupt.expect("kill starts").success());
    let said = Said::by(run.wait_with_output().expect("it ends"));
    assert_eq!((said.code, &said.err[..]), (Some(130), "stopping; what was trained is being saved\n"));
    assert!(!sandbox.path("out").exists(), "nothing was begun");
}
