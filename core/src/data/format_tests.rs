use std::path::Path;

use super::*;

fn folder(names: &[&str]) -> Files {
    Files::from_memory(Path::new("top"), names.iter().map(|name| (name.to_string(), Vec::new())).collect())
}

fn found(names: &[&str]) -> Set {
    Format::find(&folder(names)).unwrap()
}

#[test]
fn a_set_is_found_in_folders_around_it() {
    for (names, at) in [
        (&["a/1.jpg", "b/1.jpg"][..], ""),
        (&["x/a/1.jpg", "x/b/1.jpg"], "x"),
        (&["x/y/z/a/1.jpg", "x/y/z/b/1.jpg", "x/readme.txt"], "x/y/z"),
        (&["docs/a.txt", "x/a/1.jpg", "x/b/1.jpg"], "x"),
        (&["docs/figure.png", "x/train/a/1.jpg", "x/train/b/1.jpg"], "x"),
        (
            &[
                "Annotations/CLS/train/n1/1.xml",
                "Data/CLS/train/n1/1.jpg",
                "Data/CLS/train/n2/1.jpg",
                "Data/CLS/val/1.jpg",
            ],
            "Data/CLS",
        ),
        (&["x/train/a/1.jpg", "x/train/b/1.jpg", "x/test/a/1.jpg", "x/x/train/a/1.jpg", "x/x/train/b/1.jpg"], "x"),
        (&["data/cifar-10-batches-bin/test_batch.bin", "models/best.pth"], "data/cifar-10-batches-bin"),
    ] {
        assert_eq!(found(names).folder, at, "{names:?}");
    }
}

#[test]
fn several_sets_are_not_guessed_among() {
    let error = Format::find(&folder(&["cifar10/test_batch.bin", "stl/train_X.bin"])).unwrap_err().to_string();
    assert_eq!(error, "top: holds several data sets, `cifar10` and `stl` among them: give one of them");
}

#[test]
fn what_is_there_in_place_of_a_set_is_named() {
    let files = |files: &[(&str, &[u8])]| {
        Files::from_memory(
            Path::new("top"),
            files.iter().map(|(name, bytes)| (name.to_string(), bytes.to_vec())).collect(),
        )
    };
    for (there, end) in [
        (
            files(&[("pets.7z", b"7z\xbc\xaf\x27\x1c"), ("pets.zip", b"PK\x03\x04")]),
            "; `pets.zip` is a zip archive: give its path, or unpack it",
        ),
        (files(&[("a.txt", b""), ("pets", b"Rar!\x1a\x07")]), "; `pets` is a RAR archive: unpack it"),
        (files(&[("train.parquet", b"PAR1")]), "; it is a Parquet file"),
        (files(&[("data.tar.gz", b"<html>")]), "; it is a web page: download it again"),
        (files(&[("1.jpg", b"\xff\xd8\xff"), ("2.jpg", b"\xff\xd8\xff")]), "; pictures need a folder for each class"),
        (files(&[("only/1", b"\xff\xd8\xff")]), "; pictures need a folder for each class"),
        (
            files(&[("data_batch_1", b"version https://git-lfs"), ("test_batch", b"version https://git-lfs")]),
            "; `data_batch_1` is a Git LFS pointer: run `git lfs pull` where it came from",
        ),
        (files(&[("readme.txt", b"text")]), "two or more class folders of pictures"),
    ] {
        let error = Format::find(&there).unwrap_err().to_string();
        assert!(error.starts_with("top: no data set is recognised here: ") && error.ends_with(end), "{error}");
    }
}
