//! Relative errors of whole tensors.

/// Named tensors compared with their expectation.
#[derive(Debug, Default)]
pub struct Comparison {
    rows: Vec<(String, f64)>,
}

impl Comparison {
    /// Compares `got` with `expected`: ‖a − b‖ / max(‖b‖, `floor`). The floor is the size below which a tensor counts
    /// as zero, such as the gradient of a convolution's bias in front of batch normalisation, which is zero by
    /// construction and 1e-17 by rounding.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn add(&mut self, name: impl Into<String>, got: &[f64], expected: &[f64], floor: f64) {
        let name = name.into();
        assert_eq!(got.len(), expected.len(), "{name}: lengths differ");
        let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
        let error = norm(&mut got.iter().zip(expected).map(|(a, b)| a - b));
        self.rows.push((name, error / norm(&mut expected.iter().copied()).max(floor)));
    }

    /// Number of tensors compared.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was compared.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The largest relative error and whose it is.
    pub fn worst(&self) -> (&str, f64) {
        let worst = self.rows.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("something was compared");
        (&worst.0, worst.1)
    }

    /// The largest relative error among the names that start with `prefix`.
    pub fn worst_of(&self, prefix: &str) -> f64 {
        self.rows.iter().filter(|row| row.0.starts_with(prefix)).map(|row| row.1).fold(f64::NAN, f64::max)
    }

    /// # Panics
    /// When an error exceeds `tolerance` or is not a number; names all that do.
    pub fn assert_below(&self, tolerance: f64) {
        let bad: Vec<_> = self.rows.iter().filter(|row| row.1.is_nan() || row.1 >= tolerance).collect();
        assert!(bad.is_empty(), "above {tolerance:e}: {bad:#?}");
    }
}
