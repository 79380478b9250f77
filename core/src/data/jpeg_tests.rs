use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Rgb, RgbImage};

use super::*;

/// 40 × 24, progressive in ten scans, colours at half size.
const PROGRESSIVE: &[u8] = include_bytes!("test_files/progressive.jpg");

/// 40 × 24, a restart marker behind every MCU, colours at half size.
const RESTARTS: &[u8] = include_bytes!("test_files/restarts.jpg");

/// A JPEG of one scan with much detail.
fn noisy(width: u32, height: u32, quality: u8) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, (x * 11) as u8]));
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&image).unwrap();
    bytes
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&[0xff, marker], length.as_slice(), content].concat()
}

/// Where the entropy-coded data of the first scan begin.
fn data_start(jpeg: &[u8]) -> usize {
    let header = jpeg.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    header + 2 + usize::from(u16::from_be_bytes([jpeg[header + 2], jpeg[header + 3]]))
}

fn fault(jpeg: &[u8]) -> Option<Fault> {
    walk(jpeg, false).err()
}

#[test]
fn whole_images_are_whole_and_end_at_their_end_marker() {
    let mut images = vec![PROGRESSIVE.to_vec(), RESTARTS.to_vec()];
    for (width, height) in [(1, 1), (8, 8), (9, 7), (17, 33), (100, 75)] {
        images.extend([20, 75, 100].map(|quality| noisy(width, height, quality)));
    }
    for image in &images {
        assert_eq!(walk(image, false).unwrap().bytes, *image);
        let trailers: [&[u8]; 6] = [
            b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
            b"MotionPhoto_Data\xff\xda\xff\xd8\xff\xc4\0\x02\xff",
            &images[0],
            PROGRESSIVE,
            b"\xff\xd9",
            b"\0",
        ];
        for trailer in trailers {
            let file = [image.as_slice(), trailer].concat();
            assert_eq!(walk(&file, false).unwrap().bytes, *image, "{}", trailer.escape_ascii());
        }
    }
}

#[test]
fn an_image_without_its_end_marker_is_whole_if_its_blocks_are() {
    for image in [noisy(33, 20, 75), noisy(64, 64, 100), RESTARTS.to_vec(), PROGRESSIVE.to_vec()] {
        let bare = &image[..image.len() - 2];
        for trailer in [&b""[..], b"\nImage_UTC_Data1527140000000\0\0SEFHk", b"\xff", &noisy(8, 8, 50)] {
            let file = [bare, trailer].concat();
            let whole = walk(&file, false).unwrap_or_else(|fault| panic!("{fault:?}"));
            assert!(whole.bytes.starts_with(bare) && whole.bytes.ends_with(&[0xff, 0xd9]));
        }
    }
}

#[test]
fn an_image_cut_anywhere_is_cut_off_whatever_follows() {
    let other = noisy(16, 16, 60);
    for image in [noisy(33, 20, 75), RESTARTS.to_vec(), PROGRESSIVE.to_vec()] {
        for length in 2..image.len() - 2 {
            assert!(matches!(fault(&image[..length]), Some(Fault::CutOff)), "{length}");
        }
        for length in data_start(&image)..image.len() - 3 {
            let refused = |trailer: &[u8]| fault(&[&image[..length], trailer].concat()).is_some();
            assert!(refused(&other), "{length} of {}, then another JPEG", image.len());
        }
        let half = image.len() - 20;
        for trailer in [&b"<html>\xff\xd9"[..], b"\xff\xd9", b"\xff\xd8\xff\xd9"] {
            assert!(fault(&[&image[..half], trailer].concat()).is_some(), "{}", trailer.escape_ascii());
        }
    }
}

#[test]
fn a_thumbnail_among_the_notes_does_not_stand_for_the_image() {
    let (image, thumbnail) = (noisy(64, 48, 80), noisy(16, 12, 50));
    let notes = segment(0xe1, &[b"Exif\0\0", thumbnail.as_slice()].concat());
    let file = [&image[..2], &notes, &image[2..]].concat();
    assert_eq!(walk(&file, false).unwrap().bytes, file);
    assert_eq!(dimensions(&file), Ok((64, 48)));
    for length in [notes.len() + 2, notes.len() + 40, notes.len() + data_start(&image), file.len() - 20] {
        assert_eq!(fault(&file[..length]), Some(Fault::CutOff), "{length}");
    }
}

