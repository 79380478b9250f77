use image::{DynamicImage, GrayImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};

use super::*;

pub(super) fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(super) fn read(bytes: &[u8], name: &str) -> Result<Picture> {
    decode(bytes, Path::new(name), true)
}

pub(super) fn reason(bytes: &[u8], name: &str) -> String {
    let message = read(bytes, name).expect_err("must be refused").to_string();
    assert!(!message.contains('\n'), "{message}");
    message.strip_prefix(&format!("{name}: ")).expect("the message names the file").to_string()
}

/// An 8 × 8 JPEG with four components, all pixels equal, with or without Adobe's marker (which means: inverted).
fn cmyk_jpeg(stored: [u8; 4], adobe: bool) -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let length = (content.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker], length.as_slice(), content].concat()
    };
    let components = |field: &[u8]| (1..=4).flat_map(|id| [&[id], field].concat()).collect::<Vec<u8>>();
    // The DC step is 8, so that a DC coefficient is the pixel value − 128; twelve DC codes of 4 bits; one AC code, `0`.
    let dc_table: Vec<u8> = [&[0x00, 0, 0, 0, 12][..], &[0; 12], &(0..12).collect::<Vec<u8>>()].concat();
    let ac_table: Vec<u8> = [&[0x10, 1][..], &[0; 15], &[0]].concat();
    let mut bits = String::new();
    for value in stored.map(|value| i32::from(value) - 128) {
        let size = (32 - value.unsigned_abs().leading_zeros()) as usize;
        bits += &format!("{size:04b}");
        if size > 0 {
            let code = if value < 0 { value + (1 << size) - 1 } else { value };
            bits += &format!("{code:0size$b}");
        }
        bits.push('0');
    }
    while !bits.len().is_multiple_of(8) {
        bits.push('1');
    }
    let scan: Vec<u8> =
        (0..bits.len()).step_by(8).map(|at| u8::from_str_radix(&bits[at..at + 8], 2).unwrap()).collect();
    assert!(!scan.contains(&0xff), "would need stuffing");
    let adobe = if adobe { segment(0xee, b"Adobe\x00\x64\x00\x00\x00\x00\x00") } else { Vec::new() };
    [
        vec![0xff, 0xd8],
        adobe,
        segment(0xdb, &[&[0][..], &[8; 64]].concat()),
        segment(0xc0, &[&[8, 0, 8, 0, 8, 4][..], &components(&[0x11, 0])].concat()),
        segment(0xc4, &dc_table),
        segment(0xc4, &ac_table),
        segment(0xda, &[&[4][..], &components(&[0]), &[0, 63, 0]].concat()),
        scan,
        vec![0xff, 0xd9],
    ]
    .concat()
}

#[test]
fn every_kind_of_pixel_becomes_rgb() {
    let plain = Facts {
        width: 3,
        height: 2,
        greyscale: false,
        alpha: false,
        sixteen_bit: false,
        misnamed: false,
        reduced: false,
    };
    let grey = Facts { greyscale: true, ..plain };
    let rgb = ImageBuffer::from_pixel(3, 2, Rgb([10u8, 200, 30]));
    let cases: [(DynamicImage, Facts, [u8; 3]); 7] = [
        (rgb.into(), plain, [10, 200, 30]),
        (ImageBuffer::from_pixel(3, 2, Luma([77u8])).into(), grey, [77; 3]),
        (ImageBuffer::from_pixel(3, 2, LumaA([77u8, 5])).into(), Facts { alpha: true, ..grey }, [77; 3]),
        (ImageBuffer::from_pixel(3, 2, Rgba([1u8, 2, 3, 0])).into(), Facts { alpha: true, ..plain }, [1, 2, 3]),
        // 16 bits: v / 257, rounded.
        (
            ImageBuffer::from_pixel(3, 2, Rgb([65_535u16, 257 * 100, 257 * 7 + 200])).into(),
            Facts { sixteen_bit: true, ..plain },
            [255, 100, 8],
        ),
        (ImageBuffer::from_pixel(3, 2, Luma([257 * 9u16])).into(), Facts { sixteen_bit: true, ..grey }, [9; 3]),
        (
            ImageBuffer::from_pixel(3, 2, Rgba([257u16, 0, 514, 9])).into(),
            Facts { sixteen_bit: true, alpha: true, ..plain },
            [1, 0, 2],
        ),
    ];
    for (image, facts, pixel) in cases {
        let picture = read(&encoded(image, ImageFormat::Png), "a.png").unwrap();
        assert_eq!((picture.facts, picture.rgb), (facts, RgbImage::from_pixel(3, 2, Rgb(pixel))));
    }
}

