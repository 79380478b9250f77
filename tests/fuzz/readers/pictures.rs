//! Single images: segments and chunks put together anew, with right checksums, and formats behind each other.

use l2t_core::data::DataSource;

use crate::dice::Dice;
use crate::folder::files;
use crate::mutate::{self, Material};
use crate::reader::Reader;

/// One image among others.
pub const READER: Reader = Reader {
    name: "image",
    about: "one image: JPEG, PNG and what else is recognised",
    several: false,
    valid: || JPEGS.iter().chain(&PNGS).map(|image| image.to_vec()).collect(),
    others: || OTHERS.iter().map(|image| image.to_vec()).collect(),
    words: || {
        let mut words = super::words(&[
            "JFIF\0",
            "Exif\0\0",
            "MM\0*\0\0\0\u{8}",
            "II*\0",
            "Adobe",
            "IHDR",
            "IDAT",
            "IEND",
            "PLTE",
            "tRNS",
            "acTL",
        ]);
        words.extend(
            [0xc0, 0xc2, 0xc4, 0xd0, 0xd8, 0xd9, 0xda, 0xdb, 0xdd, 0xe1, 0xee, 0xfe].map(|marker| vec![0xff, marker]),
        );
        words
    },
    grammar: |dice| match dice.below(6) {
        0..3 => jpeg(dice),
        3..5 => png(dice),
        _ => behind_each_other(dice),
    },
    read: |input| {
        let pictures = files([("a/one.jpg", input.to_vec()), ("b/two.png", PNGS[0].to_vec())]);
        super::read_data(DataSource::from_files(pictures))
    },
};

/// Small drawings of 19 × 13 pixels and less: baseline, progressive, grey, CMYK, turned with restart markers.
pub const JPEGS: [&[u8]; 5] = [
    include_bytes!("../corpus/baseline.jpg"),
    include_bytes!("../corpus/progressive.jpg"),
    include_bytes!("../corpus/grey.jpg"),
    include_bytes!("../corpus/cmyk.jpg"),
    include_bytes!("../corpus/exif.jpg"),
];

/// RGB, one bit, a palette with transparency, 16 bits, alpha.
pub const PNGS: [&[u8]; 5] = [
    include_bytes!("../corpus/rgb.png"),
    include_bytes!("../corpus/bits.png"),
    include_bytes!("../corpus/palette.png"),
    include_bytes!("../corpus/grey16.png"),
    include_bytes!("../corpus/alpha.png"),
];

const OTHERS: [&[u8]; 7] = [
    include_bytes!("../corpus/still.gif"),
    include_bytes!("../corpus/rgb.bmp"),
    include_bytes!("../corpus/palette.bmp"),
    include_bytes!("../corpus/lossy.webp"),
    include_bytes!("../corpus/lossless.webp"),
    include_bytes!("../corpus/rgb.tif"),
    include_bytes!("../corpus/lzw.tif"),
];

/// Any image that is sound.
pub fn sound(dice: &mut Dice) -> Vec<u8> {
    match dice.below(3) {
        0 => dice.choose(&OTHERS).to_vec(),
        1 => dice.choose(&JPEGS).to_vec(),
        _ => dice.choose(&PNGS).to_vec(),
    }
}

/// Images, or what is no image, one behind the other, as phones write films behind photographs.
fn behind_each_other(dice: &mut Dice) -> Vec<u8> {
    let mut all = sound(dice);
    if dice.once_in(3) {
        all.truncate(dice.below(all.len()));
    }
    for _ in 0..=dice.below(3) {
        all.extend(if dice.once_in(4) { dice.bytes(60) } else { sound(dice) });
    }
    all
}

/// Segments of a JPEG, each from its marker on; the last is the scan with all behind it.
fn segments(jpeg: &[u8]) -> Vec<Vec<u8>> {
    let (mut segments, mut at) = (vec![jpeg[..2].to_vec()], 2);
    while at + 4 <= jpeg.len() {
        let length = 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        let end = (at + length).min(jpeg.len());
        if jpeg[at + 1] == 0xda {
            let next = (end..jpeg.len() - 1).find(|at| jpeg[*at] == 0xff && !matches!(jpeg[at + 1], 0 | 0xd0..=0xd7));
            let next = next.unwrap_or(jpeg.len());
            segments.push(jpeg[at..next].to_vec());
            at = next;
        } else {
            segments.push(jpeg[at..end].to_vec());
            at = end;
        }
    }
    segments.push(jpeg[at.min(jpeg.len())..].to_vec());
    segments
}

