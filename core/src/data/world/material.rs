//! Textures of two colours, as functions of a point.

use super::geometry::Point;

/// A texture. Its unit of length is about one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Material {
    Plain,
    Stripes,
    Spots,
    Checks,
    Grid,
    PinStripes,
    Waves,
    ZigZag,
    Bricks,
    Rings,
    Scales,
    Triangles,
    Crosses,
    Weave,
    Wood,
    Marble,
    Clouds,
    Speckle,
    // Kept for the target task.
    Honeycomb,
    Diamonds,
    Tiles,
    Herringbone,
    Cobbles,
    Ripples,
    Grass,
    Chain,
    Steps,
    Crackle,
}

impl Material {
    /// Name for class names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Stripes => "stripes",
            Self::Spots => "spots",
            Self::Checks => "checks",
            Self::Grid => "grid",
            Self::PinStripes => "pin stripes",
            Self::Waves => "waves",
            Self::ZigZag => "zigzag",
            Self::Bricks => "bricks",
            Self::Rings => "rings",
            Self::Scales => "scales",
            Self::Triangles => "triangles",
            Self::Crosses => "crosses",
            Self::Weave => "weave",
            Self::Wood => "wood",
            Self::Marble => "marble",
            Self::Clouds => "clouds",
            Self::Speckle => "speckle",
            Self::Honeycomb => "honeycomb",
            Self::Diamonds => "diamonds",
            Self::Tiles => "tiles",
            Self::Herringbone => "herringbone",
            Self::Cobbles => "cobbles",
            Self::Ripples => "ripples",
            Self::Grass => "grass",
            Self::Chain => "chain",
            Self::Steps => "steps",
            Self::Crackle => "crackle",
        }
    }

    /// Share of the second colour at a point, 0 to 1; `seed` is that of the noise.
    pub(super) fn second(self, (u, v): Point, seed: u32) -> f32 {
        let (column, row) = (u.floor(), v.floor());
        let (x, y) = (u - column, v - row);
        let share = |inside: bool| if inside { 1.0 } else { 0.0 };
        match self {
            Self::Plain => 0.0,
            Self::Stripes => share(y < 0.5),
            Self::PinStripes => share(y < 0.22 || (0.4..0.62).contains(&y)),
            Self::Spots => share(disc(staggered(u, v)) < 0.085),
            Self::Rings => share((0.035..0.15).contains(&disc((x, y)))),
            Self::Checks => share((x < 0.5) != (y < 0.5)),
            Self::Grid => share(x < 0.26 || y < 0.26),
            Self::Waves => share(fract(v + 0.3 * bump(u)) < 0.45),
            Self::ZigZag => share(fract(v + 0.8 * tent(u)) < 0.45),
            Self::Bricks => share(fract(2.0 * y) < 0.3 || fract(u + if y < 0.5 { 0.0 } else { 0.5 }) < 0.17),
            Self::Scales => {
                let (x, y) = staggered(u, v);
                share((0.19..0.36).contains(&(square(x - 0.5) + square(0.7 * (y - 0.1)))) && y > 0.1)
            }
            Self::Triangles => share((x - 0.5).abs() < 0.5 * y),
            Self::Crosses => share((x - 0.5).abs().min((y - 0.5).abs()) < 0.13 && disc((x, y)) < 0.14),
            Self::Weave => {
                let across = odd(column) != odd(row);
                share(fract(3.0 * if across { x } else { y }) < 0.5)
            }
            Self::Wood => share(fract(0.9 * v + 1.1 * noise(0.35 * u, 0.8 * v, seed)) < 0.4),
            Self::Marble => share((noise(u, v, seed) + 0.5 * noise(2.1 * u, 2.1 * v, seed ^ 7) - 0.75).abs() < 0.09),
            Self::Clouds => smooth(((noise(0.9 * u, 0.9 * v, seed) - 0.5) * 2.6 + 0.5).clamp(0.0, 1.0)),
            Self::Speckle => share(cell(2.6 * u, 2.6 * v, seed) & 3 == 0),
            _ => self.second_of_targets((u, v), seed),
        }
    }

    /// [`Material::second`] of the textures of the target task.
    fn second_of_targets(self, (u, v): Point, seed: u32) -> f32 {
        let (column, row) = (u.floor(), v.floor());
        let (x, y) = (u - column, v - row);
        let share = |inside: bool| if inside { 1.0 } else { 0.0 };
        match self {
            Self::Honeycomb => share(edge_of_nearest((u, v), seed, 0.0) < 0.13),
            Self::Cobbles => share(edge_of_nearest((u, v), seed, 0.42) < 0.14),
            Self::Crackle => share(edge_of_nearest((0.6 * u, 0.6 * v), seed, 0.5) < 0.05),
            Self::Diamonds => share((x - 0.5).abs() + 0.62 * (y - 0.5).abs() < 0.3),
            Self::Tiles => share((x - 0.5).abs().max((y - 0.5).abs()) < 0.27),
            Self::Herringbone => {
                let slant = if x < 0.5 { u } else { -u };
                share(fract(2.0 * (v + slant)) < 0.42)
            }
            Self::Ripples => {
                let (x, y) = (u - 4.0 * (u / 4.0).floor() - 2.0, v - 4.0 * (v / 4.0).floor() - 2.0);
                share(fract((x * x + y * y).sqrt()) < 0.45)
            }
            Self::Grass => share((fract(2.4 * u + 0.3 * tent(v)) < 0.4) && cell(2.4 * u, 0.9 * v, seed) & 1 == 0),
            Self::Chain => {
                let (x, y) = (fract(u) - 0.5, fract(1.3 * v) - 0.5);
                share((0.05..0.16).contains(&(x * x + 0.45 * y * y)))
            }
            Self::Steps => share(fract(v + 0.5 * (2.0 * u).floor() * 0.5) < 0.45),
            _ => 0.0,
        }
    }
}

