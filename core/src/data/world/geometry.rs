//! Points, frames and flat shapes.
//!
//! Only +, −, ×, ÷, comparison, `floor` and `sqrt` are used here and in the other files of the world. IEEE 754 fixes
//! every bit of those, so that a picture is the same on every platform; sine and cosine come from libraries that differ
//! in the last bit, hence [`direction`].

/// x to the right, y **down**.
pub(super) type Point = (f32, f32);

/// Steps of a whole turn.
pub(super) const TURN: usize = 256;

/// The direction (cos α, sin α) of α = 2π · `step` / [`TURN`], by repeated rotation by one step.
pub(super) fn direction(step: usize) -> Point {
    // cos and sin of 2π/256. The error of 255 steps in f64 is far below the f32 that is returned.
    const COS: f64 = 0.999_698_818_696_204_2;
    const SIN: f64 = 0.024_541_228_522_912_288;
    let rotate = |(x, y): (f64, f64), _| (x * COS - y * SIN, x * SIN + y * COS);
    let (cos, sin) = (0..step % TURN).fold((1.0, 0.0), rotate);
    (cos as f32, sin as f32)
}

/// Where something lies in the picture: local coordinates are turned, scaled and moved there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// The local origin, in pixels.
    pub centre: Point,
    /// Pixels per local unit, along the local x and y; a negative one mirrors.
    pub scale: Point,
    /// Cosine and sine of the rotation.
    pub direction: Point,
}

impl Frame {
    /// The local coordinates of a point of the picture.
    pub(super) fn local(&self, (x, y): Point) -> Point {
        let (dx, dy) = (x - self.centre.0, y - self.centre.1);
        let (cos, sin) = self.direction;
        ((dx * cos + dy * sin) / self.scale.0, (dy * cos - dx * sin) / self.scale.1)
    }

    /// Pixels of the larger local unit.
    pub(super) fn extent(&self) -> f32 {
        self.scale.0.abs().max(self.scale.1.abs())
    }
}

/// A flat shape in local coordinates.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Ellipse {
        centre: Point,
        radii: Point,
    },
    /// The part of an ellipse above its centre.
    Dome {
        centre: Point,
        radii: Point,
    },
    /// What lies between two circles.
    Ring {
        centre: Point,
        outer: f32,
        inner: f32,
    },
    /// A line with round ends, which may grow thicker or thinner.
    Stroke {
        from: Point,
        to: Point,
        radii: Point,
    },
    /// Closed by itself; the inside is where a ray crosses the outline an odd number of times.
    Polygon(Vec<Point>),
}

impl Shape {
    /// Whether the point belongs to the shape.
    pub(super) fn contains(&self, (x, y): Point) -> bool {
        let in_ellipse = |centre: &Point, radii: &Point| {
            let (a, b) = ((x - centre.0) / radii.0, (y - centre.1) / radii.1);
            a * a + b * b <= 1.0
        };
        match self {
            Self::Ellipse { centre, radii } => in_ellipse(centre, radii),
            Self::Dome { centre, radii } => y <= centre.1 && in_ellipse(centre, radii),
            Self::Ring { centre, outer, inner } => {
                let squared = square(x - centre.0) + square(y - centre.1);
                squared <= outer * outer && squared >= inner * inner
            }
            Self::Stroke { from, to, radii } => {
                let (along, length) = ((to.0 - from.0, to.1 - from.1), square(to.0 - from.0) + square(to.1 - from.1));
                let t = ((x - from.0) * along.0 + (y - from.1) * along.1) / length.max(1e-9);
                let t = t.clamp(0.0, 1.0);
                let radius = radii.0 + t * (radii.1 - radii.0);
                square(x - from.0 - t * along.0) + square(y - from.1 - t * along.1) <= radius * radius
            }
            Self::Polygon(corners) => {
                let crosses = |(a, b): (&Point, &Point)| {
                    (a.1 > y) != (b.1 > y) && x < (b.0 - a.0) * (y - a.1) / (b.1 - a.1) + a.0
                };
                let next = corners.iter().cycle().skip(1);
                corners.iter().zip(next).filter(|edge| crosses(*edge)).count() % 2 == 1
            }
        }
    }

    /// A circle around the shape: its centre and radius.
    pub(super) fn circle(&self) -> (Point, f32) {
        let middle = |a: Point, b: Point| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
        let distance = |a: Point, b: Point| (square(a.0 - b.0) + square(a.1 - b.1)).sqrt();
        match self {
            Self::Ellipse { centre, radii } | Self::Dome { centre, radii } => {
                (*centre, radii.0.abs().max(radii.1.abs()))
            }
            Self::Ring { centre, outer, .. } => (*centre, outer.abs()),
            Self::Stroke { from, to, radii } => {
                (middle(*from, *to), distance(*from, *to) / 2.0 + radii.0.abs().max(radii.1.abs()))
            }
            Self::Polygon(corners) => {
                let low = corners.iter().fold((f32::MAX, f32::MAX), |low, c| (low.0.min(c.0), low.1.min(c.1)));
                let high = corners.iter().fold((f32::MIN, f32::MIN), |high, c| (high.0.max(c.0), high.1.max(c.1)));
                (middle(low, high), distance(low, high) / 2.0)
            }
        }
    }

