//! The shapes and textures of the synthetic data, as tests of a point.
//!
//! Only +, −, ×, ÷, comparison and `floor` are used. IEEE 754 fixes every bit of those, so that a picture is the same
//! on every platform; sine and cosine come from libraries that differ in the last bit, hence [`direction`].

/// A shape within the square from −1 to 1, u to the right and v **down**.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Disc,
    Square,
    Triangle,
    Ring,
    Plus,
    Bar,
    HalfDisc,
    Diamond,
    Crescent,
    Ell,
    Star,
    Arrow,
    Chevron,
    Hourglass,
    Frame,
}

impl Shape {
    /// Name for class names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Disc => "disc",
            Self::Square => "square",
            Self::Triangle => "triangle",
            Self::Ring => "ring",
            Self::Plus => "plus",
            Self::Bar => "bar",
            Self::HalfDisc => "half-disc",
            Self::Diamond => "diamond",
            Self::Crescent => "crescent",
            Self::Ell => "ell",
            Self::Star => "star",
            Self::Arrow => "arrow",
            Self::Chevron => "chevron",
            Self::Hourglass => "hourglass",
            Self::Frame => "frame",
        }
    }

    /// Whether the point (u, v) belongs to the shape.
    pub(super) fn contains(self, u: f32, v: f32) -> bool {
        let (across, along) = (u.abs(), v.abs());
        let radius_squared = u * u + v * v;
        match self {
            Self::Disc => radius_squared <= 0.72,
            Self::Square => across.max(along) <= 0.72,
            Self::Triangle => (-0.9..=0.75).contains(&v) && across <= 0.58 * (v + 0.9),
            Self::Ring => (0.26..=0.88).contains(&radius_squared),
            Self::Plus => across.min(along) <= 0.28 && across.max(along) <= 0.92,
            Self::Bar => across <= 0.95 && along <= 0.32,
            Self::HalfDisc => v <= 0.4 && u * u + (v - 0.4) * (v - 0.4) <= 0.9,
            Self::Diamond => 1.4 * across + along <= 0.98,
            Self::Crescent => radius_squared <= 0.88 && (u - 0.45) * (u - 0.45) + v * v > 0.42,
            Self::Ell => {
                ((-0.75..=-0.2).contains(&u) && along <= 0.9)
                    || ((0.35..=0.9).contains(&v) && (-0.75..=0.75).contains(&u))
            }
            Self::Star => in_star(u, v),
            Self::Arrow => {
                let head = (-0.95..=0.05).contains(&v) && across <= 0.85 * (v + 0.95);
                head || (across <= 0.24 && (0.0..=0.95).contains(&v))
            }
            Self::Chevron => across <= 0.92 && (v + 0.35 - 0.8 * across).abs() <= 0.36,
            Self::Hourglass => along <= 0.9 && across <= 0.1 + 0.75 * along,
            Self::Frame => (0.46..=0.82).contains(&across.max(along)),
        }
    }
}

/// A five-pointed star with a point up: the points that lie inside at least four of the five half-planes whose edges
/// are the star's lines.
fn in_star(u: f32, v: f32) -> bool {
    // Outward normals of the five lines, which point as the five tips do (v down), to six digits.
    const NORMALS: [(f32, f32); 5] = [
        (0.0, -1.0),
        (0.951_057, -0.309_017),
        (0.587_785, 0.809_017),
        (-0.587_785, 0.809_017),
        (-0.951_057, -0.309_017),
    ];
    // The pentagon within has the inradius 0.309 of the star's circumradius, here 0.98.
    NORMALS.iter().filter(|(x, y)| u * x + v * y <= 0.303).count() >= 4
}

/// How a shape is filled: with one colour or with two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texture {
    Solid,
    Stripes,
    Checks,
}

impl Texture {
    /// Name for class names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Solid => "solid",
            Self::Stripes => "striped",
            Self::Checks => "checked",
        }
    }

    /// Whether the point (u, v) has the second colour; `cells` is the number of stripes or checks per unit.
    pub(super) fn is_second(self, u: f32, v: f32, cells: f32) -> bool {
        let odd = |coordinate: f32| (coordinate * cells).floor() as i32 & 1 == 1;
        match self {
            Self::Solid => false,
            Self::Stripes => odd(v),
            Self::Checks => odd(u) != odd(v),
        }
    }
}

/// Steps of a whole turn.
pub(super) const TURN: u32 = 256;

