//! What a file is by its first bytes, whatever its name says.
//!
//! Files in the wild have no ending, a foreign one, or one of many (`.jfif`, `.JPE`, `.jpeg_large`), and a download
//! that failed leaves a web page under a picture's name. So contents decide, and what is not read can be named.

use crate::data::kind::Kind;

/// As many first bytes as [`sniff`] can make use of; fewer may leave a file unrecognised.
pub(super) const SNIFFED_BYTES: usize = 4096;

/// The kind of a file from its first bytes, [`SNIFFED_BYTES`] or more of them; `None` for what has no known beginning.
pub(super) fn sniff(bytes: &[u8]) -> Option<Kind> {
    let signed = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)).map(|(_, kind)| *kind);
    match signed {
        Some(Kind::Tiff) if is_camera_raw(bytes) => Some(Kind::CameraRaw),
        Some(kind) => Some(kind),
        None => sniff_container(bytes).or_else(|| sniff_text(bytes)).or_else(|| sniff_inside(bytes)),
    }
}

/// Beginnings that no other kind shares. The longer of two that begin alike stands first.
const SIGNATURES: [(&[u8], Kind); 46] = [
    (b"\xff\xd8\xff", Kind::Jpeg),
    (b"\x89PNG\r\n\x1a\n", Kind::Png),
    (b"GIF87a", Kind::Gif),
    (b"GIF89a", Kind::Gif),
    (b"II\x2a\0\x10\0\0\0CR", Kind::CameraRaw),
    (b"II\x2a\0", Kind::Tiff),
    (b"MM\0\x2a", Kind::Tiff),
    (b"II\x2b\0", Kind::Tiff),
    (b"MM\0\x2b", Kind::Tiff),
    (b"IIRO", Kind::CameraRaw),
    (b"IIRS", Kind::CameraRaw),
    (b"IIU\0", Kind::CameraRaw),
    (b"FUJIFILMCCD-RAW", Kind::CameraRaw),
    (b"FOVb", Kind::CameraRaw),
    (b"\0\0\0\x0cJXL \r\n\x87\n", Kind::JpegXl),
    (b"\xff\x0a", Kind::JpegXl),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Kind::Jpeg2000),
    (b"\xff\x4f\xff\x51", Kind::Jpeg2000),
    (b"8BPS", Kind::Photoshop),
    (b"qoif", Kind::RarePicture),
    (b"DDS \x7c", Kind::RarePicture),
    (b"\x76\x2f\x31\x01", Kind::RarePicture),
    (b"#?RADIANCE", Kind::RarePicture),
    (b"%PDF-", Kind::Pdf),
    (b"\x1a\x45\xdf\xa3", Kind::Video),
    (b"FLV\x01", Kind::Video),
    (b"\0\0\x01\xba", Kind::Video),
    (b"\0\0\x01\xb3", Kind::Video),
    (b"ID3", Kind::Audio),
    (b"OggS", Kind::Audio),
    (b"fLaC", Kind::Audio),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"\x1f\x8b", Kind::Gzip),
    (b"BZh", Kind::Bzip2),
    (b"\xfd7zXZ\0", Kind::Xz),
    (b"\x28\xb5\x2f\xfd", Kind::Zstandard),
    (b"7z\xbc\xaf\x27\x1c", Kind::SevenZip),
    (b"Rar!\x1a\x07", Kind::Rar),
    (b"\x89HDF\r\n\x1a\n", Kind::Hdf5),
    (b"\x93NUMPY", Kind::Numpy),
    (b"MATLAB 5.0", Kind::Matlab),
    (b"PAR1", Kind::Parquet),
    (b"SQLite format 3\0", Kind::Sqlite),
    (b"\0\x05\x16\x07", Kind::AppleDouble),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::CompoundFile),
];

/// Containers that say what they hold behind their own first bytes.
fn sniff_container(bytes: &[u8]) -> Option<Kind> {
    if bytes.starts_with(b"RIFF") {
        return match bytes.get(8..12)? {
            b"WEBP" => Some(Kind::WebP),
            b"AVI " => Some(Kind::Video),
            b"WAVE" => Some(Kind::Audio),
            _ => None,
        };
    }
    match bytes.get(4..8)? {
        b"ftyp" => Some(sniff_brands(bytes)),
        b"moov" | b"mdat" | b"wide" | b"skip" => Some(Kind::Video),
        _ => None,
    }
}

