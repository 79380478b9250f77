//! Kills of the commands that write one result: at any moment, and as soon as an unfinished file is seen.
//!
//! The zip of a run is written by the window and the page alone; both use the same writer.

use std::path::Path;

use super::files::{self, UNFINISHED};
use super::program::End;
use super::shards;
use super::work::{Tally, Undisturbed, Work, train};
use crate::steps::Failure;

/// The commands, with [`super::work::TINY`] written out where another set of options is known.
pub const EXPORTS: [&str; 5] = [
    "source convert --weights embedded --out weights.safetensors",
    "data sample --task things --per-class 2 --out sheet.png",
    "report ../inputs-undisturbed/grid --out pages",
    "saliency --run ../inputs-undisturbed/run --out saliency --device cpu",
    "source train --data IMAGES --network resnet8 --set data.per_class=3 --set train.batch_size=9 --set train.epochs=2 \
     --out source.safetensors --device cpu",
];

/// Kills each of them in turn.
pub fn exporting(work: &Work, kills: usize) -> Result<String, Failure> {
    shards::write_grid(work)?;
    let run = train(Path::new("nothing yet"), "--set target.width=0.0625 --set train.epochs=2");
    let [first, second] = shards::commands();
    work.undisturbed("inputs", &[&run, &first, &second])?;
    let alone = |(nth, line): (usize, &&str)| work.undisturbed(&format!("export-{nth}"), &[line]);
    let undisturbed = EXPORTS.iter().enumerate().map(alone).collect::<Result<Vec<Undisturbed>, _>>()?;
    let mut random = work.random("exporting");
    let mut tally = Tally::default();
    for attempt in 0.. {
        if tally.kills >= kills {
            break;
        }
        if attempt > 20 * kills {
            return Err(Failure::Advice("exports end before they can be killed".to_owned()));
        }
        let nth = attempt % EXPORTS.len();
        let (undisturbed, place) = (&undisturbed[nth], work.place(format!("exporting-{attempt}"))?);
        let mut sitting = work.job(&place, EXPORTS[nth]).start()?;
        if random.below(2) == 0 {
            let moment = undisturbed.took.mul_f64(random.share());
            sitting.until(|elapsed| elapsed >= moment)?;
        } else {
            sitting.until(|_| is_written(&place))?;
        }
        if sitting.kill()? == End::Killed {
            tally.killed(&place)?;
            what_is_there_is_right(undisturbed, &place)?;
        }
        work.job(&place, EXPORTS[nth]).finish()?;
        tally.compare(undisturbed, &place)?;
        work.done_with(&place)?;
    }
    Ok(tally.to_string())
}

/// Whether there is an unfinished file in `folder` itself or one folder below.
fn is_written(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        entry.file_name().to_string_lossy().ends_with(UNFINISHED)
            || std::fs::read_dir(entry.path()).is_ok_and(|below| {
                below.flatten().any(|entry| entry.file_name().to_string_lossy().ends_with(UNFINISHED))
            })
    })
}

/// A result that bears its name is the result, also behind a kill. Checkpoints of a run are those of any epoch.
fn what_is_there_is_right(undisturbed: &Undisturbed, place: &Path) -> Result<(), Failure> {
    let wanted = files::read(&undisturbed.place).map_err(Failure::Advice)?;
    for (name, bytes) in files::read(place).map_err(Failure::Advice)? {
        let of_a_run = name.starts_with("source-run/");
        if !of_a_run && !name.ends_with(UNFINISHED) && wanted.get(&name) != Some(&bytes) {
            return Err(Failure::Advice(format!("{}: is not the result", place.join(name).display())));
        }
    }
    Ok(())
}
