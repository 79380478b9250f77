//! Several files as one input: each is the length of its name and of its contents (4 bytes each), and these.
//!
//! Unpacking takes any bytes, so that what was cut somewhere is still an input.

/// (name, contents)
pub type Files = Vec<(String, Vec<u8>)>;

/// As one input.
pub fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut packed = Vec::new();
    for (name, contents) in files {
        packed.extend_from_slice(&(name.len() as u32).to_le_bytes());
        packed.extend_from_slice(&(contents.len() as u32).to_le_bytes());
        packed.extend_from_slice(name.as_bytes());
        packed.extend_from_slice(contents);
    }
    packed
}

/// From one input.
pub fn unpack(mut packed: &[u8]) -> Files {
    let mut files = Vec::new();
    while let Some((lengths, rest)) = packed.split_first_chunk::<8>() {
        let length = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|nth| lengths[at + nth])) as usize;
        let (name, rest) = rest.split_at(length(0).min(rest.len()));
        let (contents, rest) = rest.split_at(length(4).min(rest.len()));
        files.push((String::from_utf8_lossy(name).into_owned(), contents.to_vec()));
        packed = rest;
    }
    files
}

/// Files from short names and contents.
pub fn files<const N: usize>(files: [(&str, Vec<u8>); N]) -> Files {
    files.map(|(name, contents)| (name.to_owned(), contents)).to_vec()
}
