//! Axes with round ticks, linear or logarithmic, and the lines drawn between them.

use super::drawable;
use super::drawing::{Anchor, Drawing, Paint, Point, Rect};
use super::text::widest;
use super::theme;
use crate::colours::{Colour, GRID, INK, OUTLINE, SOFT_INK};
use crate::words::minus;

const TICK_LENGTH: f64 = 4.0;
/// Room for the tick labels and the name of the x axis.
pub(super) const X_AXIS_HEIGHT: f64 = 46.0;
/// Room right of the plot, for half of the last tick label.
const RIGHT_MARGIN: f64 = 14.0;
/// Room above the plot, for half of the highest tick label.
const TOP_MARGIN: f64 = 10.0;

/// A named axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub name: String,
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
    logarithmic: bool,
}

impl Axis {
    /// Exactly from `low` to `high`, with about `count` ticks at least `least` apart.
    pub(super) fn linear(name: &str, (low, high): (f64, f64), count: usize, least: f64) -> Self {
        let (low, high) = widened(low, high);
        Self::stepped(name, (low, high), round_step((high - low) / count as f64).max(least))
    }

    /// Exactly from `low` to `high`, with a tick at every multiple of `step`.
    fn stepped(name: &str, (low, high): (f64, f64), step: f64) -> Self {
        let (first, last) = ((low / step - 1e-6).ceil() as i64, (high / step + 1e-6).floor() as i64);
        let ticks = (first..=last).map(|i| (i as f64 * step, tick_name(i as f64 * step, step))).collect();
        Self { name: name.to_owned(), low, high, ticks, logarithmic: false }
    }

    /// From `low` to `high`, widened to ticks at both ends.
    pub(super) fn round(name: &str, (low, high): (f64, f64), count: usize) -> Self {
        let (low, high) = widened(low, high);
        let step = round_step((high - low) / count as f64);
        let outward = ((low / step + 1e-6).floor() * step, (high / step - 1e-6).ceil() * step);
        Self::stepped(name, outward, step)
    }

    /// Logarithmic around the positive range from `low` to `high`, widened to 1, 2 or 5 times a power of ten.
    pub(super) fn logarithmic(name: &str, (low, high): (f64, f64)) -> Self {
        let exponents = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let value = |(mantissa, exponent): (i32, i32)| f64::from(mantissa) * 10_f64.powi(exponent);
        let round: Vec<(i32, i32)> =
            exponents.flat_map(|exponent| [1, 2, 5].map(|mantissa| (mantissa, exponent))).collect();
        let below = round.iter().rfind(|tick| value(**tick) <= low * (1.0 + 1e-9));
        let above = round.iter().find(|tick| value(**tick) >= high * (1.0 - 1e-9));
        let (low, high) = (below.map_or(low, |tick| value(*tick)), above.map_or(high, |tick| value(*tick)));
        // All of 1, 2, 5 for up to three decades, then whole decades, then every second, third … decade.
        let decades = (high / low).log10().ceil() as i32;
        let stride = (decades / 7).max(1);
        let shown =
            |(mantissa, exponent): &(i32, i32)| decades <= 3 || (*mantissa == 1 && exponent.rem_euclid(stride) == 0);
        let ticks = round.into_iter().filter(shown).map(|tick| (value(tick), power_name(tick)));
        let inside = |tick: &(f64, String)| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(&tick.0);
        Self { name: name.to_owned(), low, high, ticks: ticks.filter(inside).collect(), logarithmic: true }
    }

    /// Logarithmic around positive `values`, with a tick at each; they must be ascending.
    pub(super) fn logarithmic_at(name: &str, values: &[f64]) -> Self {
        let (first, last) = (values.first().copied().unwrap_or(1.0), values.last().copied().unwrap_or(1.0));
        let room = if last > first { (last / first).powf(0.06) } else { 2.0 };
        let ticks = values.iter().map(|value| (*value, value.to_string())).collect();
        Self { name: name.to_owned(), low: first / room, high: last * room, ticks, logarithmic: true }
    }

    /// Room that the axis needs left of the plot, with its name.
    pub(super) fn width_with_name(&self) -> f64 {
        let names = self.ticks.iter().map(|(_, name)| name.as_str());
        widest(names, theme::SMALL) + 2.0 * TICK_LENGTH + 8.0 + theme::BODY * 1.3
    }

