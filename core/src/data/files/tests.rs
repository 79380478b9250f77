use std::fs;
use std::io::{Cursor, Write};

use zip::write::{SimpleFileOptions, ZipWriter};

use super::names::safe_name;
use super::*;

fn open(path: &Path) -> Result<Files> {
    Files::open(path, &Stop::default())
}

/// A zip archive of these files; a name that ends in `/` is a folder.
fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        if name.ends_with('/') {
            writer.add_directory(*name, SimpleFileOptions::default()).unwrap();
        } else {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// A tar archive of these files, likewise.
fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_entry_type(if name.ends_with('/') { tar::EntryType::Directory } else { tar::EntryType::Regular });
        writer.append_data(&mut header, name, *bytes).unwrap();
    }
    writer.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

const FILES: [(&str, &[u8]); 7] = [
    ("top/b/two.txt", b"\xef\xbb\xbftwo\r\n\r\n  lines \n"),
    ("top/b/deep/er.txt", b"3"),
    ("top/a.txt", b"1"),
    ("top/.DS_Store", b"junk"),
    ("__MACOSX/top/._a.txt", b"junk"),
    ("top/@eaDir/a.txt/thumb.txt", b"junk"),
    ("top/empty/", b""),
];

fn from_zip_with(limits: Limits, bytes: Vec<u8>) -> Result<Files> {
    let packed = bytes.len() as u64;
    Files::from_zip(Path::new("some.zip"), Box::new(Cursor::new(bytes)), packed, limits)
}

fn message(result: Result<Files>) -> String {
    result.err().expect("must be refused").to_string()
}

#[test]
fn a_folder_and_its_zip_show_the_same_names_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in FILES {
        let path = folder.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    let zipped = folder.path().join("all.zip");
    fs::write(&zipped, zip_of(&FILES)).unwrap();

    let packed = gzipped(&tar_of(&FILES));
    fs::write(folder.path().join("all.tgz"), &packed).unwrap();
    for files in [
        open(&folder.path().join("top")).unwrap(),
        open(&zipped).unwrap().enter("top"),
        Files::from_bytes("all.zip", zip_of(&FILES)).unwrap().enter("top"),
        Files::from_bytes("all.tar", tar_of(&FILES)).unwrap().enter("top"),
        open(&folder.path().join("all.tgz")).unwrap().enter("top"),
        Files::from_bytes("all, as a browser renames it.gz.txt", packed).unwrap().enter("top"),
    ] {
        assert_eq!(files.notes(), ["left out what a system left behind: `@eaDir`"]);
        assert_eq!(files.below(""), ["a.txt", "b/deep/er.txt", "b/two.txt"]);
        assert_eq!(files.below("b"), ["b/deep/er.txt", "b/two.txt"]);
        assert_eq!(files.files_in("b").collect::<Vec<_>>(), ["two.txt"]);
        assert_eq!(files.folders_in("").collect::<Vec<_>>(), ["b", "empty"]);
        assert_eq!(files.folders_in("b").collect::<Vec<_>>(), ["deep"]);
        assert_eq!((files.has("a.txt"), files.has("b"), files.has("top/a.txt")), (true, false, false));
        assert_eq!(files.read("b/deep/er.txt").unwrap(), b"3");
        assert_eq!((files.start("b/deep/er.txt"), files.start("b/none.txt")), (b"3".to_vec(), Vec::new()));
        assert_eq!(files.lines("b/two.txt").unwrap(), ["two", "lines"]);
        let missing = files.read("b/none.txt").unwrap_err();
        assert_eq!(missing, Error::file(files.path_of("b/none.txt"), "no such file or folder"));
    }
}

#[test]
fn messages_name_the_file_inside_the_archive() {
    let files = Files::from_bytes("all.zip", zip_of(&FILES)).unwrap().enter("top");
    assert_eq!(files.path_of("a.txt"), Path::new("all.zip/top/a.txt"));
    let single = Files::from_bytes("x.bin", vec![1, 2]).unwrap();
    assert_eq!((single.path_of("x.bin"), single.read("x.bin").unwrap()), (PathBuf::from("x.bin"), vec![1, 2]));
}

