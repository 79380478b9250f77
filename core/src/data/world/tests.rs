use super::geometry::{Frame, Shape};
use super::painter::{Filter, Ink, Item, Paint, Part};
use super::scenery::Background;
use super::*;

fn small(task: WorldTask) -> WorldConfig {
    WorldConfig { task, size: 32, train_per_class: 2, validation_per_class: 1, test_per_class: 1 }
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_same_seed_draws_the_same_bytes_on_every_platform() {
    // Of pixels and masks at the usual size, and of pixels at an odd one.
    let golden: [[u64; 3]; 6] = [
        [11_271_908_346_385_356_587, 724_386_050_111_690_921, 9_608_710_181_849_992_176],
        [17_279_820_302_297_318_466, 16_178_930_291_154_435_046, 1_867_250_384_799_304_562],
        [9_376_821_165_429_257_670, 13_447_887_943_993_599_534, 1_842_396_894_156_918_330],
        [6_176_396_354_228_848_183, 9_700_714_339_825_244_394, 11_721_574_573_193_551_683],
        [7_575_758_945_209_542_705, 1_430_676_505_756_942_211, 12_781_341_349_949_151_148],
        [4_740_178_277_572_907_165, 334_241_487_381_661_137, 13_875_517_802_946_565_060],
    ];
    for (task, golden) in WorldTask::ALL.into_iter().zip(golden) {
        let data = world(&small(task), Split::Train, Seed(7));
        let odd = world(&WorldConfig { size: 45, ..small(task) }, Split::Test, Seed(7));
        let hashes = [hash(&data.pixels), hash(data.masks.as_ref().unwrap()), hash(&odd.pixels)];
        assert_eq!(hashes, golden, "{}", task.name());
    }
}

#[test]
fn every_task_has_its_classes_counts_and_name() {
    for task in WorldTask::ALL {
        let data = world(&small(task), Split::Train, Seed(1));
        let classes = task.class_names();
        let distinct: std::collections::BTreeSet<_> = classes.iter().collect();
        assert_eq!(distinct.len(), classes.len(), "{}", task.name());
        assert_eq!(data.class_counts(), vec![2; classes.len()]);
        assert_eq!(classes.len() == 10, !task.is_source(), "a target task has ten classes");
        assert_eq!(data.pixels.len(), data.len() * 3 * 32 * 32);
        assert_eq!(task.name().parse(), Ok(task));
        assert_eq!(data.name, format!("built-in {}", task.name()));
    }
    let error = "nothing".parse::<WorldTask>().unwrap_err().to_string();
    assert_eq!(error, "task: nothing is none of things, materials, fine-grained, texture, shifted, unrelated");
}

#[test]
fn more_images_add_to_the_ones_there_are_and_parts_and_seeds_differ() {
    let task = small(WorldTask::FineGrained);
    let few = world(&task, Split::Train, Seed(7));
    let many = world(&WorldConfig { train_per_class: 3, ..task }, Split::Train, Seed(7));
    assert_eq!(many.pixels[..few.pixels.len()], few.pixels);
    for other in [Split::Validation, Split::Test] {
        assert_ne!(world(&task, other, Seed(7)).image(0), few.image(0));
    }
    assert_ne!(world(&task, Split::Validation, Seed(7)).image(0), world(&task, Split::Test, Seed(7)).image(0));
    assert_ne!(world(&task, Split::Train, Seed(8)).image(0), few.image(0));
}

#[test]
fn the_images_that_are_chosen_are_drawn_alone() {
    let config = WorldConfig { train_per_class: 7, ..small(WorldTask::FineGrained) };
    for (n, choice) in [(1, Seed(1)), (3, Seed(8))] {
        let whole = world(&config, Split::Train, Seed(7)).per_class(n, choice).unwrap();
        assert_eq!(world_per_class(&config, Split::Train, Seed(7), n, choice, &Stop::default()), Ok(whole.clone()));
        assert_eq!(whole.per_class(n, choice), Ok(whole), "choosing all of them changes nothing");
    }
    assert!(
        world_per_class(&config, Split::Train, Seed(7), 1000, Seed(0), &Stop::default())
            .unwrap_err()
            .to_string()
            .contains("1000")
    );
}

#[test]
fn every_object_is_seen_and_its_box_is_that_of_its_mask() {
    for task in WorldTask::ALL {
        let data = world(&WorldConfig { size: 40, ..small(task) }, Split::Train, Seed(2));
        for (index, item) in data.boxes.iter().flatten().enumerate() {
            let mask = data.mask(index).unwrap();
            assert!(mask.iter().all(|value| *value <= 1));
            let area = mask.iter().map(|value| u32::from(*value)).sum::<u32>() as f32 / 1600.0;
            // A sheet of material fills the picture but for the clutter; a beetle at a distance is the smallest.
            let least = if task == WorldTask::Materials { 0.6 } else { 0.05 };
            assert!((least..=1.0).contains(&area), "{} {index}: {area} of the picture", task.name());
            let item = item.expect("every image has its object");
            for (place, value) in mask.iter().enumerate().filter(|(_, value)| **value > 0) {
                let (x, y) = ((place % 40) as f32, (place / 40) as f32);
                let inside = item.x0 <= x && x < item.x1 && item.y0 <= y && y < item.y1;
                assert!(inside, "{} {index}: {value} at {x} {y}", task.name());
            }
        }
    }
}

/// A plain square from −1 to 1 in local units.
fn square(frame: Frame, colour: [f32; 3], is_object: bool) -> Item {
    let shape = Shape::Polygon(vec![(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]);
    Item {
        parts: vec![Part { ink: Ink::Body, shape }],
        frame,
        paints: [Paint::plain(colour); 4],
        shading: (0.0, 0.0),
        shadow: (0.0, 0.0),
        is_object,
    }
}

#[test]
fn the_mask_and_the_box_are_what_shows_of_the_object() {
    let frame = |x: f32, y: f32, half: f32| Frame { centre: (x, y), scale: (half, half), direction: (1.0, 0.0) };
    let behind = [0.2; 3];
    let background = Background { colours: [behind; 2], bump: 9.0, seed: 1, horizon: None, texture: None };
    // Columns 4 to 14.5 and rows 2 to 12.5; before it something that covers its columns below 6 from row 3 on.
    let object = square(frame(9.25, 7.25, 5.25), [1.0, 0.0, 0.0], true);
    let before = square(frame(1.0, 8.0, 5.0), [0.0, 0.0, 1.0], false);
    let scene = Scene { background, items: vec![object, before], filter: Filter::None };
    let picture = scene.draw(20, &mut Dice(Seed(1).stream("test", 0)));
    // Half a pixel counts.
    let box_of_mask = box_of(&picture.mask, 20).unwrap();
    assert_eq!((box_of_mask.x0, box_of_mask.y0, box_of_mask.x1, box_of_mask.y1), (4.0, 2.0, 15.0, 13.0));
    // 11 × 11 pixels, less the corner of which a quarter is object, less what is covered, 2 × 10.
    assert_eq!(picture.mask.iter().map(|value| u32::from(*value)).sum::<u32>(), 100);
    // Edges are blended: red 1 within, 0.2 outside, the mean of both at half a pixel; the grain is at most 0.07.
    let red = |row: usize, column: usize| f32::from(picture.pixels[row * 20 + column]) / 255.0;
    for (row, column, value) in [(5, 10, 1.0), (5, 14, 0.6), (12, 10, 0.6), (5, 17, 0.2), (5, 5, 0.0)] {
        assert!((red(row, column) - value).abs() < 0.08, "{row} {column}: {}", red(row, column));
    }
    assert_eq!(box_of(&[0; 400], 20), None);
}

#[test]
fn a_mirrored_picture_could_be_of_its_class_too() {
    // Training mirrors: a class that is another one in the mirror could not be learned. Half of all poses are mirrored,
    // so objects lean to either side evenly.
    let data = world(&WorldConfig { train_per_class: 8, ..small(WorldTask::Things) }, Split::Train, Seed(3));
    let lean = |index: usize| {
        let mask = data.mask(index).unwrap();
        let item = data.boxes.as_ref().unwrap()[index].unwrap();
        let on = mask.iter().enumerate().filter(|(_, value)| **value > 0);
        let (sum, count) =
            on.fold((0.0, 0.0), |(sum, count), (place, _)| (sum + (place % 32) as f32 + 0.5, count + 1.0));
        sum / count - 0.5 * (item.x0 + item.x1)
    };
    let right = (0..data.len()).filter(|index| lean(*index) > 0.0).count();
    // 288 throws of a coin have a deviation of 8.5.
    assert!((110..=178).contains(&right), "{right} of {}", data.len());
}

#[test]
fn configurations_out_of_range_name_their_key() {
    let task = small(WorldTask::Texture);
    assert_eq!(WorldConfig::default().check(), Ok(()));
    let cases = [
        (WorldConfig { size: 15, ..task }, "size: 15 is not in 16 to 256"),
        (WorldConfig { size: 257, ..task }, "size: 257 is not in 16 to 256"),
        (WorldConfig { train_per_class: 0, ..task }, "train_per_class: 0 is not in 1 to 10000"),
        (WorldConfig { validation_per_class: 0, ..task }, "validation_per_class: 0 is not in 1 to 10000"),
        (WorldConfig { test_per_class: 10_001, ..task }, "test_per_class: 10001 is not in 1 to 10000"),
    ];
    for (config, message) in cases {
        assert_eq!(config.check().unwrap_err().to_string(), message);
    }
}
