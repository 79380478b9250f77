//! Bounds on what is read from a user's files.

#[cfg(not(target_family = "wasm"))]
use std::io::Read;

use crate::archive::Limit;
#[cfg(not(target_family = "wasm"))]
use crate::data::files::store::io_reason;

/// Bounds on what is read, so that a hostile or mistaken input ends in a message and not in a full memory.
#[derive(Debug, Clone, Copy)]
pub(in crate::data) struct Limits {
    /// Files and folders together. ImageNet has two million with its boxes, all 21,000 classes of it fourteen.
    pub entries: usize,
    /// One file, unpacked.
    pub file_bytes: u64,
    /// All files of an archive together, unpacked: they are read one at a time. ImageNet has 160 GB.
    pub total_bytes: u64,
    /// Unpacked bytes per packed byte in an archive. Photographs have 1, text about 5.
    pub ratio: u64,
    /// Up to this many unpacked bytes any ratio is fine: small drawings pack very well.
    pub ratio_free_bytes: u64,
}

pub(in crate::data) const LIMITS: Limits =
    Limits { entries: 20_000_000, file_bytes: 1 << 30, total_bytes: 2 << 40, ratio: 100, ratio_free_bytes: 64 << 20 };

/// What is said of a file that is too large, in an archive or not.
pub(in crate::data) const FILE: Limit = Limit { bytes: LIMITS.file_bytes, of: "a file of a data set" };

/// Refuses to unpack what no data set is.
///
/// # Errors
/// In words.
pub(in crate::data) fn check_unpacked(unpacked: u64, packed: u64, limits: Limits) -> Result<(), String> {
    if unpacked > limits.total_bytes {
        return Err(format!("would unpack to {unpacked} bytes, more than {} are refused", limits.total_bytes));
    }
    if unpacked > limits.ratio_free_bytes && unpacked / packed.max(1) > limits.ratio {
        return Err(format!("would unpack from {packed} to {unpacked} bytes, as no pictures do"));
    }
    Ok(())
}

/// All of `file`, if it is no longer than that.
#[cfg(not(target_family = "wasm"))]
pub(super) fn read_at_most(file: impl Read, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| io_reason(&error))?;
    if bytes.len() as u64 > limit { Err(Limit { bytes: limit, ..FILE }.words()) } else { Ok(bytes) }
}
