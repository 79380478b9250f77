//! One ordered loader: a data set and a plan in, batches of bytes out.

use std::sync::Arc;
use std::time::Duration;

use web_time::Instant;

use crate::data::augment::Augmentation;
use crate::data::dataset::Dataset;
use crate::data::decode::from_planar;
use crate::data::normalise;
use crate::data::parallel::Workers;
use crate::data::random::permutation;
use crate::data::view::{View, whole};
use crate::error::{Error, Result};
use crate::seed::Seed;

/// One batch, in host memory.
#[derive(Debug, Clone, PartialEq)]
pub struct HostBatch {
    /// B × 3 × height × width, planar.
    pub bytes: Vec<u8>,
    /// The class of each image.
    pub labels: Vec<usize>,
    /// Where each image lies in the data set.
    pub indices: Vec<usize>,
    /// Rows of each image.
    pub height: usize,
    /// Columns of each image.
    pub width: usize,
}

impl HostBatch {
    /// The images as networks are fed with them: normalised.
    pub fn normalised(&self) -> Vec<f32> {
        let (table, plane) = (normalise::table(), self.height * self.width);
        let planes = self.bytes.chunks_exact(plane).zip(table.iter().cycle());
        planes.flat_map(|(plane, table)| plane.iter().map(|byte| table[usize::from(*byte)])).collect()
    }

    /// The batch in as few parts as have at most `most` images, none more than one image larger than another.
    pub fn parts(self, most: usize) -> Vec<Self> {
        let images = self.labels.len();
        let count = images.div_ceil(most);
        if count < 2 {
            return vec![self];
        }
        let values = self.bytes.len() / images;
        let part = |nth: usize| {
            let range = nth * images / count..(nth + 1) * images / count;
            Self {
                bytes: self.bytes[range.start * values..range.end * values].to_vec(),
                labels: self.labels[range.clone()].to_vec(),
                indices: self.indices[range].to_vec(),
                height: self.height,
                width: self.width,
            }
        };
        (0..count).map(part).collect()
    }
}

/// How to go through a data set once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPlan {
    /// Images per batch.
    pub batch_size: usize,
    /// Whether the order is a fresh permutation of all images in every epoch, as in PyTorch's `DataLoader`.
    pub shuffle: bool,
    /// Whether a last batch with fewer than `batch_size` images is left out.
    pub drop_last: bool,
    /// What happens to each image.
    pub augmentation: Augmentation,
    /// Fixes the order and the augmentation, together with `epoch`.
    pub seed: Seed,
    /// Number of this pass over the data.
    pub epoch: u64,
    /// Batches to leave out at the start, to go on in the middle of an epoch; what follows is what would have followed.
    pub first_batch: usize,
}

impl BatchPlan {
    /// Batches in one whole epoch over `images` images.
    pub fn batches_per_epoch(&self, images: usize) -> usize {
        if self.drop_last { images / self.batch_size } else { images.div_ceil(self.batch_size) }
    }
}

/// Iterator over the batches of one epoch.
///
/// Natively a thread prepares up to two batches ahead, with as many more as there are cores where pictures have to be decoded or
/// resized, and ends when this is dropped; in a browser each batch is prepared when it is asked for. All run the same code and
/// give the same bytes. `len()` is the number of batches still to come. An error names the file that can no longer be read,
/// and is the last item.
pub struct Batches {
    remaining: usize,
    feed: feed::Feed,
    waited: Duration,
}

impl Batches {
    /// Starts on batch `plan.first_batch` of epoch `plan.epoch`.
    ///
    /// # Errors
    /// - `batch_size`: zero, or larger than the data set (to measure on a small set, pass its length);
    /// - `first_batch`: beyond the end of the epoch;
    /// - `pad`: a border as large as the image.
    pub fn new(dataset: Arc<Dataset>, plan: BatchPlan) -> Result<Self> {
        Self::by(dataset, plan, None)
    }

    /// [`new`](Self::new) with that many threads that decode; `None` has as many as there are cores.
    fn by(dataset: Arc<Dataset>, plan: BatchPlan, threads: Option<usize>) -> Result<Self> {
        check(&dataset, &plan)?;
        let batches = plan.batches_per_epoch(dataset.len());
        if plan.first_batch > batches {
            let reason = format!("{} is beyond the {batches} batches of an epoch", plan.first_batch);
            return Err(Error::config("first_batch", reason));
        }
        let order = if plan.shuffle {
            permutation(dataset.len(), &mut plan.seed.stream("shuffle", plan.epoch))
        } else {
            (0..dataset.len()).collect()
        };
        let is_work = dataset.stored.is_some() || plan.augmentation == Augmentation::ResizedCropFlip;
        let workers = if is_work { Workers::new(threads)? } else { Workers::none() };
        let loader = Loader { dataset, plan, order, workers };
        let feed = feed::Feed::new(loader, plan.first_batch..batches)?;
        Ok(Self { remaining: batches - plan.first_batch, feed, waited: Duration::ZERO })
    }

    /// How long whoever asked for batches has waited for them.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl Iterator for Batches {
    type Item = Result<HostBatch>;

