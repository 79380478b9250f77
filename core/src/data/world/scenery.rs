//! What the tasks share besides the object: colours, backgrounds, clutter and poses, all of them random.

use super::dice::Dice;
use super::geometry::{Frame, Point, Shape, TURN, blob, direction};
use super::material::{Material, noise};
use super::painter::{Colour, Ink, Item, Paint, Part, brightness, mix};

/// What lies behind everything: two colours that flow into each other, here and there with a texture.
#[derive(Debug, Clone)]
pub(super) struct Background {
    pub colours: [Colour; 2],
    /// Pixels per bump of the coarse noise.
    pub bump: f32,
    pub seed: u32,
    /// Row below which there is ground of the second colour, in pixels.
    pub horizon: Option<f32>,
    /// A texture, and the share of its second colour.
    pub texture: Option<(Paint, f32)>,
}

impl Background {
    /// The colour around a point, without the texture.
    pub(super) fn smooth(&self, (x, y): Point) -> Colour {
        let (u, v) = (x / self.bump, y / self.bump);
        let noise = 0.7 * noise(u, v, self.seed) + 0.3 * noise(2.7 * u, 2.7 * v, self.seed ^ 0x55);
        let share = match self.horizon {
            Some(row) => 0.35 * noise + if y + 3.0 * (noise - 0.5) > row { 0.65 } else { 0.0 },
            None => 1.4 * noise - 0.2,
        };
        mix(self.colours[0], self.colours[1], share.clamp(0.0, 1.0))
    }

    /// The colour at a point whose surroundings have the colour `base`.
    pub(super) fn at(&self, point: Point, base: Colour) -> Colour {
        match &self.texture {
            Some((paint, share)) => mix(base, paint.at(point), *share),
            None => base,
        }
    }

    /// Its mean brightness, roughly, 0 to 1.
    pub(super) fn brightness(&self) -> f32 {
        brightness(self.mean())
    }

    /// Its mean colour, roughly.
    fn mean(&self) -> Colour {
        mix(self.colours[0], self.colours[1], 0.5)
    }
}

/// A colour by hue (0 to 1, red again), saturation and value.
pub(super) fn hsv(hue: f32, saturation: f32, value: f32) -> Colour {
    [0.0, 2.0, 4.0].map(|shift| {
        let place = 6.0 * (hue - hue.floor()) + 6.0 - shift;
        let place = place - 6.0 * (place / 6.0).floor();
        let pure = ((place - 3.0).abs() - 1.0).clamp(0.0, 1.0);
        value * (1.0 + saturation * (pure - 1.0))
    })
}

fn any_colour(dice: &mut Dice) -> Colour {
    let saturation = dice.between(0.15, 0.95);
    hsv(dice.between(0.0, 1.0), saturation, dice.between(0.25, 1.0))
}

fn distance(a: Colour, b: Colour) -> f32 {
    (0..3).map(|channel| (a[channel] - b[channel]).abs()).sum()
}

/// A random colour at least `least` (the sum of the differences of the channels) from each of `others`, or the farthest
/// of 24 tries.
pub(super) fn colour_away_from(others: &[Colour], least: f32, dice: &mut Dice) -> Colour {
    let nearest = |colour| others.iter().map(|&other| distance(colour, other)).fold(f32::MAX, f32::min);
    let mut best = any_colour(dice);
    for _ in 0..24 {
        if nearest(best) >= least {
            break;
        }
        let colour = any_colour(dice);
        if nearest(colour) > nearest(best) {
            best = colour;
        }
    }
    best
}

/// A random background for a picture of `size` pixels.
pub(super) fn background(size: f32, dice: &mut Dice) -> Background {
    let muted = |dice: &mut Dice| {
        let saturation = dice.between(0.05, 0.6);
        hsv(dice.between(0.0, 1.0), saturation, dice.between(0.2, 1.0))
    };
    let first = muted(dice);
    let near = [0, 1, 2].map(|channel: usize| (first[channel] + dice.around(0.22)).clamp(0.05, 0.95));
    let second = if dice.chance(0.35) { mix(near, muted(dice), 0.6) } else { near };
    let texture = dice.chance(0.3).then(|| {
        const KINDS: [Material; 6] = [
            Material::Stripes,
            Material::Clouds,
            Material::Checks,
            Material::Bricks,
            Material::Speckle,
            Material::Wood,
        ];
        let paint = Paint {
            material: dice.pick(&KINDS),
            colours: [first, any_colour(dice)],
            frame: texture_frame(size, 0.14, 0.3, dice),
            seed: dice.word(),
        };
        (paint, dice.between(0.12, 0.35))
    });
    Background {
        colours: [first, second],
        bump: size * dice.between(0.2, 0.6),
        seed: dice.word(),
        horizon: dice.chance(0.35).then(|| size * dice.between(0.35, 0.85)),
        texture,
    }
}

/// A texture turned at random, one period of which takes `least` to `most` of the picture.
pub(super) fn texture_frame(size: f32, least: f32, most: f32, dice: &mut Dice) -> Frame {
    let period = size * dice.between(least, most);
    Frame {
        centre: (size * dice.between(0.0, 1.0), size * dice.between(0.0, 1.0)),
        scale: (period, period),
        direction: direction(dice.below(TURN)),
    }
}

/// Two well-kept colours for the body, one for the trimmings, a dark and a light one, all apart from the background.
pub(super) fn paints(background: &Background, dice: &mut Dice) -> [Paint; 4] {
    let behind = background.mean();
    let body = colour_away_from(&[behind], 0.75, dice);
    let trim = colour_away_from(&[behind, body], 0.6, dice);
    let dark = hsv(dice.between(0.0, 1.0), 0.5, dice.between(0.02, 0.16));
    let light = hsv(dice.between(0.0, 1.0), 0.12, dice.between(0.88, 1.0));
    [body, trim, dark, light].map(Paint::plain)
}