/// An ISO media file by its brands: the main one, then those that it is compatible with.
fn sniff_brands(bytes: &[u8]) -> Kind {
    let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    let brands = bytes.get(8..length.clamp(8, bytes.len())).unwrap_or_default();
    // The second word is a version.
    let mut brands = brands.chunks_exact(4).enumerate().filter(|(place, _)| *place != 1).map(|(_, brand)| brand);
    let still = brands.find_map(|brand| match brand {
        b"avif" | b"avis" => Some(Kind::Avif),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => Some(Kind::Heic),
        b"crx " => Some(Kind::CameraRaw),
        b"M4A " | b"M4B " => Some(Kind::Audio),
        _ => None,
    });
    match bytes.get(8..12) {
        Some(b"mif1" | b"msf1" | b"mif2" | b"heif") => still.unwrap_or(Kind::Heic),
        _ => still.unwrap_or(Kind::Video),
    }
}

/// Whether a TIFF is a camera's: its first picture is then a thumbnail, and the photograph is in nobody's format.
fn is_camera_raw(bytes: &[u8]) -> bool {
    const NEW_SUBFILE_TYPE: u16 = 254;
    const DNG_VERSION: u16 = 0xc612;
    let little = bytes.starts_with(b"I");
    let short = |at: usize| -> Option<u16> {
        let pair = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let long = |at: usize| -> Option<u32> {
        let word = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) })
    };
    let directory = long(4).map_or(usize::MAX, |at| at as usize);
    let entries = short(directory).unwrap_or(0);
    (0..usize::from(entries)).map(|entry| directory + 2 + 12 * entry).any(|at| match short(at) {
        Some(NEW_SUBFILE_TYPE) => long(at + 8).is_some_and(|value| value & 1 == 1),
        Some(tag) => tag == DNG_VERSION,
        None => false,
    })
}

/// Web pages, drawings and other text, behind a byte order mark, space and comments.
fn sniff_text(bytes: &[u8]) -> Option<Kind> {
    let start = bytes[..bytes.len().min(SNIFFED_BYTES)].to_ascii_lowercase();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    if start.starts_with(b"version https://git-lfs") {
        return Some(Kind::LfsPointer);
    }
    let tag = skip_comments(start);
    let is = |names: &[&[u8]]| names.iter().any(|name| tag.starts_with(name));
    let has = |name: &[u8]| start.windows(name.len()).any(|window| window == name);
    match () {
        () if is(&[b"<svg"]) => Some(Kind::Svg),
        () if is(&[b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<title", b"<meta"]) => {
            Some(Kind::Html)
        }
        () if is(&[b"<?xml", b"<!doctype"]) && has(b"<svg") => Some(Kind::Svg),
        () if is(&[b"<?xml", b"<!doctype"]) && has(b"<html") => Some(Kind::Html),
        () if is(&[b"<?xml"]) => Some(Kind::Xml),
        () => None,
    }
}

/// What follows white space and `<!-- … -->`.
fn skip_comments(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        let Some(comment) = text.strip_prefix(b"<!--") else { return text };
        match comment.windows(3).position(|window| window == b"-->") {
            Some(end) => text = &comment[end + 3..],
            None => return &[],
        }
    }
}

/// Kinds whose beginning alone could be anything, by what must come with it.
fn sniff_inside(bytes: &[u8]) -> Option<Kind> {
    let long = |at: usize| bytes.get(at..at + 4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    if bytes.starts_with(b"BM") && long(14).is_some_and(|header| [12, 16, 40, 52, 56, 64, 108, 124].contains(&header)) {
        return Some(Kind::Bmp);
    }
    if bytes.get(257..262) == Some(b"ustar") || has_tar_checksum(bytes) {
        return Some(Kind::Tar);
    }
    // An icon: type 1 (2 is a pointer), a few pictures, a reserved byte that is zero.
    if matches!(bytes, [0, 0, 1 | 2, 0, 1..=64, 0, _, _, _, 0, ..]) {
        return Some(Kind::Icon);
    }
    // PNM: its number, space, then a width or a comment.
    match bytes {
        [b'P', b'1'..=b'7', space, next, ..] if space.is_ascii_whitespace() && b"#0123456789W".contains(next) => {
            Some(Kind::RarePicture)
        }
        _ => None,
    }
}

/// Whether a tar header's checksum is right, by which those of old systems are told: it counts itself as spaces.
fn has_tar_checksum(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..512) else { return false };
    let field = String::from_utf8_lossy(&header[148..156]);
    let claimed = u32::from_str_radix(field.trim_matches(['\0', ' ']), 8);
    let (before, after) = (&header[..148], &header[156..]);
    let sum = before.iter().chain(after).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
    claimed == Ok(sum)
}

#[cfg(test)]
#[path = "sniff_tests.rs"]
mod tests;
