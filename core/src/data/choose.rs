//! Which images of a data set are taken: so many of each class, or a share that is held out, fixed by the seed.

use crate::data::dataset::Dataset;
use crate::data::decode::plural;
use crate::data::random::permutation;
use crate::error::{Error, Result};
use crate::seed::Seed;

impl Dataset {
    /// `n` images of each class, chosen by the seed and kept in their order here.
    ///
    /// The choice is nested: the images chosen for `n` are among those chosen for `n + 1`, so that a curve over the
    /// number of samples adds images and swaps none.
    ///
    /// # Errors
    /// If a class has fewer than `n` images; the message names the class.
    pub fn per_class(&self, n: usize, seed: Seed) -> Result<Dataset> {
        Ok(self.select(&chosen_per_class(&self.name, &self.class_names, &self.labels, &[], n, seed)?))
    }

    /// Splits off about `fraction` of every class: (the rest, the held-out images), each in the order they have here.
    ///
    /// A class with two or more images has at least one on either side; a single image stays in the rest.
    ///
    /// # Panics
    /// If `fraction` is not strictly between 0 and 1.
    pub fn stratified_split(&self, fraction: f64, seed: Seed) -> (Dataset, Dataset) {
        assert!(fraction > 0.0 && fraction < 1.0, "cannot hold out a fraction of {fraction}");
        let (mut rest, mut held_out) = (Vec::new(), Vec::new());
        for members in members_in_random_order(&self.labels, self.class_names.len(), "stratified_split", seed) {
            let count = match members.len() {
                0 | 1 => 0,
                n => ((n as f64 * fraction).round() as usize).clamp(1, n - 1),
            };
            held_out.extend_from_slice(&members[..count]);
            rest.extend_from_slice(&members[count..]);
        }
        rest.sort_unstable();
        held_out.sort_unstable();
        (self.select(&rest), self.select(&held_out))
    }
}

/// What [`Dataset::per_class`] chooses, by index, for a data set that need not be there yet, of whose classes the images in
/// `held_out` (where it is not empty) are none of `labels`.
///
/// # Errors
/// As there.
pub(super) fn chosen_per_class(
    name: &str,
    class_names: &[String],
    labels: &[usize],
    held_out: &[usize],
    n: usize,
    seed: Seed,
) -> Result<Vec<usize>> {
    let mut chosen = Vec::with_capacity(n.saturating_mul(class_names.len()).min(labels.len()));
    for (class, members) in members_in_random_order(labels, class_names.len(), "per_class", seed).iter().enumerate() {
        if members.len() < n {
            let held_out = held_out.get(class).copied().unwrap_or(0);
            return Err(Error::file(name, too_few(&class_names[class], members.len(), held_out, n)));
        }
        chosen.extend_from_slice(&members[..n]);
    }
    chosen.sort_unstable();
    Ok(chosen)
}

/// That a class has `left` images to learn from besides those held out, and more are wanted.
fn too_few(class: &str, left: usize, held_out: usize, wanted: usize) -> String {
    let is = |count: usize| if count == 1 { "is" } else { "are" };
    let all = left + held_out;
    let part = match held_out {
        0 => String::new(),
        count => format!(" of which {count} {} held out,", is(count)),
    };
    format!("class `{class}` has {all} {},{part} {wanted} {} wanted", plural(all, "image"), is(wanted))
}

/// For each class the indices of its images, shuffled by the stream (`name`, class).
fn members_in_random_order(labels: &[usize], classes: usize, name: &str, seed: Seed) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); classes];
    for (index, &label) in labels.iter().enumerate() {
        members[label].push(index);
    }
    let shuffle = |(class, indices): (usize, Vec<usize>)| {
        let order = permutation(indices.len(), &mut seed.stream(name, class as u64));
        order.into_iter().map(|place| indices[place]).collect()
    };
    members.into_iter().enumerate().map(shuffle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::Splits;
    use crate::data::dataset::tests::{numbered, numbers};

    #[test]
    fn per_class_is_balanced_nested_and_fixed_by_the_seed() {
        let labels: Vec<usize> = (0..60).map(|index| index % 3).collect();
        let data = numbered(&labels, 3);
        let five = data.per_class(5, Seed(4)).unwrap();
        assert_eq!(five.class_counts(), [5, 5, 5]);
        assert_eq!(five, data.per_class(5, Seed(4)).unwrap());
        assert_ne!(numbers(&five), numbers(&data.per_class(5, Seed(5)).unwrap()));
        let six = numbers(&data.per_class(6, Seed(4)).unwrap());
        assert!(numbers(&five).iter().all(|number| six.contains(number)));
    }

    #[test]
    fn per_class_names_the_class_that_is_too_small() {
        let error = numbered(&[0, 1, 0, 1, 0], 2).per_class(3, Seed(0)).unwrap_err();
        assert_eq!(error.to_string(), "numbered: class `class 1` has 2 images, 3 are wanted");
        assert_eq!(too_few("a", 1, 0, 2), "class `a` has 1 image, 2 are wanted");
        assert_eq!(too_few("a", 0, 0, 1), "class `a` has 0 images, 1 is wanted");
        assert_eq!(too_few("a", 6, 2, 50), "class `a` has 8 images, of which 2 are held out, 50 are wanted");
        assert_eq!(too_few("a", 1, 1, 2), "class `a` has 2 images, of which 1 is held out, 2 are wanted");
    }

    #[test]
    fn what_is_held_out_is_counted_for_its_class() {
        let (train, test) = numbered(&[0, 0, 0, 0, 0, 0, 1, 1], 2).stratified_split(0.3, Seed(0));
        let held_out = test.class_counts();
        let splits = Splits { train, validation: None, test: Some(test), held_out };
        assert_eq!(splits.train_per_class(1, Seed(0)), splits.train.per_class(1, Seed(0)));
        let error = splits.train_per_class(2, Seed(0)).unwrap_err().to_string();
        assert_eq!(error, "numbered: class `class 1` has 2 images, of which 1 is held out, 2 are wanted");
    }

    #[test]
    fn stratified_split_shares_out_every_class() {
        // 10 of class 0, 3 of class 1, 1 of class 2, none of class 3.
        let labels = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
        let data = numbered(&labels, 4);
        let (rest, held_out) = data.stratified_split(0.1, Seed(9));
        assert_eq!(rest.class_counts(), [9, 2, 1, 0]);
        assert_eq!(held_out.class_counts(), [1, 1, 0, 0]);
        let mut all = [numbers(&rest), numbers(&held_out)].concat();
        all.sort_unstable();
        assert_eq!(all, (0..14).collect::<Vec<_>>());
        // However large the fraction, one image of class 1 remains to learn from.
        assert_eq!(data.stratified_split(0.99, Seed(9)).0.class_counts(), [1, 1, 1, 0]);
        assert_eq!(data.stratified_split(0.1, Seed(9)), (rest, held_out));
    }
}
