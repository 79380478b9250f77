//! Axes with round ticks, linear or logarithmic, and the lines drawn between them.

use std::iter::once;
use std::ops::Range;

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged};
use plotters::prelude::{Cartesian2d, Circle, PathElement, Polygon, RGBColor};
use plotters::style::Color;

use super::canvas::{Area, DrawError, Drawn, Surface};
use super::drawable;
use super::pen::{Rect, line, part, units};
use super::text::{Anchor, text_width, write};
use super::theme;

/// A chart in (epoch, value).
pub(super) type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<Axis, Axis>>;

const TICK_LENGTH: f64 = 4.0;
const AXIS_LINE: (f64, RGBColor) = (1.0, theme::OUTLINE);
/// Room for the tick labels and the name of the x axis.
pub(super) const X_AXIS_HEIGHT: f64 = 46.0;
/// Room right of the plot, for half of the last tick label.
const RIGHT_MARGIN: f64 = 14.0;
/// Room above the plot, for half of the highest tick label.
const TOP_MARGIN: f64 = 10.0;

/// A named axis; also the coordinate that Plotters asks where a value stands.
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
        let step = round_step((high - low) / count as f64).max(least);
        let (first, last) = ((low / step - 1e-6).ceil() as i64, (high / step + 1e-6).floor() as i64);
        let ticks = (first..=last).map(|i| (i as f64 * step, tick_name(i as f64 * step, step))).collect();
        Self { name: name.to_owned(), low, high, ticks, logarithmic: false }
    }

    /// From `low` to `high`, widened to round numbers.
    pub(super) fn round(name: &str, (low, high): (f64, f64), count: usize) -> Self {
        let (low, high) = widened(low, high);
        let step = round_step((high - low) / count as f64);
        let outward = ((low / step + 1e-6).floor() * step, (high / step - 1e-6).ceil() * step);
        Self::linear(name, outward, count, step)
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
        let widest = self.ticks.iter().map(|(_, name)| text_width(name, theme::SMALL)).fold(0.0, f64::max);
        widest + 2.0 * TICK_LENGTH + 8.0 + theme::BODY * 1.3
    }

    /// 0 at the lower end, 1 at the upper; what lies outside is put at the nearer end.
    pub(super) fn share(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.logarithmic { value.log10() } else { value };
        let value = value.clamp(self.low, self.high);
        (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + (self.share(*value) * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(value, _)| *value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
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
    if step >= 1e5 || decimals > 5 { format!("{value:.1e}") } else { format!("{value:.decimals$}") }
}

/// `mantissa`·10^`exponent`
fn power_name((mantissa, exponent): (i32, i32)) -> String {
    match exponent {
        0..=4 => format!("{mantissa}{}", "0".repeat(exponent as usize)),
        -4..0 => format!("0.{}{mantissa}", "0".repeat((-exponent - 1) as usize)),
        _ => format!("{mantissa}e{exponent}"),
    }
}

/// A grid with its axes, in a rectangle of a picture.
pub(super) struct Plot<'a, DB: Surface> {
    /// Where to draw curves, in (epoch, value).
    pub chart: Chart<'a, DB>,
    /// The grid's own rectangle.
    pub grid: Rect,
}

impl<'a, DB: Surface> Plot<'a, DB> {
    /// Draws the axes inside `place`; the y axis takes `y.width_with_name()` on the left.
    pub(super) fn new(area: &'a Area<DB>, place: Rect, x: &Axis, y: &Axis) -> Result<Self, DrawError<DB>> {
        let (left, top) = (y.width_with_name(), TOP_MARGIN);
        let grid = Rect {
            x: place.x + left,
            y: place.y + top,
            w: place.w - left - RIGHT_MARGIN,
            h: place.h - top - X_AXIS_HEIGHT,
        };
        draw_x_axis(area, grid, x)?;
        for (value, name) in &y.ticks {
            draw_y_tick(area, grid, grid.bottom() - y.share(*value) * grid.h, name)?;
        }
        line(area, ((grid.x, grid.y), (grid.x, grid.bottom())), AXIS_LINE)?;
        let y_name_at = (place.x + theme::BODY / 2.0, grid.middle());
        write(area, &y.name, y_name_at, (theme::BODY, theme::INK, Anchor::CentreUpwards))?;
        let chart = ChartBuilder::on(&part(area, grid)).build_cartesian_2d(x.clone(), y.clone())?;
        Ok(Self { chart, grid })
    }
}

/// The x axis under `grid`, with its grid lines; it takes [`X_AXIS_HEIGHT`] below.
pub(super) fn draw_x_axis<DB: Surface>(area: &Area<DB>, grid: Rect, x: &Axis) -> Drawn<DB> {
    for (value, name) in &x.ticks {
        draw_x_tick(area, grid, grid.x + x.share(*value) * grid.w, name)?;
    }
    line(area, ((grid.x, grid.bottom()), (grid.right(), grid.bottom())), AXIS_LINE)?;
    let name_at = (grid.x + grid.w / 2.0, grid.bottom() + X_AXIS_HEIGHT - theme::BODY / 2.0);
    write(area, &x.name, name_at, (theme::BODY, theme::INK, Anchor::Centre))
}

fn draw_x_tick<DB: Surface>(area: &Area<DB>, grid: Rect, x: f64, name: &str) -> Drawn<DB> {
    line(area, ((x, grid.y), (x, grid.bottom())), (1.0, theme::GRID))?;
    line(area, ((x, grid.bottom()), (x, grid.bottom() + TICK_LENGTH)), AXIS_LINE)?;
    let name_at = (x, grid.bottom() + 2.0 * TICK_LENGTH + theme::SMALL / 2.0);
    write(area, name, name_at, (theme::SMALL, theme::INK, Anchor::Centre))
}

fn draw_y_tick<DB: Surface>(area: &Area<DB>, grid: Rect, y: f64, name: &str) -> Drawn<DB> {
    line(area, ((grid.x, y), (grid.right(), y)), (1.0, theme::GRID))?;
    line(area, ((grid.x - TICK_LENGTH, y), (grid.x, y)), AXIS_LINE)?;
    write(area, name, (grid.x - 2.0 * TICK_LENGTH, y), (theme::SMALL, theme::INK, Anchor::Right))
}

/// A line through `points` (epoch, value). It breaks where a value cannot be drawn, and a lone point is a dot.
pub(super) fn curve<DB: Surface>(chart: &mut Chart<'_, DB>, points: &[(f64, f64)], colour: RGBColor) -> Drawn<DB> {
    let style = colour.stroke_width(units(2.0) as u32);
    for stretch in points.split(|point| !is_drawable(point)) {
        match stretch {
            [] => {}
            [only] => {
                chart.draw_series(once(Circle::new(*only, units(4.0), colour.filled())))?;
            }
            _ => {
                chart.draw_series(once(PathElement::new(stretch, style)))?;
            }
        }
    }
    Ok(())
}

/// A band through `edges` (epoch, low, high). It breaks where a value cannot be drawn, and a lone one is a bar.
pub(super) fn band<DB: Surface>(
    chart: &mut Chart<'_, DB>,
    edges: &[(f64, f64, f64)],
    (colour, depth): (RGBColor, f64),
) -> Drawn<DB> {
    for stretch in edges.split(|(x, low, high)| ![x, low, high].into_iter().all(|value| drawable(*value))) {
        let upper = stretch.iter().map(|(x, _, high)| (*x, *high));
        let lower = stretch.iter().rev().map(|(x, low, _)| (*x, *low));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        match stretch.len() {
            0 => {}
            1 => {
                let bar = PathElement::new(outline, colour.mix(2.0 * depth).stroke_width(units(3.0) as u32));
                chart.draw_series(once(bar))?;
            }
            _ => {
                chart.draw_series(once(Polygon::new(outline, colour.mix(depth).filled())))?;
            }
        }
    }
    Ok(())
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
        assert_eq!(
            names(&Axis::logarithmic("loss", (0.03, 2.4))),
            ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5"]
        );
        assert_eq!(names(&Axis::logarithmic("loss", (1e-6, 50.0))).first(), Some(&"1e-6"));
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
