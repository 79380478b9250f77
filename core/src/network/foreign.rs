//! Files that are taken for weights and are something else: what they are, and what to do.

/// How a file of weights is made.
const SAVE: &str = "save the weights from PyTorch with torch.save(model.state_dict(), \"weights.pth\")";

/// What `bytes` are, if they are known and no weights that can be read; with what to do.
pub(super) fn foreign(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return Some("is empty: download or copy it again".into());
    }
    let starts = |start: &[u8]| bytes.starts_with(start);
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]);
    let text = head.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if text.starts_with("version https://git-lfs") {
        return Some(
            "is a pointer of Git LFS, not the file itself: run `git lfs pull` where it was cloned, or download it"
                .into(),
        );
    }
    if ["<!doctype", "<html", "<head", "<?xml"].iter().any(|start| text.starts_with(start)) {
        return Some(
            "is a web page, as a download that was refused or needs a sign-in leaves: download it again".into(),
        );
    }
    let kinds: [(&[u8], &str); 7] = [
        (b"\x89HDF", "an HDF5 file, as Keras and MATLAB write"),
        (b"GGUF", "a GGUF file"),
        (b"\x93NUMPY", "an array of numpy"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"%PDF", "a PDF"),
        (b"\x08\x01\x12", "a protocol buffer, as ONNX and TensorFlow write"),
    ];
    let packed: [(&[u8], &str); 5] = [
        (b"\x1f\x8b", "gzip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!", "rar"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
    ];
    if let Some((_, kind)) = packed.iter().find(|(start, _)| starts(start)) {
        return Some(format!("is packed with {kind}: unpack it and give the file that is inside"));
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some("is a tar archive: unpack it and give the file that is inside".into());
    }
    let known = kinds.iter().find(|(start, _)| starts(start)).map(|(_, kind)| *kind);
    // ONNX begins with its version, 3 to 12, and the name of its maker.
    let onnx = bytes.len() > 4 && bytes[0] == 8 && (3..=16).contains(&bytes[1]) && bytes[2] == 0x12;
    let kind = match known {
        _ if onnx => "an ONNX file",
        Some(kind) => kind,
        None if is_text(bytes) => "a text",
        None => return None,
    };
    Some(format!("is {kind}: {SAVE}"))
}

fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(512)];
    head.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e))
}

/// Whether `bytes` begin as a safetensors file does: the length of the header and its brace.
pub(super) fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((len, rest)) = bytes.split_first_chunk::<8>() else { return false };
    rest.first() == Some(&b'{') && u64::from_le_bytes(*len) <= 100_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_weights_is_named_with_what_to_do() {
        let mut tar = vec![0; 600];
        tar[257..262].copy_from_slice(b"ustar");
        for (bytes, kind) in [
            (&b""[..], "is empty"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
            (b"\n<!DOCTYPE html><title>Sign in</title>", "web page"),
            (b"<html>", "web page"),
            (b"\x89HDF\r\n\x1a\n\0\0", "HDF5"),
            (b"\x08\x07\x12\x07pytorch", "ONNX"),
            (b"GGUF\x03\0\0\0", "GGUF"),
            (b"\x1f\x8b\x08\0\0", "gzip"),
            (b"{\"a\": 1}\n", "a text"),
            (&tar, "tar"),
        ] {
            let words = foreign(bytes).unwrap_or_else(|| panic!("{kind} is not known"));
            assert!(words.contains(kind) && !words.contains('\n'), "{words}");
        }
        assert_eq!(foreign(b"\x80\x02}q\x00."), None);
        assert!(is_safetensors(b"\x02\0\0\0\0\0\0\0{}") && !is_safetensors(b"{\"a\": 1, \"b\": 2}"));
    }
}
