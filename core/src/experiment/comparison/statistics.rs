//! Means, deviations and intervals of a few runs.

/// A few measurements of one quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// How many.
    pub n: usize,
    /// x̄ = 1/n Σ x.
    pub mean: f64,
    /// s = √(1/(n − 1) Σ (x − x̄)²); absent for a single measurement.
    pub std: Option<f64>,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Sample {
    /// Of `values`; nothing for none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let std = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Self { n, mean, std, min, max })
    }

    /// The two-sided interval x̄ ± t s/√n that covers the expectation with probability `level` where the measurements are
    /// normal (Student's t with n − 1 degrees of freedom); absent for a single measurement.
    pub fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let error = self.std? / (self.n as f64).sqrt();
        let half = student_t(0.5 + level / 2.0, self.n - 1) * error;
        Some((self.mean - half, self.mean + half))
    }
}

/// The `probability` quantile of Student's t with `freedom` degrees of freedom, for 0.5 ≤ `probability` < 1 and
/// `freedom` ≥ 1, by bisection of `central_mass`.
pub fn student_t(probability: f64, freedom: usize) -> f64 {
    assert!((0.5..1.0).contains(&probability) && freedom > 0, "{probability}, {freedom}");
    let wanted = 2.0 * probability - 1.0;
    let (mut low, mut high) = (0.0, 1.0);
    while central_mass(high, freedom) < wanted && high < 1e15 {
        high *= 2.0;
    }
    // Each halving gains a bit; a double has 53, and the first interval is at most as wide as the quantile.
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if central_mass(middle, freedom) < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// A(t|ν) = P(|T| < t) of Student's t with ν degrees of freedom: the finite sums of Abramowitz and Stegun, *Handbook of
/// Mathematical Functions*, 26.7.3 and 26.7.4, with θ = arctan(t/√ν):
///
/// ```text
/// ν odd:   2/π (θ + sin θ (cos θ + 2/3 cos³θ + … + (2·4⋯(ν−3))/(3·5⋯(ν−2)) cos^{ν−2}θ))
/// ν even:  sin θ (1 + 1/2 cos²θ + (1·3)/(2·4) cos⁴θ + … + (1·3⋯(ν−3))/(2·4⋯(ν−2)) cos^{ν−2}θ)
/// ```
fn central_mass(t: f64, freedom: usize) -> f64 {
    let theta = (t / (freedom as f64).sqrt()).atan();
    let (sin, cos) = theta.sin_cos();
    let odd = freedom % 2 == 1;
    // The term of cos^k, k of the parity of ν; the next one has the factor (k + 1)/(k + 2) cos².
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = 0.0;
    let mut k = usize::from(odd);
    while k + 2 <= freedom {
        sum += term;
        term *= (k + 1) as f64 / (k + 2) as f64 * cos * cos;
        k += 2;
    }
    if odd { std::f64::consts::FRAC_2_PI * (theta + sin * sum) } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_scipys() {
        // scipy 1.10.1: [scipy.stats.t.ppf(p, df) for p, df in …]; its own error is up to 2.4e-9 (p = 0.95, four
        // degrees of freedom, against the closed form below), hence the tolerance.
        for (probability, freedom, expected) in [
            (0.975, 1, 12.706204736432095),
            (0.975, 2, 4.302652729911275),
            (0.975, 3, 3.182446305284263),
            (0.975, 4, 2.7764451051977987),
            (0.975, 9, 2.2621571627409915),
            (0.975, 30, 2.0422724563012373),
            (0.95, 4, 2.13184678133629),
            (0.995, 2, 9.92484320091807),
            (0.975, 1000, 1.9623390808264074),
        ] {
            let found = student_t(probability, freedom);
            assert!((found - expected).abs() < 5e-9 * expected, "t({probability}, {freedom}) = {found}");
        }
    }

    #[test]
    fn quantiles_of_one_two_and_four_degrees_of_freedom_are_their_closed_forms() {
        for probability in [0.6, 0.9, 0.975, 0.9995] {
            let cauchy = ((probability - 0.5) * std::f64::consts::PI).tan();
            let a = 2.0 * probability - 1.0_f64;
            let two = a * (2.0 / (1.0 - a * a)).sqrt();
            let b = (4.0 * probability * (1.0 - probability)).sqrt();
            let four = 2.0 * ((b.acos() / 3.0).cos() / b - 1.0).sqrt();
            for (freedom, expected) in [(1, cauchy), (2, two), (4, four)] {
                let found = student_t(probability, freedom);
                // 1 - a keeps 13 digits at a = 0.999, and the quantile goes with its inverse.
                assert!((found - expected).abs() < 1e-12 * expected, "t({probability}, {freedom}) = {found}");
            }
        }
    }

    #[test]
    fn the_distribution_is_scipys() {
        // scipy 1.10.1: scipy.stats.t.cdf(1.3, df); the mass between -t and t is 2 cdf - 1.
        for (freedom, cdf) in
            [(1, 0.7912855998398474), (2, 0.8383764840919797), (5, 0.8748496829146615), (8, 0.8850981875407372)]
        {
            assert!((central_mass(1.3, freedom) - (2.0 * cdf - 1.0)).abs() < 1e-14, "{freedom}");
        }
    }

    #[test]
    fn means_deviations_and_intervals_are_numpys() {
        // a = np.array([0.4423, 0.4581, 0.4302, 0.4490, 0.4377]); b = np.array([0.3505, 0.3611, 0.3440, 0.3489, 0.3702])
        // a.mean(), a.std(ddof=1); d = a - b; d.mean(), d.std(ddof=1)
        // scipy.stats.t.interval(0.95, 4, loc=d.mean(), scale=d.std(ddof=1) / np.sqrt(5))
        let (a, b) = ([0.4423, 0.4581, 0.4302, 0.4490, 0.4377], [0.3505, 0.3611, 0.3440, 0.3489, 0.3702]);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-13, "{found} {expected}");
        let sample = Sample::of(&a).expect("five");
        near(sample.mean, 0.44346);
        near(sample.std.expect("five"), 0.010669723520316726);
        assert_eq!((sample.n, sample.min, sample.max), (5, 0.4302, 0.4581));
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let sample = Sample::of(&differences).expect("five");
        near(sample.mean, 0.08852);
        near(sample.std.expect("five"), 0.012883982303620268);
        let (low, high) = sample.interval(0.95).expect("five");
        near(low, 0.07252242302010031);
        near(high, 0.10451757697989975);
    }

    #[test]
    fn one_measurement_has_no_spread_and_none_is_no_sample() {
        assert_eq!(Sample::of(&[]), None);
        let one = Sample::of(&[0.25]).expect("one");
        assert_eq!((one.n, one.mean, one.std, one.interval(0.95)), (1, 0.25, None, None));
    }
}