/// Gives the body a texture of its colour and another one, at least as far from both as they can be told apart.
pub(super) fn textured(paint: &mut Paint, material: Material, frame: Frame, contrast: f32, dice: &mut Dice) {
    let first = paint.colours[0];
    let second = colour_away_from(&[first], contrast, dice);
    *paint = Paint { material, colours: [first, second], frame, seed: dice.word() };
}

/// Where an object of local radius 1 lies: between `least` and `most` of the picture across, wholly inside it, turned
/// by at most `turn` steps either way, mirrored or not.
pub(super) fn pose(size: f32, (least, most): (f32, f32), turn: usize, dice: &mut Dice) -> Frame {
    let radius = 0.5 * size * dice.between(least, most);
    let squeeze = dice.between(0.88, 1.12);
    let mirror = if dice.chance(0.5) { -1.0 } else { 1.0 };
    let margin = (0.92 * radius).min(0.5 * size);
    let centre = (dice.between(margin, size - margin), dice.between(margin, size - margin));
    let direction = direction(TURN - turn + dice.below(2 * turn + 1));
    Frame { centre, scale: (mirror * radius * squeeze, radius / squeeze), direction }
}

/// An object in the light: rounded off towards one side, with a shadow as often as not.
pub(super) fn object(parts: Vec<Part>, frame: Frame, paints: [Paint; 4], dice: &mut Dice) -> Item {
    let light = direction(dice.below(TURN));
    let strength = dice.between(0.1, 0.38);
    let radius = frame.extent();
    let length = if dice.chance(0.5) { radius * dice.between(0.1, 0.25) } else { 0.0 };
    Item {
        parts,
        frame,
        paints,
        shading: (strength * light.0 * frame.scale.0.signum(), strength * light.1),
        shadow: (-length * light.0, length * light.1.abs()),
        is_object: true,
    }
}

/// Something without a meaning: a stick, a blob, a ring or a splinter, `least` to `most` of the picture in radius.
pub(super) fn clutter(size: f32, (least, most): (f32, f32), behind: Colour, dice: &mut Dice) -> Item {
    let radius = size * dice.between(least, most);
    let shape = match dice.below(5) {
        0 | 1 => {
            let bend = dice.around(0.6);
            let thick = dice.between(0.1, 0.28);
            Shape::Stroke { from: (-1.0, -bend), to: (1.0, bend), radii: (thick, dice.between(0.06, 0.2)) }
        }
        2 => {
            let radii: Vec<f32> = (0..6).map(|_| dice.between(0.45, 1.0)).collect();
            Shape::Polygon(blob(&radii))
        }
        3 => Shape::Ring { centre: (0.0, 0.0), outer: 0.9, inner: dice.between(0.3, 0.7) },
        _ => Shape::Polygon((0..3).map(|_| (dice.around(1.0), dice.around(1.0))).collect()),
    };
    let mut paint = Paint::plain(colour_away_from(&[behind], 0.3, dice));
    if dice.chance(0.25) {
        let material = dice.pick(&[Material::Stripes, Material::Spots, Material::Checks, Material::Waves]);
        let frame = texture_frame(size, 0.09, 0.16, dice);
        textured(&mut paint, material, frame, 0.4, dice);
    }
    Item {
        parts: vec![Part { ink: Ink::Body, shape }],
        frame: Frame {
            centre: (size * dice.between(0.0, 1.0), size * dice.between(0.0, 1.0)),
            scale: (radius, radius),
            direction: direction(dice.below(TURN)),
        },
        paints: [paint; 4],
        shading: (dice.around(0.2), dice.around(0.2)),
        shadow: (0.0, 0.0),
        is_object: false,
    }
}

/// `count` pieces of clutter.
pub(super) fn clutters(count: usize, size: f32, radii: (f32, f32), behind: &Background, dice: &mut Dice) -> Vec<Item> {
    (0..count).map(|_| clutter(size, radii, behind.mean(), dice)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn hsv_gives_the_corners_and_greys() {
        for (hue, colour) in [
            (0.0, [1.0, 0.0, 0.0]),
            (1.0 / 6.0, [1.0, 1.0, 0.0]),
            (1.0 / 3.0, [0.0, 1.0, 0.0]),
            (2.0 / 3.0, [0.0, 0.0, 1.0]),
            (1.0, [1.0, 0.0, 0.0]),
        ] {
            let got = hsv(hue, 1.0, 1.0);
            assert!(distance(got, colour) < 1e-5, "{hue}: {got:?}");
        }
        assert_eq!(hsv(0.3, 0.0, 0.5), [0.5; 3]);
    }

    #[test]
    fn objects_stand_out_from_their_background() {
        for index in 0..200 {
            let mut dice = Dice(Seed(3).stream("colours", index));
            let behind = background(32.0, &mut dice);
            let paints = paints(&behind, &mut dice);
            assert!(distance(paints[0].colours[0], behind.mean()) > 0.5, "picture {index}");
        }
    }

    #[test]
    fn poses_are_inside_the_picture() {
        for index in 0..200 {
            let mut dice = Dice(Seed(3).stream("poses", index));
            let frame = pose(40.0, (0.5, 0.9), 20, &mut dice);
            let radius = 0.5 * (frame.scale.0.abs() + frame.scale.1);
            assert!((9.9..=18.2).contains(&radius), "{radius}");
            for middle in [frame.centre.0, frame.centre.1] {
                assert!(middle >= 0.9 * radius && middle <= 40.0 - 0.9 * radius, "{frame:?}");
            }
        }
    }
}