    fn next(&mut self) -> Option<Result<HostBatch>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let asked = Instant::now();
        let batch = self.feed.next();
        self.waited += asked.elapsed();
        if batch.is_err() {
            self.remaining = 0;
        }
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Batches {}

fn check(dataset: &Dataset, plan: &BatchPlan) -> Result<()> {
    if plan.batch_size == 0 {
        return Err(Error::config("batch_size", "must be at least 1"));
    }
    if plan.batch_size > dataset.len() {
        let reason = format!("{} is more than the {} images of {}", plan.batch_size, dataset.len(), dataset.name);
        return Err(Error::config("batch_size", reason));
    }
    match plan.augmentation {
        Augmentation::CropFlip { pad } if pad >= dataset.height.min(dataset.width) => {
            let reason = format!("a border of {pad} does not suit {}x{} images", dataset.width, dataset.height);
            Err(Error::config("pad", reason))
        }
        _ => Ok(()),
    }
}

/// What is needed to make any batch of the epoch.
struct Loader {
    dataset: Arc<Dataset>,
    plan: BatchPlan,
    /// Indices into the data set, in the order of this epoch.
    order: Vec<usize>,
    workers: Workers,
}

impl Loader {
    /// Batch `number` of the epoch.
    fn batch(&self, number: usize) -> Result<HostBatch> {
        let Dataset { height, width, labels, .. } = &*self.dataset;
        let start = number * self.plan.batch_size;
        let end = (start + self.plan.batch_size).min(self.order.len());
        let places: Vec<usize> = (start..end).collect();
        let images = self.workers.map(&places, |&place| self.image(place));
        let bytes = images.into_iter().collect::<Result<Vec<_>>>()?.concat();
        let indices = self.order[start..end].to_vec();
        let labels = indices.iter().map(|&index| labels[index]).collect();
        Ok(HostBatch { bytes, labels, indices, height: *height, width: *width })
    }

    /// The image at `position` of the order, as it is seen there.
    fn image(&self, position: usize) -> Result<Vec<u8>> {
        let (index, plan) = (self.order[position], &self.plan);
        let seen = |size, plain| plan.augmentation.view(plan.seed, plan.epoch, position, size, plain);
        if let Some(stored) = &self.dataset.stored {
            return stored.seen(index, seen);
        }
        let (size, image) = ((self.dataset.width, self.dataset.height), self.dataset.image(index));
        let view = seen(size, View::stretched(size, size));
        let is_as_large = view.cut == whole(size) && view.resized == size;
        Ok(if is_as_large { view.of_planar(image) } else { view.of(&from_planar(image, size.1, size.0)) })
    }
}

#[cfg(not(target_family = "wasm"))]
mod feed {
    use std::ops::Range;
    use std::panic::resume_unwind;
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::thread::{Builder, JoinHandle};

    use super::{HostBatch, Loader};
    use crate::error::{Error, Result};

    /// Batches made on a thread of their own.
    pub(super) struct Feed {
        /// `None` only while dropping.
        batches: Option<Receiver<Result<HostBatch>>>,
        /// `None` once joined.
        thread: Option<JoinHandle<()>>,
    }

    impl Feed {
        pub(super) fn new(loader: Loader, numbers: Range<usize>) -> Result<Self> {
            // One batch waits in the channel and one in the blocked `send`: two ahead.
            let (sender, receiver) = sync_channel(1);
            let work = move || {
                for number in numbers {
                    let batch = loader.batch(number);
                    let failed = batch.is_err();
                    if sender.send(batch).is_err() || failed {
                        break;
                    }
                }
            };
            let thread = Builder::new().name("batches".into()).spawn(work);
            let thread = thread.map_err(|error| Error::Device(format!("no thread to prepare batches: {error}")))?;
            Ok(Self { batches: Some(receiver), thread: Some(thread) })
        }

        /// The next batch. Never called more often than there are numbers.
        pub(super) fn next(&mut self) -> Result<HostBatch> {
            if let Some(Ok(batch)) = self.batches.as_ref().map(Receiver::recv) {
                return batch;
            }
            // The thread is gone too early: an epoch that just ended here would hide its panic.
            match self.thread.take().map(JoinHandle::join) {
                Some(Err(panic)) => resume_unwind(panic),
                _ => unreachable!("the thread sends a batch for every number"),
            }
        }
    }

    impl Drop for Feed {
        fn drop(&mut self) {
            // Without a receiver the thread's `send` fails, and it ends after the batch it is working on.
            drop(self.batches.take());
            if let Some(thread) = self.thread.take() {
                // A panic in there was raised by `next`, or concerns a batch that nobody wanted.
                let _ = thread.join();
            }
        }
    }
}

#[cfg(target_family = "wasm")]
mod feed {
    use std::ops::Range;

    use super::{HostBatch, Loader};
    use crate::error::Result;

    /// Batches made when asked for.
    pub(super) struct Feed {
        loader: Loader,
        numbers: Range<usize>,
    }

    impl Feed {
        pub(super) fn new(loader: Loader, numbers: Range<usize>) -> Result<Self> {
            Ok(Self { loader, numbers })
        }

        /// The next batch. Never called more often than there are numbers.
        pub(super) fn next(&mut self) -> Result<HostBatch> {
            let number = self.numbers.next().expect("the caller counts");
            self.loader.batch(number)
        }
    }
}

#[cfg(test)]
#[path = "batches_tests.rs"]
mod tests;
