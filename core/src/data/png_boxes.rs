//! A PNG too large for the memory, read row by row into averages over boxes of pixels.

use std::io::Cursor;

use image::RgbImage;
use png::{BitDepth, Decoder, DecodingError, Transformations};

/// As many boxes as are still plenty; their sums take 96 MiB.
pub(super) const MAX_BOXES: u64 = 8 << 20;

/// First column, first row, and their steps of the seven passes of an interlaced picture (PNG, 8.2).
const PASSES: [[usize; 4]; 7] =
    [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

/// The picture shrunk by the least whole number that leaves at most `max_boxes` pixels, each the mean of a box.
///
/// # Errors
/// If the file is damaged or cut off.
pub(super) fn read(bytes: &[u8], max_boxes: u64) -> Result<RgbImage, DecodingError> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let info = reader.info();
    let (width, height, interlaced) = (info.width, info.height, info.interlaced);
    let (colour, depth) = reader.output_color_type();
    let mut row = vec![0; reader.output_line_size(width).ok_or(DecodingError::LimitsExceeded)?];
    let mut boxes = Boxes::new(width as usize, height as usize, max_boxes);
    for [left, top, across, down] in if interlaced { &PASSES[..] } else { &[[0, 0, 1, 1]] } {
        // A pass without columns has no rows either.
        let rows = if *left < width as usize { (*top..height as usize).step_by(*down) } else { (0..0).step_by(1) };
        for y in rows {
            if reader.read_row(&mut row)?.is_none() {
                return Ok(boxes.means());
            }
            if depth == BitDepth::Sixteen {
                reduce_to_eight_bits(&mut row);
            }
            boxes.add(y, (*left, *across), &row, colour.samples());
        }
    }
    reader.finish()?;
    Ok(boxes.means())
}

/// Moves samples of two bytes, rounded to one, to the front.
fn reduce_to_eight_bits(row: &mut [u8]) {
    for at in 0..row.len() / 2 {
        let sample = u16::from_be_bytes([row[2 * at], row[2 * at + 1]]);
        row[at] = ((u32::from(sample) * 255 + 32_895) >> 16) as u8;
    }
}

/// Sums over boxes of `factor` × `factor` pixels; those at the right and at the bottom may be smaller.
struct Boxes {
    width: usize,
    height: usize,
    factor: usize,
    columns: usize,
    sums: Vec<[u32; 3]>,
}

impl Boxes {
    fn new(width: usize, height: usize, max_boxes: u64) -> Self {
        let count = |factor: usize| (width.div_ceil(factor) as u64) * (height.div_ceil(factor) as u64);
        let factor = (1..).find(|&factor| count(factor) <= max_boxes).unwrap_or(1);
        let columns = width.div_ceil(factor);
        Self { width, height, factor, columns, sums: vec![[0; 3]; columns * height.div_ceil(factor)] }
    }

    /// Adds the pixels of one row, which stand at `left`, `left + across`, …; grey is in all channels.
    fn add(&mut self, y: usize, (left, across): (usize, usize), row: &[u8], channels: usize) {
        let first = y / self.factor * self.columns;
        let sums = &mut self.sums[first..first + self.columns];
        let (green, blue) = if channels >= 3 { (1, 2) } else { (0, 0) };
        let count = self.width.saturating_sub(left).div_ceil(across);
        let (mut place, mut inside) = (left / self.factor, left % self.factor);
        for pixel in row.chunks_exact(channels).take(count) {
            while inside >= self.factor {
                (place, inside) = (place + 1, inside - self.factor);
            }
            let sum = &mut sums[place];
            sum[0] += u32::from(pixel[0]);
            sum[1] += u32::from(pixel[green]);
            sum[2] += u32::from(pixel[blue]);
            inside += across;
        }
    }

    fn means(&self) -> RgbImage {
        let side = |at: usize, length: usize| (length - at * self.factor).min(self.factor);
        RgbImage::from_fn(self.columns as u32, self.height.div_ceil(self.factor) as u32, |x, y| {
            let (x, y) = (x as usize, y as usize);
            let count = (side(x, self.width) * side(y, self.height)) as u32;
            image::Rgb(self.sums[y * self.columns + x].map(|sum| ((sum + count / 2) / count) as u8))
        })
    }
}

#[cfg(test)]
#[path = "png_boxes_tests.rs"]
mod tests;
