//! What an iteration keeps in memory: chosen from the device's, and said before training.
//!
//! Most of what an iteration needs are the values of nodes. All may be kept; or those of the pass that is under way, the reverse
//! pass evaluating the values of each virtual step again, for about five more forward passes; or those between groups of nodes
//! alone, each group being evaluated again, for some fifteen more ([`Memory`]). What each takes is counted before
//! ([`super::estimate`]). The numbers are the same, so that the choice may depend on the machine. Where none of them fits, the
//! batch is taken in parts, whose normalisations do not see each other: those are other numbers, and the run says so.

use serde::{Deserialize, Serialize};

use crate::objective::Memory;

/// `train.recompute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recompute {
    /// As little as fits into the device's memory.
    Auto,
    /// Keeps all values, whatever they take.
    Never,
    /// Evaluates the values of virtual steps again.
    Always,
    /// Evaluates those of every pass again, a group of nodes at a time.
    Groups,
}

impl Recompute {
    /// What is tried, in this order, where a batch is in one part or in several. One in several is one that did not fit, so
    /// that nothing is kept of it unless that is asked for.
    fn candidates(self, in_parts: bool) -> &'static [Memory] {
        match self {
            Self::Auto if in_parts => &[Memory::Recompute, Memory::ByGroup],
            Self::Auto => &[Memory::Keep, Memory::Recompute, Memory::ByGroup],
            Self::Never => &[Memory::Keep],
            Self::Always => &[Memory::Recompute],
            Self::Groups => &[Memory::ByGroup],
        }
    }
}

/// How a batch goes through memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Division {
    /// Images of a batch.
    pub batch: usize,
    /// Images that a normalisation sees.
    pub part: usize,
    /// Images of a part that a kernel sees at once.
    pub chunk: usize,
    /// What is kept.
    pub memory: Memory,
    /// What an iteration takes in about, besides the weights of the sources.
    pub bytes: u64,
}

impl Division {
    /// For people: `64 images a step in 2 chunks, values recomputed: about 3.1 GB`.
    pub fn words(&self) -> String {
        let Self { batch, part, chunk, memory, bytes } = *self;
        let count = |whole: usize, of: usize, what: &str| match whole.div_ceil(of) {
            0 | 1 => String::new(),
            count => format!(" in {count} {what}"),
        };
        let kept = match memory {
            Memory::Keep => "values kept",
            Memory::Recompute => "values recomputed",
            Memory::ByGroup => "values recomputed group by group",
        };
        let chunks = count(part, chunk, if part < batch { "chunks each" } else { "chunks" });
        let alone = if part < batch { "; batch normalisation sees one part at a time" } else { "" };
        let size = megabytes(bytes);
        format!("{batch} images a step{}{chunks}, {kept}: about {size}{alone}", count(batch, part, "parts"))
    }
}

/// `3.1 GB`, or `420 MB`.
fn megabytes(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 999.5 { format!("{megabytes:.0} MB") } else { format!("{:.1} GB", megabytes / 1e3) }
}

/// What is asked for and what there is.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Images of a batch.
    pub batch: usize,
    /// Images of a part; 0 for as many as fit.
    pub part: usize,
    /// Images of a chunk.
    pub chunk: usize,
    /// What is to be kept.
    pub recompute: Recompute,
    /// Bytes that an iteration may take, see [`budget`].
    pub budget: u64,
    /// Bytes of them that no way makes fewer: what is as long as θ and φ.
    pub fixed: u64,
}

/// Fewest images that a batch is divided into of itself: one alone has no variance where maps have one pixel.
const FEWEST: usize = 2;

impl Asked {
    /// The first of the ways that fits; the one that takes least where none does.
    pub fn divide(self, estimate: impl Fn(usize, Memory) -> u64) -> Division {
        let Self { batch, part, chunk, recompute, budget, fixed } = self;
        // A network whose vectors alone are beyond the budget still has half of it for values: smaller parts would cost it its
        // normalisation, and save it next to nothing.
        let most = budget.max(fixed.saturating_add(budget / 2));
        let first = if part == 0 { batch } else { part.min(batch) };
        let division = |part: usize, memory| Division {
            batch,
            part,
            chunk: chunk.min(part),
            memory,
            bytes: estimate(part, memory),
        };
        // Asked for by name, a part or a way is taken whatever it needs.
        let smallest = if part == 0 && recompute == Recompute::Auto { FEWEST.min(batch) } else { first };
        let sizes = (1..=batch).map(|parts| batch.div_ceil(parts)).filter(|part| (smallest..=first).contains(part));
        let sizes = sizes.chain([first]);
        let ways = sizes.flat_map(|part| recompute.candidates(part < batch).iter().map(move |memory| (part, *memory)));
        let mut least = None::<Division>;
        for (part, memory) in ways {
            let found = division(part, memory);
            if found.bytes <= most {
                return found;
            }
            least = least.filter(|least| least.bytes <= found.bytes).or(Some(found));
        }
        least.expect("there is a way")
    }
}