fn jpeg(dice: &mut Dice) -> Vec<u8> {
    let mut parts = segments(dice.choose(&JPEGS));
    for _ in 0..=dice.few(6) {
        let (nth, to) = (dice.below(parts.len()), dice.below(parts.len()));
        match dice.below(8) {
            0 => parts.swap(nth, to),
            1 => parts.insert(to, parts[nth].clone()),
            2 if parts.len() > 1 => drop(parts.remove(nth)),
            3 => {
                let other = segments(dice.choose(&JPEGS));
                parts.insert(to, dice.choose(&other));
            }
            4 => parts.insert(to, unknown_segment(dice)),
            5 => sides(dice, &mut parts),
            _ => parts[nth] = small_change(dice, &parts[nth]),
        }
    }
    parts.concat()
}

/// Other sides, sampling factors or numbers of components where a frame begins.
fn sides(dice: &mut Dice, parts: &mut [Vec<u8>]) {
    for part in parts.iter_mut().filter(|part| part.len() > 10 && part[0] == 0xff && (0xc0..=0xc2).contains(&part[1])) {
        let width = dice.choose(&[0u16, 1, 2, 255, 4000, 16_384, 16_385, 65_500, 65_535]);
        let at = dice.choose(&[5, 7]);
        part[at..at + 2].copy_from_slice(&width.to_be_bytes());
        if dice.once_in(4) {
            let at = 9 + dice.below(part.len() - 9);
            part[at] = dice.any();
        }
    }
}

/// A comment or application segment, at times one with a small image or an orientation in it.
fn unknown_segment(dice: &mut Dice) -> Vec<u8> {
    let inside = match dice.below(4) {
        0 => sound(dice),
        1 => {
            let tiff =
                [&b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[dice.below(11) as u8, 0, 0, 0], &[0; 4]]
                    .concat();
            [&b"Exif\0\0"[..], &tiff].concat()
        }
        2 => dice.bytes(200),
        _ => vec![0xff; dice.below(300)],
    };
    let marker = dice.choose(&[0xe0, 0xe1, 0xe2, 0xee, 0xfe, 0xdd, 0xc4, 0xdb]);
    let length = if dice.once_in(8) { dice.any() } else { inside.len() as u16 + 2 };
    [&[0xff, marker], &length.to_be_bytes()[..], &inside].concat()
}

fn small_change(dice: &mut Dice, part: &[u8]) -> Vec<u8> {
    let corpus = [part.to_vec()];
    mutate::bytes(dice, part.to_vec(), &Material { corpus: &corpus, words: &[] })
}

/// Kind and contents of the chunks of a PNG.
fn chunks(png: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut chunks, mut rest) = (Vec::new(), &png[8..]);
    while rest.len() >= 12 {
        let length = u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
        chunks.push((rest[4..8].to_vec(), rest[8..8 + length].to_vec()));
        rest = &rest[12 + length..];
    }
    chunks
}

fn png(dice: &mut Dice) -> Vec<u8> {
    let mut parts = chunks(dice.choose(&PNGS));
    for _ in 0..=dice.few(6) {
        let (nth, to) = (dice.below(parts.len()), dice.below(parts.len()));
        match dice.below(7) {
            0 => parts.swap(nth, to),
            1 => parts.insert(to, parts[nth].clone()),
            2 if parts.len() > 1 => drop(parts.remove(nth)),
            3 => {
                let kind =
                    dice.choose(&[b"acTL", b"fcTL", b"fdAT", b"eXIf", b"iCCP", b"zTXt", b"tRNS", b"PLTE"]).to_vec();
                parts.insert(to, (kind, dice.bytes(60)));
            }
            4 => header(dice, &mut parts),
            _ => parts[nth].1 = small_change(dice, &parts[nth].1),
        }
    }
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, contents) in parts {
        let mut crc = flate2::Crc::new();
        crc.update(&kind);
        crc.update(&contents);
        bytes.extend((contents.len() as u32).to_be_bytes());
        bytes.extend([kind, contents].concat());
        bytes.extend(crc.sum().to_be_bytes());
    }
    bytes
}

/// Other sides, depth, kind of colour or interlacing.
fn header(dice: &mut Dice, parts: &mut [(Vec<u8>, Vec<u8>)]) {
    for (_, contents) in parts.iter_mut().filter(|(kind, contents)| kind == b"IHDR" && contents.len() == 13) {
        match dice.below(3) {
            0 => {
                let at = dice.choose(&[0, 4]);
                let side = dice.choose(&[0, 1, 2, 300, 9000, 16_384, 16_385, 1 << 20, u32::MAX]);
                contents[at..at + 4].copy_from_slice(&side.to_be_bytes());
            }
            1 => {
                contents[8..10].copy_from_slice(&[dice.choose(&[1, 2, 4, 8, 16, 3]), dice.choose(&[0, 2, 3, 4, 6, 1])]);
            }
            _ => contents[12] ^= 1,
        }
    }
}
