//! The frame: its size, its components, and what is known of their blocks.

use super::{Fault, Result};

/// One component: a plane of samples, in blocks of 8 × 8.
#[derive(Debug)]
pub(super) struct Component {
    pub id: u8,
    /// Horizontal and vertical sampling factor.
    pub h: usize,
    pub v: usize,
    pub quantisation: u8,
    /// Blocks that hold samples of the picture.
    pub columns: usize,
    pub rows: usize,
    /// Blocks from one row to the next: whole MCUs.
    pub stride: usize,
    /// The DC coefficient of each block, as coded; empty where nobody asks.
    pub means: Vec<i16>,
    /// What the means are multiplied by; 0 before the first scan.
    pub step: u16,
    /// Which coefficients of each block are not zero: progressive files say more about those than about others.
    pub nonzero: Vec<u64>,
    /// By coefficient in zigzag order: how many low bits are still to come.
    missing_bits: [u8; 64],
}

/// A coefficient of which nothing has come.
const NOTHING: u8 = u8::MAX;

/// The frame header (T.81, B.2.2) and its components.
#[derive(Debug)]
pub(super) struct Frame {
    pub width: usize,
    pub height: usize,
    pub progressive: bool,
    pub components: Vec<Component>,
    pub h_max: usize,
    pub v_max: usize,
    visits: usize,
}

impl Frame {
    pub(super) fn parse(payload: &[u8], progressive: bool) -> Result<Self> {
        let Some((&[precision, h1, h0, w1, w0, count], rest)) = payload.split_first_chunk::<6>() else {
            return Err(Fault::Damaged("its frame header is cut off"));
        };
        let (height, width) = (usize::from(u16::from_be_bytes([h1, h0])), usize::from(u16::from_be_bytes([w1, w0])));
        if precision != 8 {
            return Err(Fault::Unread("of more than 8 bits"));
        }
        if width == 0 || height == 0 {
            return Err(Fault::Damaged("its width or height is zero"));
        }
        if !(1..=4).contains(&count) || rest.len() < 3 * usize::from(count) {
            return Err(Fault::Damaged("its number of components cannot be"));
        }
        let fields: Vec<_> = rest.chunks_exact(3).take(count.into()).collect();
        let factors = |field: &&[u8]| (usize::from(field[1] >> 4), usize::from(field[1] & 15));
        if fields.iter().map(factors).any(|(h, v)| !(1..=4).contains(&h) || !(1..=4).contains(&v)) {
            return Err(Fault::Damaged("its sampling factors cannot be"));
        }
        let h_max = fields.iter().map(|field| factors(field).0).max().unwrap_or(1);
        let v_max = fields.iter().map(|field| factors(field).1).max().unwrap_or(1);
        let component = |field: &&[u8]| {
            let (h, v) = factors(field);
            Component {
                id: field[0],
                h,
                v,
                quantisation: field[2],
                columns: (width * h).div_ceil(8 * h_max),
                rows: (height * v).div_ceil(8 * v_max),
                stride: width.div_ceil(8 * h_max) * h,
                means: Vec::new(),
                step: 0,
                nonzero: Vec::new(),
                missing_bits: [NOTHING; 64],
            }
        };
        let components = fields.iter().map(component).collect();
        Ok(Self { width, height, progressive, components, h_max, v_max, visits: 0 })
    }

    /// Makes room for what the walk keeps.
    pub(super) fn allocate(&mut self, means: bool) {
        let mcu_rows = self.mcus().1;
        for component in &mut self.components {
            let blocks = component.stride * mcu_rows * component.v;
            component.means = vec![0; if means { blocks } else { 0 }];
            component.nonzero = vec![0; if self.progressive { blocks } else { 0 }];
        }
    }

    pub(super) fn size(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }

    /// MCUs of interleaved scans, across and down.
    pub(super) fn mcus(&self) -> (usize, usize) {
        (self.width.div_ceil(8 * self.h_max), self.height.div_ceil(8 * self.v_max))
    }

    /// Counts a scan over all blocks.
    pub(super) fn spend_visits(&mut self, scans: usize, max_scans: usize, max_visits: usize) -> Result<()> {
        let (across, down) = self.mcus();
        self.visits += across * down;
        // A small picture may be visited as often as it likes.
        if scans > max_scans || self.visits > max_visits * (across * down).max(4096) {
            return Err(Fault::Damaged("it has more scans than any picture needs"));
        }
        Ok(())
    }

    /// Marks that coefficients `first..=last` of a component have come but for `missing` low bits.
    pub(super) fn note(&mut self, component: usize, first: usize, last: usize, missing: u8) {
        self.components[component].missing_bits[first..=last].fill(missing);
    }

    /// Whether every bit of every coefficient has come.
    pub(super) fn is_complete(&self) -> bool {
        self.components.iter().all(|component| component.missing_bits.iter().all(|&missing| missing == 0))
    }

    /// Whether every component has its means, so that a file may end here if it says so.
    pub(super) fn is_begun(&self) -> bool {
        self.components.iter().all(|component| component.missing_bits[0] != NOTHING)
    }
}
