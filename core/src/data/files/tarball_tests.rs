use std::io::Cursor;

use tar::{Builder, Header};

use super::*;
use crate::data::files::LIMITS;

/// Writes one entry into an archive.
type Write<'a> = &'a dyn Fn(&mut Builder<Vec<u8>>);

fn archive(entries: &[Write]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    entries.iter().for_each(|write| write(&mut builder));
    builder.into_inner().unwrap()
}

fn header(kind: EntryType, bytes: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes as u64);
    header
}

fn file(name: &str, bytes: &[u8]) -> impl Fn(&mut Builder<Vec<u8>>) {
    move |builder| builder.append_data(&mut header(EntryType::Regular, bytes.len()), name, bytes).unwrap()
}

fn link(kind: EntryType, name: &str, to: &str) -> impl Fn(&mut Builder<Vec<u8>>) {
    move |builder| builder.append_link(&mut header(kind, 0), name, to).unwrap()
}

/// An entry whose name is written as it is, be it allowed or not.
fn raw(name: &[u8], bytes: &[u8]) -> impl Fn(&mut Builder<Vec<u8>>) {
    move |builder| {
        let mut header = header(EntryType::Regular, bytes.len());
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    }
}

fn open(bytes: Vec<u8>) -> Result<(Tarball, Listing), String> {
    Tarball::open(Box::new(Cursor::new(bytes)), LIMITS)
}

fn read(tarball: &Tarball, name: &str) -> Vec<u8> {
    tarball.read(name, 100).unwrap().unwrap()
}

#[test]
fn files_are_read_in_any_order_whatever_their_names_are_long() {
    let long = format!("{}/a.txt", "folder".repeat(40));
    let (tarball, listing) =
        open(archive(&[&file("b.txt", b"twice"), &file(&long, b"long"), &file("b.txt", b"b"), &file("empty", b"")]))
            .unwrap();
    assert_eq!(listing.names, ["b.txt", "empty", &long]);
    assert_eq!(read(&tarball, &long), b"long");
    assert_eq!(read(&tarball, "b.txt"), b"b", "what was added later stands for what it replaces");
    assert_eq!((read(&tarball, "empty"), tarball.start(&long, 2)), (Vec::new(), b"lo".to_vec()));
    assert!(tarball.read("none", 100).is_none() && listing.notes.is_empty());
    let large = tarball.read(&long, 3).unwrap().unwrap_err();
    assert_eq!(large, "is larger than 3 bytes, too large for a file of a data set");
}

#[test]
fn links_lead_to_files_of_the_archive_or_are_counted() {
    let (tarball, listing) = open(archive(&[
        &link(EntryType::Symlink, "cat/1.txt", "../all/1.txt"),
        &file("all/1.txt", b"1"),
        &link(EntryType::Link, "dog/1.txt", "all/1.txt"),
        &link(EntryType::Symlink, "dog/2.txt", "gone.txt"),
        &link(EntryType::Symlink, "dog/3.txt", "/etc/passwd"),
        &link(EntryType::Symlink, "dog/4.txt", "../../1.txt"),
    ]))
    .unwrap();
    assert_eq!(listing.names, ["all/1.txt", "cat/1.txt", "dog/1.txt"]);
    assert_eq!((read(&tarball, "cat/1.txt"), read(&tarball, "dog/1.txt")), (b"1".to_vec(), b"1".to_vec()));
    assert_eq!(listing.notes, ["left out 3 things in the archive, such as links to nowhere, without contents"]);
}

#[test]
fn old_names_and_old_headers_are_read() {
    let mut old = archive(&[&raw(b"caf\xe9/1.txt", b"1")]);
    old[257..265].fill(0);
    let sum: u32 = old[..512]
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    old[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert_eq!(crate::data::sniff::sniff(&old), Some(crate::data::kind::Kind::Tar));
    assert_eq!(open(old).unwrap().1.names, ["café/1.txt"]);
}

#[test]
fn damaged_and_hostile_archives_are_refused_in_words() {
    let sound = archive(&[&file("a.txt", &[7; 600])]);
    assert_eq!(open(sound[..1024].to_vec()).map(drop).unwrap_err(), "is cut off within a.txt");
    let mut damaged = sound;
    damaged[3] ^= 1;
    let refused = open(damaged).map(drop).unwrap_err();
    assert!(refused.starts_with("is not a readable tar archive: "), "{refused}");
    for name in [&b"../evil.png"[..], b"/etc/passwd", b"a/../../b"] {
        let refused = open(archive(&[&raw(name, b"1")])).map(drop).unwrap_err();
        assert!(refused.ends_with("a name that leads out of the archive"), "{refused}");
    }
    let few = Limits { entries: 1, ..LIMITS };
    let two = Box::new(Cursor::new(archive(&[&file("a", b""), &file("b", b"")])));
    assert_eq!(Tarball::open(two, few).map(drop).unwrap_err(), "holds more than 1 files");
}
