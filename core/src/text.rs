//! Texts as editors and shells write them: UTF-8 with and without a byte order mark, and UTF-16.

#[cfg(not(target_family = "wasm"))]
use crate::error::{Error, Result};

/// A configuration has some kilobytes.
#[cfg(not(target_family = "wasm"))]
const LARGEST: u64 = 16 << 20;

/// The text of the file at `path`.
///
/// # Errors
/// Names the file, where it cannot be read or is no text.
#[cfg(not(target_family = "wasm"))]
pub fn read_text(path: &std::path::Path) -> Result<String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|error| Error::file(path, error))?;
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that too much is noticed.
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| Error::file(path, error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::file(path, format!("is larger than {LARGEST} bytes: no text of this program")));
    }
    decode(&bytes).map_err(|reason| Error::file(path, reason))
}

/// The text in `bytes`, or why there is none.
///
/// # Errors
/// What it is instead, and what to do.
pub fn decode(bytes: &[u8]) -> Result<String, String> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err("is UTF-32: save it as UTF-8".into()),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // No text begins with a character of number 0, so this is half of a letter.
        [1..=255, 0, 1..=255, 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, 1..=255, 0, 1..=255, ..] => utf16(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    str::from_utf8(bytes).map(String::from).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        format!("line {line} is not UTF-8: save it as UTF-8")
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (units, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|bytes| unit(*bytes)).collect();
    match String::from_utf16(&units) {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err("is damaged or cut off UTF-16: save it as UTF-8".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_in_every_encoding() {
        let text = "# größe 🙂\r\n[data]\npath = \"2024\"\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            marked(&[0xef, 0xbb, 0xbf], text.as_bytes()),
            marked(&[0xff, 0xfe], &little),
            marked(&[0xfe, 0xff], &big),
            little.clone(),
            big,
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text));
        }
        assert!(decode(&little[..little.len() - 1]).unwrap_err().contains("UTF-16"));
        assert!(decode(&[0xff, 0xfe, 0, 0, 65, 0, 0, 0]).unwrap_err().contains("UTF-32"));
        assert_eq!(decode(b"a\nb\xe4c\n"), Err("line 2 is not UTF-8: save it as UTF-8".into()));
        for short in [&b""[..], b"a", b"a\0"] {
            assert!(decode(short).is_ok(), "{short:?}");
        }
    }

    #[test]
    fn a_file_that_is_no_text_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huge.toml");
        std::fs::File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        let error = read_text(&path).unwrap_err().to_string();
        assert!(error.contains("huge.toml: is larger than"), "{error}");
        assert!(read_text(&folder.path().join("none")).unwrap_err().to_string().contains("none: "));
    }
}
