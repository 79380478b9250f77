//! Shapes in CSS pixels.

use plotters::prelude::{Circle, Polygon, RGBColor};
use plotters::style::Color;

use super::canvas::{Area, Drawn, Surface, UNITS};
use super::text::{Anchor, wrap, write};
use super::theme;

/// A rectangle in CSS pixels.
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

    /// Height of the middle.
    pub(super) fn middle(&self) -> f64 {
        self.y + self.h / 2.0
    }
}

/// CSS pixels to drawing units.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)).round() as i32
}

/// The part of `area` that lies in `rect`, as an area of its own.
pub(super) fn part<DB: Surface>(area: &Area<DB>, rect: Rect) -> Area<DB> {
    area.clone().shrink((units(rect.x), units(rect.y)), (units(rect.w), units(rect.h)))
}

/// A filled rectangle.
pub(super) fn fill<DB: Surface>(area: &Area<DB>, rect: Rect, colour: RGBColor) -> Drawn<DB> {
    let corners = [(rect.x, rect.y), (rect.right(), rect.y), (rect.right(), rect.bottom()), (rect.x, rect.bottom())];
    fill_polygon(area, &corners, colour)
}

/// A filled rectangle with an outline inside its edge.
pub(super) fn framed<DB: Surface>(
    area: &Area<DB>,
    rect: Rect,
    (filling, outline, width): (RGBColor, RGBColor, f64),
) -> Drawn<DB> {
    fill(area, rect, outline)?;
    let inner = Rect { x: rect.x + width, y: rect.y + width, w: rect.w - 2.0 * width, h: rect.h - 2.0 * width };
    fill(area, inner, filling)
}

/// A straight line with square ends.
pub(super) fn line<DB: Surface>(
    area: &Area<DB>,
    ((x0, y0), (x1, y1)): ((f64, f64), (f64, f64)),
    (width, colour): (f64, RGBColor),
) -> Drawn<DB> {
    let length = (x1 - x0).hypot(y1 - y0);
    if length == 0.0 {
        return Ok(());
    }
    let (across_x, across_y) = ((y0 - y1) / length * width / 2.0, (x1 - x0) / length * width / 2.0);
    let corners = [
        (x0 + across_x, y0 + across_y),
        (x1 + across_x, y1 + across_y),
        (x1 - across_x, y1 - across_y),
        (x0 - across_x, y0 - across_y),
    ];
    fill_polygon(area, &corners, colour)
}

/// A dashed vertical line.
pub(super) fn dashed_vertical<DB: Surface>(
    area: &Area<DB>,
    (x, top, bottom): (f64, f64, f64),
    colour: RGBColor,
) -> Drawn<DB> {
    let (dash, gap) = (6.0, 4.0);
    let mut y = top;
    while y < bottom {
        line(area, ((x, y), (x, (y + dash).min(bottom))), (1.25, colour))?;
        y += dash + gap;
    }
    Ok(())
}

/// A filled disc, `depth` of whose colour is left: 1 hides what is under it.
pub(super) fn dot<DB: Surface>(
    area: &Area<DB>,
    (x, y): (f64, f64),
    (radius, colour, depth): (f64, RGBColor, f64),
) -> Drawn<DB> {
    area.draw(&Circle::new((units(x), units(y)), units(radius), colour.mix(depth).filled()))
}

fn fill_polygon<DB: Surface>(area: &Area<DB>, corners: &[(f64, f64)], colour: RGBColor) -> Drawn<DB> {
    let corners: Vec<(i32, i32)> = corners.iter().map(|(x, y)| (units(*x), units(*y))).collect();
    area.draw(&Polygon::new(corners, colour.filled()))
}

/// Lines of text under each other, as a title or a caption.
pub(super) struct Paragraph {
    lines: Vec<String>,
    size: f64,
    colour: RGBColor,
}

impl Paragraph {
    /// A title as wide as a picture of `width` allows.
    pub(super) fn title(text: &str, width: f64) -> Self {
        let lines = wrap(text, width - 2.0 * theme::MARGIN, theme::TITLE);
        Self { lines, size: theme::TITLE, colour: theme::INK }
    }

    /// A caption as wide as a picture of `width` allows.
    pub(super) fn caption(text: &str, width: f64) -> Self {
        let lines = wrap(text, width - 2.0 * theme::MARGIN, theme::SMALL);
        Self { lines, size: theme::SMALL, colour: theme::SOFT_INK }
    }

    /// A sentence of the size of a caption that is to be read first.
    pub(super) fn remark(text: &str, width: f64) -> Self {
        Self { colour: theme::INK, ..Self::caption(text, width) }
    }

    fn line_height(&self) -> f64 {
        self.size * 1.25
    }

    /// Height of all lines.
    pub(super) fn height(&self) -> f64 {
        self.line_height() * self.lines.len() as f64
    }

    /// Writes the lines from `y` downwards.
    pub(super) fn draw<DB: Surface>(&self, area: &Area<DB>, y: f64) -> Drawn<DB> {
        for (number, line) in self.lines.iter().enumerate() {
            let middle = y + self.line_height() * (number as f64 + 0.5);
            write(area, line, (theme::MARGIN, middle), (self.size, self.colour, Anchor::Left))?;
        }
        Ok(())
    }
}