fn fract(x: f32) -> f32 {
    x - x.floor()
}

fn square(x: f32) -> f32 {
    x * x
}

fn odd(whole: f32) -> bool {
    fract(0.5 * whole) > 0.25
}

/// Squared distance from the middle of a cell.
fn disc((x, y): Point) -> f32 {
    square(x - 0.5) + square(y - 0.5)
}

/// Place in a cell of a lattice whose odd rows are moved by half a cell.
fn staggered(u: f32, v: f32) -> Point {
    let row = v.floor();
    (fract(if odd(row) { u + 0.5 } else { u }), v - row)
}

/// From 0 to 1 and back in straight lines over one unit.
fn tent(u: f32) -> f32 {
    1.0 - (2.0 * fract(u) - 1.0).abs()
}

/// From 0 to 1 and back like a wave over one unit.
fn bump(u: f32) -> f32 {
    smooth(tent(u))
}

fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// A hash of the cell that a point is in.
fn cell(u: f32, v: f32, seed: u32) -> u32 {
    hash(u.floor() as i32, v.floor() as i32, seed)
}

/// Mixes two whole numbers and a seed (the finaliser of MurmurHash3).
fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h = seed ^ (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77);
    h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
    h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

/// Value noise: random numbers in 0 to 1 on the whole points, smoothly between them.
pub(super) fn noise(u: f32, v: f32, seed: u32) -> f32 {
    let (column, row) = (u.floor(), v.floor());
    let (a, b) = (smooth(u - column), smooth(v - row));
    let value =
        |right: i32, down: i32| (hash(column as i32 + right, row as i32 + down, seed) >> 8) as f32 / 16_777_216.0;
    let top = value(0, 0) + a * (value(1, 0) - value(0, 0));
    let bottom = value(0, 1) + a * (value(1, 1) - value(0, 1));
    top + b * (bottom - top)
}

/// Distance from the border between the cells of the two nearest of a staggered lattice of points, which are moved by up
/// to `disorder`: half the difference of their distances.
fn edge_of_nearest((u, v): Point, seed: u32, disorder: f32) -> f32 {
    // Rows 0.866 apart make the undisturbed cells regular hexagons.
    let row = (v / 0.866).floor();
    let (mut nearest, mut second) = (f32::MAX, f32::MAX);
    for down in -2..=2 {
        let y = row + down as f32;
        let shift = if odd(y) { 0.5 } else { 0.0 };
        let column = (u - shift).floor();
        for right in -2..=2 {
            let x = column + right as f32;
            let word = hash(x as i32, y as i32, seed);
            let moved = |bits: u32| disorder * ((bits & 0xff) as f32 / 127.5 - 1.0);
            let (dx, dy) = (x + shift + moved(word) - u, 0.866 * y + moved(word >> 8) - v);
            let distance = (dx * dx + dy * dy).sqrt();
            (nearest, second) = if distance < nearest { (distance, nearest) } else { (nearest, second.min(distance)) };
        }
    }
    0.5 * (second - nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_continuous_and_has_its_mean() {
        let values: Vec<f32> =
            (0..40_000).map(|k| noise(0.05 * (k % 200) as f32, 0.05 * (k / 200) as f32, 3)).collect();
        assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        // The smooth step is at most 1.5 steep.
        let steepest = values.chunks(200).flat_map(|row| row.windows(2)).map(|pair| (pair[1] - pair[0]).abs());
        assert!(steepest.fold(0.0, f32::max) <= 0.05 * 1.5 + 1e-3);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        // 100 cells of deviation 0.29.
        assert!((mean - 0.5).abs() < 0.1, "{mean}");
    }

    #[test]
    fn cells_without_disorder_are_hexagons() {
        // Middles of neighbouring cells are one apart, so a middle is half a unit from the border.
        assert!((edge_of_nearest((3.0, 0.0), 1, 0.0) - 0.5).abs() < 1e-3);
        assert!(edge_of_nearest((3.5, 0.0), 1, 0.0) < 1e-3);
    }
}