#[test]
fn jpegs_are_decoded_grey_and_coloured_whatever_their_name() {
    let grey = encoded(GrayImage::from_pixel(5, 9, Luma([128])), ImageFormat::Jpeg);
    let picture = read(&grey, "a.JPEG").unwrap();
    assert_eq!(picture.rgb, RgbImage::from_pixel(5, 9, Rgb([128; 3])));
    assert!(picture.facts.greyscale && !picture.facts.misnamed);
    assert!(read(&grey, "a.png").unwrap().facts.misnamed);
    assert!(!read(&grey, "no_extension").unwrap().facts.misnamed);
    let red = encoded(RgbImage::from_pixel(16, 16, Rgb([200, 20, 20])), ImageFormat::Jpeg);
    let pixel = read(&red, "a.jpg").unwrap().rgb[(7, 7)];
    assert!(pixel.0.iter().zip([200, 20, 20]).all(|(&got, wanted)| got.abs_diff(wanted) <= 3), "{pixel:?}");
}

#[test]
fn cmyk_jpegs_come_out_in_the_right_colours() {
    // Adobe stores the ink inverted: 255 is none. With no black, what is stored is red, green and blue themselves.
    let picture = read(&cmyk_jpeg([200, 100, 50, 255], true), "print.jpg").unwrap();
    assert_eq!(picture.rgb.dimensions(), (8, 8));
    let pixel = picture.rgb[(3, 4)];
    assert!(pixel.0.iter().zip([200, 100, 50]).all(|(&got, wanted)| got.abs_diff(wanted) <= 1), "{pixel:?}");
    // Half of black ink halves them.
    let pixel = read(&cmyk_jpeg([200, 100, 50, 128], true), "print.jpg").unwrap().rgb[(0, 0)];
    assert!(pixel.0.iter().zip([100, 50, 25]).all(|(&got, wanted)| got.abs_diff(wanted) <= 1), "{pixel:?}");
}

#[test]
fn the_orientation_written_by_cameras_is_applied_unless_boxes_rule_it_out() {
    let mut wide = RgbImage::from_pixel(32, 16, Rgb([0; 3]));
    (0..16).for_each(|y| (0..16).for_each(|x| wide.put_pixel(x, y, Rgb([255; 3]))));
    let jpeg = encoded(wide, ImageFormat::Jpeg);
    // TIFF, little-endian: one entry, tag 0x0112 (orientation), one u16, value 6 (turn by 90° clockwise to see it upright).
    let exif = b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let app1 = [&[0xff, 0xe1], ((exif.len() + 2) as u16).to_be_bytes().as_slice(), exif].concat();
    let turned = [&jpeg[..2], &app1, &jpeg[2..]].concat();
    let upright = decode(&turned, Path::new("a.jpg"), true).unwrap();
    assert_eq!((upright.rgb.dimensions(), upright.facts.width, upright.facts.height), ((16, 32), 32, 16));
    assert!(upright.rgb[(8, 4)][0] > 240 && upright.rgb[(8, 28)][0] < 15, "the left end is on top");
    let stored = decode(&turned, Path::new("a.jpg"), false).unwrap();
    assert_eq!(stored.rgb.dimensions(), (32, 16));
}

#[test]
fn what_is_not_an_image_is_refused() {
    assert_eq!(reason(b"", "a.png"), "is empty");
    assert_eq!(reason(b"404 not found", "a.jpg"), "is not an image");
}