    /// The farthest that the shape reaches from the local origin.
    pub(super) fn reach(&self) -> f32 {
        let length = |(x, y): Point| (x * x + y * y).sqrt();
        match self {
            Self::Ellipse { centre, radii } | Self::Dome { centre, radii } => length(*centre) + radii.0.max(radii.1),
            Self::Ring { centre, outer, .. } => length(*centre) + outer,
            Self::Stroke { from, to, radii } => (length(*from) + radii.0).max(length(*to) + radii.1),
            Self::Polygon(corners) => corners.iter().map(|corner| length(*corner)).fold(0.0, f32::max),
        }
    }
}

fn square(x: f32) -> f32 {
    x * x
}

/// A closed curve around the origin with bumps: `radii` at equal angles, with the corners rounded off twice.
pub(super) fn blob(radii: &[f32]) -> Vec<Point> {
    let count = radii.len();
    let corner = |(nth, radius): (usize, &f32)| {
        let (cos, sin) = direction(nth * TURN / count);
        (radius * cos, radius * sin)
    };
    let corners: Vec<Point> = radii.iter().enumerate().map(corner).collect();
    rounded(&rounded(&corners))
}

/// Chaikin's corner cutting: every edge keeps its middle half.
fn rounded(corners: &[Point]) -> Vec<Point> {
    let next = corners.iter().cycle().skip(1);
    let mix = |a: &Point, b: &Point| (0.75 * a.0 + 0.25 * b.0, 0.75 * a.1 + 0.25 * b.1);
    corners.iter().zip(next).flat_map(|(a, b)| [mix(a, b), mix(b, a)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_those_of_the_library_to_single_precision() {
        for step in 0..TURN {
            let angle = std::f64::consts::TAU * step as f64 / TURN as f64;
            let (cos, sin) = direction(step);
            // Half a step of f32 below 1 is 3e-8.
            assert!((f64::from(cos) - angle.cos()).abs() < 4e-8 && (f64::from(sin) - angle.sin()).abs() < 4e-8);
        }
    }

    #[test]
    fn shapes_have_the_area_of_their_formula_and_stay_within_their_reach() {
        let cases = [
            (Shape::Ellipse { centre: (0.1, -0.2), radii: (0.7, 0.4) }, std::f64::consts::PI * 0.28),
            (Shape::Dome { centre: (0.1, 0.3), radii: (0.7, 0.9) }, std::f64::consts::PI * 0.315),
            (Shape::Ring { centre: (-0.2, 0.1), outer: 0.7, inner: 0.3 }, std::f64::consts::PI * 0.4),
            // A rectangle of 1 × 0.4 and two half discs.
            (
                Shape::Stroke { from: (-0.3, -0.4), to: (0.3, 0.4), radii: (0.2, 0.2) },
                0.4 + std::f64::consts::PI * 0.04,
            ),
            // An L of 1 × 1 less its corner of 0.6 × 0.5, not convex.
            (Shape::Polygon(vec![(-0.5, -0.5), (0.5, -0.5), (0.5, 0.0), (-0.1, 0.0), (-0.1, 0.5), (-0.5, 0.5)]), 0.7),
        ];
        const SIDE: usize = 401;
        for (shape, area) in cases {
            let at = |k: usize| 3.0 * (k as f32 + 0.5) / SIDE as f32 - 1.5;
            let inside: Vec<Point> =
                (0..SIDE * SIDE).map(|k| (at(k % SIDE), at(k / SIDE))).filter(|point| shape.contains(*point)).collect();
            let measured = inside.len() as f64 * 9.0 / (SIDE * SIDE) as f64;
            // The outline, at most 5 long, crosses about 5 / 0.0075 cells, half of them wrong by half a cell at random.
            assert!((measured - area).abs() < 0.01, "{shape:?}: {measured} for {area}");
            let farthest = inside.iter().map(|(x, y)| (x * x + y * y).sqrt()).fold(0.0, f32::max);
            assert!(farthest <= shape.reach() + 1e-6, "{shape:?}");
            let (middle, radius) = shape.circle();
            let within = |(x, y): &Point| square(x - middle.0) + square(y - middle.1) <= square(radius + 1e-6);
            assert!(inside.iter().all(within), "{shape:?}");
        }
    }

    #[test]
    fn a_frame_turns_clockwise_on_the_screen_and_mirrors() {
        let frame = Frame { centre: (10.0, 20.0), scale: (2.0, 4.0), direction: direction(TURN / 4) };
        let (x, y) = frame.local((10.0, 24.0));
        assert!((x - 2.0).abs() < 1e-6 && y.abs() < 1e-6, "{x} {y}");
        let mirrored = Frame { scale: (-2.0, 4.0), ..frame };
        assert!((mirrored.local((10.0, 24.0)).0 + 2.0).abs() < 1e-6);
    }

    #[test]
    fn a_blob_stays_between_its_radii_and_the_polygon_within() {
        let outline = blob(&[1.0; 8]);
        assert_eq!(outline.len(), 32);
        // Cutting the corners of an octagon leaves it outside of its inner circle, cos(22.5°) = 0.924, less what is cut.
        assert!(outline.iter().all(|(x, y)| (0.9..=1.0).contains(&(x * x + y * y).sqrt())));
    }
}