    /// The lowest and the highest value.
    pub(super) fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// 0 at the lower end, 1 at the upper; what lies outside is put at the nearer end.
    pub(super) fn share(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.logarithmic { value.log10() } else { value };
        let value = value.clamp(self.low, self.high);
        (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))
    }
}

/// The range itself, or some room around a range of one value.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > 1e-9 * size {
        return (low, high);
    }
    let room = (0.05 * size).max(0.5);
    (low - room, high + room)
}

/// The next number above `rough` among 1, 2, 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

fn tick_name(value: f64, step: f64) -> String {
    let decimals = (-step.log10() - 1e-9).ceil().max(0.0) as usize;
    minus(if step >= 1e5 || decimals > 5 { format!("{value:.1e}") } else { format!("{value:.decimals$}") })
}

/// `mantissa`·10^`exponent`
fn power_name((mantissa, exponent): (i32, i32)) -> String {
    match exponent {
        0..=4 => format!("{mantissa}{}", "0".repeat(exponent as usize)),
        -4..0 => format!("0.{}{mantissa}", "0".repeat((-exponent - 1) as usize)),
        _ => minus(format!("{mantissa}e{exponent}")),
    }
}

/// A value with its spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Images of a class, epochs, or whatever stands below.
    pub x: f64,
    /// Lower end.
    pub low: f64,
    /// The mean.
    pub mean: f64,
    /// Upper end.
    pub high: f64,
}

/// A grid with its axes, in a rectangle of a picture.
pub(super) struct Plot<'a> {
    x: &'a Axis,
    y: &'a Axis,
    /// The grid's own rectangle.
    pub grid: Rect,
}

impl<'a> Plot<'a> {
    /// Draws the axes inside `place`; the y axis takes `y.width_with_name()` on the left.
    pub(super) fn new(drawing: &mut Drawing, place: Rect, x: &'a Axis, y: &'a Axis) -> Self {
        let left = y.width_with_name();
        let grid = Rect {
            x: place.x + left,
            y: place.y + TOP_MARGIN,
            w: place.w - left - RIGHT_MARGIN,
            h: place.h - TOP_MARGIN - X_AXIS_HEIGHT,
        };
        draw_x_axis(drawing, grid, x);
        for (value, name) in &y.ticks {
            let y = crisp(grid.bottom() - y.share(*value) * grid.h);
            drawing.line(&[(grid.x, y), (grid.right(), y)], 1.0, GRID);
            drawing.line(&[(grid.x - TICK_LENGTH, y), (grid.x, y)], 1.0, OUTLINE);
            drawing.text(name, (grid.x - 2.0 * TICK_LENGTH, y), (theme::SMALL, INK, Anchor::Right));
        }
        let left = crisp(grid.x);
        drawing.line(&[(left, grid.y), (left, grid.bottom())], 1.0, OUTLINE);
        let name_at = (place.x + theme::BODY / 2.0, grid.middle().1);
        drawing.text(&y.name, name_at, (theme::BODY, INK, Anchor::CentreUpwards));
        Self { x, y, grid }
    }

    /// Where (x, y) is in the picture; what lies outside is put at the nearer edge.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> Point {
        (self.grid.x + self.x.share(x) * self.grid.w, self.grid.bottom() - self.y.share(y) * self.grid.h)
    }

    /// Writes in the middle why there is nothing to see.
    pub(super) fn note(&self, drawing: &mut Drawing, words: &str) {
        drawing.text(words, self.grid.middle(), (theme::BODY, SOFT_INK, Anchor::Centre));
    }

    /// A line through `points`. It breaks where a value cannot be drawn, and a lone point is a dot.
    pub(super) fn curve(&self, drawing: &mut Drawing, points: &[(f64, f64)], colour: Colour) {
        for stretch in points.split(|point| !is_drawable(point)) {
            match stretch {
                [] => {}
                [only] => drawing.disc(self.at(*only), theme::MARK, colour),
                _ => drawing.line(&stretch.iter().map(|point| self.at(*point)).collect::<Vec<_>>(), 2.0, colour),
            }
        }
    }

    /// A band from low to high. It breaks where a value cannot be drawn, and a lone one is a bar.
    pub(super) fn band(&self, drawing: &mut Drawing, points: &[Spread], colour: Colour) {
        let faint = |opacity: f64| Paint { colour, opacity };
        for stretch in points.split(|point| ![point.x, point.low, point.high].into_iter().all(drawable)) {
            let upper = stretch.iter().map(|point| self.at((point.x, point.high)));
            let lower = stretch.iter().rev().map(|point| self.at((point.x, point.low)));
            let outline: Vec<Point> = upper.chain(lower).collect();
            match stretch.len() {
                0 => {}
                1 => drawing.line(&outline, 3.0, faint(2.0 * theme::BAND_DEPTH)),
                _ => drawing.area(outline, faint(theme::BAND_DEPTH)),
            }
        }
    }

    /// Bands behind, lines through the means before them; `nothing` is written where there is not one.
    pub(super) fn banded_curves(&self, drawing: &mut Drawing, curves: &[(&[Spread], Colour)], nothing: &str) {
        curves.iter().for_each(|(points, colour)| self.band(drawing, points, *colour));
        for (points, colour) in curves {
            self.curve(drawing, &points.iter().map(|point| (point.x, point.mean)).collect::<Vec<_>>(), *colour);
        }
        if !curves.iter().flat_map(|(points, _)| *points).any(|point| is_drawable(&(point.x, point.mean))) {
            self.note(drawing, nothing);
        }
    }
}

