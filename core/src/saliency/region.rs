//! Where the object of an image is, pixel by pixel.

use crate::data::{Dataset, PixelBox};

/// Whether each pixel of an image belongs to its object; at least one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    inside: Vec<bool>,
    width: usize,
}

/// A piece of an outline between two corners of pixels, `(column, row)` from the top-left corner of the image.
pub type Edge = [(usize, usize); 2];

impl Region {
    /// From a mask in reading order, `width` pixels a row; `None` where no pixel is inside.
    ///
    /// # Panics
    /// When the mask has no whole number of rows.
    pub fn from_mask(inside: Vec<bool>, width: usize) -> Option<Self> {
        assert_eq!(inside.len() % width.max(1), 0, "a mask has whole rows");
        inside.contains(&true).then_some(Self { inside, width })
    }

    /// The pixels whose centres lie in `item`; `None` where there are none.
    pub fn from_box(item: PixelBox, [height, width]: [usize; 2]) -> Option<Self> {
        let within = |at: usize, from: f32, to: f32| (from..to).contains(&(at as f32 + 0.5));
        let rows = (0..height).map(|row| within(row, item.y0, item.y1));
        let inside =
            rows.flat_map(|row| (0..width).map(move |column| row && within(column, item.x0, item.x1))).collect();
        Self::from_mask(inside, width)
    }

    /// The object of image `index`, where the data set says where it is: its mask, or else its box.
    pub fn of(data: &Dataset, index: usize) -> Option<Self> {
        let mask = data.mask(index).filter(|mask| mask.contains(&1));
        if let Some(mask) = mask {
            return Self::from_mask(mask.iter().map(|inside| *inside == 1).collect(), data.width);
        }
        let item = data.boxes.as_ref()?[index]?;
        Self::from_box(item, [data.height, data.width])
    }

    /// Whether each pixel is inside, in reading order.
    pub fn inside(&self) -> &[bool] {
        &self.inside
    }

    /// Share of the pixels inside, above 0 and up to 1: what a map that knows nothing of the object would score.
    pub fn area_share(&self) -> f64 {
        self.inside.iter().filter(|inside| **inside).count() as f64 / self.inside.len() as f64
    }

    /// The edges between a pixel inside and one outside, or the image's border.
    pub fn outline(&self) -> Vec<Edge> {
        let (width, height) = (self.width, self.inside.len() / self.width);
        let at = |row: Option<usize>, column: Option<usize>| match (row, column) {
            (Some(row), Some(column)) if row < height && column < width => self.inside[row * width + column],
            _ => false,
        };
        let mut edges = Vec::new();
        for row in 0..=height {
            for column in 0..=width {
                let here = at(Some(row), Some(column));
                if here != at(row.checked_sub(1), Some(column)) {
                    edges.push([(column, row), (column + 1, row)]);
                }
                if here != at(Some(row), column.checked_sub(1)) {
                    edges.push([(column, row), (column, row + 1)]);
                }
            }
        }
        edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_holds_the_pixels_whose_centres_it_holds() {
        // Columns 0.4 to 2.6: centres 0.5, 1.5 and 2.5; rows 1 to 2: centre 1.5.
        let region = Region::from_box(PixelBox { x0: 0.4, y0: 1.0, x1: 2.6, y1: 2.0 }, [3, 5]).unwrap();
        let mut expected = [false; 15];
        expected[5..8].fill(true);
        assert_eq!(region.inside(), expected);
        assert_eq!(region.area_share(), 0.2);
        let whole = Region::from_box(PixelBox { x0: -3.0, y0: 0.0, x1: 5.0, y1: 9.0 }, [3, 5]).unwrap();
        assert_eq!(whole.area_share(), 1.0);
        assert_eq!(Region::from_box(PixelBox { x0: 0.6, y0: 0.0, x1: 1.4, y1: 3.0 }, [3, 5]), None);
    }

    #[test]
    fn the_outline_runs_around_the_object_and_its_holes() {
        let corner = Region::from_mask(vec![true, false, false, false], 2).unwrap();
        let mut outline = corner.outline();
        outline.sort_unstable();
        let expected = [[(0, 0), (0, 1)], [(0, 0), (1, 0)], [(0, 1), (1, 1)], [(1, 0), (1, 1)]];
        assert_eq!(outline, expected);
        let mut ring = vec![true; 9];
        ring[4] = false;
        assert_eq!(Region::from_mask(ring, 3).unwrap().outline().len(), 12 + 4);
        assert_eq!(Region::from_mask(vec![false; 4], 2), None);
    }
}
