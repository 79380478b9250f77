//! What a JPEG holds, by its own markers and entropy-coded data, without turning any of it into pixels.
//!
//! Decoders fill what is missing with grey and say nothing, and neither the last bytes nor the length of a file tell
//! whether something is: phones write a film behind the picture, panoramas have no end marker, and a download that
//! was cut off may go on with another picture. So every block of the first image is walked over. The walk also
//! yields each block's mean, its DC coefficient, which is the picture at an eighth of its size: how pictures are
//! read that would not fit the memory.
//!
//! Reading order: [`walk`] over the segments, `tables` (Huffman codes), `frame` (components and their blocks), `bits`,
//! `scan` (the entropy-coded data), `eighth` (means to pixels). Sections are those of ITU T.81.

mod bits;
mod eighth;
mod frame;
mod scan;
mod tables;

use std::borrow::Cow;

use self::frame::Frame;
use self::scan::Scan;
use self::tables::Tables;

/// Why a JPEG is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bytes end, or something else begins, before the image is complete.
    CutOff,
    /// What is there cannot be: the reason in words that follow "is a damaged JPEG:".
    Damaged(&'static str),
    /// A variant that hardly anybody writes, in words that follow "is a JPEG".
    Unread(&'static str),
}

type Result<T> = std::result::Result<T, Fault>;

/// More scans than any encoder writes; each may cost a walk over all blocks and hardly a byte.
const MAX_SCANS: usize = 100;

/// How often each block is visited at most. Progressive encoders come to about ten.
const MAX_VISITS: usize = 32;

/// A complete JPEG: the first image of its file.
#[derive(Debug)]
pub(super) struct Jpeg<'a> {
    /// The image alone with its end marker, without what follows it in the file.
    pub bytes: Cow<'a, [u8]>,
    frame: Frame,
    /// Adobe's colour transform, if its segment is there.
    adobe: Option<u8>,
}

/// Width and height from the frame header, without looking at the rest.
///
/// # Errors
/// If the bytes end before it, or it cannot be.
pub(super) fn dimensions(file: &[u8]) -> Result<(u32, u32)> {
    let mut segments = Segments { file, at: 2 };
    while let Some(marker) = segments.next_marker() {
        match marker {
            0xc0..=0xc2 => return Frame::parse(segments.payload()?, false).map(|frame| frame.size()),
            0xd8..=0xda => break,
            0x01 | 0xd0..=0xd7 => {}
            marker => {
                refuse_other_processes(marker)?;
                segments.payload()?;
            }
        }
    }
    Err(Fault::CutOff)
}

/// Walks over the first image in `file`; with `means`, the mean of every block is kept for [`Jpeg::eighth`].
///
/// Takes at most 10 bytes a block, a sixth of the decoded picture.
///
/// # Errors
/// If a block is missing, or the data cannot be.
pub(super) fn walk(file: &[u8], means: bool) -> Result<Jpeg<'_>> {
    let mut segments = Segments { file, at: 2 };
    let mut tables = Tables::default();
    let (mut frame, mut adobe, mut scans) = (None::<Frame>, None, 0);
    // Where an end marker would follow a scan at once.
    let (mut scan_end, mut is_ended) = (None, false);
    while let Some(marker) = segments.next_marker() {
        match marker {
            0xd9 => {
                is_ended = scan_end == Some(segments.at - 2);
                break;
            }
            // Another image begins: complete or not, this one is over.
            0xd8 => {
                segments.at -= 2;
                break;
            }
            0x01 | 0xd0..=0xd7 => {}
            0xc0..=0xc2 if frame.is_some() => return Err(Fault::Damaged("it has two frame headers")),
            0xc0..=0xc2 => {
                let mut parsed = Frame::parse(segments.payload()?, marker == 0xc2)?;
                parsed.allocate(means);
                frame = Some(parsed);
            }
            0xc4 => tables.parse_huffman(segments.payload()?)?,
            0xdb => tables.parse_quantisation(segments.payload()?)?,
            0xdd => tables.parse_restart_interval(segments.payload()?)?,
            0xee => adobe = adobe_transform(segments.payload()?).or(adobe),
            0xda => {
                let frame = frame.as_mut().ok_or(Fault::Damaged("its data come before its frame header"))?;
                scans += 1;
                frame.spend_visits(scans, MAX_SCANS, MAX_VISITS)?;
                let scan = Scan::parse(segments.payload()?, frame)?;
                let (end, used_up) = scan.walk(frame, &tables, file, segments.at)?;
                segments.at = end;
                scan_end = used_up.then_some(end);
                // What follows a complete image is not the image's, whatever it looks like.
                if frame.is_complete() {
                    break;
                }
            }
            marker => {
                refuse_other_processes(marker)?;
                segments.payload()?;
            }
        }
    }
    let frame = frame.ok_or(Fault::CutOff)?;
    // A progressive file may leave out what its encoder thought little of, if it says at once that it ends.
    let is_whole = frame.is_complete() || is_ended && frame.is_begun();
    if !is_whole {
        return Err(Fault::CutOff);
    }
    Ok(Jpeg { bytes: segments.first_image(), frame, adobe })
}

/// Frame types other than baseline, extended and progressive with Huffman codes (T.81, table B.1).
fn refuse_other_processes(marker: u8) -> Result<()> {
    match marker {
        0xc3 | 0xc7 | 0xcb | 0xcf => Err(Fault::Unread("of the lossless kind")),
        0xc5 | 0xc6 | 0xcd | 0xce => Err(Fault::Unread("of the hierarchical kind")),
        0xc9 | 0xca => Err(Fault::Unread("with arithmetic coding")),
        _ => Ok(()),
    }
}

fn adobe_transform(payload: &[u8]) -> Option<u8> {
    if payload.starts_with(b"Adobe") { payload.get(11).copied() } else { None }
}

/// The file as a row of markers with what belongs to them.
struct Segments<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    /// The next marker, behind fill bytes and whatever else stands in front of it.
    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let rest = self.file.get(self.at..)?;
            self.at += rest.iter().position(|&byte| byte == 0xff)?;
            match self.file.get(self.at + 1)? {
                0xff => self.at += 1,
                0 => self.at += 2,
                marker => {
                    self.at += 2;
                    return Some(*marker);
                }
            }
        }
    }

    /// What belongs to the marker just read, without its length.
    fn payload(&mut self) -> Result<&'a [u8]> {
        let length = self.file.get(self.at..self.at + 2).ok_or(Fault::CutOff)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length < 2 {
            return Err(Fault::Damaged("a segment is shorter than its own length"));
        }
        let payload = self.file.get(self.at + 2..self.at + length).ok_or(Fault::CutOff)?;
        self.at += length;
        Ok(payload)
    }

    /// The bytes up to here; where no end marker stands or comes next, one is put behind them.
    fn first_image(&mut self) -> Cow<'a, [u8]> {
        let here = self.at.min(self.file.len());
        if self.file[..here].ends_with(&[0xff, 0xd9]) || self.next_marker() == Some(0xd9) {
            return Cow::Borrowed(&self.file[..self.at]);
        }
        Cow::Owned([&self.file[..here], &[0xff, 0xd9]].concat())
    }
}

#[cfg(test)]
#[path = "../jpeg_tests.rs"]
mod tests;
