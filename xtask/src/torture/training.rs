//! Kills of a run: at any moment, and inside the writing of its checkpoints.

use std::fs;
use std::path::Path;

use super::files::UNFINISHED;
use super::program::{End, Sitting};
use super::work::{Tally, Work, train};
use crate::steps::Failure;

/// Kills at any moment.
pub fn training(work: &Work, kills: usize) -> Result<String, Failure> {
    let changes = "--set target.width=0.0625 --set train.epochs=20";
    let undisturbed = work.undisturbed("training", &[&train(Path::new("nothing yet"), changes)])?;
    let mut random = work.random("training");
    // Long enough for some epochs, short enough for many kills of one run.
    let longest = undisturbed.took.mul_f64(0.4);
    let mut tally = Tally::default();
    while tally.kills < kills {
        let place = work.place(format!("training-{}", tally.results))?;
        one_run(work, &place, changes, kills, &mut tally, &mut |sitting| {
            let moment = longest.mul_f64(random.share());
            sitting.until(|elapsed| elapsed >= moment)
        })?;
        tally.compare(&undisturbed, &place)?;
        work.done_with(&place)?;
    }
    Ok(tally.to_string())
}

/// Kills inside the writing of a checkpoint, which is large here: when a random share of its bytes is written.
pub fn saving(work: &Work, kills: usize) -> Result<String, Failure> {
    let changes = "--set method.name=scratch --set target.width=0.5 --set train.epochs=10";
    let undisturbed = work.undisturbed("saving", &[&train(Path::new("nothing yet"), changes)])?;
    let whole = undisturbed.place.join("run/checkpoints/latest.safetensors");
    let whole = fs::metadata(&whole).map_err(|error| super::work::cannot("read", &whole, &error))?.len();
    let mut random = work.random("saving");
    let mut tally = Tally::default();
    while tally.kills < kills {
        let place = work.place(format!("saving-{}", tally.results))?;
        let checkpoints = place.join("run/checkpoints");
        one_run(work, &place, changes, kills, &mut tally, &mut |sitting| {
            // The newest and the best are written in every epoch. Some pass, or the run would never get on.
            let (passing, share) = (random.below(5), random.share());
            for _ in 0..passing {
                sitting.until(|_| being_written(&checkpoints).is_some())?;
                sitting.until(|_| being_written(&checkpoints).is_none())?;
            }
            sitting.until(|_| being_written(&checkpoints).is_some())?;
            sitting.until(|_| being_written(&checkpoints).is_none_or(|len| len as f64 >= share * whole as f64))
        })?;
        tally.compare(&undisturbed, &place)?;
        work.done_with(&place)?;
    }
    Ok(tally.to_string())
}

/// The length of an unfinished file in `folder`, if there is one.
fn being_written(folder: &Path) -> Option<u64> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut unfinished = entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(UNFINISHED));
    unfinished.find_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len())
}

/// Kills one run and goes on with it until it ends, or until enough were killed and it may.
fn one_run(
    work: &Work,
    place: &Path,
    changes: &str,
    kills: usize,
    tally: &mut Tally,
    moment: &mut impl FnMut(&mut Sitting) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while tally.kills < kills {
        let mut sitting = work.job(place, &train(place, changes)).start()?;
        moment(&mut sitting)?;
        match sitting.kill()? {
            End::Done => return Ok(()),
            End::Killed => tally.killed(place)?,
        }
    }
    work.job(place, &train(place, changes)).finish().map(drop)
}
