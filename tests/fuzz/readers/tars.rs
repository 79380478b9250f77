//! Tar archives written by hand, so that every field of theirs can lie, alone and packed with gzip; and data sets in them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use l2t_core::data::DataSource;

use super::folders;
use crate::dice::Dice;
use crate::folder::Files;
use crate::reader::Reader;

/// A data set in a tar archive.
pub const DATA: Reader = Reader {
    name: "data-tar",
    about: "a tar archive with a data set, as it is or packed with gzip",
    several: false,
    valid: || {
        let sets = folders::sets();
        sets.iter().map(tar).chain(sets.iter().map(|files| gzipped(&tar(files)))).collect()
    },
    others: Vec::new,
    words: || {
        super::words(&[
            "ustar\0",
            "ustar  \0",
            "././@LongLink",
            "../",
            "train/",
            "0000000",
            "27 path=train/cat/a.jpg\n",
        ])
    },
    grammar: |dice| {
        let files = folders::odd_set(dice);
        let archive = odd_tar(dice, &files);
        if dice.once_in(3) { odd_gzip(dice, &archive) } else { archive }
    },
    read: |input| super::read_data(DataSource::from_bytes("pictures.tar", input.to_vec())),
};

/// One header, with its checksum.
fn header(name: &[u8], size: &[u8], kind: u8, link: &[u8]) -> [u8; 512] {
    let mut header = [0; 512];
    let mut put = |at: usize, bytes: &[u8], most: usize| {
        let bytes = &bytes[..bytes.len().min(most)];
        header[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(0, name, 100);
    put(100, b"0000644\0", 8);
    put(124, size, 12);
    put(148, b"        ", 8);
    put(156, &[kind], 1);
    put(157, link, 100);
    put(257, b"ustar\x0000", 8);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn octal(size: usize) -> Vec<u8> {
    format!("{size:011o}\0").into_bytes()
}

fn padded(contents: &[u8]) -> Vec<u8> {
    let mut padded = contents.to_vec();
    padded.resize(contents.len().next_multiple_of(512), 0);
    padded
}

/// A sound archive.
pub fn tar(files: &Files) -> Vec<u8> {
    let entry = |(name, contents): &(String, Vec<u8>)| {
        [&header(name.as_bytes(), &octal(contents.len()), b'0', b"")[..], &padded(contents)].concat()
    };
    files.iter().flat_map(entry).chain([0; 1024]).collect()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory can be written to");
    encoder.finish().expect("memory can be written to")
}

/// An archive with links, long names and fields that may be wrong.
pub fn odd_tar(dice: &mut Dice, files: &Files) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, contents) in files {
        let (mut named, mut size, mut kind, mut link) =
            (name.clone().into_bytes(), octal(contents.len()), b'0', Vec::new());
        match dice.below(14) {
            0 => kind = dice.any(),
            1 => size = dice.bytes(12),
            2 => size = [&[0x80, 0, 0, 0][..], &dice.edge().to_be_bytes()].concat(),
            3 => named = dice.bytes(100),
            4 => (kind, link) = (b'1' + dice.below(2) as u8, files[dice.below(files.len())].0.clone().into_bytes()),
            5 => (kind, link) = (b'2', dice.bytes(60)),
            6 => {
                // A long name, or what stands in the place of one.
                let long = if dice.once_in(2) { [&b"x/"[..], &named].concat() } else { dice.bytes(700) };
                archive.extend(header(b"././@LongLink", &octal(long.len()), dice.choose(b"LKxgS"), b""));
                archive.extend(padded(&long));
            }
            7 => {
                let record = format!("path={}\n", name);
                let record = format!("{} {record}", record.len() + dice.below(5));
                archive.extend(header(b"pax", &octal(record.len()), dice.choose(b"xg"), b""));
                archive.extend(padded(record.as_bytes()));
            }
            _ => {}
        }
        archive.extend(header(&named, &size, kind, &link));
        archive.extend(padded(contents));
    }
    if !dice.once_in(4) {
        archive.extend([0; 1024]);
    }
    archive
}

/// Packed whole, in two pieces, as a bomb, or with something behind.
fn odd_gzip(dice: &mut Dice, archive: &[u8]) -> Vec<u8> {
    match dice.below(5) {
        0 => {
            let (first, rest) = archive.split_at(dice.below(archive.len() + 1));
            [gzipped(first), gzipped(rest)].concat()
        }
        1 => gzipped(&[archive, &vec![0; 1 << dice.below(22)]].concat()),
        2 => [gzipped(archive), dice.bytes(600)].concat(),
        3 => gzipped(&gzipped(archive)),
        _ => gzipped(archive),
    }
}