/// Bytes that an iteration may take.
///
/// WebGPU does not say how much memory an adapter has. Twice what it lets a kernel see of one tensor stands for it: 256 MiB
/// at WebGPU's least, and 4 to 8 GiB on a card of its own. On the CPU, and for a software driver, whose memory is the
/// machine's (both have no `largest` here), it is half of what is free, where the system says so.
pub fn budget(largest: Option<u64>) -> u64 {
    largest.map_or_else(|| free_memory() / 2, |binding| 2 * binding)
}

/// Bytes of memory that is free, or that a machine has at least.
fn free_memory() -> u64 {
    // A browser's tab has 4 GiB at most.
    let least = if cfg!(target_family = "wasm") { 2 << 30 } else { 8 << 30 };
    available().unwrap_or(least)
}

/// What the machine has free, or less where a container may have less.
#[cfg(target_os = "linux")]
fn available() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let text = read("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let machine = line.split_whitespace().next()?.parse::<u64>().ok()? << 10;
    let bytes = |name: &str| read(&format!("/sys/fs/cgroup/memory.{name}"))?.trim().parse::<u64>().ok();
    let container = bytes("max").zip(bytes("current")).map(|(most, used)| most.saturating_sub(used));
    Some(container.map_or(machine, |container| machine.min(container)))
}

#[cfg(not(target_os = "linux"))]
fn available() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 bytes an image where all is kept, 5 where it is evaluated again, 2 by group, and 100 besides.
    fn estimate(part: usize, memory: Memory) -> u64 {
        let an_image = match memory {
            Memory::Keep => 10,
            Memory::Recompute => 5,
            Memory::ByGroup => 2,
        };
        100 + part as u64 * an_image
    }

    fn asked(recompute: Recompute, budget: u64) -> Asked {
        Asked { batch: 64, part: 0, chunk: 20, recompute, budget, fixed: 100 }
    }

    #[test]
    fn the_fastest_way_that_fits_is_taken_and_parts_only_where_none_does() {
        let of = |budget| asked(Recompute::Auto, budget).divide(estimate);
        let way = |budget| (of(budget).part, of(budget).memory);
        assert_eq!(way(740), (64, Memory::Keep));
        assert_eq!(way(739), (64, Memory::Recompute));
        assert_eq!(way(419), (64, Memory::ByGroup));
        assert_eq!(way(227), (32, Memory::ByGroup));
        assert_eq!(way(150), (32, Memory::ByGroup));
        assert_eq!((of(740).chunk, of(150).chunk), (20, 20));
    }

    #[test]
    fn a_network_larger_than_the_budget_is_not_divided_for_that() {
        let of = |budget, fixed| {
            let found = Asked { fixed, ..asked(Recompute::Auto, budget) }
                .divide(|part, memory| estimate(part, memory) - 100 + fixed);
            (found.part, found.memory)
        };
        assert_eq!(of(740, 10_000), (64, Memory::Recompute));
        assert_eq!(of(256, 10_000), (64, Memory::ByGroup));
        // Nothing fits: as little as can be, but never one image.
        assert_eq!(of(7, 10_000), (2, Memory::ByGroup));
    }

    #[test]
    fn what_is_asked_for_is_taken_whatever_it_needs() {
        for (recompute, memory) in [
            (Recompute::Never, Memory::Keep),
            (Recompute::Always, Memory::Recompute),
            (Recompute::Groups, Memory::ByGroup),
        ] {
            let found = asked(recompute, 10).divide(estimate);
            assert_eq!((found.part, found.memory), (64, memory));
        }
        let in_parts = Asked { part: 16, ..asked(Recompute::Auto, u64::MAX) }.divide(estimate);
        assert_eq!((in_parts.part, in_parts.chunk, in_parts.memory), (16, 16, Memory::Recompute));
    }

    #[test]
    fn it_is_said_in_words() {
        let division = Division { batch: 64, part: 64, chunk: 64, memory: Memory::Keep, bytes: 12_040_000_000 };
        assert_eq!(division.words(), "64 images a step, values kept: about 12.0 GB");
        let division = Division { chunk: 11, memory: Memory::Recompute, ..division };
        assert_eq!(division.words(), "64 images a step in 6 chunks, values recomputed: about 12.0 GB");
        let division = Division { part: 16, memory: Memory::ByGroup, bytes: 512_300_000, ..division };
        let words = "64 images a step in 4 parts in 2 chunks each, values recomputed group by group: about 512 MB; batch normalisation sees one part at a time";
        assert_eq!(division.words(), words);
    }
}
