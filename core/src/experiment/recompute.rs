//! Whether the reverse pass keeps the values of every virtual step, or evaluates them again.
//!
//! Kept, they are the activations, their cotangents and the matched maps of the whole batch at T + 1 parameter vectors:
//! most of what an iteration needs. Evaluated again, they are those of one part of the batch at a time, for about five
//! more forward passes an iteration. Either way the numbers are the same, so the choice may depend on the machine.

use burn_tensor::DType;
use serde::{Deserialize, Serialize};

use crate::bilevel::MetaRule;
use crate::objective::TargetModel;

/// `train.recompute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recompute {
    /// Where a batch is in several parts, or where what would be kept is more than the device may be asked for.
    Auto,
    /// Keeps them, whatever they take.
    Never,
    /// Evaluates them again.
    Always,
}

impl Recompute {
    /// Whether values are evaluated again, where a batch is in `parts`, `kept` bytes would be kept otherwise, and the
    /// device's largest binding is `largest`, see [`budget`].
    pub fn chosen(self, parts: usize, kept: u64, largest: Option<u64>) -> bool {
        match self {
            Self::Auto => parts > 1 || kept > budget(largest),
            Self::Never => false,
            Self::Always => true,
        }
    }
}

/// Bytes that an iteration by `rule` on `batch` images keeps where it evaluates nothing again.
pub fn kept_bytes(model: &TargetModel, rule: &MetaRule, batch: usize, dtype: DType) -> u64 {
    let objectives = rule.scheme.objectives(rule.matching_steps);
    let elements: u64 = objectives.into_iter().map(|objective| model.kept(objective) as u64).sum();
    elements * (batch * dtype.size()) as u64
}

/// Bytes that values may take.
///
/// WebGPU does not say how much memory an adapter has. Twice what it lets a kernel see of one tensor stands for it: 256 MiB
/// at WebGPU's least, and 4 to 8 GiB on a card of its own. On the CPU it is half of the memory that is free, where the
/// system says so.
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

    #[test]
    fn the_devices_memory_decides_unless_told_otherwise() {
        let baseline = Some(128 << 20);
        assert!(!Recompute::Auto.chosen(1, 256 << 20, baseline));
        assert!(Recompute::Auto.chosen(1, (256 << 20) + 1, baseline));
        assert!(!Recompute::Auto.chosen(1, 4 << 30, Some(2 << 30)));
        assert!(Recompute::Auto.chosen(2, 1, baseline), "a batch in parts is one that did not fit");
        assert!(Recompute::Auto.chosen(1, u64::MAX, None) && !Recompute::Auto.chosen(1, 1, None));
        assert!(Recompute::Always.chosen(1, 1, None) && !Recompute::Never.chosen(8, u64::MAX, baseline));
    }
}
