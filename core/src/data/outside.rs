//! Boxes against the pictures that they belong to: what is outside of a picture is cut off, and a box that is wholly outside is
//! left out by name, as a damaged picture is.

use crate::data::dataset::PixelBox;

/// Files that a note names; the rest is counted.
const MAX_NAMED: usize = 3;

/// The boxes of one part that lie wholly outside of their pictures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outside {
    /// Of each a picture with its size, and the box.
    found: Vec<String>,
}

impl Outside {
    /// The part of a box that lies in the picture `name` of this width and height; `None`, which is noted, where none does.
    pub(super) fn cut(&mut self, name: &str, (width, height): (f32, f32), item: PixelBox) -> Option<PixelBox> {
        let PixelBox { x0, y0, x1, y1 } = item;
        let inside = PixelBox { x0: x0.max(0.0), y0: y0.max(0.0), x1: x1.min(width), y1: y1.min(height) };
        if inside.x0 < inside.x1 && inside.y0 < inside.y1 {
            return Some(inside);
        }
        self.found.push(format!("{name} has {width} x {height} pixels and a box from ({x0}, {y0}) to ({x1}, {y1})"));
        None
    }

    /// What was left out, if anything.
    pub(super) fn note(&self) -> Option<String> {
        let named = self.found.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.found.len() {
            0 => None,
            1 => Some(format!("left out 1 box that lies outside of its picture: {named}")),
            count => {
                let more = if count > MAX_NAMED { format!(", and {} more", count - MAX_NAMED) } else { String::new() };
                Some(format!("left out {count} boxes that lie outside of their pictures: {named}{more}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_cut_to_their_pictures_and_named_where_nothing_is_left() {
        let mut outside = Outside::default();
        let item = |x0: f32, y0: f32, x1: f32, y1: f32| PixelBox { x0, y0, x1, y1 };
        let size = (50.0, 40.0);
        for (given, left) in [
            (item(1.0, 2.0, 50.0, 40.0), item(1.0, 2.0, 50.0, 40.0)),
            (item(-3.0, -0.5, 10.0, 50.0), item(0.0, 0.0, 10.0, 40.0)),
            (item(49.5, 0.0, 70.0, 3.0), item(49.5, 0.0, 50.0, 3.0)),
        ] {
            assert_eq!(outside.cut("a.jpg", size, given), Some(left));
        }
        assert_eq!(outside.note(), None);
        assert_eq!(outside.cut("b.jpg", size, item(50.0, 0.0, 60.0, 10.0)), None);
        let one = "left out 1 box that lies outside of its picture: b.jpg has 50 x 40 pixels and a box from (50, 0) to (60, 10)";
        assert_eq!(outside.note().as_deref(), Some(one));
        for given in [item(-9.0, 1.0, 0.0, 2.0), item(1.0, 40.0, 2.0, 41.0), item(1.0, -5.0, 2.0, -1.0)] {
            assert_eq!(outside.cut("c.jpg", size, given), None);
        }
        let note = outside.note().unwrap();
        assert!(
            note.starts_with("left out 4 boxes that lie outside of their pictures: b.jpg")
                && note.ends_with(", and 1 more")
        );
    }
}
