//! Disks that are full and folders that nobody may write to: the program must say so in one line and leave nothing half
//! written, and must end as undisturbed once there is room.

use std::path::Path;
use std::time::Duration;

use super::exporting::EXPORTS;
use super::files::{self, Unfinished};
use super::limited::{Disk, Means};
use super::program::Sitting;
use super::shards;
use super::work::{Tally, Undisturbed, Work, train};
use crate::machine::is_root;
use crate::steps::Failure;

/// What a run is given here.
const CHANGES: &str = "--set target.width=0.0625 --set train.epochs=6";

/// A command that is refused and then given again.
struct Refused {
    /// What its files are called.
    out: &'static str,
    /// The command, in a folder where it may have been given before.
    line: Line,
    /// What it makes.
    undisturbed: Undisturbed,
}

/// The line of a command that writes to a place.
type Line = Box<dyn Fn(&Path) -> String>;

/// A run, an exported file, a shard, and a source.
fn commands(work: &Work, kind: &str) -> Result<Vec<Refused>, Failure> {
    shards::write_grid(work)?;
    let [shard, _] = shards::commands();
    let lines: [(&'static str, Line); 4] = [
        ("run", Box::new(|place| train(place, CHANGES))),
        ("weights.safetensors", Box::new(|_| EXPORTS[0].to_owned())),
        ("grid", Box::new(move |_| shard.clone())),
        ("source", Box::new(|_| EXPORTS[4].to_owned())),
    ];
    let mut commands = Vec::new();
    for (nth, (out, line)) in lines.into_iter().enumerate() {
        let undisturbed = work.undisturbed(&format!("{kind}-{nth}"), &[&line(Path::new("nothing yet"))])?;
        commands.push(Refused { out, line, undisturbed });
    }
    Ok(commands)
}

/// Disks that are too small by more or less: every other one for a run, the others for the other commands.
pub fn full(work: &Work, disks: usize) -> Result<String, Failure> {
    let (means, mut random, mut tally) = (Means::find(work)?, work.random("full disks"), Tally::default());
    let commands = commands(work, "full")?;
    for nth in 0..disks {
        let refused = &commands[if nth % 2 == 0 { 0 } else { (1 + nth / 2) % commands.len() }];
        // Runs are stopped early, in the middle and late.
        let share =
            if nth % 2 == 0 { (nth as f64 + 2.0 * random.share()) / (disks + 1) as f64 } else { random.share() };
        let kib = too_small(&refused.undisturbed, means, share.min(0.99))?;
        let mut disk = Disk::new(work.place(format!("full-disk-{nth}"))?, means, Some(kib))?;
        let mut sitting = disk.start(&work.job(disk.place(), &(refused.line)(disk.place())))?;
        sitting.until(|_| false)?;
        said_no(sitting, refused.out, disk.place())?;
        disk.enlarge()?;
        go_on(work, refused, &disk, &mut tally)?;
    }
    Ok(format!(
        "{disks} ({}), each named in one line; {} results of {} files as undisturbed afterwards",
        means.of_a_full_disk(),
        tally.results,
        tally.files
    ))
}

/// KiB that surely do not suffice: a share of what there is in the end, or of the largest file.
fn too_small(undisturbed: &Undisturbed, means: Means, share: f64) -> Result<u64, Failure> {
    const PAGE_KIB: u64 = 4;
    let files = files::read(&undisturbed.place).map_err(Failure::Advice)?;
    let sizes = files.values().map(|bytes| (bytes.len() as u64).div_ceil(PAGE_KIB << 10));
    let pages = match means {
        Means::Mounts => sizes.sum::<u64>(),
        Means::Rights => sizes.max().unwrap_or(0),
    };
    // One page at least, and less than all.
    Ok(PAGE_KIB * (1 + ((pages - 1) as f64 * share) as u64).min(pages - 1))
}

/// Folders that are read-only from the start, or become so in the middle of a run.
pub fn read_only(work: &Work, folders: usize) -> Result<String, Failure> {
    let (means, mut random, mut tally) = (Means::find(work)?, work.random("read-only"), Tally::default());
    if means == Means::Rights && is_root() {
        return Ok("NOT DONE: no disk can be mounted here, and permissions do not bind root".to_owned());
    }
    let commands = commands(work, "read-only")?;
    for nth in 0..folders {
        let (begun, goes_on) = (nth % 4 == 1, nth % 4 == 0);
        let refused = &commands[if begun || goes_on { 0 } else { (nth / 2) % commands.len() }];
        let disk = Disk::new(work.place(format!("read-only-{nth}"))?, means, None)?;
        let job = || work.job(disk.place(), &(refused.line)(disk.place()));
        let mut sitting = None;
        if begun || goes_on {
            let mut run = job().start()?;
            let later = refused.undisturbed.took.mul_f64(0.3 * random.share());
            run.until(|_| disk.place().join("run/checkpoints/latest.safetensors").exists())?;
            let seen = std::time::Instant::now();
            run.until(|_| seen.elapsed() >= later)?;
            if begun {
                drop(run);
            } else {
                sitting = Some(run);
            }
        }
        protect(&disk)?;
        let mut sitting = sitting.map_or_else(|| job().start(), Ok)?;
        sitting.until(|_| false)?;
        said_no(sitting, refused.out, disk.place())?;
        if !disk.set_writable(true) {
            return Err(Failure::Advice(format!("{}: cannot be made writable again", disk.place().display())));
        }
        go_on(work, refused, &disk, &mut tally)?;
    }
    Ok(format!(
        "{folders} ({}), each named in one line; {} results of {} files as undisturbed afterwards",
        means.of_a_read_only_folder(),
        tally.results,
        tally.files
    ))
}

/// Takes the right to write away between two files.
fn protect(disk: &Disk) -> Result<(), Failure> {
    for _ in 0..2000 {
        if disk.set_writable(false) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(Failure::Advice(format!("{}: cannot be made read-only", disk.place().display())))
}

/// The command again, to its end, as if nothing had happened.
fn go_on(work: &Work, refused: &Refused, disk: &Disk, tally: &mut Tally) -> Result<(), Failure> {
    work.job(disk.place(), &(refused.line)(disk.place())).finish()?;
    tally.compare(&refused.undisturbed, disk.place())
}

/// It must have failed with one line that begins with a file or folder called `out`, and left no unfinished file.
fn said_no(mut sitting: Sitting, out: &str, place: &Path) -> Result<(), Failure> {
    let (status, said) = sitting.last_words()?;
    let wrong = |what: &str| Err(Failure::Advice(format!("{}: {what} ({status}): {said:?}", place.display())));
    if status.success() {
        return wrong("nothing was refused");
    }
    if status.code().is_none() {
        return wrong("a signal ended it");
    }
    if said.lines().count() != 1 || !said.starts_with(&format!("error: {out}")) || !said.contains(": cannot be ") {
        return wrong("the error is not one line that names the path first");
    }
    match files::unfinished(place).map_err(Failure::Advice)? {
        Unfinished { files: 0, .. } => Ok(()),
        _ => wrong("an unfinished file is left"),
    }
}
