//! The entropy-coded data of one scan (T.81, annexes F and G).

use super::bits::Bits;
use super::frame::{Component, Frame};
use super::tables::{Huffman, Tables};
use super::{Fault, Result};

/// One component's part in a scan.
#[derive(Clone, Copy)]
struct Part {
    component: usize,
    dc_table: u8,
    ac_table: u8,
}

/// What the scan says of each block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Everything at once.
    Sequential,
    DcFirst,
    DcRefine,
    AcFirst,
    AcRefine,
}

/// A scan header (T.81, B.2.3).
pub(super) struct Scan {
    parts: Vec<Part>,
    pass: Pass,
    /// First and last coefficient in zigzag order.
    first: usize,
    last: usize,
    /// Low bits that are left to later scans.
    low: u8,
}

/// Counters that a restart sets to zero.
#[derive(Default)]
struct State {
    /// The last DC coefficient of each component.
    predictions: [i32; 4],
    /// Blocks to come that hold nothing more.
    empty_blocks: u32,
}

impl Scan {
    pub(super) fn parse(payload: &[u8], frame: &Frame) -> Result<Self> {
        const BAD: Fault = Fault::Damaged("a scan header cannot be");
        let (&count, rest) = payload.split_first().ok_or(BAD)?;
        let (fields, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or(BAD)?;
        let &[first, last, approximation] = rest.first_chunk::<3>().ok_or(BAD)?;
        let part = |field: &[u8]| {
            let component = frame.components.iter().position(|component| component.id == field[0])?;
            Some(Part { component, dc_table: field[1] >> 4, ac_table: field[1] & 15 })
        };
        let parts: Vec<Part> = fields.chunks_exact(2).map(part).collect::<Option<_>>().ok_or(BAD)?;
        let twice = (1..parts.len()).any(|at| parts[..at].iter().any(|part| part.component == parts[at].component));
        if parts.is_empty() || parts.len() > 4 || twice {
            return Err(BAD);
        }
        if !frame.progressive {
            return Ok(Self { parts, pass: Pass::Sequential, first: 0, last: 63, low: 0 });
        }
        let (high, low) = (approximation >> 4, approximation & 15);
        let pass = match (first, high) {
            (0, 0) => Pass::DcFirst,
            (0, _) => Pass::DcRefine,
            (_, 0) => Pass::AcFirst,
            _ => Pass::AcRefine,
        };
        let ac = first > 0;
        if last > 63 || first > last || (!ac && last > 0) || (ac && parts.len() > 1) || low > 13 {
            return Err(BAD);
        }
        Ok(Self { parts, pass, first: first.into(), last: last.into(), low })
    }

    /// Walks over every block of the scan, whose data begin at `at`; returns where they end, and whether nothing
    /// stands between that and what was looked at last: a marker, the end of the file, or eight bytes on.
    pub(super) fn walk(&self, frame: &mut Frame, tables: &Tables, file: &[u8], at: usize) -> Result<(usize, bool)> {
        for part in &self.parts {
            let component = &mut frame.components[part.component];
            if component.step == 0 {
                component.step = tables.dc_step(component.quantisation);
            }
        }
        let mut bits = Bits::new(file, at);
        match self.parts.as_slice() {
            [part] => self.walk_component(*part, &mut frame.components[part.component], tables, &mut bits)?,
            _ => self.walk_interleaved(frame, tables, &mut bits)?,
        }
        for part in &self.parts {
            frame.note(part.component, self.first, self.last, self.low);
        }
        Ok((bits.at(), bits.is_used_up()))
    }

    /// A scan of one component goes over the blocks that hold the picture, row by row.
    fn walk_component(&self, part: Part, component: &mut Component, tables: &Tables, bits: &mut Bits) -> Result<()> {
        let mut state = State::default();
        let mut decoder = self.decoder(part, tables)?;
        let mut until_restart = tables.restart_interval;
        for row in 0..component.rows {
            for column in 0..component.columns {
                if tables.restart_interval > 0 {
                    restart_if_due(&mut until_restart, tables.restart_interval, &mut state, bits)?;
                }
                decoder.block(component, row * component.stride + column, &mut state, bits)?;
            }
        }
        Ok(())
    }

    /// A scan of several components goes over MCUs, which hold `h` × `v` blocks of each.
    fn walk_interleaved(&self, frame: &mut Frame, tables: &Tables, bits: &mut Bits) -> Result<()> {
        let mut state = State::default();
        let mut decoders = Vec::new();
        for &part in &self.parts {
            decoders.push(self.decoder(part, tables)?);
        }
        let (across, down) = frame.mcus();
        let mut until_restart = tables.restart_interval;
        for mcu in 0..across * down {
            if tables.restart_interval > 0 {
                restart_if_due(&mut until_restart, tables.restart_interval, &mut state, bits)?;
            }
            for decoder in &mut decoders {
                let component = &mut frame.components[decoder.part.component];
                let (top, left) = (mcu / across * component.v, mcu % across * component.h);
                for place in 0..component.h * component.v {
                    let (row, column) = (top + place / component.h, left + place % component.h);
                    decoder.block(component, row * component.stride + column, &mut state, bits)?;
                }
            }
        }
        Ok(())
    }

    fn decoder<'a>(&'a self, part: Part, tables: &'a Tables) -> Result<BlockDecoder<'a>> {
        let needs_dc = matches!(self.pass, Pass::Sequential | Pass::DcFirst);
        let needs_ac = matches!(self.pass, Pass::Sequential | Pass::AcFirst | Pass::AcRefine);
        let dc = if needs_dc { Some(tables.dc(part.dc_table)?) } else { None };
        let ac = if needs_ac { Some(tables.ac(part.ac_table)?) } else { None };
        Ok(BlockDecoder { scan: self, part, dc, ac })
    }
}

fn restart_if_due(until: &mut usize, interval: usize, state: &mut State, bits: &mut Bits) -> Result<()> {
    if *until == 0 {
        bits.restart()?;
        *state = State::default();
        *until = interval;
    }
    *until -= 1;
    Ok(())
}

/// Reads the blocks of one component in one scan.
struct BlockDecoder<'a> {
    scan: &'a Scan,
    part: Part,
    dc: Option<&'a Huffman>,
    ac: Option<&'a Huffman>,
}

