//! One ordered loader: a data set and a plan in, normalised batches out.

use std::sync::Arc;

use crate::data::augment::Augmentation;
use crate::data::dataset::Dataset;
use crate::data::normalise;
use crate::data::random::permutation;
use crate::error::{Error, Result};
use crate::seed::Seed;

/// One batch, in host memory.
#[derive(Debug, Clone, PartialEq)]
pub struct HostBatch {
    /// B × 3 × height × width, normalised.
    pub x: Vec<f32>,
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
    /// The batch in as few parts as have at most `most` images, none more than one image larger than another.
    pub fn parts(self, most: usize) -> Vec<Self> {
        let images = self.labels.len();
        let count = images.div_ceil(most);
        if count < 2 {
            return vec![self];
        }
        let values = self.x.len() / images;
        let part = |nth: usize| {
            let range = nth * images / count..(nth + 1) * images / count;
            Self {
                x: self.x[range.start * values..range.end * values].to_vec(),
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
/// Natively a thread prepares up to two batches ahead, and ends when this is dropped; in a browser each batch is
/// prepared when it is asked for. Both run the same code and give the same numbers. `len()` is the number of batches
/// still to come.
pub struct Batches {
    remaining: usize,
    feed: feed::Feed,
}

impl Batches {
    /// Starts on batch `plan.first_batch` of epoch `plan.epoch`.
    ///
    /// # Errors
    /// - `batch_size`: zero, or larger than the data set (to measure on a small set, pass its length);
    /// - `first_batch`: beyond the end of the epoch;
    /// - `pad`: a border as large as the image.
    pub fn new(dataset: Arc<Dataset>, plan: BatchPlan) -> Result<Self> {
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
        let loader = Loader { dataset, plan, order, table: normalise::table() };
        Ok(Self { remaining: batches - plan.first_batch, feed: feed::Feed::new(loader, plan.first_batch..batches)? })
    }
}

impl Iterator for Batches {
    type Item = HostBatch;

    fn next(&mut self) -> Option<HostBatch> {
        self.remaining = self.remaining.checked_sub(1)?;
        Some(self.feed.next())
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
    table: [[f32; 256]; 3],
}

impl Loader {
    /// Batch `number` of the epoch.
    fn batch(&self, number: usize) -> HostBatch {
        let Dataset { height, width, labels, .. } = &*self.dataset;
        let start = number * self.plan.batch_size;
        let end = (start + self.plan.batch_size).min(self.order.len());
        let indices = self.order[start..end].to_vec();
        let mut x = vec![0.0; indices.len() * 3 * height * width];
        for ((position, &index), out) in (start..).zip(&indices).zip(x.chunks_exact_mut(3 * height * width)) {
            let view = self.plan.augmentation.view(self.plan.seed, self.plan.epoch, position);
            view.write(self.dataset.image(index), (*height, *width), &self.table, out);
        }
        let labels = indices.iter().map(|&index| labels[index]).collect();
        HostBatch { x, labels, indices, height: *height, width: *width }
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
        batches: Option<Receiver<HostBatch>>,
        /// `None` once joined.
        thread: Option<JoinHandle<()>>,
    }

    impl Feed {
        pub(super) fn new(loader: Loader, numbers: Range<usize>) -> Result<Self> {
            // One batch waits in the channel and one in the blocked `send`: two ahead.
            let (sender, receiver) = sync_channel(1);
            let work = move || {
                for number in numbers {
                    if sender.send(loader.batch(number)).is_err() {
                        break;
                    }
                }
            };
            let thread = Builder::new().name("batches".into()).spawn(work);
            let thread = thread.map_err(|error| Error::Device(format!("no thread to prepare batches: {error}")))?;
            Ok(Self { batches: Some(receiver), thread: Some(thread) })
        }

        /// The next batch. Never called more often than there are numbers.
        pub(super) fn next(&mut self) -> HostBatch {
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
        pub(super) fn next(&mut self) -> HostBatch {
            let number = self.numbers.next().expect("the caller counts");
            self.loader.batch(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::normalise::normalised;

    /// Images of 3 rows × 5 columns; byte b of image i is 16 i + b mod 16.
    fn dataset(images: usize) -> Arc<Dataset> {
        Arc::new(Dataset {
            name: "drawn".into(),
            class_names: (0..4).map(|class| class.to_string()).collect(),
            height: 3,
            width: 5,
            pixels: (0..images).flat_map(|image| (0..45).map(move |byte| (16 * image + byte % 16) as u8)).collect(),
            labels: (0..images).map(|image| image % 4).collect(),
            boxes: None,
            masks: None,
            notes: Vec::new(),
        })
    }

    const PLAN: BatchPlan = BatchPlan {
        batch_size: 4,
        shuffle: true,
        drop_last: false,
        augmentation: Augmentation::CropFlip { pad: 2 },
        seed: Seed(11),
        epoch: 3,
        first_batch: 0,
    };

    fn batches(images: usize, plan: BatchPlan) -> Vec<HostBatch> {
        Batches::new(dataset(images), plan).unwrap().collect()
    }

    #[test]
    fn without_shuffle_and_augmentation_the_data_come_as_they_lie() {
        let plan = BatchPlan { shuffle: false, augmentation: Augmentation::None, ..PLAN };
        let data = dataset(10);
        let mut iterator = Batches::new(data.clone(), plan).unwrap();
        assert_eq!(iterator.len(), 3);
        let first = iterator.next().unwrap();
        assert_eq!(iterator.len(), 2);
        assert_eq!((first.height, first.width), (3, 5));
        let all: Vec<_> = std::iter::once(first).chain(iterator).collect();
        let sizes: Vec<_> = all.iter().map(|batch| batch.labels.len()).collect();
        assert_eq!(sizes, [4, 4, 2]);
        let indices: Vec<_> = all.iter().flat_map(|batch| batch.indices.clone()).collect();
        assert_eq!(indices, (0..10).collect::<Vec<_>>());
        let x: Vec<f32> = all.iter().flat_map(|batch| batch.x.clone()).collect();
        let expected: Vec<f32> =
            data.pixels.iter().enumerate().map(|(place, &byte)| normalised(byte, place / 15 % 3)).collect();
        assert_eq!(x, expected);
        let labels: Vec<_> = all.iter().flat_map(|batch| batch.labels.clone()).collect();
        assert_eq!(labels, data.labels);
    }

    #[test]
    fn an_epoch_holds_every_image_once_in_an_order_of_its_own() {
        let order = |plan| batches(11, plan).into_iter().flat_map(|batch| batch.indices).collect::<Vec<_>>();
        let third = order(PLAN);
        let mut sorted = third.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..11).collect::<Vec<_>>());
        assert_ne!(third, sorted);
        assert_ne!(third, order(BatchPlan { epoch: 4, ..PLAN }));
        assert_ne!(third, order(BatchPlan { seed: Seed(12), ..PLAN }));
    }

    #[test]
    fn drop_last_leaves_out_only_an_incomplete_batch() {
        let plan = BatchPlan { drop_last: true, ..PLAN };
        assert_eq!(batches(11, plan).iter().map(|batch| batch.labels.len()).collect::<Vec<_>>(), [4, 4]);
        assert_eq!(batches(12, plan).len(), 3);
        assert_eq!(batches(11, PLAN)[..2], batches(11, plan)[..]);
    }

    /// Parts put one after another are the batch, and differ in size by one image at most.
    #[test]
    fn parts_are_the_batch() {
        let plan = BatchPlan { batch_size: 11, ..PLAN };
        let whole = batches(11, plan).remove(0);
        for (most, sizes) in [(11, vec![11]), (20, vec![11]), (6, vec![5, 6]), (4, vec![3, 4, 4]), (1, vec![1; 11])] {
            let parts = whole.clone().parts(most);
            assert_eq!(parts.iter().map(|part| part.labels.len()).collect::<Vec<_>>(), sizes, "at most {most}");
            assert_eq!(parts.iter().flat_map(|part| part.x.clone()).collect::<Vec<_>>(), whole.x);
            assert_eq!(parts.iter().flat_map(|part| part.labels.clone()).collect::<Vec<_>>(), whole.labels);
            assert_eq!(parts.iter().flat_map(|part| part.indices.clone()).collect::<Vec<_>>(), whole.indices);
        }
    }

    #[test]
    fn going_on_in_the_middle_gives_what_would_have_followed() {
        let whole = batches(11, PLAN);
        assert_eq!(whole.len(), 3);
        for first_batch in 0..=3 {
            assert_eq!(batches(11, BatchPlan { first_batch, ..PLAN }), whole[first_batch..]);
        }
    }

    #[test]
    fn the_thread_makes_what_the_loader_makes_on_demand() {
        let order = permutation(11, &mut PLAN.seed.stream("shuffle", PLAN.epoch));
        let loader = Loader { dataset: dataset(11), plan: PLAN, order, table: normalise::table() };
        let on_demand: Vec<_> = (0..3).map(|number| loader.batch(number)).collect();
        assert_eq!(batches(11, PLAN), on_demand);
        // Augmentation did happen: the same images without it differ.
        let plain = batches(11, BatchPlan { augmentation: Augmentation::None, ..PLAN });
        assert_eq!(plain[0].indices, on_demand[0].indices);
        assert_ne!(plain[0].x, on_demand[0].x);
    }

    #[test]
    fn dropping_it_early_stops_the_thread_and_frees_the_data() {
        let data = dataset(200);
        let mut iterator = Batches::new(data.clone(), BatchPlan { batch_size: 1, ..PLAN }).unwrap();
        assert!(iterator.next().is_some());
        assert_eq!(Arc::strong_count(&data), 2);
        drop(iterator);
        assert_eq!(Arc::strong_count(&data), 1);
    }

    #[test]
    #[should_panic(expected = "out of range for slice")]
    fn a_panic_in_the_thread_does_not_end_the_epoch_quietly() {
        let plan = BatchPlan { augmentation: Augmentation::None, ..PLAN };
        let order = vec![0, 1, 2, 3, 4, 5, 6, 99];
        let loader = Loader { dataset: dataset(8), plan, order, table: normalise::table() };
        let feed = feed::Feed::new(loader, 0..2).unwrap();
        let _ = Batches { remaining: 2, feed }.count();
    }

    #[test]
    fn plans_that_cannot_work_are_refused() {
        let cases = [
            (BatchPlan { batch_size: 0, ..PLAN }, "batch_size: must be at least 1"),
            (BatchPlan { batch_size: 12, ..PLAN }, "batch_size: 12 is more than the 11 images of drawn"),
            (BatchPlan { first_batch: 4, ..PLAN }, "first_batch: 4 is beyond the 3 batches of an epoch"),
            (
                BatchPlan { augmentation: Augmentation::CropFlip { pad: 3 }, ..PLAN },
                "pad: a border of 3 does not suit 5x3 images",
            ),
        ];
        for (plan, message) in cases {
            assert_eq!(Batches::new(dataset(11), plan).err().unwrap().to_string(), message);
        }
    }
}