/// The x axis under `grid`, with its grid lines; it takes [`X_AXIS_HEIGHT`] below.
pub(super) fn draw_x_axis(drawing: &mut Drawing, grid: Rect, x: &Axis) {
    let bottom = crisp(grid.bottom());
    for (value, name) in &x.ticks {
        let x = crisp(grid.x + x.share(*value) * grid.w);
        drawing.line(&[(x, grid.y), (x, bottom)], 1.0, GRID);
        drawing.line(&[(x, bottom), (x, bottom + TICK_LENGTH)], 1.0, OUTLINE);
        let name_at = (x, bottom + 2.0 * TICK_LENGTH + theme::SMALL / 2.0);
        drawing.text(name, name_at, (theme::SMALL, INK, Anchor::Centre));
    }
    drawing.line(&[(grid.x, bottom), (grid.right(), bottom)], 1.0, OUTLINE);
    let name_at = (grid.middle().0, bottom + X_AXIS_HEIGHT - theme::BODY / 2.0);
    drawing.text(&x.name, name_at, (theme::BODY, INK, Anchor::Centre));
}

/// The middle of the pixel that holds it: a line of one pixel there is sharp.
fn crisp(place: f64) -> f64 {
    place.floor() + 0.5
}

/// Whether both coordinates can be drawn.
pub(super) fn is_drawable((x, y): &(f64, f64)) -> bool {
    drawable(*x) && drawable(*y)
}

/// Smallest and largest of the values that can be drawn.
pub(super) fn bounds(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| drawable(*value)).fold(None, |bounds, value| {
        Some(bounds.map_or((value, value), |(low, high): (f64, f64)| (low.min(value), high.max(value))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(names(&Axis::linear("epoch", (1.0, 30.0), 7, 1.0)), ["5", "10", "15", "20", "25", "30"]);
        assert_eq!(names(&Axis::linear("epoch", (1.0, 3.0), 7, 1.0)), ["1", "2", "3"]);
        assert_eq!(names(&Axis::linear("epoch", (4.0, 4.0), 7, 1.0)), ["4"]);
        assert_eq!(names(&Axis::round("λ", (0.0, 1.17), 5)), ["0.0", "0.5", "1.0", "1.5"]);
        let ends = ["−1.5", "−1.0", "−0.5", "0.0", "0.5", "1.0", "1.5", "2.0"];
        assert_eq!(names(&Axis::round("points", (-1.11, 1.64), 6)), ends);
        assert_eq!(
            names(&Axis::logarithmic("loss", (0.03, 2.4))),
            ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5"]
        );
        assert_eq!(names(&Axis::logarithmic("loss", (1e-6, 50.0))).first(), Some(&"1e−6"));
    }

    #[test]
    fn bounds_skip_what_cannot_be_drawn() {
        assert_eq!(bounds([f64::NAN, 2.0, f64::INFINITY, -1.0, 1e300]), Some((-1.0, 2.0)));
        assert_eq!(bounds([f64::NAN]), None);
    }

    #[test]
    fn no_range_has_too_many_ticks() {
        for exponent in -12..30 {
            let size = 10_f64.powi(exponent);
            for range in [(0.0, size), (-size, 3.3 * size), (size, size * 1.001)] {
                let count = Axis::round("y", range, 6).ticks.len();
                assert!((2..=9).contains(&count), "{range:?}: {count}");
            }
            let count = Axis::logarithmic("y", (size, 1e30)).ticks.len();
            assert!((1..=16).contains(&count), "{size}: {count}");
        }
    }
}
