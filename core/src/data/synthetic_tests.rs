use super::*;

const SMALL: SyntheticConfig =
    SyntheticConfig { task: SyntheticTask::Source, size: 32, train_per_class: 3, test_per_class: 2 };

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn both_tasks_have_their_classes_and_counts() {
    let source = synthetic(&SMALL, Split::Train, Seed(1));
    assert_eq!((source.len(), source.class_counts()), (60, vec![3; 20]));
    assert_eq!(source.class_names[..4], ["solid disc", "striped disc", "solid square", "striped square"]);
    assert_eq!(source.pixels.len(), 60 * 3 * 32 * 32);
    let target = synthetic(&SyntheticConfig { task: SyntheticTask::Target, ..SMALL }, Split::Test, Seed(1));
    assert_eq!((target.len(), target.class_counts()), (20, vec![2; 10]));
    assert_eq!(target.class_names[9], "checked frame");
    assert!(target.class_names.iter().all(|name| !source.class_names.contains(name)));
}

#[test]
fn the_same_seed_draws_the_same_bytes_on_every_platform() {
    let source = synthetic(&SMALL, Split::Train, Seed(7));
    assert_eq!(hash(&source.pixels), 7_317_147_797_525_904_475, "the golden hash");
    let odd = SyntheticConfig { task: SyntheticTask::Target, size: 45, ..SMALL };
    assert_eq!(
        hash(&synthetic(&odd, Split::Test, Seed(7)).pixels),
        4_761_494_293_058_406_541,
        "the golden hash at another size"
    );
}

#[test]
fn more_images_add_to_the_ones_there_are_and_parts_differ() {
    let few = synthetic(&SMALL, Split::Train, Seed(7));
    let many = synthetic(&SyntheticConfig { train_per_class: 4, ..SMALL }, Split::Train, Seed(7));
    assert_eq!(many.pixels[..few.pixels.len()], few.pixels);
    let test = synthetic(&SMALL, Split::Test, Seed(7));
    assert_ne!(test.image(0), few.image(0));
    assert_ne!(synthetic(&SMALL, Split::Train, Seed(8)).image(0), few.image(0));
}

#[test]
fn boxes_enclose_the_object_tightly() {
    for task in [SyntheticTask::Source, SyntheticTask::Target] {
        let data = synthetic(&SyntheticConfig { task, size: 40, ..SMALL }, Split::Train, Seed(2));
        for item in data.boxes.unwrap() {
            let PixelBox { x0, y0, x1, y1 } = item.expect("every image has its object");
            assert!(0.0 <= x0 && x0 < x1 && x1 <= 40.0 && 0.0 <= y0 && y0 < y1 && y1 <= 40.0);
            // The narrowest is a bar across, 2 · 0.32 · 0.25 of the image high.
            assert!(x1 - x0 >= 6.0 && y1 - y0 >= 6.0 && (x1 - x0).max(y1 - y0) >= 16.0, "{x0} {y0} {x1} {y1}");
        }
    }
}

#[test]
fn the_box_is_where_the_paint_is() {
    let item = Item {
        shape: Shape::Square,
        texture: Texture::Stripes,
        colours: [[255, 0, 0], [0, 0, 255]],
        centre: (12.0, 8.0),
        // The square of ±0.72 units is 20 / 1.44 · 0.72 = 10 wide on either side and 5 high.
        scale: (10.0 / 0.72, 5.0 / 0.72),
        direction: (1.0, 0.0),
        cells: 1.0,
    };
    let mut image = vec![9; 3 * 32 * 32];
    let extent = paint(&mut image, 32, &item);
    assert_eq!(extent, PixelBox { x0: 2.0, y0: 3.0, x1: 22.0, y1: 13.0 });
    let pixel = |row: usize, column: usize| [0, 1, 2].map(|channel| image[(channel * 32 + row) * 32 + column]);
    // v > 0, below the centre, is the even stripe; above it is the odd one.
    assert_eq!((pixel(12, 21), pixel(3, 2)), ([255, 0, 0], [0, 0, 255]));
    assert_eq!((pixel(13, 21), pixel(12, 22), pixel(2, 2)), ([9; 3], [9; 3], [9; 3]));
}

#[test]
fn edges_are_blended_by_their_coverage() {
    let item = Item {
        shape: Shape::Square,
        texture: Texture::Solid,
        colours: [[160, 0, 16]; 2],
        centre: (8.0, 8.0),
        // The right edge lies at 8 + 4.5: the pixel of column 12 is half covered.
        scale: (4.5 / 0.72, 4.0 / 0.72),
        direction: (1.0, 0.0),
        cells: 1.0,
    };
    let mut image = vec![0; 3 * 16 * 16];
    paint(&mut image, 16, &item);
    assert_eq!([11, 12, 13].map(|column| image[8 * 16 + column]), [160, 80, 0]);
}

#[test]
fn the_object_stands_out_from_the_background() {
    for index in 0..50 {
        let mut rng = Seed(3).stream("colours", index);
        let base = [index as u8 * 5, 128, 255 - index as u8 * 5];
        let first = colour_away_from(&[base], 220, &mut rng);
        let second = colour_away_from(&[first, base], 180, &mut rng);
        assert!(distance(first, base) >= 150 && distance(second, first) >= 120, "{base:?} {first:?} {second:?}");
    }
}

#[test]
fn the_background_is_smooth_and_near_its_base() {
    let (image, base) = background(48, &mut Seed(4).stream("background", 0));
    assert_eq!(image.len(), 3 * 48 * 48);
    for (plane, base) in image.chunks_exact(48 * 48).zip(base) {
        assert!(plane.iter().all(|byte| byte.abs_diff(base) <= 40));
        // 80 levels per cell of 16 pixels are 5 per pixel.
        assert!(plane.chunks_exact(48).all(|row| row.windows(2).all(|pair| pair[0].abs_diff(pair[1]) <= 6)));
    }
}

#[test]
fn configurations_out_of_range_name_their_key() {
    assert_eq!(SyntheticConfig::default().check(), Ok(()));
    let cases = [
        (SyntheticConfig { size: 15, ..SMALL }, "size: 15 is not in 16 to 256"),
        (SyntheticConfig { size: 257, ..SMALL }, "size: 257 is not in 16 to 256"),
        (SyntheticConfig { train_per_class: 0, ..SMALL }, "train_per_class: 0 is not in 1 to 10000"),
        (SyntheticConfig { test_per_class: 10_001, ..SMALL }, "test_per_class: 10001 is not in 1 to 10000"),
    ];
    for (config, message) in cases {
        assert_eq!(config.check().unwrap_err().to_string(), message);
    }
}