#[test]
fn names_in_memory_have_no_empty_parts() {
    let names = ["/a/1.txt", "b//2.txt", "./3.txt", ""];
    let files = Files::from_memory(Path::new("top"), names.map(|name| (name.into(), name.into())).to_vec());
    assert_eq!(files.below(""), ["", "3.txt", "a/1.txt", "b/2.txt"]);
    assert_eq!(
        (files.folders_in("").collect::<Vec<_>>(), files.read("a/1.txt").unwrap()),
        (vec!["a", "b"], b"/a/1.txt".to_vec())
    );
}

#[test]
fn a_single_file_keeps_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.bin");
    fs::write(&path, b"bytes").unwrap();
    let files = open(&path).unwrap();
    assert_eq!((files.path_of("data.bin"), files.read("data.bin").unwrap()), (path, b"bytes".to_vec()));
}

#[test]
fn what_is_packed_alone_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data_batch_1.bin.gz");
    fs::write(&path, gzipped(b"bytes")).unwrap();
    let files = open(&path).unwrap();
    assert_eq!(
        (files.below(""), files.read("data_batch_1.bin")),
        (&["data_batch_1.bin".into()][..], Ok(b"bytes".to_vec()))
    );
}

#[test]
fn missing_and_foreign_inputs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing");
    assert_eq!(message(open(&path)), format!("{}: no such file or folder", path.display()));
    for (start, what) in [
        (&b"7z\xbc\xaf\x27\x1c"[..], "a 7z archive"),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
        (b"BZh91AY", "a bzip2 archive"),
        (b"\xfd7zXZ\0", "an xz archive"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    ] {
        let refused = message(Files::from_bytes("pets.jpg", start.to_vec()));
        assert_eq!(refused, format!("pets.jpg: is {what}, which is not read: unpack it first and give its folder"));
    }
    let gzip = message(Files::from_bytes("cifar.tar.gz", vec![0x1f, 0x8b, 8, 0]));
    assert_eq!(gzip, "cifar.tar.gz: is cut off");
    #[cfg(unix)]
    assert_eq!(message(open(Path::new("/dev/null"))), "/dev/null: is neither a file nor a folder");
    let cut = zip_of(&FILES)[..60].to_vec();
    let cut = message(Files::from_bytes("cut.zip", cut));
    assert_eq!(cut, "cut.zip: not a readable zip archive: it is cut off: download or copy it again");
    fs::write(folder.path().join("not_text"), [0xff, 0xfe, 0x00]).unwrap();
    let error = open(folder.path()).unwrap().lines("not_text").unwrap_err();
    assert_eq!(error, Error::file(folder.path().join("not_text"), "is not UTF-8 text"));
}

#[test]
fn names_that_lead_out_of_an_archive_are_refused() {
    for name in ["/etc/passwd", "a/../../b.png", "..\\b.png", "C:/b.png", "\\\\server\\b.png"] {
        assert_eq!(safe_name(name), None, "{name}");
    }
    assert_eq!(safe_name("./a//b\\c.png").as_deref(), Some("a/b/c.png"));
    assert_eq!(safe_name("a..b/...").as_deref(), Some("a..b/..."));
    // The writer refuses such names too, so one of the same length is patched in.
    let mut bytes = zip_of(&[("xx/evil.png", b"1")]);
    let places: Vec<_> = (0..bytes.len() - 3).filter(|&at| bytes[at..].starts_with(b"xx/evil")).collect();
    assert_eq!(places.len(), 2, "local and central header");
    for at in places {
        bytes[at..at + 2].copy_from_slice(b"..");
    }
    let refused = message(Files::from_bytes("evil.zip", bytes));
    assert_eq!(refused, "evil.zip: holds \"../evil.png\", a name that leads out of the archive");
}

