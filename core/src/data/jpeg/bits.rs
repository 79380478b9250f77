//! Entropy-coded data as bits: stuffed zeros taken out, markers never passed.

use super::tables::Huffman;
use super::{Fault, Result};

/// Bits from the most significant on. At a marker, or at the end of the file, they end.
pub(super) struct Bits<'a> {
    file: &'a [u8],
    /// The next byte to take in.
    at: usize,
    /// Bits not used yet, from the top.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(file: &'a [u8], at: usize) -> Self {
        Self { file, at, held: 0, count: 0 }
    }

    /// Where the marker stands that ended the bits, or about where they were read to.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether all bytes up to [`at`](Self::at) were used, the last of them perhaps in part.
    pub(super) fn is_used_up(&self) -> bool {
        self.count < 8
    }

    #[inline]
    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.file.get(self.at) {
                Some(0xff) => match self.file.get(self.at + 1) {
                    Some(0) => {
                        self.at += 1;
                        0xff
                    }
                    // A fill byte in front of a marker.
                    Some(0xff) => {
                        self.at += 1;
                        continue;
                    }
                    _ => return,
                },
                Some(&byte) => byte,
                None => return,
            };
            self.at += 1;
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Drops `count` bits, 32 at most.
    #[inline]
    fn drop_bits(&mut self, count: u32) -> Result<()> {
        if count > self.count {
            self.fill();
            if count > self.count {
                return Err(Fault::CutOff);
            }
        }
        self.held <<= count;
        self.count -= count;
        Ok(())
    }

    /// The next `count` bits, 16 at most.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> Result<u32> {
        if count > self.count {
            self.fill();
        }
        let bits = if count == 0 { 0 } else { (self.held >> (64 - count)) as u32 };
        self.drop_bits(count)?;
        Ok(bits)
    }

    /// Passes over `count` bits, 64 at most.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) -> Result<()> {
        self.drop_bits(count.min(32))?;
        self.drop_bits(count - count.min(32))
    }

    /// The symbol of the next code.
    #[inline]
    pub(super) fn symbol(&mut self, table: &Huffman) -> Result<u8> {
        if self.count < 16 {
            self.fill();
        }
        match table.look_up((self.held >> 48) as u32) {
            Some((length, symbol)) => self.drop_bits(length).map(|()| symbol),
            // Behind the last bits stand zeros, which need not be a code.
            None if self.count < 16 => Err(Fault::CutOff),
            None => Err(Fault::Damaged("a code is in no Huffman table")),
        }
    }

    /// A signed number of `size` bits (T.81, F.2.2.1).
    #[inline]
    pub(super) fn signed(&mut self, size: u32) -> Result<i32> {
        let bits = self.take(size)? as i32;
        Ok(if size > 0 && bits < 1 << (size - 1) { bits - (1 << size) + 1 } else { bits })
    }

    /// Goes on behind the next restart marker.
    pub(super) fn restart(&mut self) -> Result<()> {
        (self.held, self.count) = (0, 0);
        while let Some(&[first, second]) = self.file.get(self.at..self.at + 2) {
            match (first, second) {
                (0xff, 0xd0..=0xd7) => {
                    self.at += 2;
                    return Ok(());
                }
                (0xff, 1..=0xfe) => break,
                _ => self.at += 1,
            }
        }
        Err(Fault::CutOff)
    }
}
