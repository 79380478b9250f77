//! The commands of the README and of the book, run as they stand there, only smaller.
//!
//! Every line of a block of shell runs, in the order of its chapter and in one folder a chapter, in which are the files that a
//! reader would have brought: pictures, a data set, a source. What trains gets the changes of [`TINY`] on top. Lines for
//! other programs, and for a display, stand in blocks marked `sh elsewhere`; those of `cargo xtask` are parsed where the book is
//! built.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line, which use all of it")]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::Sandbox;

/// The smallest run that is one; see `support::TINY`. On the CPU, whatever else there is.
const TINY: &str =
    "--device cpu --set train.epochs=2 --set target.width=0.0625 --set train.batch_size=8 --set data.validation=0";

/// Fewer images of the data sets that the program draws or the sandbox brings.
const FEW: &str = "--set data.per_class=4";

/// Commands that train, and what makes them small. Sources are small ResNets whatever the command says.
const TRAINS: [(&str, &[&str]); 4] = [
    ("train ", &[TINY, FEW]),
    ("demo", &[TINY, FEW]),
    ("compare ", &["--device cpu --set train.epochs=1"]),
    (
        "source train ",
        &["--device cpu --set train.epochs=1 --set train.batch_size=8 --set data.validation=0 --network resnet8"],
    ),
];

fn repository() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("Cargo says where")).join("..")
}

/// The commands of a text, without comments, continued lines joined.
fn commands(text: &str) -> Vec<String> {
    let (mut inside, mut found, mut begun) = (false, Vec::new(), String::new());
    for line in text.lines() {
        if let Some(info) = line.strip_prefix("```") {
            inside = !inside && info.trim() == "sh";
            continue;
        }
        let line = line.split(" #").next().unwrap_or_default().trim();
        if !inside || line.is_empty() {
            continue;
        }
        begun += line.trim_end_matches('\\');
        if !line.ends_with('\\') {
            found.push(std::mem::take(&mut begun));
        }
    }
    found
}

/// What stands behind `l2t` in a command, made small; `None` for what `cargo xtask` does.
fn small(command: &str) -> Option<String> {
    let arguments = match command.strip_prefix("cargo run --release") {
        // Without a display, as here, that is the demo.
        Some("") => "demo",
        Some(rest) => rest.trim_start().strip_prefix("-- ").expect("arguments of l2t stand behind --"),
        None if command.starts_with("cargo xtask ") => return None,
        None => command
            .strip_prefix("l2t ")
            .unwrap_or_else(|| panic!("`{command}` is for another program: mark its block `sh elsewhere`")),
    };
    let quick = ["--resume", "--list", "--help"].iter().any(|option| arguments.contains(option));
    let trains = TRAINS.iter().find(|(start, _)| format!("{arguments} ").starts_with(start)).filter(|_| !quick);
    let mut line = arguments.to_owned();
    for more in trains.map(|(_, more)| *more).unwrap_or_default() {
        line = format!("{line} {more}");
    }
    if arguments.starts_with("bench") {
        line += " --repeats 1 --device cpu --set target.width=0.0625 --set train.batch_size=4";
    }
    if arguments.starts_with("saliency") && !arguments.contains("--split") {
        // The test images are 1,500.
        line += " --device cpu --split train";
    }
    // The last one counts, and clap takes each but `--set` once.
    Some(without_repeated(&line, "--network"))
}

/// Drops the first of two `option value`.
fn without_repeated(line: &str, option: &str) -> String {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let places: Vec<usize> = words.iter().enumerate().filter(|(_, word)| **word == option).map(|(at, _)| at).collect();
    if let [first, _] = places[..] {
        words.drain(first..first + 2);
    }
    words.join(" ")
}

/// What a reader would have brought.
fn bring(sandbox: &Sandbox) {
    sandbox.write_pictures("my-pictures", 6);
    cifar(sandbox, "cifar-10-batches-bin");
    // A source is known by its contents, whatever it is called.
    sandbox.run("source convert --weights embedded:resnet32 --out resnet32.pth.tar").succeeds("source convert");
}

/// CIFAR-10 in its binary version, with a few images of noise.
fn cifar(sandbox: &Sandbox, folder: &str) {
    let record = |nth: u8| {
        let pixels =
            (0..3072_u32).map(move |at| (at.wrapping_mul(2_654_435_761).wrapping_add(u32::from(nth) * 97) >> 13) as u8);
        std::iter::once(nth % 10).chain(pixels)
    };
    for (file, from) in [
        ("data_batch_1", 0),
        ("data_batch_2", 20),
        ("data_batch_3", 40),
        ("data_batch_4", 60),
        ("data_batch_5", 80),
        ("test_batch", 100),
    ] {
        let bytes: Vec<u8> = (from..from + 20).flat_map(record).collect();
        sandbox.write(&format!("{folder}/{file}.bin"), bytes);
    }
    sandbox.write(&format!("{folder}/batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
}

/// Runs the commands of a chapter, each of which must succeed; returns how many there were.
fn run(chapter: &str) -> usize {
    let text = fs::read_to_string(repository().join(chapter)).unwrap_or_else(|error| panic!("{chapter}: {error}"));
    let commands = commands(&text);
    let sandbox = Sandbox::new();
    bring(&sandbox);
    for command in &commands {
        if let Some(line) = small(command) {
            sandbox.run(&line).succeeds(&format!("{chapter}: {command}\nas l2t {line}"));
        }
    }
    commands.len()
}

/// A test a chapter, so that they run beside each other and a failure names its chapter.
macro_rules! chapters {
    ($($test:ident $chapter:literal)*) => {
        const CHAPTERS: &[&str] = &[$($chapter),*];
        $(
            #[test]
            fn $test() {
                assert!(run($chapter) > 0, "{} has commands", $chapter);
            }
        )*
    };
}

chapters! {
    the_readme "README.md"
    trying_it "docs/try.md"
    runs_and_sources "docs/experiment.md"
    pictures_and_weights "docs/data.md"
    methods_side_by_side "docs/compare.md"
    what_a_pair_looks_at "docs/saliency.md"
}

#[test]
fn no_chapter_with_commands_is_left_out() {
    let contents = fs::read_to_string(repository().join("docs/SUMMARY.md")).expect("the contents");
    let links =
        contents.lines().filter_map(|line| line.trim().strip_prefix("- [")?.split_once("](")?.1.strip_suffix(')'));
    // Those of the reference are the program's own help; the others beside docs are for people who change the code.
    let chapters = links
        .filter(|link| !link.starts_with("../") && !link.starts_with("reference/"))
        .map(|link| format!("docs/{link}"));
    for chapter in chapters.filter(|chapter| !CHAPTERS.contains(&chapter.as_str())) {
        let text = fs::read_to_string(repository().join(&chapter)).expect("a chapter");
        assert_eq!(commands(&text), Vec::<String>::new(), "{chapter} has commands, and no test");
    }
}

#[test]
fn commands_are_made_small_and_others_are_refused() {
    assert_eq!(
        commands("```sh\nl2t a \\\n  --b   # c\n\n```\n```toml\nx = 1\n```\n```sh elsewhere\ntar\n```\n"),
        ["l2t a --b"]
    );
    assert_eq!(small("cargo xtask test"), None);
    assert_eq!(small("l2t devices"), Some("devices".into()));
    assert!(small("l2t train --preset demo --out a").is_some_and(|line| line.ends_with(FEW)));
    assert_eq!(small("l2t train --resume a"), Some("train --resume a".into()));
    assert!(std::panic::catch_unwind(|| small("tar -x")).is_err());
}
