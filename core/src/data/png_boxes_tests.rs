use image::{DynamicImage, ImageFormat, Rgb, Rgba};

use super::*;

/// 13 × 11, interlaced, with the pixels of [`pattern`].
const INTERLACED: &[u8] = include_bytes!("test_files/interlaced.png");

fn pattern(x: u32, y: u32) -> [u8; 3] {
    [(x * 19) as u8, (y * 23) as u8, (x * y) as u8]
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The means over boxes of `factor` × `factor` pixels of the pattern.
fn means(factor: u32) -> RgbImage {
    RgbImage::from_fn(13u32.div_ceil(factor), 11u32.div_ceil(factor), |column, row| {
        let columns = column * factor..(column * factor + factor).min(13);
        let rows = row * factor..(row * factor + factor).min(11);
        let pixels = rows.flat_map(|y| columns.clone().map(move |x| pattern(x, y)));
        let (sum, count) = pixels.fold(([0u32; 3], 0), |(sum, count), pixel| {
            ([0, 1, 2].map(|channel| sum[channel] + u32::from(pixel[channel])), count + 1)
        });
        Rgb(sum.map(|sum| (f64::from(sum) / f64::from(count)).round() as u8))
    })
}

#[test]
fn boxes_hold_the_means_of_their_pixels_in_any_order_of_rows() {
    let plain = png(RgbImage::from_fn(13, 11, |x, y| Rgb(pattern(x, y))));
    for (max_boxes, factor) in [(143, 1), (142, 2), (42, 2), (41, 3), (20, 3), (4, 7), (1, 13)] {
        assert_eq!(read(&plain, max_boxes).unwrap(), means(factor), "{factor}");
        assert_eq!(read(INTERLACED, max_boxes).unwrap(), means(factor), "interlaced, {factor}");
    }
}

#[test]
fn every_kind_of_pixel_is_averaged() {
    let rgba = png(image::RgbaImage::from_fn(13, 11, |x, y| {
        let [red, green, blue] = pattern(x, y);
        Rgba([red, green, blue, 7])
    }));
    assert_eq!(read(&rgba, 41).unwrap(), means(3));
    let deep = png(image::ImageBuffer::from_fn(13, 11, |x, y| Rgb(pattern(x, y).map(|value| u16::from(value) * 257))));
    assert_eq!(read(&deep, 41).unwrap(), means(3));
    let grey = png(image::GrayImage::from_fn(13, 11, |x, y| image::Luma([pattern(x, y)[0]])));
    let expected = means(3);
    assert!(read(&grey, 41).unwrap().pixels().zip(expected.pixels()).all(|(got, wanted)| got.0 == [wanted[0]; 3]));
}

#[test]
fn a_png_cut_off_anywhere_is_refused() {
    let plain = png(RgbImage::from_fn(13, 11, |x, y| Rgb(pattern(x, y))));
    for bytes in [&plain, INTERLACED] {
        for length in 0..bytes.len() - 16 {
            assert!(read(&bytes[..length], 20).is_err(), "{length}");
        }
    }
}
