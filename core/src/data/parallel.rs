//! The same work on many items, on all cores where there are threads.

use crate::error::Result;

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

/// Threads of their own: a training step that waited for one of its pool's threads would wait for a picture to be decoded.
#[cfg(not(target_family = "wasm"))]
pub(super) struct Workers(Option<rayon::ThreadPool>);

#[cfg(not(target_family = "wasm"))]
impl Workers {
    /// None: the work is done where it is asked for.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// That many; `None` has as many as there are cores, or as `RAYON_NUM_THREADS` says.
    ///
    /// # Errors
    /// If the system gives none.
    pub(super) fn new(threads: Option<usize>) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().thread_name(|nth| format!("decoder {nth}"));
        let pool = pool.num_threads(threads.unwrap_or(0)).build();
        let failed = |error| crate::error::Error::Device(format!("no threads to decode pictures: {error}"));
        Ok(Self(Some(pool.map_err(failed)?)))
    }

    /// `work` of every item, in the order of the items.
    pub(super) fn map<T: Sync, R: Send>(&self, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
        match &self.0 {
            Some(pool) => pool.install(|| map(items, &work)),
            None => items.iter().map(work).collect(),
        }
    }
}

/// A page has no threads to spare.
#[cfg(target_family = "wasm")]
pub(super) struct Workers;

#[cfg(target_family = "wasm")]
impl Workers {
    pub(super) fn none() -> Self {
        Self
    }

    pub(super) fn new(_threads: Option<usize>) -> Result<Self> {
        Ok(Self)
    }

    pub(super) fn map<T, R>(&self, items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
        map(items, work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        let tripled: Vec<usize> = (0..3000).step_by(3).collect();
        assert_eq!(map(&items, |item| item * 3), tripled);
        for workers in [Workers::none(), Workers::new(Some(3)).unwrap()] {
            assert_eq!(workers.map(&items, |item| item * 3), tripled);
        }
    }
}