const BEYOND: Fault = Fault::Damaged("a block has more than 64 coefficients");

impl BlockDecoder<'_> {
    #[inline]
    fn block(&mut self, component: &mut Component, place: usize, state: &mut State, bits: &mut Bits) -> Result<()> {
        match (self.scan.pass, self.dc, self.ac) {
            (Pass::Sequential, Some(dc), Some(ac)) => {
                self.dc_first(dc, component, place, state, bits)?;
                sequential_ac(ac, bits)
            }
            (Pass::DcFirst, Some(dc), _) => self.dc_first(dc, component, place, state, bits),
            (Pass::DcRefine, ..) => {
                let bit = bits.take(1)? as i16;
                if let Some(mean) = component.means.get_mut(place) {
                    *mean |= bit << self.scan.low;
                }
                Ok(())
            }
            (Pass::AcFirst, _, Some(ac)) => self.ac_first(ac, &mut component.nonzero[place], state, bits),
            (Pass::AcRefine, _, Some(ac)) => self.ac_refine(ac, &mut component.nonzero[place], state, bits),
            _ => Err(Fault::Damaged("a Huffman table is missing")),
        }
    }

    #[inline]
    fn dc_first(
        &self,
        table: &Huffman,
        component: &mut Component,
        place: usize,
        state: &mut State,
        bits: &mut Bits,
    ) -> Result<()> {
        let size = bits.symbol(table)?;
        if size > 15 {
            return Err(Fault::Damaged("a block's mean cannot be"));
        }
        let prediction = &mut state.predictions[self.part.component];
        // Damaged data may add up to anything: what does not fit is cut, as the pixels would be.
        *prediction = (*prediction + bits.signed(size.into())?).clamp(i16::MIN.into(), i16::MAX.into());
        if let Some(mean) = component.means.get_mut(place) {
            *mean = (*prediction << self.scan.low) as i16;
        }
        Ok(())
    }

    /// T.81, G.1.2.2.
    fn ac_first(&self, table: &Huffman, nonzero: &mut u64, state: &mut State, bits: &mut Bits) -> Result<()> {
        if state.empty_blocks > 0 {
            state.empty_blocks -= 1;
            return Ok(());
        }
        let mut at = self.scan.first;
        while at <= self.scan.last {
            let symbol = bits.symbol(table)?;
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => at += 16,
                (_, 0) => {
                    state.empty_blocks = (1 << run) + bits.take(run)? - 1;
                    break;
                }
                _ => {
                    at += run as usize;
                    if at > 63 {
                        return Err(BEYOND);
                    }
                    bits.skip(size)?;
                    *nonzero |= 1 << at;
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// T.81, G.1.2.3: one more bit for each coefficient that is not zero, and new ones between them.
    fn ac_refine(&self, table: &Huffman, nonzero: &mut u64, state: &mut State, bits: &mut Bits) -> Result<()> {
        let (mut at, last) = (self.scan.first, self.scan.last);
        while state.empty_blocks == 0 && at <= last {
            let symbol = bits.symbol(table)?;
            let (mut run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 && run < 15 {
                state.empty_blocks = (1 << run) + bits.take(run)?;
                break;
            }
            if size > 1 {
                return Err(Fault::Damaged("a refined coefficient cannot be"));
            }
            bits.skip(size)?;
            while at <= last {
                if *nonzero >> at & 1 == 1 {
                    bits.skip(1)?;
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                at += 1;
            }
            if size == 1 {
                if at > last {
                    return Err(BEYOND);
                }
                *nonzero |= 1 << at;
            }
            at += 1;
        }
        if state.empty_blocks > 0 {
            state.empty_blocks -= 1;
            if at <= last {
                let rest = *nonzero & (u64::MAX >> (63 - last)) & (u64::MAX << at);
                bits.skip(rest.count_ones())?;
            }
        }
        Ok(())
    }
}

/// The 63 coefficients of a sequential block behind its mean (T.81, F.2.2.2).
#[inline]
fn sequential_ac(table: &Huffman, bits: &mut Bits) -> Result<()> {
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(table)?;
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (run, size) {
            (15, 0) => at += 16,
            (_, 0) => break,
            _ => {
                at += run + 1;
                if at > 64 {
                    return Err(BEYOND);
                }
                bits.skip(size)?;
            }
        }
    }
    Ok(())
}
