//! Feature maps with their channels innermost: a pixel is a line of its channels, filled up with zeros to whole vectors. What
//! is done to pixels is done to a vector of channels at once, however small the maps are.

use crate::cpu::{LINE, Real, resized};

/// Numbers of a line for so many channels.
pub fn pitch(channels: usize) -> usize {
    channels.next_multiple_of(LINE)
}

/// A run of images as lines, each image inside a border of zeros.
pub struct Lines<T> {
    values: Vec<T>,
    size: Frame,
    pitch: usize,
}

/// How large an image's frame is, and where in it the image lies.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Frame {
    pub height: usize,
    pub width: usize,
    /// Zeros above the image and to its left.
    pub border: usize,
}

impl<T: Real> Lines<T> {
    pub fn new(size: Frame, channels: usize) -> Self {
        Self { values: Vec::new(), size, pitch: pitch(channels) }
    }

    /// Takes over `images` (`[…, all, height, width]`, flat) with the channels of `range` out of `all`.
    ///
    /// The border is written once: every image is put where one of the same size was.
    pub fn fill(&mut self, images: &[T], all: usize, range: std::ops::Range<usize>, [height, width]: [usize; 2]) {
        let Self { values, size, pitch } = self;
        let (area, frame) = (height * width, size.height * size.width * *pitch);
        let lines = resized(values, images.len() / (all * area) * frame);
        for (image, lines) in images.chunks_exact(all * area).zip(lines.chunks_exact_mut(frame)) {
            let image = &image[range.start * area..range.end * area];
            for y in 0..height {
                let first = ((y + size.border) * size.width + size.border) * *pitch;
                let row = Rows { values: &image[y * width..], stride: area, rows: range.len(), columns: width };
                row.transpose(&mut lines[first..], *pitch);
            }
        }
    }

    /// The line of a pixel of the frame.
    #[inline(always)]
    pub fn at(&self, image: usize, y: usize, x: usize) -> &[T] {
        &self.values[((image * self.size.height + y) * self.size.width + x) * self.pitch..][..self.pitch]
    }
}

/// A matrix whose rows begin `stride` numbers behind each other.
pub struct Rows<'a, T> {
    pub values: &'a [T],
    pub stride: usize,
    pub rows: usize,
    pub columns: usize,
}

/// Side of the blocks that a matrix is transposed in.
const BLOCK: usize = 8;

impl<T: Real> Rows<'_, T> {
    /// Writes the columns as lines that begin `pitch` numbers behind each other.
    #[inline(always)]
    pub fn transpose(&self, to: &mut [T], pitch: usize) {
        for c in (0..self.columns).step_by(BLOCK) {
            for r in (0..self.rows).step_by(BLOCK) {
                let (height, width) = (BLOCK.min(self.rows - r), BLOCK.min(self.columns - c));
                if height == BLOCK && width == BLOCK {
                    let mut block = [[T::ZERO; BLOCK]; BLOCK];
                    for (nth, row) in block.iter_mut().enumerate() {
                        row.copy_from_slice(&self.values[(r + nth) * self.stride + c..][..BLOCK]);
                    }
                    for nth in 0..BLOCK {
                        let line = &mut to[(c + nth) * pitch + r..][..BLOCK];
                        for at in 0..BLOCK {
                            line[at] = block[at][nth];
                        }
                    }
                } else {
                    for nth in 0..width {
                        let line = &mut to[(c + nth) * pitch + r..][..height];
                        for (at, value) in line.iter_mut().enumerate() {
                            *value = self.values[(r + at) * self.stride + c + nth];
                        }
                    }
                }
            }
        }
    }
}