#[test]
fn archives_beyond_the_limits_are_refused() {
    let few = Limits { entries: 2, ..LIMITS };
    assert_eq!(message(from_zip_with(few, zip_of(&FILES))), "some.zip: holds more than 2 files");
    let small = Limits { total_bytes: 29, ..LIMITS };
    let files: [(&str, &[u8]); 2] = [("a", &[7; 10]), ("b", &[7; 20])];
    let refused = message(from_zip_with(small, zip_of(&files)));
    assert_eq!(refused, "some.zip: would unpack to 30 bytes, more than 29 are refused");
    assert!(from_zip_with(Limits { total_bytes: 30, ..LIMITS }, zip_of(&files)).is_ok());
}

#[test]
fn a_zip_bomb_is_refused_and_a_well_packed_drawing_is_not() {
    let zeros = vec![0; 1 << 20];
    let bomb = zip_of(&[("zeros.png", &zeros)]);
    let packed = bomb.len();
    assert!(packed < zeros.len() / 100);
    let strict = Limits { ratio_free_bytes: 1 << 19, ..LIMITS };
    let refused = message(from_zip_with(strict, bomb.clone()));
    assert_eq!(refused, format!("some.zip: would unpack from {packed} to 1048576 bytes, as no pictures do"));
    assert_eq!(from_zip_with(LIMITS, bomb).unwrap().read("zeros.png").unwrap(), zeros);
}

#[test]
fn a_file_that_lies_about_its_size_or_is_damaged_is_refused() {
    let text = b"abcdefgh".repeat(40);
    let honest = zip_of(&[("a.txt", &text)]);
    let size = (text.len() as u32).to_le_bytes();
    let read_with_size = |declared: u32| {
        let mut lying = honest.clone();
        for at in (0..lying.len() - 4).filter(|&at| honest[at..].starts_with(&size)) {
            lying[at..at + 4].copy_from_slice(&declared.to_le_bytes());
        }
        from_zip_with(Limits { ratio: u64::MAX, ..LIMITS }, lying)
            .unwrap()
            .read("a.txt")
            .map_err(|error| error.to_string())
    };
    assert_eq!(read_with_size(320), Ok(text));
    let too_long = read_with_size(100).unwrap_err();
    assert!(too_long.starts_with("some.zip/a.txt: cannot be unpacked: "), "{too_long}");
    let too_short = read_with_size(1000).unwrap_err();
    assert_eq!(too_short, "some.zip/a.txt: does not unpack to the 1000 bytes that its archive declares");
    let huge = read_with_size(u32::MAX - 1).unwrap_err();
    assert_eq!(huge, "some.zip/a.txt: is larger than 1073741824 bytes, too large for a file of a data set");

    let mut damaged = honest.clone();
    damaged[30 + "a.txt".len() + 3] ^= 0x55;
    let error = from_zip_with(LIMITS, damaged).unwrap().read("a.txt").unwrap_err().to_string();
    assert!(error.starts_with("some.zip/a.txt: cannot be unpacked: "), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_parent_ends_and_one_that_leads_nowhere_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), b"1").unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    assert_eq!(open(folder.path()).unwrap().below("").len(), walk::MAX_DEPTH);
    let folder = tempfile::tempdir().unwrap();
    let link = |name: &str| std::os::unix::fs::symlink("nowhere", folder.path().join(name)).unwrap();
    fs::write(folder.path().join("a.txt"), b"1").unwrap();
    link("broken");
    link("b.JPG");
    let files = open(folder.path()).unwrap();
    // What should be a picture stays, and cannot be read.
    assert_eq!(files.below(""), ["a.txt", "b.JPG"]);
    assert!(files.leads_nowhere("b.JPG") && !files.leads_nowhere("a.txt") && files.read("b.JPG").is_err());
    assert_eq!(files.notes(), ["left out `broken`, a link to what is not there"]);
    ["c", "d", "e"].into_iter().for_each(link);
    let note = "left out `broken`, `c`, `d` and 1 more links to what is not there";
    assert_eq!(open(folder.path()).unwrap().notes(), [note]);
}

#[test]
fn a_folder_with_too_many_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        fs::write(folder.path().join(name), b"").unwrap();
    }
    let error = walk::walk(folder.path(), Limits { entries: 2, ..LIMITS }, &Stop::default()).unwrap_err();
    assert_eq!(error, Error::file(folder.path(), "holds more than 2 files"));
}
