//! Pictures and other files as people have them: every kind is read, or named with what to do.

use std::io::Cursor;
use std::path::Path;

use image::codecs::gif::GifEncoder;
use image::{Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::tests::{encoded, png_claiming, read, reason};

/// 40 × 24, progressive in ten scans, colours at half size.
const PROGRESSIVE: &[u8] = include_bytes!("test_files/progressive.jpg");

fn noise(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, (x * 11) as u8]))
}

#[test]
fn lossless_formats_are_read_whatever_their_name() {
    let image = noise(13, 7);
    for (format, ending) in [(ImageFormat::Bmp, "bmp"), (ImageFormat::WebP, "webp")] {
        let bytes = encoded(image.clone(), format);
        for (name, misnamed) in [(format!("a.{ending}"), false), ("a.jpg".into(), true), ("a".into(), false)] {
            let picture = read(&bytes, &name).unwrap();
            assert_eq!((&picture.rgb, picture.facts.misnamed), (&image, misnamed), "{name}");
            assert!(!picture.facts.alpha && !picture.facts.reduced);
        }
        for length in (0..bytes.len() - 40).step_by(5) {
            reason(&bytes[..length], "a");
        }
    }
}

#[test]
fn jpegs_are_read_under_every_name_they_have() {
    let bytes = encoded(noise(16, 16), ImageFormat::Jpeg);
    for name in ["a.jfif", "a.JPE", "a.jpeg_large", "a.jpg_large", "a", "a.b.c", "photo?w=640"] {
        assert!(!read(&bytes, name).unwrap().facts.misnamed, "{name}");
    }
}

#[test]
fn a_gif_gives_its_first_frame() {
    let mut bytes = Vec::new();
    let frame = |pixel: [u8; 4]| Frame::new(RgbaImage::from_pixel(9, 5, Rgba(pixel)));
    let frames = [frame([10, 200, 30, 255]), frame([250, 0, 0, 255])];
    GifEncoder::new(Cursor::new(&mut bytes)).encode_frames(frames).unwrap();
    let picture = read(&bytes, "a.gif").unwrap();
    assert_eq!(picture.rgb, RgbImage::from_pixel(9, 5, Rgb([10, 200, 30])));
    assert!(!picture.facts.alpha && !picture.facts.misnamed);
    let holed = RgbaImage::from_fn(9, 5, |x, _| Rgba([10, 200, 30, if x == 3 { 0 } else { 255 }]));
    assert!(read(&encoded(holed, ImageFormat::Gif), "a.gif").unwrap().facts.alpha);
}

#[test]
fn what_is_not_read_is_named_with_what_to_do() {
    let cases: [(&[u8], &str, &str); 11] = [
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            "a.HEIC",
            "is a HEIC picture, which is not read: save it as JPEG or PNG",
        ),
        (
            b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
            "a.jpg",
            "is an AVIF picture, which is not read: save it as JPEG or PNG",
        ),
        (b"II\x2a\0\x08\0\0\0", "a.tif", "is a TIFF, which is not read: save it as JPEG or PNG"),
        (b"<svg/>", "a.png", "is an SVG drawing, which is not read: save it as JPEG or PNG"),
        (b"<!DOCTYPE html>", "a.jpg", "is a web page, not an image: download it again"),
        (b"%PDF-1.4", "a", "is a PDF document, not an image: save pictures of it as JPEG or PNG"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isom", "a.jpg", "is a video, not an image: save pictures of it as JPEG or PNG"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a.png",
            "is a Git LFS pointer, not an image: run `git lfs pull` where it came from",
        ),
        (b"\0\x05\x16\x07\0\x02", "._a.jpg", "is a file of macOS's own, not an image"),
        (b"PK\x03\x04", "a.jpg", "is a zip archive, not an image: unpack it"),
        (b"BMW", "a.txt", "is not an image"),
    ];
    for (bytes, name, expected) in cases {
        assert_eq!(reason(bytes, name), expected);
    }
}

#[test]
fn what_follows_a_jpeg_does_not_matter_and_what_is_missing_does() {
    let film = [b"\0\0\0\x18ftypmp42\0\0\0\0isommp42".as_slice(), &[0xff, 0xda, 0xff, 0xd8, 7].repeat(1000)].concat();
    for image in [encoded(noise(48, 40), ImageFormat::Jpeg), PROGRESSIVE.to_vec()] {
        let pixels = read(&image, "a.jpg").unwrap().rgb;
        let bare = &image[..image.len() - 2];
        for file in [
            [image.as_slice(), film.as_slice()].concat(),
            bare.to_vec(),
            [bare, b"\nImage_UTC_Data\0SEFH".as_slice()].concat(),
        ] {
            assert_eq!(read(&file, "a.MP.jpg").unwrap().rgb, pixels);
        }
        let half = &image[..image.len() * 3 / 4];
        for trailer in [image.as_slice(), PROGRESSIVE, &film, b"<html>404</html>\xff\xd9", b"\xff\xd9"] {
            let reason = reason(&[half, trailer].concat(), "a.jpg");
            assert!(reason.starts_with("is a JPEG that is cut off") || reason.starts_with("is a damaged JPEG: "));
        }
    }
}

#[test]
fn very_large_pngs_are_read_small() {
    let (width, height) = (17_000, 1_500);
    let wide = RgbImage::from_fn(width, height, |x, _| Rgb([if x < width / 2 { 0 } else { 200 }, 100, 50]));
    let picture = read(&encoded(wide, ImageFormat::Png), "a.png").unwrap();
    assert_eq!((picture.facts.width, picture.facts.height, picture.facts.reduced), (width, height, true));
    assert_eq!(picture.rgb.dimensions(), (width / 2, height / 2));
    assert_eq!((picture.rgb[(4249, 9)], picture.rgb[(4250, 9)]), (Rgb([0, 100, 50]), Rgb([200, 100, 50])));
}

#[test]
fn very_large_jpegs_are_read_small_and_the_right_way_up() {
    let (width, height) = (6_400, 4_000);
    let wide = RgbImage::from_fn(width, height, |x, _| Rgb([if x < width / 2 { 10 } else { 200 }, 100, 50]));
    let jpeg = encoded(wide, ImageFormat::Jpeg);
    let exif = b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let app1 = [&[0xff, 0xe1], ((exif.len() + 2) as u16).to_be_bytes().as_slice(), exif].concat();
    let turned = [&jpeg[..2], &app1, &jpeg[2..]].concat();
    let picture = read(&turned, "a.jpg").unwrap();
    assert_eq!((picture.facts.width, picture.facts.height, picture.facts.reduced), (width, height, true));
    assert_eq!(picture.rgb.dimensions(), (500, 800));
    for (y, expected) in [(100, [10, 100, 50]), (700, [200, 100, 50])] {
        let pixel = picture.rgb[(250, y)];
        assert!(pixel.0.iter().zip(expected).all(|(&got, wanted)| got.abs_diff(wanted) <= 3), "{pixel:?}");
    }
}

#[test]
fn beyond_the_limits_there_is_one_clear_line() {
    let too_large =
        |size: &str, most| format!("is too large, {size}: up to {most} megapixels are read, make it smaller");
    assert_eq!(reason(&png_claiming(20_000, 20_000), "a.png"), too_large("20000x20000", 209));
    let mut bmp = encoded(noise(2, 2), ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&6_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&6_000u32.to_le_bytes());
    assert_eq!(reason(&bmp, "a.bmp"), too_large("6000x6000", 25));
    assert!(super::decode(&[], Path::new("a"), true).is_err());
}
