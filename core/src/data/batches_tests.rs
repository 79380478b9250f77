use super::*;
use crate::data::miniature;
use crate::data::normalise::normalised;
use crate::data::{DataSource, Loading};

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
        stored: None,
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
    Batches::new(dataset(images), plan).unwrap().map(Result::unwrap).collect()
}

#[test]
fn without_shuffle_and_augmentation_the_data_come_as_they_lie() {
    let plan = BatchPlan { shuffle: false, augmentation: Augmentation::None, ..PLAN };
    let data = dataset(10);
    let mut iterator = Batches::new(data.clone(), plan).unwrap();
    assert_eq!(iterator.len(), 3);
    let first = iterator.next().unwrap().unwrap();
    assert_eq!(iterator.len(), 2);
    assert_eq!((first.height, first.width), (3, 5));
    let all: Vec<_> = std::iter::once(first).chain(iterator.map(Result::unwrap)).collect();
    let sizes: Vec<_> = all.iter().map(|batch| batch.labels.len()).collect();
    assert_eq!(sizes, [4, 4, 2]);
    let indices: Vec<_> = all.iter().flat_map(|batch| batch.indices.clone()).collect();
    assert_eq!(indices, (0..10).collect::<Vec<_>>());
    let x: Vec<f32> = all.iter().flat_map(HostBatch::normalised).collect();
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
        assert_eq!(parts.iter().flat_map(|part| part.bytes.clone()).collect::<Vec<_>>(), whole.bytes);
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
    let loader = Loader { dataset: dataset(11), plan: PLAN, order, workers: Workers::none() };
    let on_demand: Vec<_> = (0..3).map(|number| loader.batch(number).unwrap()).collect();
    assert_eq!(batches(11, PLAN), on_demand);
    // Augmentation did happen: the same images without it differ.
    let plain = batches(11, BatchPlan { augmentation: Augmentation::None, ..PLAN });
    assert_eq!(plain[0].indices, on_demand[0].indices);
    assert_ne!(plain[0].bytes, on_demand[0].bytes);
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
    let loader = Loader { dataset: dataset(8), plan, order, workers: Workers::none() };
    let feed = feed::Feed::new(loader, 0..2).unwrap();
    let _ = Batches { remaining: 2, feed, waited: Duration::ZERO }.count();
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

/// The training images of a small CUB, which stay in their files.
fn stored(tree: miniature::Tree, memory: u64) -> Arc<Dataset> {
    let loading = Loading { memory, ..Loading::cropped(20) };
    Arc::new(DataSource::from_files(tree).unwrap().load_parts(&loading).unwrap().train)
}

const CROPS: BatchPlan = BatchPlan { batch_size: 4, augmentation: Augmentation::ResizedCropFlip, ..PLAN };

/// Whatever the number of threads, whether pictures are kept or decoded again, and whether they are made ahead.
#[test]
fn stored_pictures_give_the_same_bytes_by_any_number_of_threads() {
    let batches = |memory, threads| -> Vec<HostBatch> {
        Batches::by(stored(miniature::cub(), memory), CROPS, threads).unwrap().map(Result::unwrap).collect()
    };
    let expected = batches(0, Some(1));
    assert_eq!(expected.iter().map(|batch| batch.labels.len()).collect::<Vec<_>>(), [4, 2]);
    // Some pictures are kept, then none is left over for the others.
    for (memory, threads) in [(0, Some(2)), (0, Some(5)), (8_000, Some(3)), (1 << 20, None)] {
        assert_eq!(batches(memory, threads), expected, "{memory} bytes, {threads:?} threads");
    }
    assert_ne!(expected[0].bytes[..1200], expected[0].bytes[1200..2400]);
    let mut again = Batches::new(stored(miniature::cub(), 1 << 20), BatchPlan { epoch: 4, ..CROPS }).unwrap();
    assert_ne!(again.next().unwrap().unwrap().bytes, expected[0].bytes);
}

/// What is measured has nothing to do with chance, and is what the saliency of the same pictures is computed of.
#[test]
fn without_augmentation_stored_pictures_are_seen_as_they_are_measured() {
    let data = stored(miniature::cub(), 1 << 20);
    let plan = BatchPlan { batch_size: 6, shuffle: false, augmentation: Augmentation::None, ..PLAN };
    let batch = Batches::new(data.clone(), plan).unwrap().next().unwrap().unwrap();
    let decoded = data.decoded(&[0, 1, 2, 3, 4, 5]).unwrap();
    assert_eq!((batch.bytes, batch.height, batch.width), (decoded.pixels.clone(), 20, 20));
    assert_eq!(data.decoded(&[3, 3]).unwrap().image(1), decoded.image(3));
    // The right half of each is its bird, and what is seen of it is its middle.
    assert!(data.has_object(2) && data.masks.is_none());
    let mask = decoded.mask(2).unwrap();
    assert!(
        mask.chunks(20).all(|row| row[..9].iter().all(|inside| *inside == 0) && row[11..].contains(&1)),
        "{mask:?}"
    );
}

#[test]
fn a_picture_that_goes_away_is_an_error_that_names_it_and_the_last_item() {
    let folder = tempfile::tempdir().unwrap();
    miniature::write(&miniature::cub(), folder.path());
    let loading = Loading { memory: 0, ..Loading::cropped(20) };
    let data = Arc::new(DataSource::open(folder.path()).unwrap().load_parts(&loading).unwrap().train);
    std::fs::remove_dir_all(folder.path().join("CUB_200_2011/images/002.Laysan_Albatross")).unwrap();
    let outcomes: Vec<_> = Batches::new(data, BatchPlan { batch_size: 1, ..CROPS }).unwrap().collect();
    let (last, before) = outcomes.split_last().unwrap();
    assert!(before.iter().all(Result::is_ok));
    let message = last.as_ref().unwrap_err().to_string();
    assert!(message.contains("Laysan_Albatross_00") && message.ends_with(": no such file or folder"), "{message}");
}
