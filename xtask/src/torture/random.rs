//! Random moments that a seed gives again: Steele, Lea and Flood's SplitMix64.

/// A stream of numbers.
pub struct Random(u64);

impl Random {
    /// The stream of `seed` called `name`: kinds do not share moments.
    pub fn new(seed: u64, name: &str) -> Self {
        let named = name.bytes().fold(seed, |mix, byte| Self(mix ^ u64::from(byte)).next());
        Self(named)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in 0 to 1, without 1.
    pub fn share(&mut self) -> f64 {
        // As many bits as a double holds.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of 0 to `count` − 1.
    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_moments_again_and_another_one_others() {
        let moments = |seed, name| {
            let mut random = Random::new(seed, name);
            [(); 4].map(|()| random.next())
        };
        assert_eq!(moments(1, "saving"), moments(1, "saving"));
        assert_ne!(moments(1, "saving"), moments(2, "saving"));
        assert_ne!(moments(1, "saving"), moments(1, "shards"));
    }

    #[test]
    fn shares_fill_the_unit_interval() {
        let mut random = Random::new(7, "");
        let shares: Vec<f64> = (0..1000).map(|_| random.share()).collect();
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
        let mean = shares.iter().sum::<f64>() / 1000.0;
        // Four standard errors of a uniform mean.
        assert!((mean - 0.5).abs() < 4.0 * (1.0_f64 / 12.0).sqrt() / 1000.0_f64.sqrt(), "{mean}");
        assert!((0..100).all(|_| random.below(3) < 3));
    }
}
