//! Zip archives written by hand, so that every field of theirs can lie; and data sets in them.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use l2t_core::data::DataSource;

use super::folders;
use crate::dice::Dice;
use crate::folder::Files;
use crate::mutate::{self, Material};
use crate::reader::Reader;

/// A data set in a zip.
pub const DATA: Reader = Reader {
    name: "data-zip",
    about: "a zip archive with a data set",
    several: false,
    valid: || {
        let sets = folders::sets();
        sets.iter().map(zip).collect()
    },
    others: Vec::new,
    words: || {
        super::words(&[
            "PK\u{1}\u{2}",
            "PK\u{3}\u{4}",
            "PK\u{5}\u{6}",
            "PK\u{6}\u{6}",
            "PK\u{6}\u{7}",
            "../",
            "/",
            "train/",
        ])
    },
    grammar: |dice| {
        let files = folders::odd_set(dice);
        odd_zip(dice, &files)
    },
    read: |input| super::read_data(DataSource::from_bytes("pictures.zip", input.to_vec())),
};

/// What stands in the headers of an entry.
#[derive(Clone, Default)]
struct Header {
    version: u16,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    unpacked: u32,
    name: Vec<u8>,
    extra: Vec<u8>,
    offset: u32,
}

impl Header {
    /// Fields that both headers have in common.
    fn common(&self) -> Vec<u8> {
        let mut bytes = [self.version, self.flags, self.method, 0, 0x21].map(u16::to_le_bytes).concat();
        bytes.extend([self.crc, self.packed, self.unpacked].map(u32::to_le_bytes).concat());
        bytes.extend([self.name.len() as u16, self.extra.len() as u16].map(u16::to_le_bytes).concat());
        bytes
    }

    fn local(&self) -> Vec<u8> {
        [b"PK\x03\x04", &self.common()[..], &self.name, &self.extra].concat()
    }

    fn central(&self) -> Vec<u8> {
        let rest = [&[0; 10], &self.offset.to_le_bytes()[..]].concat();
        [b"PK\x01\x02\x14\x00", &self.common()[..], &rest, &self.name, &self.extra].concat()
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory can be written to");
    encoder.finish().expect("memory can be written to")
}

/// A sound archive, nothing compressed.
pub fn zip(files: &Files) -> Vec<u8> {
    assemble(files, |_, _, _| {}, |_| {})
}

/// An archive whose entries may be compressed, and whose fields may be wrong.
pub fn odd_zip(dice: &mut Dice, files: &Files) -> Vec<u8> {
    // Most archives have one lie or none, so that it is met behind what is checked first.
    let liar = if dice.once_in(3) { usize::MAX } else { dice.below(files.len() + 2) };
    let dice = std::cell::RefCell::new(dice);
    let mut archive = assemble(
        files,
        |nth, header, contents| {
            let dice = &mut **dice.borrow_mut();
            if dice.once_in(3) {
                *contents = deflated(contents);
                header.method = 8;
                header.packed = contents.len() as u32;
            }
            if nth == liar {
                (0..=dice.few(3)).for_each(|_| lie(dice, header, contents));
            }
        },
        |end| {
            if liar == files.len() {
                let dice = &mut **dice.borrow_mut();
                let at = 4 + dice.below(18);
                end[at] = dice.any();
            }
        },
    );
    let dice = dice.into_inner();
    if liar == files.len() + 1 {
        match dice.below(3) {
            0 => archive = [dice.bytes(80), archive].concat(),
            1 => archive.extend(dice.bytes(80)),
            _ => archive = [archive.clone(), archive].concat(),
        }
    }
    archive
}

fn lie(dice: &mut Dice, header: &mut Header, contents: &mut Vec<u8>) {
    match dice.below(11) {
        0 => header.method = dice.choose(&[1, 6, 8, 9, 12, 14, 93, 95, 98, 99, 0xffff]),
        1 => header.flags = dice.any(),
        2 => header.crc = dice.any(),
        3 => header.packed = dice.edge() as u32,
        4 => header.unpacked = dice.edge() as u32,
        5 => header.offset = dice.edge() as u32,
        6 => header.name = dice.bytes(40),
        7 => {
            // A zip64 record, with numbers that may be anything.
            let numbers: Vec<u8> = (0..dice.below(4)).flat_map(|_| dice.edge().to_le_bytes()).collect();
            header.extra = [&[1, 0], &(numbers.len() as u16).to_le_bytes()[..], &numbers].concat();
            if dice.once_in(2) {
                (header.unpacked, header.packed) = (u32::MAX, u32::MAX);
            }
        }
        8 => header.extra = dice.bytes(40),
        9 => header.name = [b"../", &header.name[..]].concat(),
        _ => {
            // A bomb: zeros pack to a thousandth.
            let zeros = vec![0; 1 << dice.below(21)];
            *contents = deflated(&zeros);
            (header.method, header.crc) = (8, crc(&zeros));
            (header.packed, header.unpacked) = (contents.len() as u32, zeros.len() as u32);
        }
    }
}

fn assemble(
    files: &Files,
    change: impl Fn(usize, &mut Header, &mut Vec<u8>),
    change_end: impl Fn(&mut Vec<u8>),
) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (nth, (name, contents)) in files.iter().enumerate() {
        let mut header = Header {
            version: 20,
            flags: 1 << 11,
            crc: crc(contents),
            packed: contents.len() as u32,
            unpacked: contents.len() as u32,
            name: name.clone().into_bytes(),
            offset: archive.len() as u32,
            ..Header::default()
        };
        let mut stored = contents.clone();
        change(nth, &mut header, &mut stored);
        archive.extend(header.local());
        archive.extend(stored);
        directory.extend(header.central());
    }
    let count = (files.len() as u16).to_le_bytes();
    let mut end = [b"PK\x05\x06\0\0\0\0", &count[..], &count].concat();
    end.extend([directory.len() as u32, archive.len() as u32].map(u32::to_le_bytes).concat());
    end.extend([0, 0]);
    change_end(&mut end);
    [archive, directory, end].concat()
}

/// Changes the contents of files at times, before they are packed with their right checksums.
pub fn changed(dice: &mut Dice, mut files: Files) -> Files {
    if !files.is_empty() && dice.once_in(2) {
        let nth = dice.below(files.len());
        let contents = std::mem::take(&mut files[nth].1);
        let corpus = [contents.clone()];
        files[nth].1 = mutate::bytes(dice, contents, &Material { corpus: &corpus, words: &[] });
    }
    files
}
