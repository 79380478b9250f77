use super::*;

/// An ISO media file's first box.
fn brands(brands: &[&[u8; 4]]) -> Vec<u8> {
    let length = (8 + 4 * brands.len() as u32).to_be_bytes();
    let mut bytes = [&length, b"ftyp".as_slice()].concat();
    brands.iter().for_each(|brand| bytes.extend(*brand));
    bytes
}

/// A little-endian TIFF with one entry.
fn tiff_with(tag: u16, value: u32) -> Vec<u8> {
    let entry = [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat();
    [b"II\x2a\0\x08\0\0\0\x01\0".as_slice(), &entry, &[0; 4]].concat()
}

#[test]
fn isobmff_files_are_told_by_their_brands() {
    let cases: [(&[&[u8; 4]], Kind); 11] = [
        (&[b"heic", b"\0\0\0\0", b"mif1", b"heic"], Kind::Heic),
        (&[b"mif1", b"\0\0\0\0", b"heic"], Kind::Heic),
        (&[b"mif1", b"\0\0\0\0"], Kind::Heic),
        (&[b"hevc", b"\0\0\0\0", b"msf1"], Kind::Heic),
        (&[b"avif", b"\0\0\0\0", b"mif1"], Kind::Avif),
        (&[b"mif1", b"\0\0\0\0", b"miaf", b"avif"], Kind::Avif),
        (&[b"avis", b"\0\0\0\0"], Kind::Avif),
        (&[b"mp42", b"\0\0\0\0", b"isom", b"mp42"], Kind::Video),
        (&[b"qt  ", b"\0\0\0\0"], Kind::Video),
        (&[b"M4A ", b"\0\0\0\0"], Kind::Audio),
        (&[b"crx ", b"\0\0\0\x01"], Kind::CameraRaw),
    ];
    for (list, kind) in cases {
        assert_eq!(sniff(&brands(list)), Some(kind), "{list:?}");
    }
    assert_eq!(sniff(b"\0\0\0\x18ftyp"), Some(Kind::Video), "cut off");
    assert_eq!(sniff(b"\xff\xff\xff\xffftypheic"), Some(Kind::Heic), "a length that is none");
}

#[test]
fn pages_drawings_and_pointers_are_told_from_other_text() {
    let cases: [(&[u8], Option<Kind>); 15] = [
        (b"<html>404</html>", Some(Kind::Html)),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE HTML PUBLIC>", Some(Kind::Html)),
        (b"<!-- saved from --> <!-- twice -->\n<Html lang=en>", Some(Kind::Html)),
        (b"<?xml version='1.0'?><!DOCTYPE html><html xmlns=''>", Some(Kind::Html)),
        (b"<svg xmlns=''/>", Some(Kind::Svg)),
        (b"<?xml version='1.0'?>\n<!-- Inkscape -->\n<svg>", Some(Kind::Svg)),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", Some(Kind::Xml)),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", Some(Kind::LfsPointer)),
        (b"<!-- never closed <svg>", None),
        (b"not an image", None),
        (b"BMW M3 specifications, in words", None),
        (b"BMW", None),
        (b"P5 is a number, this is text", None),
        (b"", None),
        (b"\0", None),
    ];
    for (text, kind) in cases {
        assert_eq!(sniff(text), kind, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn binary_files_are_told_by_their_signatures() {
    let tar = [vec![b'a'; 257], b"ustar\0".to_vec()].concat();
    let cases: [(&[u8], Kind); 14] = [
        (b"\xff\xd8\xff\xe0", Kind::Jpeg),
        (b"\x89PNG\r\n\x1a\n", Kind::Png),
        (b"GIF89a\x01\x00", Kind::Gif),
        (b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", Kind::Bmp),
        (b"RIFF\x10\0\0\0WEBPVP8 ", Kind::WebP),
        (b"RIFF\x10\0\0\0AVI LIST", Kind::Video),
        (b"RIFF\x10\0\0\0WAVEfmt ", Kind::Audio),
        (b"\0\0\x01\0\x01\0\x20\x20\0\0\x01\0", Kind::Icon),
        (b"P6\n640 480\n255\n", Kind::RarePicture),
        (b"PK\x03\x04", Kind::Zip),
        (b"%PDF-1.7", Kind::Pdf),
        (b"\0\x05\x16\x07\0\x02\0\0", Kind::AppleDouble),
        (b"\x89HDF\r\n\x1a\n", Kind::Hdf5),
        (&tar, Kind::Tar),
    ];
    for (bytes, kind) in cases {
        assert_eq!(sniff(bytes), Some(kind), "{}", bytes.escape_ascii());
    }
}

#[test]
fn the_thumbnail_that_begins_a_raw_file_is_not_taken_for_the_photograph() {
    assert_eq!(sniff(&tiff_with(256, 40)), Some(Kind::Tiff));
    assert_eq!(sniff(&tiff_with(254, 0)), Some(Kind::Tiff));
    assert_eq!(sniff(&tiff_with(254, 1)), Some(Kind::CameraRaw));
    assert_eq!(sniff(&tiff_with(0xc612, 0x0401)), Some(Kind::CameraRaw));
    assert_eq!(sniff(b"II\x2a\0\x10\0\0\0CR\x02\0"), Some(Kind::CameraRaw));
    assert_eq!(sniff(b"MM\0\x2a\xff\xff\xff\xff"), Some(Kind::Tiff), "a directory outside the file");
}

#[test]
fn endings_promise_a_kind_whatever_their_capitals() {
    for name in ["a.jpg", "b/a.JPE", "a.jfif", "a.jpeg_large", "a.b.JPEG"] {
        assert_eq!(Kind::promised_by(name), Some(Kind::Jpeg), "{name}");
    }
    assert_eq!(Kind::promised_by("a.TIF"), Some(Kind::Tiff));
    for name in ["a", "png", "a.txt", "a.jpg/b"] {
        assert_eq!(Kind::promised_by(name), None, "{name}");
    }
}
