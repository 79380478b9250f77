//! The tables that segments define: Huffman codes, the quantisation of means, the restart interval.

use super::{Fault, Result};

/// Tables in force; a later segment replaces an earlier one (T.81, B.2.4).
#[derive(Default)]
pub(super) struct Tables {
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    /// Only the first entry of each table: what a DC coefficient is multiplied by.
    quantisation: [u16; 4],
    /// MCUs between restart markers; 0 where there are none.
    pub restart_interval: usize,
}

impl Tables {
    pub(super) fn dc(&self, number: u8) -> Result<&Huffman> {
        self.dc[usize::from(number & 3)].as_ref().ok_or(Fault::Damaged("a Huffman table is missing"))
    }

    pub(super) fn ac(&self, number: u8) -> Result<&Huffman> {
        self.ac[usize::from(number & 3)].as_ref().ok_or(Fault::Damaged("a Huffman table is missing"))
    }

    pub(super) fn dc_step(&self, number: u8) -> u16 {
        self.quantisation[usize::from(number & 3)]
    }

    /// Any number of tables: class and number, 16 counts of codes by length, their symbols.
    pub(super) fn parse_huffman(&mut self, mut payload: &[u8]) -> Result<()> {
        const SHORT: Fault = Fault::Damaged("a Huffman table is cut off");
        while let Some((&place, rest)) = payload.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
            let symbols: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(symbols).ok_or(SHORT)?;
            let table = Huffman::new(counts, symbols)?;
            let tables = if place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            tables[usize::from(place & 3)] = Some(table);
            payload = rest;
        }
        Ok(())
    }

    /// Any number of tables: precision and number, 64 entries of one or two bytes.
    pub(super) fn parse_quantisation(&mut self, mut payload: &[u8]) -> Result<()> {
        while let Some((&place, rest)) = payload.split_first() {
            let wide = place >> 4 != 0;
            let length = if wide { 128 } else { 64 };
            let (table, rest) =
                rest.split_at_checked(length).ok_or(Fault::Damaged("a quantisation table is cut off"))?;
            let first = if wide { u16::from_be_bytes([table[0], table[1]]) } else { table[0].into() };
            self.quantisation[usize::from(place & 3)] = first;
            payload = rest;
        }
        Ok(())
    }

    pub(super) fn parse_restart_interval(&mut self, payload: &[u8]) -> Result<()> {
        match payload {
            [high, low, ..] => self.restart_interval = usize::from(u16::from_be_bytes([*high, *low])),
            _ => return Err(Fault::Damaged("its restart interval is cut off")),
        }
        Ok(())
    }
}

/// Codes up to this long are looked up at once.
const QUICK_BITS: u32 = 9;

/// One Huffman code (T.81, annex C), for decoding.
pub(super) struct Huffman {
    /// By the next [`QUICK_BITS`] bits: length of the code and its symbol, or length 0 if it is longer.
    quick: Box<[(u8, u8); 1 << QUICK_BITS]>,
    /// By length: the first code that is too large for it, at 16 bits; the last entry is beyond all codes.
    beyond: [u32; 17],
    /// By length: what to add to a code to have the place of its symbol.
    offset: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self> {
        let mut table = Self {
            quick: Box::new([(0, 0); 1 << QUICK_BITS]),
            beyond: [0; 17],
            offset: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0u32, 0usize);
        for length in 1..=16u32 {
            table.offset[length as usize] = place as i32 - code as i32;
            for _ in 0..counts[length as usize - 1] {
                if code >> length != 0 {
                    return Err(Fault::Damaged("a Huffman table has too many codes"));
                }
                if length <= QUICK_BITS {
                    let spare = QUICK_BITS - length;
                    let first = (code << spare) as usize;
                    table.quick[first..first + (1 << spare)].fill((length as u8, symbols[place]));
                }
                (code, place) = (code + 1, place + 1);
            }
            table.beyond[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// The length and symbol of the code that `next`, 16 bits, begins with.
    #[inline]
    pub(super) fn look_up(&self, next: u32) -> Option<(u32, u8)> {
        let (length, symbol) = self.quick[(next >> (16 - QUICK_BITS)) as usize];
        if length > 0 { Some((length.into(), symbol)) } else { self.look_up_long(next) }
    }

    fn look_up_long(&self, next: u32) -> Option<(u32, u8)> {
        let length = (QUICK_BITS + 1..=16).find(|&length| next < self.beyond[length as usize])?;
        let place = (next >> (16 - length)) as i32 + self.offset[length as usize];
        Some((length, *self.symbols.get(usize::try_from(place).ok()?)?))
    }
}
