//! Draws from a random stream, written out here so that a seed keeps its meaning when a library changes its own.

use rand::Rng;

/// An integer in `0..n`.
///
/// Multiply-shift: the bias is below n / 2³², far under anything a data set can show.
pub(crate) fn below(rng: &mut impl Rng, n: u32) -> u32 {
    ((u64::from(rng.next_u32()) * u64::from(n)) >> 32) as u32
}

/// A number in `0.0..1.0`, a multiple of 2⁻²⁴ and therefore exact.
pub(super) fn unit(rng: &mut impl Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 / 16_777_216.0
}

/// The numbers `0..n` in random order (Fisher-Yates).
///
/// # Panics
/// If `n` does not fit 32 bits.
pub(super) fn permutation(n: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        let bound = u32::try_from(last + 1).expect("fewer than 2^32 images");
        order.swap(last, below(rng, bound) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn below_stays_below_and_reaches_every_value_evenly() {
        let mut rng = Seed(1).stream("test", 0);
        let mut counts = [0usize; 7];
        for _ in 0..7_000 {
            counts[below(&mut rng, 7) as usize] += 1;
        }
        assert!(counts.iter().all(|&count| (850..1150).contains(&count)), "{counts:?}");
    }

    #[test]
    fn unit_is_below_one_with_mean_one_half() {
        let mut rng = Seed(1).stream("test", 1);
        let draws: Vec<f32> = (0..4_000).map(|_| unit(&mut rng)).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f32>() / 4_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }

    #[test]
    fn permutation_holds_every_number_once_and_is_fixed_by_the_seed() {
        let order = permutation(11, &mut Seed(5).stream("shuffle", 2));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..11).collect::<Vec<_>>());
        assert_eq!(order, permutation(11, &mut Seed(5).stream("shuffle", 2)));
        assert_ne!(order, permutation(11, &mut Seed(5).stream("shuffle", 3)));
        assert!(permutation(0, &mut Seed(5).stream("shuffle", 2)).is_empty());
    }
}
