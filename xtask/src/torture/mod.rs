//! `cargo xtask torture`: the release program, killed with `kill -9` at random moments, on disks that are full, and in
//! folders that nobody may write to; what goes on afterwards must end as if nothing had happened.
//!
//! | file | what it holds |
//! |---|---|
//! | `random.rs` | random moments that a seed gives again |
//! | `files.rs` | whole files, and folders that are the same but for the clock |
//! | `program.rs` | `l2t` as a process |
//! | `work.rs` | where it all happens, and what the program is given to do |
//! | `training.rs` | kills while it trains, and inside the writing of its checkpoints |
//! | `shards.rs` | kills of two shards that write one folder |
//! | `exporting.rs` | kills of what writes one result |
//! | `disks.rs` | full disks and read-only folders (Unix) |
//! | `limited.rs` | what makes a disk full or a folder read-only (Unix) |

#[cfg(unix)]
mod disks;
mod exporting;
mod files;
#[cfg(unix)]
mod limited;
mod program;
mod random;
mod shards;
mod training;
mod work;

use std::time::Instant;

use crate::machine::Machine;
use crate::steps::{self, Failure};
use work::Work;

/// The options of `cargo xtask torture`.
#[derive(clap::Args)]
pub struct Args {
    /// Other moments
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Processes to kill: three tenths each while training, while saving and of two shards, one while exporting; full disks
    /// and read-only folders grow with it, up to 7 and 4
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    kills: u32,
}

/// One way to be tortured; says in a line what happened.
type Kind = fn(&Work, usize) -> Result<String, Failure>;

/// Of so many processes to kill in all.
type Share = fn(usize) -> usize;

/// Name, how many for `kills`, and what is done.
const KINDS: [(&str, Share, Kind); 6] = [
    ("training", |kills| kills * 3 / 10, training::training),
    ("saving", |kills| kills * 3 / 10, training::saving),
    ("shards", |kills| kills * 3 / 10, shards::shards),
    ("exporting", |kills| kills - 3 * (kills * 3 / 10), exporting::exporting),
    ("full disks", |kills| (kills * 7 / 200).clamp(1, 7), disks::full),
    ("read-only", |kills| (kills * 4 / 200).clamp(1, 4), disks::read_only),
];

/// Elsewhere disks are not filled; it is said, not left out in silence.
#[cfg(not(unix))]
mod disks {
    use super::{Failure, Work};

    pub fn full(_: &Work, _: usize) -> Result<String, Failure> {
        Ok("NOT DONE: only Unix can limit a disk without harm to others".to_owned())
    }

    pub fn read_only(_: &Work, _: usize) -> Result<String, Failure> {
        Ok("NOT DONE: only Unix can take a folder away from its owner and give it back".to_owned())
    }
}

/// Builds `l2t` and tortures it; the first thing that is not as it should be ends it, and its folder is kept.
pub fn run(machine: &Machine, args: &Args) -> Result<(), Failure> {
    steps::run(machine.cargo("build").arg("--release"))?;
    let kills = args.kills as usize;
    println!("    seed {}, {kills} kills", args.seed);
    let work = Work::new(machine, args.seed)?;
    for (name, count, kind) in KINDS {
        let start = Instant::now();
        let outcome = kind(&work, count(kills));
        let line = outcome.inspect_err(|_| println!("    {name}: its files are kept in {}", work.folder.display()))?;
        println!("    {name:<10} {line}; {:.0} s", start.elapsed().as_secs_f64());
    }
    work.remove()
}

/// A small selection, the same every time.
pub fn a_selection(machine: &Machine) -> Result<(), Failure> {
    run(machine, &Args { seed: 0, kills: 20 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_share_all_kills() {
        for kills in [10, 20, 33, 200] {
            let counts: Vec<usize> = KINDS.iter().map(|(_, count, _)| count(kills)).collect();
            assert_eq!(counts[..4].iter().sum::<usize>(), kills);
            assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
        }
        let usual: Vec<usize> = KINDS.iter().map(|(_, count, _)| count(200)).collect();
        assert_eq!(usual, [60, 60, 60, 20, 7, 4]);
    }
}
