//! Kills of two shards that write one folder at the same time.

use std::array;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::program::{End, Sitting};
use super::work::{TINY, Tally, Work, cannot};
use crate::steps::Failure;

/// Four cells, two for each shard.
const GRID: &str = r#"
[compare]
title = "Torture"
preset = "demo"
methods = ["scratch", "l2t-ww"]
seeds = [0, 1]
per_class = [3]
tasks = [{ label = "images" }]

[target]
width = 0.0625

[train]
epochs = 8
"#;

/// The commands of the two shards.
pub fn commands() -> [String; 2] {
    array::from_fn(|shard| {
        let changes = format!("{TINY} --set sources.0.weights=untrained-resnet8");
        format!("compare ../grid.toml {changes} --out grid --shard {shard}/2")
    })
}

/// Writes the grid where [`commands`] look for it.
pub fn write_grid(work: &Work) -> Result<(), Failure> {
    let path = work.folder.join("grid.toml");
    fs::write(&path, GRID).map_err(|error| cannot("write", &path, &error))
}

/// Kills one of the two, and starts it again while the other goes on.
pub fn shards(work: &Work, kills: usize) -> Result<String, Failure> {
    write_grid(work)?;
    let commands = commands();
    let undisturbed = work.undisturbed("shards", &[&commands[0], &commands[1], "report grid"])?;
    let mut random = work.random("shards");
    let mut tally = Tally::default();
    while tally.kills < kills {
        let place = work.place(format!("shards-{}", tally.results))?;
        let mut running = [Some(start(work, &place, 0)?), Some(start(work, &place, 1)?)];
        while running.iter().any(Option::is_some) && tally.kills < kills {
            // Both live about a third of the time that they need.
            wait(undisturbed.took.mul_f64(0.17 * random.share()), &mut running)?;
            let chosen = random.below(2);
            let Some(sitting) = running[chosen].take() else { continue };
            if sitting.kill()? == End::Killed {
                tally.killed(&place)?;
                running[chosen] = Some(start(work, &place, chosen)?);
            }
        }
        wait(Duration::MAX, &mut running)?;
        work.job(&place, "report grid").finish()?;
        tally.compare(&undisturbed, &place)?;
        work.done_with(&place)?;
    }
    Ok(tally.to_string())
}

fn start(work: &Work, place: &Path, shard: usize) -> Result<Sitting, Failure> {
    work.job(place, &commands()[shard]).start()
}

/// Waits so long, or until both are over; which are is forgotten, and must have ended well.
fn wait(time: Duration, running: &mut [Option<Sitting>; 2]) -> Result<(), Failure> {
    let since = Instant::now();
    while since.elapsed() < time && running.iter().any(Option::is_some) {
        for place in running.iter_mut() {
            if let Some(sitting) = place
                && sitting.is_over()?
            {
                if sitting.end()? == End::Killed {
                    return Err(Failure::Advice("a shard was ended by somebody else".to_owned()));
                }
                *place = None;
            }
        }
        sleep(Duration::from_millis(1));
    }
    Ok(())
}
