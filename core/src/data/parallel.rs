//! The same work on many items, on all cores where there are threads.

/// `work` of every item, in the order of the items.
#[cfg(not(target_family = "wasm"))]
pub(super) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    use rayon::prelude::*;
    items.par_iter().map(&work).collect()
}

/// `work` of every item, in the order of the items.
#[cfg(target_family = "wasm")]
pub(super) fn map<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(super::map(&items, |item| item * 3), (0..3000).step_by(3).collect::<Vec<_>>());
    }
}