#[test]
fn images_cut_off_anywhere_are_refused() {
    let noise = RgbImage::from_fn(24, 40, |x, y| Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, (x * 11) as u8]));
    for (format, name) in [(ImageFormat::Jpeg, "a.jpg"), (ImageFormat::Png, "a.png")] {
        let bytes = encoded(noise.clone(), format);
        assert!(read(&bytes, name).is_ok());
        for length in (0..bytes.len() - 16).step_by(7) {
            reason(&bytes[..length], name);
        }
    }
    let jpeg = encoded(noise, ImageFormat::Jpeg);
    assert_eq!(reason(&jpeg[..jpeg.len() / 2 + 300], "a.jpg"), "is a JPEG that is cut off");
    let trailing = [&jpeg[..], b"written behind the image by a camera"].concat();
    assert!(read(&trailing, "a.jpg").is_ok());
}

#[test]
fn damaged_bytes_never_panic() {
    let noise = RgbImage::from_fn(17, 11, |x, y| Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, (x * 11) as u8]));
    for (format, name) in [(ImageFormat::Jpeg, "a.jpg"), (ImageFormat::Png, "a.png")] {
        let bytes = encoded(noise.clone(), format);
        let mut refused = 0;
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            refused += usize::from(read(&damaged, name).is_err());
        }
        assert!(refused > 20, "{refused} of {}", bytes.len());
    }
}

/// A PNG that claims these dimensions and holds next to nothing.
pub(super) fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(RgbImage::new(1, 1), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = bytes[12..29].iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    bytes[29..33].copy_from_slice(&(!crc).to_be_bytes());
    bytes
}

#[test]
fn absurd_dimensions_are_refused_before_allocating() {
    assert!(read(&png_claiming(1, 1), "a.png").is_ok());
    let too_wide = reason(&png_claiming(65_536, 1), "a.png");
    assert!(too_wide.starts_with("cannot be decoded: "), "{too_wide}");
    let most = "up to 209 megapixels are read, make it smaller";
    assert_eq!(reason(&png_claiming(16_000, 16_000), "a.png"), format!("is too large, 16000x16000: {most}"));
}

#[test]
fn planar_bytes_are_red_then_green_then_blue_row_by_row() {
    let rgb =
        RgbImage::from_fn(3, 2, |x, y| Rgb([(10 * y + x) as u8, (100 + 10 * y + x) as u8, (200 + 10 * y + x) as u8]));
    let planar = [0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112, 200, 201, 202, 210, 211, 212];
    let size = (3, 2);
    assert_eq!(View::stretched(size, size).of(&rgb), planar);
    assert_eq!(from_planar(&planar, 2, 3), rgb);
}

#[test]
fn halving_weighs_as_the_widened_triangle_does() {
    // For a factor of two, pixel i of the result weighs the columns 2i − 1 … 2i + 2 with 1/8, 3/8, 3/8, 1/8; at an
    // edge three columns are left, with 3/7, 3/7, 1/7.
    for (white, expected) in [(0, [96, 0, 0, 0]), (4, [0, 28, 84, 0]), (5, [0, 0, 84, 32])] {
        let column = RgbImage::from_fn(8, 8, |x, _| Rgb([if x == white { 224 } else { 0 }; 3]));
        assert_eq!(planar(&column, 4)[..4], expected);
        let row = RgbImage::from_fn(8, 8, |_, y| Rgb([if y == white { 224 } else { 0 }; 3]));
        assert_eq!(planar(&row, 4)[..16], expected.map(|value| [value; 4]).concat());
    }
}

#[test]
fn conversions_are_counted_in_words() {
    let facts = Facts {
        width: 1,
        height: 1,
        greyscale: true,
        alpha: false,
        sixteen_bit: false,
        misnamed: false,
        reduced: false,
    };
    let mut conversions = Conversions::default();
    assert!(conversions.notes().is_empty());
    conversions.add(&facts);
    conversions.add(&Facts { misnamed: true, ..facts });
    let notes = ["2 greyscale images converted to RGB", "1 image read in spite of the extension of another format"];
    assert_eq!(conversions.notes(), notes);
    assert_eq!([plural(1, "class"), plural(2, "class"), plural(0, "file")], ["class", "classes", "files"]);
}
