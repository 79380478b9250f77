//! What the PNG decoder takes for granted: a palette of whole colours. Of any other length it panics (png 0.18.1).

/// Whether every palette in front of the pixels is a list of three bytes a colour; of what is no PNG, true.
pub(super) fn is_whole(png: &[u8]) -> bool {
    let mut rest = png.get(8..).unwrap_or_default();
    while let Some((head, behind)) = rest.split_first_chunk::<8>() {
        let ([a, b, c, d], kind) = ([head[0], head[1], head[2], head[3]], &head[4..]);
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        match kind {
            b"PLTE" if !length.is_multiple_of(3) => return false,
            b"IDAT" => return true,
            // Behind the contents is their checksum.
            _ => rest = length.checked_add(4).and_then(|skipped| behind.get(skipped..)).unwrap_or_default(),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::data::decode::decode;

    /// A PNG of one pixel with a palette of four bytes.
    const FOUR_BYTES: &[u8] =
        b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x03\x00\x00\
        \x00(\xcb4\xbb\x00\x00\x00\x04PLTE\x07\x01\x02\x03\x83\x89\xcf\xcc\x00\x00\x00\x0aIDATx\xda\
        c`\x00\x00\x00\x02\x00\x01\xe5'\xde\xfc\x00\x00\x00\x00IEND\xaeB`\x82";

    #[test]
    fn a_palette_of_parts_of_colours_is_refused_in_words() {
        let error = decode(FOUR_BYTES, Path::new("a.png"), true).unwrap_err();
        assert_eq!(error.to_string(), "a.png: cannot be decoded: its palette is no list of colours");
        for end in 0..FOUR_BYTES.len() {
            assert!(decode(&FOUR_BYTES[..end], Path::new("cut.png"), true).is_err());
        }
    }
}
