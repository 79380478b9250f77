//! What a picture consists of, until [`svg`](super::svg) or [`raster`](super::raster) writes it down.
//!
//! Places and sizes are CSS pixels, x to the right and y down. Colours are those of both grounds; who writes chooses.

use super::text::Paragraph;
use super::theme;
use crate::colours::{Colour, GROUND};

/// A place: x, y.
pub(super) type Point = (f64, f64);

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// Right edge.
    pub(super) fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Lower edge.
    pub(super) fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// The point in the middle.
    pub(super) fn middle(&self) -> Point {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    fn corners(&self) -> Vec<Point> {
        vec![(self.x, self.y), (self.right(), self.y), (self.right(), self.bottom()), (self.x, self.bottom())]
    }
}

/// Which point of a text its place means; across the line it is always the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The left end.
    Left,
    /// The middle.
    Centre,
    /// The right end.
    Right,
    /// The middle of a text that is turned to read upwards.
    CentreUpwards,
}

/// A colour, and how much of it there is: what is behind shines through the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paint {
    /// The colour.
    pub colour: Colour,
    /// 1 hides what is behind.
    pub opacity: f64,
}

impl From<Colour> for Paint {
    fn from(colour: Colour) -> Self {
        Self { colour, opacity: 1.0 }
    }
}

/// One thing in a picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// A line through points.
    Line { points: Vec<Point>, width: f64, paint: Paint },
    /// A filled polygon.
    Area { points: Vec<Point>, paint: Paint },
    /// A filled disc.
    Disc { centre: Point, radius: f64, paint: Paint },
    /// A line of text.
    Text { text: String, at: Point, size: f64, colour: Colour, anchor: Anchor },
    /// Pixels in reading order, as squares with sharp edges. A page has none: there they would bring a writer of PNGs along.
    #[cfg(not(target_family = "wasm"))]
    Pixels { place: Rect, width: usize, pixels: Vec<[u8; 3]> },
}

/// A picture, to be written as SVG or as pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    width: f64,
    height: f64,
    pub(super) marks: Vec<Mark>,
}

impl Drawing {
    /// An empty picture of a width; its height comes with [`ending_at`](Self::ending_at).
    pub(super) fn new(width: f64) -> Self {
        Self { width: width.ceil(), height: 0.0, marks: Vec::new() }
    }

    /// The whole picture, whose lower edge is a margin below `bottom`.
    pub(super) fn ending_at(self, bottom: f64) -> Self {
        Self { height: (bottom + theme::MARGIN).ceil(), ..self }
    }

    /// Pictures that follow one another, all as high as the highest.
    pub(super) fn of_one_height(mut all: Vec<Self>) -> Vec<Self> {
        let highest = all.iter().map(|drawing| drawing.height).fold(0.0, f64::max);
        all.iter_mut().for_each(|drawing| drawing.height = highest);
        all
    }

    /// Width and height in CSS pixels, whole numbers.
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// The first mark: the ground under the whole picture.
    pub(super) fn ground(&self) -> Mark {
        let all = Rect { x: 0.0, y: 0.0, w: self.width, h: self.height };
        Mark::Area { points: all.corners(), paint: GROUND.into() }
    }

    pub(super) fn line(&mut self, points: &[Point], width: f64, paint: impl Into<Paint>) {
        self.marks.push(Mark::Line { points: points.to_vec(), width, paint: paint.into() });
    }

    /// Dashes from `top` to `bottom`.
    pub(super) fn dashed_vertical(&mut self, (x, top, bottom): (f64, f64, f64), colour: Colour) {
        let (dash, gap) = (6.0, 4.0);
        let mut y = top;
        while y < bottom {
            self.line(&[(x, y), (x, (y + dash).min(bottom))], 1.25, colour);
            y += dash + gap;
        }
    }

    pub(super) fn area(&mut self, points: Vec<Point>, paint: impl Into<Paint>) {
        self.marks.push(Mark::Area { points, paint: paint.into() });
    }

    pub(super) fn rect(&mut self, rect: Rect, paint: impl Into<Paint>) {
        self.area(rect.corners(), paint);
    }

    /// A filled rectangle with an outline inside its edge.
    pub(super) fn framed(&mut self, rect: Rect, (filling, outline, width): (Colour, Colour, f64)) {
        self.rect(rect, outline);
        let inner = Rect { x: rect.x + width, y: rect.y + width, w: rect.w - 2.0 * width, h: rect.h - 2.0 * width };
        self.rect(inner, filling);
    }

    pub(super) fn disc(&mut self, centre: Point, radius: f64, paint: impl Into<Paint>) {
        self.marks.push(Mark::Disc { centre, radius, paint: paint.into() });
    }

    pub(super) fn text(&mut self, text: impl Into<String>, at: Point, (size, colour, anchor): (f64, Colour, Anchor)) {
        let text = text.into();
        if !text.trim().is_empty() {
            self.marks.push(Mark::Text { text, at, size, colour, anchor });
        }
    }

    /// Pixels in reading order, so many to a row; none where there are none.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn pixels(&mut self, place: Rect, width: usize, pixels: Vec<[u8; 3]>) {
        if !pixels.is_empty() {
            self.marks.push(Mark::Pixels { place, width, pixels });
        }
    }

    /// Writes the lines from `top` downwards; where they end.
    pub(super) fn paragraph(&mut self, paragraph: &Paragraph, top: f64) -> f64 {
        for (number, line) in paragraph.lines.iter().enumerate() {
            let middle = top + paragraph.line_height() * (number as f64 + 0.5);
            self.text(line, (theme::MARGIN, middle), (paragraph.size, paragraph.colour, Anchor::Left));
        }
        top + paragraph.height()
    }
}
