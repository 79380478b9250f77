//! One `u64` seed, many named streams.
//!
//! A stream is a pure function of (seed, name, index), so nothing has to be carried in a checkpoint: the epoch's
//! number is enough to replay its shuffling and its augmentation.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The root of all randomness of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream `name`, for example `stream("shuffle", epoch)`.
    pub fn stream(self, name: &str, index: u64) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        key[8..16].copy_from_slice(&fnv1a(name.as_bytes()).to_le_bytes());
        key[16..24].copy_from_slice(&index.to_le_bytes());
        ChaCha8Rng::from_seed(key)
    }
}

/// FNV-1a: stable across platforms and releases, which `std`'s hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_differ_by_name_index_and_seed_and_repeat() {
        let first = |seed: u64, name: &str, index| Seed(seed).stream(name, index).next_u64();
        assert_eq!(first(7, "shuffle", 3), first(7, "shuffle", 3));
        assert_ne!(first(7, "shuffle", 3), first(7, "shuffle", 4));
        assert_ne!(first(7, "shuffle", 3), first(7, "augment", 3));
        assert_ne!(first(7, "shuffle", 3), first(8, "shuffle", 3));
    }
}
