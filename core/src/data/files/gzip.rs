//! Files packed with gzip, unpacked to a file without a name: what is in an archive is not read in its order.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};

use flate2::bufread::GzDecoder;

use crate::data::files::{Limits, check_unpacked};

/// Unpacks all of `packed`, which has `packed_bytes`; the file is gone when it is closed.
///
/// # Errors
/// In words, if it is damaged, cut off or beyond `limits`, or the temporary folder does not hold it.
pub(super) fn unpack(packed: impl Read, packed_bytes: u64, limits: Limits) -> Result<File, String> {
    let full = |error: std::io::Error| format!("cannot be unpacked to the temporary folder ({error}): unpack it first");
    let mut file = tempfile::tempfile().map_err(full)?;
    let (mut packed, mut unpacked, mut buffer) = (BufReader::new(packed), 0, vec![0; 1 << 16]);
    // Several may follow each other, as pigz and Hadoop write them. What else follows is none of it, as gzip has it too.
    while packed.fill_buf().is_ok_and(|next| next.starts_with(b"\x1f\x8b")) {
        let mut member = GzDecoder::new(packed);
        loop {
            let count = match member.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Err("is cut off".into()),
                Err(error) => return Err(format!("is not a readable gzip archive: {error}")),
            };
            unpacked += count as u64;
            check_unpacked(unpacked, packed_bytes, limits)?;
            file.write_all(&buffer[..count]).map_err(full)?;
        }
        packed = member.into_inner();
    }
    file.rewind().map_err(full)?;
    Ok(file)
}

#[cfg(test)]
#[path = "gzip_tests.rs"]
mod tests;