/// The direction (cos α, sin α) of α = 2π · `step` / [`TURN`], by repeated rotation by one step.
pub(super) fn direction(step: u32) -> (f32, f32) {
    // cos and sin of 2π/256. The error of 255 steps in f64 is far below the f32 that is returned.
    const COS: f64 = 0.999_698_818_696_204_2;
    const SIN: f64 = 0.024_541_228_522_912_288;
    let rotate = |(x, y): (f64, f64), _| (x * COS - y * SIN, x * SIN + y * COS);
    let (x, y) = (0..step % TURN).fold((1.0, 0.0), rotate);
    (x as f32, y as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_cosine_and_sine() {
        for step in 0..2 * TURN {
            let angle = std::f64::consts::TAU * f64::from(step) / 256.0;
            let (x, y) = direction(step);
            assert!((f64::from(x) - angle.cos()).abs() < 1e-6 && (f64::from(y) - angle.sin()).abs() < 1e-6, "{step}");
        }
    }

    /// Points (u, v) inside and outside each shape, where they tell it from its neighbours.
    type Points = &'static [(f32, f32)];
    const POINTS: [(Shape, Points, Points); 15] = [
        (Shape::Disc, &[(0.0, 0.0), (0.59, 0.59)], &[(0.65, 0.65)]),
        (Shape::Square, &[(0.0, 0.0), (0.7, -0.7)], &[(0.75, 0.0)]),
        (Shape::Triangle, &[(0.0, -0.8), (0.9, 0.7)], &[(0.5, -0.5), (0.0, 0.8)]),
        (Shape::Ring, &[(0.7, 0.0), (0.0, -0.9)], &[(0.0, 0.0), (0.7, 0.7)]),
        (Shape::Plus, &[(0.9, 0.2), (0.2, -0.9)], &[(0.5, 0.5)]),
        (Shape::Bar, &[(0.9, 0.3)], &[(0.0, 0.5)]),
        (Shape::HalfDisc, &[(0.0, -0.5), (0.9, 0.35)], &[(0.0, 0.5)]),
        (Shape::Diamond, &[(0.0, 0.9), (0.65, 0.0)], &[(0.5, 0.5), (0.9, 0.0)]),
        (Shape::Crescent, &[(-0.6, 0.0), (0.0, 0.9)], &[(0.3, 0.0)]),
        (Shape::Ell, &[(-0.5, -0.8), (0.7, 0.6)], &[(0.5, -0.5), (0.0, 0.0)]),
        (Shape::Star, &[(0.0, 0.0), (0.0, -0.95), (0.9, -0.29), (0.56, 0.76)], &[(0.0, 0.6), (0.5, -0.7), (0.9, 0.3)]),
        (Shape::Arrow, &[(0.0, -0.9), (0.8, 0.0), (0.2, 0.9)], &[(0.5, 0.5), (0.6, -0.6)]),
        (Shape::Chevron, &[(0.0, -0.6), (0.9, 0.6)], &[(0.0, 0.5), (0.9, -0.5)]),
        (Shape::Hourglass, &[(0.0, 0.0), (0.7, 0.85), (-0.7, -0.85)], &[(0.5, 0.0)]),
        (Shape::Frame, &[(0.6, 0.0), (-0.8, 0.8)], &[(0.0, 0.0), (0.9, 0.0)]),
    ];

    #[test]
    fn every_shape_has_its_own_points() {
        for (shape, inside, outside) in POINTS {
            assert!(inside.iter().all(|&(u, v)| shape.contains(u, v)), "{shape:?}");
            assert!(!outside.iter().any(|&(u, v)| shape.contains(u, v)), "{shape:?}");
        }
    }

    #[test]
    fn shapes_lie_within_the_unit_square_and_are_not_thin() {
        for (shape, ..) in POINTS {
            let at = |index: i32| index as f32 / 50.0;
            let points = || (-75..=75).flat_map(|row| (-75..=75).map(move |column| (at(column), at(row))));
            let inside: Vec<_> = points().filter(|&(u, v)| shape.contains(u, v)).collect();
            assert!(inside.iter().all(|(u, v)| u.abs() <= 1.0 && v.abs() <= 1.0), "{shape:?}");
            let share = inside.len() as f32 / 101.0 / 101.0;
            assert!((0.2..0.7).contains(&share), "{shape:?} covers {share}");
        }
    }

    #[test]
    fn textures_alternate() {
        let row = |texture: Texture, v: f32| [-0.9, -0.4, 0.1, 0.6].map(|u| texture.is_second(u, v, 2.0));
        assert_eq!(row(Texture::Solid, 0.1), [false; 4]);
        assert_eq!((row(Texture::Stripes, 0.1), row(Texture::Stripes, 0.6)), ([false; 4], [true; 4]));
        assert_eq!(row(Texture::Checks, 0.1), [false, true, false, true]);
        assert_eq!(row(Texture::Checks, 0.6), [true, false, true, false]);
    }
}
