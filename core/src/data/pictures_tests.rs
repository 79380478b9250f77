use std::path::Path;

use super::*;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0";

fn found(files: &[(&str, &[u8])]) -> Found {
    let files: Vec<(String, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.to_string(), bytes.to_vec())).collect();
    let files = Files::from_memory(Path::new("set"), files);
    find(&files, files.below("").iter().map(String::as_str))
}

#[test]
fn contents_make_a_picture_and_so_does_a_promise() {
    let pictures = [
        ("a.jpg", &b""[..]),
        ("b.jfif", JPEG),
        ("c.JPE", JPEG),
        ("d.jpeg_large", JPEG),
        ("e", JPEG),
        ("f.php", JPEG),
        ("g.jpg?size=large", JPEG),
        ("h.txt", JPEG),
        ("i.heic", b"text"),
        ("j.TIF", b""),
        ("k", b"\x89PNG\r\n\x1a\n"),
        ("l.bin", b"\0\0\0\x0cftypheic"),
    ];
    assert_eq!(found(&pictures).pictures, pictures.map(|(name, _)| name));
    assert!(found(&pictures).others.is_empty());
}

#[test]
fn what_people_put_beside_pictures_is_not_worth_a_word() {
    let beside: Vec<(&str, &[u8])> = vec![
        ("a.txt", b"cat\n"),
        ("b.csv", b"\xff\xfe"),
        ("c.json", b"{}"),
        ("d.xml", b"<annotation>"),
        ("e.md", b""),
        ("f.pdf", b"%PDF-1.7"),
        ("g", b"%PDF-1.7"),
        ("LICENSE", b"MIT, copyright \xc2\xa9"),
        ("i.npy", b"\x93NUMPY"),
        ("j.mat", b"\0\x01"),
        ("k.html", b"<html>"),
        ("l", b""),
    ];
    let found = found(&beside);
    assert_eq!((found.pictures.len(), found.others), (0, Vec::new()));
}

#[test]
fn what_should_perhaps_be_a_picture_is_told() {
    let found = found(&[("a.mp4", b"\0\0\0\x18ftypmp42"), ("b.dat", b"\0\x01\x02"), ("c", b"\x7fELF\x02")]);
    let expected = [
        ("a.mp4", "is a video, not an image: save pictures of it as JPEG or PNG"),
        ("b.dat", "is not an image"),
        ("c", "is not an image"),
    ];
    assert_eq!(found.others, expected.map(|(name, reason)| (name.to_string(), reason.to_string())));
}

#[test]
fn a_cut_letter_is_text_and_bytes_are_none() {
    assert!(is_text("grün".as_bytes()) && is_text(&"grün".as_bytes()[..3]) && is_text(b"a\tb\r\n"));
    assert!(!is_text(b"gr\xfcn") && !is_text(b"a\0b"));
}
