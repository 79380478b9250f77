//! Zip archives with one policy: how they are opened, and how much may come out of them.

use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;

/// Whether `bytes` begin as a zip archive does, be it an empty one.
pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Opens an archive.
///
/// Where it begins is known: at the first byte. Left to find that out, the zip crate misplaces archives with a zip64
/// record that they would not need, as PyTorch writes one. What has something in front is looked for in the second try.
///
/// # Errors
/// When it is none, or its directory is damaged.
pub(crate) fn open<R: Read + Seek>(mut reader: R) -> Result<ZipArchive<R>, String> {
    let at_start = Config { archive_offset: ArchiveOffset::Known(0) };
    if ZipArchive::with_config(at_start, &mut reader).is_ok() {
        return ZipArchive::with_config(at_start, reader).map_err(|error| explained(&error));
    }
    ZipArchive::new(reader).map_err(|error| explained(&error))
}

/// An error of the zip crate, in usual words where it is the usual one: the directory stands at an archive's end.
fn explained(error: &ZipError) -> String {
    match error.to_string() {
        text if text.contains("EOCD") => "it is cut off: download or copy it again".into(),
        text => text,
    }
}

/// How large an unpacked file may be, and what it is a file of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// Its bytes at most.
    pub bytes: u64,
    /// In words: "a file of a data set".
    pub of: &'static str,
}

impl Limit {
    /// Why something larger is refused.
    pub(crate) fn words(self) -> String {
        format!("is larger than {} bytes, too large for {}", self.bytes, self.of)
    }
}

/// Unpacks one file within `limit`.
///
/// The declared size is a claim, so memory grows only with what really comes out.
///
/// # Errors
/// When it is larger, damaged, encrypted, or of another size than the archive declares.
pub(crate) fn unpack<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    number: usize,
    limit: Limit,
) -> Result<Vec<u8>, String> {
    let entry = archive.by_index(number).map_err(|error| format!("cannot be unpacked: {error}"))?;
    let declared = entry.size();
    if declared > limit.bytes {
        return Err(limit.words());
    }
    let mut bytes = Vec::new();
    entry.take(declared + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be unpacked: {error}"))?;
    if bytes.len() as u64 != declared {
        return Err(format!("does not unpack to the {declared} bytes that its archive declares"));
    }
    Ok(bytes)
}

/// The first bytes of one file, `most` of them at most; fewer where it is shorter or damaged.
pub(crate) fn unpack_start<R: Read + Seek>(archive: &mut ZipArchive<R>, number: usize, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(entry) = archive.by_index(number) {
        // What came out before the damage tells as much as any.
        let _ = entry.take(most).read_to_end(&mut bytes);
    }
    bytes
}
