use serde_json::Value;

use super::*;
use crate::data::decode::decode;
use crate::data::normalise::normalised;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/preprocess");

fn number(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

/// The recorded pictures with what torchvision and PIL made of them.
fn recorded() -> Vec<(Value, RgbImage)> {
    let json = std::fs::read(format!("{FIXTURES}/eval_transform.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let picture = |image: &Value| {
        let file = format!("{FIXTURES}/{}", image["file"].as_str().unwrap());
        decode(&std::fs::read(&file).unwrap(), file.as_ref(), false).unwrap().rgb
    };
    json["images"].as_array().unwrap().iter().map(|image| (image.clone(), picture(image))).collect()
}

/// The recorded places, (place in 3 × height × width, byte).
fn bytes(record: &Value, (width, height): (usize, usize)) -> Vec<(usize, u8)> {
    let places = record["at_cyx"].as_array().unwrap().iter().map(|at| {
        let [channel, y, x] = [0, 1, 2].map(|nth| number(&at[nth]));
        (channel * height + y) * width + x
    });
    places.zip(record["u8"].as_array().unwrap()).map(|(place, byte)| (place, number(byte) as u8)).collect()
}

/// The largest and the mean difference from what was recorded.
fn difference(seen: &[u8], recorded: &[(usize, u8)]) -> (u8, f64) {
    let differences: Vec<u8> = recorded.iter().map(|(place, byte)| seen[*place].abs_diff(*byte)).collect();
    let sum: f64 = differences.iter().map(|difference| f64::from(*difference)).sum();
    (differences.iter().copied().max().unwrap(), sum / differences.len() as f64)
}

/// What libjpeg-turbo 3.2 decodes otherwise than our decoder, in levels: 2 at most in rounding where no colours are subsampled,
/// 3 where they are (4:2:0), and 0.45 in the mean of a channel, because it smooths chroma otherwise as it enlarges it.
fn tolerance(file: &str) -> u8 {
    match file {
        file if file.ends_with(".png") || file.ends_with(".gif") => 0,
        file if file.contains("420") => JPEG_420,
        _ => JPEG,
    }
}

const JPEG: u8 = 2;
const JPEG_420: u8 = 4;

#[test]
fn pictures_decode_to_the_recorded_bytes() {
    for (image, picture) in recorded() {
        let (file, size) = (image["file"].as_str().unwrap(), (number(&image["width"]), number(&image["height"])));
        assert_eq!(picture.dimensions(), (size.0 as u32, size.1 as u32), "{file}");
        let decoded = View::stretched(size, size).of(&picture);
        let (largest, mean) = difference(&decoded, &bytes(&image["decoded"], size));
        println!("{file}: decoded within {largest} levels, {mean:.3} in the mean");
        assert!(largest <= tolerance(file), "{file}: {largest} levels");
        let plane = size.0 * size.1;
        for (channel, recorded) in image["decoded"]["mean_u8"].as_array().unwrap().iter().enumerate() {
            let sum: f64 = decoded[channel * plane..][..plane].iter().map(|byte| f64::from(*byte)).sum();
            let off = (sum / plane as f64 - recorded.as_f64().unwrap()).abs();
            // The recorded mean was added up in another order.
            assert!(off <= f64::from(tolerance(file)) / 8.0 + 1e-9, "{file}: {off} in the mean of channel {channel}");
        }
    }
}

#[test]
fn test_views_are_the_recorded_bytes() {
    for (image, picture) in recorded() {
        let (file, size) = (image["file"].as_str().unwrap(), (number(&image["width"]), number(&image["height"])));
        let view = View::test(size, 224);
        let resized = [0, 1].map(|nth| number(&image["resized"][nth]));
        let corner = ["crop_left", "crop_top"].map(|key| number(&image[key]) as isize);
        assert_eq!(([view.resized.0, view.resized.1], [view.left, view.top]), (resized, corner), "{file}");
        let (seen, recorded) = (view.of(&picture), bytes(&image["eval"], (224, 224)));
        let (largest, mean) = difference(&seen, &recorded);
        println!("{file}: test view within {largest} levels, {mean:.3} in the mean");
        assert!(largest <= tolerance(file), "{file}: {largest} levels");
        for ((place, byte), value) in recorded.iter().zip(image["eval"]["value"].as_array().unwrap()) {
            let off = f64::from(normalised(*byte, place / (224 * 224))) - value.as_f64().unwrap();
            assert!(off.abs() < 1e-6, "{file}: a byte of {byte} is off by {off} behind the normalisation");
        }
    }
}

#[test]
fn training_views_are_the_recorded_bytes() {
    for (image, picture) in recorded() {
        let file = image["file"].as_str().unwrap();
        for view in image["train"].as_array().unwrap() {
            let [left, top, width, height] = ["left", "top", "width", "height"].map(|key| number(&view[key]));
            let cut = Rect { left, top, width, height };
            let flip = view["flip"].as_bool().unwrap();
            let size = (224, 224);
            let seen = View { cut, resized: size, left: 0, top: 0, size, flip }.of(&picture);
            let (largest, mean) = difference(&seen, &bytes(view, size));
            println!("{file} {cut:?}: training view within {largest} levels, {mean:.3} in the mean");
            assert!(largest <= tolerance(file), "{file}, {cut:?}: {largest} levels");
        }
    }
}

#[test]
fn a_border_is_black_and_mirroring_comes_last() {
    let picture = RgbImage::from_fn(3, 2, |x, y| image::Rgb([1, 2, 3].map(|c| (10 * c + 3 * y + x) as u8)));
    let view = View { left: -1, top: 1, ..View::stretched((3, 2), (3, 2)) };
    assert_eq!(view.of(&picture)[..6], [0, 13, 14, 0, 0, 0]);
    assert_eq!(View { flip: true, ..view }.of(&picture)[..6], [14, 13, 0, 0, 0, 0]);
    assert_eq!(View { left: 9, ..view }.of(&picture), [0; 18], "nothing of it is seen");
    let planar = View::stretched((3, 2), (3, 2)).of(&picture);
    for (left, top, flip) in [(-1, 1, false), (2, -1, true), (0, 0, true), (-3, 0, false), (1, 5, false)] {
        let view = View { left, top, flip, ..view };
        assert_eq!(view.of_planar(&planar), view.of(&picture), "{view:?}");
    }
}

#[test]
fn boxes_are_seen_where_the_picture_is() {
    // 500 × 375 → 341 × 256, of which the columns from 58 and the rows from 16 are seen.
    let view = View::test((500, 375), 224);
    let item = |x0, y0, x1, y1| PixelBox { x0, y0, x1, y1 };
    let seen = view.seen_box(item(100.0, 75.0, 300.0, 375.0)).unwrap();
    let close = |a: f32, b: f32| (a - b).abs() < 1e-4;
    assert!(close(seen.x0, 100.0 * 341.0 / 500.0 - 58.0) && close(seen.y0, 75.0 * 256.0 / 375.0 - 16.0), "{seen:?}");
    assert!(close(seen.x1, 300.0 * 341.0 / 500.0 - 58.0) && close(seen.y1, 224.0), "{seen:?}");
    assert_eq!(view.seen_box(item(0.0, 0.0, 80.0, 375.0)), None, "left of what is seen");
    let all = View::stretched((500, 375), (32, 32)).seen_box(item(0.0, 0.0, 500.0, 375.0));
    assert_eq!(all, Some(item(0.0, 0.0, 32.0, 32.0)));
}

#[test]
fn sides_follow_the_pictures_shape() {
    assert_eq!((resized_side(224), resized_side(128), resized_side(96), resized_side(32)), (256, 146, 110, 37));
    let tall = View::test((100, 999), 64);
    assert_eq!((tall.resized, tall.left, tall.top), ((73, 729), 4, 332));
    assert_eq!([0, 1, 2, 3, 5, 7].map(half_to_even), [0, 0, 1, 2, 2, 4]);
}
