//! One way to look at a picture: what is cut out of it, to which size that is brought, and which part of it is seen.
//!
//! Three ways to make them: [`View::test`] (the shorter side to 8/7 of the wanted size, then its centre), [`View::stretched`]
//! (the whole picture, whatever its shape), and those that [`augment`](super::augment) draws by lot.

use image::RgbImage;

use crate::data::dataset::PixelBox;
use crate::data::resample::{Rect, resample};

/// Cut, resize, crop, mirror, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    /// What is cut out of the picture, in its pixels.
    pub cut: Rect,
    /// Width and height that the cut is resized to.
    pub resized: (usize, usize),
    /// Columns of it that lie left of what is seen; where they are negative, what is seen begins with a black border.
    pub left: isize,
    /// Rows of it that lie above, likewise.
    pub top: isize,
    /// Width and height of what is seen.
    pub size: (usize, usize),
    /// Whether left and right are swapped in the end.
    pub flip: bool,
}

impl View {
    /// The whole of a picture of this width and height, brought to `size` whatever its shape.
    pub fn stretched((width, height): (usize, usize), size: (usize, usize)) -> Self {
        Self { cut: whole((width, height)), resized: size, left: 0, top: 0, size, flip: false }
    }

    /// What networks are measured on: torchvision's `Resize` of the shorter side to 8/7 of `side` (256 for 224), its longer side
    /// rounded down, and `CenterCrop(side)`, whose corner is rounded half to even.
    pub fn test((width, height): (usize, usize), side: usize) -> Self {
        let short = resized_side(side);
        let long = |long: usize, by: usize| (short as u64 * long as u64 / by as u64) as usize;
        let resized = if width <= height { (short, long(height, width)) } else { (long(width, height), short) };
        let corner = |resized: usize| half_to_even(resized - side) as isize;
        let (left, top) = (corner(resized.0), corner(resized.1));
        Self { cut: whole((width, height)), resized, left, top, size: (side, side), flip: false }
    }

    /// Where a box of the picture lies in what is seen, as far as it does; `None` where it does not. Mirrored views are for
    /// training, which asks for no boxes.
    pub fn seen_box(&self, item: PixelBox) -> Option<PixelBox> {
        let along = |at: f32, cut: usize, length: usize, resized: usize, from: isize, side: usize| {
            ((at - cut as f32) * resized as f32 / length as f32 - from as f32).clamp(0.0, side as f32)
        };
        let x = |at: f32| along(at, self.cut.left, self.cut.width, self.resized.0, self.left, self.size.0);
        let y = |at: f32| along(at, self.cut.top, self.cut.height, self.resized.1, self.top, self.size.1);
        let seen = PixelBox { x0: x(item.x0), y0: y(item.y0), x1: x(item.x1), y1: y(item.y1) };
        (seen.x0 < seen.x1 && seen.y0 < seen.y1).then_some(seen)
    }

    /// What is seen of a picture.
    ///
    /// # Shapes
    /// Returns 3 × height × width, planar.
    pub fn of(&self, picture: &RgbImage) -> Vec<u8> {
        let visible = |from: isize, side: usize, resized: usize| {
            let start = from.clamp(0, resized as isize) as usize;
            let end = (from + side as isize).clamp(0, resized as isize) as usize;
            start..end.max(start)
        };
        let columns = visible(self.left, self.size.0, self.resized.0);
        let rows = visible(self.top, self.size.1, self.resized.1);
        let window = Rect { left: columns.start, top: rows.start, width: columns.len(), height: rows.len() };
        if window.width == 0 || window.height == 0 {
            return vec![0; 3 * self.size.0 * self.size.1];
        }
        let mut seen = resample(picture, self.cut, self.resized, window);
        if (window.width, window.height) != self.size {
            let from = [window.left as isize - self.left, window.top as isize - self.top].map(isize::unsigned_abs);
            seen = self.bordered(&seen, window, from);
        }
        if self.flip {
            seen.chunks_exact_mut(self.size.0).for_each(<[u8]>::reverse);
        }
        seen
    }

    /// The same pixels with black ones around them.
    fn bordered(&self, seen: &[u8], window: Rect, [left, top]: [usize; 2]) -> Vec<u8> {
        let (width, height) = self.size;
        let mut all = vec![0; 3 * width * height];
        let planes = all.chunks_exact_mut(width * height).zip(seen.chunks_exact(window.width * window.height));
        for (plane, seen) in planes {
            for (row, seen) in plane.chunks_exact_mut(width).skip(top).zip(seen.chunks_exact(window.width)) {
                row[left..left + window.width].copy_from_slice(seen);
            }
        }
        all
    }

    /// What is seen of a picture that is there already in the size that it is resized to: `of` without any resizing.
    ///
    /// # Shapes
    /// `picture`: 3 × height × width of `resized`, planar; returns 3 × height × width of `size`.
    pub fn of_planar(&self, picture: &[u8]) -> Vec<u8> {
        let (width, height) = self.resized;
        let mut seen = vec![0; 3 * self.size.0 * self.size.1];
        let planes = picture.chunks_exact(width * height).zip(seen.chunks_exact_mut(self.size.0 * self.size.1));
        for (picture, seen) in planes {
            for (row, out) in seen.chunks_exact_mut(self.size.0).enumerate() {
                let source = row.checked_add_signed(self.top).filter(|&row| row < height);
                let Some(source) = source.map(|row| &picture[row * width..][..width]) else { continue };
                for (column, value) in out.iter_mut().enumerate() {
                    let column = if self.flip { self.size.0 - 1 - column } else { column };
                    let column = column.checked_add_signed(self.left).filter(|&column| column < width);
                    *value = column.map_or(0, |column| source[column]);
                }
            }
        }
        seen
    }
}

/// The whole of a picture of this width and height.
pub(super) fn whole((width, height): (usize, usize)) -> Rect {
    Rect { left: 0, top: 0, width, height }
}

/// What the shorter side is resized to before the centre of `side` pixels is cropped: 256 for 224.
fn resized_side(side: usize) -> usize {
    (8 * side + 3) / 7
}

/// Half of a whole number, and of what lies between two the even one, as Python's `round` has it.
fn half_to_even(number: usize) -> usize {
    let half = number / 2;
    if number % 2 == 1 && half % 2 == 1 { half + 1 } else { half }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