#[test]
fn an_eighth_holds_the_means_of_the_blocks() {
    let smooth = RgbImage::from_fn(64, 40, |x, y| Rgb([(3 * x + y) as u8, (250 - 5 * y) as u8, (2 * x) as u8]));
    let mut baseline = Vec::new();
    JpegEncoder::new_with_quality(&mut baseline, 90).encode_image(&smooth).unwrap();
    // The mean over `side` × `side` pixels at `left`, `top`.
    let mean = |image: &RgbImage, side: u32, (left, top): (u32, u32)| {
        let pixels = (0..side * side).map(|at| image[(left * side + at % side, top * side + at / side)]);
        let sums = pixels.fold([0.0; 3], |sums, pixel| [0, 1, 2].map(|at| sums[at] + f64::from(pixel[at])));
        sums.map(|sum| sum / f64::from(side * side))
    };
    // Where colours are at half size, the smallest thing that has a colour is an MCU of 16 × 16.
    for (image, side, tolerance) in [(&baseline[..], 1, 1.0), (RESTARTS, 2, 6.0), (PROGRESSIVE, 2, 6.0)] {
        let whole = image::load_from_memory_with_format(image, ImageFormat::Jpeg).unwrap().into_rgb8();
        let eighth = walk(image, true).unwrap().eighth().unwrap();
        assert_eq!((eighth.width() * 8, eighth.height() * 8), whole.dimensions());
        for (x, y) in (0..eighth.height() / side).flat_map(|y| (0..eighth.width() / side).map(move |x| (x, y))) {
            let (got, wanted) = (mean(&eighth, side, (x, y)), mean(&whole, 8 * side, (x, y)));
            let close = got.iter().zip(wanted).all(|(got, wanted)| (got - wanted).abs() <= tolerance);
            assert!(close, "{got:?}, not {wanted:?}, at {x}, {y}");
        }
    }
}

/// A greyscale JPEG whose blocks all have the mean of the first: zeros code "as before" and "nothing more".
fn flat(width: u16, height: u16, data: &[u8]) -> Vec<u8> {
    let codes: Vec<u8> = [&[0x00, 0, 0, 0, 12][..], &[0; 12], &(0..12).collect::<Vec<u8>>()].concat();
    let nothing: Vec<u8> = [&[0x10, 1][..], &[0; 15], &[0]].concat();
    let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
    [
        vec![0xff, 0xd8],
        segment(0xdb, &[&[0][..], &[8; 64]].concat()),
        segment(0xc0, &[&[8][..], &size, &[1, 1, 0x11, 0]].concat()),
        segment(0xc4, &codes),
        segment(0xc4, &nothing),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        data.to_vec(),
        vec![0xff, 0xd9],
    ]
    .concat()
}

#[test]
fn a_hundred_megapixels_take_their_eighth_and_no_more() {
    // 1,500 × 1,125 blocks of five bits; the first has size 6 and value 50 in front of its "nothing more".
    let mut data = vec![0u8; (1500 * 1125 * 5 + 6_usize).div_ceil(8)];
    data[..2].copy_from_slice(&[0b0110_1100, 0b1000_0000]);
    let file = flat(12_000, 9_000, &data);
    assert_eq!(dimensions(&file), Ok((12_000, 9_000)));
    let eighth = walk(&file, true).unwrap().eighth().unwrap();
    assert_eq!(eighth, RgbImage::from_pixel(1500, 1125, Rgb([178; 3])));
    assert_eq!(fault(&flat(12_000, 9_000, &data[..data.len() - 1])), Some(Fault::CutOff));
}

#[test]
fn claims_without_data_cost_nothing() {
    assert_eq!(fault(&flat(65_535, 65_535, &[])), Some(Fault::CutOff));
    assert!(matches!(fault(&flat(0, 9, &[])), Some(Fault::Damaged(_))));
    // Scan headers alone: each would go over a million blocks that one code declares empty.
    let scan = segment(0xda, &[1, 1, 0, 1, 63, 0]);
    let start = flat(8_000, 8_000, &[]);
    let start = &start[..data_start(&start) - scan.len()];
    let many = [start, &scan.repeat(200)].concat();
    let many: Vec<u8> = many.iter().enumerate().map(|(at, &byte)| if at == 73 { 0xc2 } else { byte }).collect();
    assert!(fault(&many).is_some());
}

#[test]
fn variants_that_are_not_read_are_named() {
    let with_marker = |marker: u8| [&[0xff, 0xd8][..], &segment(marker, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0])].concat();
    assert_eq!(fault(&with_marker(0xc3)), Some(Fault::Unread("of the lossless kind")));
    assert_eq!(fault(&with_marker(0xc9)), Some(Fault::Unread("with arithmetic coding")));
    let twelve_bits = [&[0xff, 0xd8][..], &segment(0xc1, &[12, 0, 8, 0, 8, 1, 1, 0x11, 0])].concat();
    assert_eq!(dimensions(&twelve_bits), Err(Fault::Unread("of more than 8 bits")));
}

#[test]
fn damaged_bytes_end_in_a_fault_or_a_picture() {
    for image in [noisy(17, 11, 75), RESTARTS.to_vec(), PROGRESSIVE.to_vec()] {
        for at in 2..image.len() {
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut damaged = image.clone();
                damaged[at] ^= flip;
                if let Ok(jpeg) = walk(&damaged, true) {
                    // Sizes may have become anything up to 65,535.
                    assert!(jpeg.frame.components.iter().all(|component| component.means.len() < 1 << 23));
                }
            }
        }
    }
}
