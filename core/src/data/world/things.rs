//! Eighteen drawn things, as lists of parts in the square from −1 to 1.

use super::dice::Dice;
use super::geometry::{Point, Shape};
use super::painter::{Ink, Part};
use Ink::{Body, Dark, Light, Trim};

/// A thing that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    Fish,
    Bird,
    Butterfly,
    Snail,
    Cat,
    Rabbit,
    Turtle,
    Jellyfish,
    Mushroom,
    Pine,
    Pear,
    House,
    Car,
    Boat,
    Rocket,
    Balloon,
    Cup,
    Umbrella,
}

use Thing::*;

/// All of them, in the order of their classes.
pub(super) const THINGS: [Thing; 18] = [
    Fish, Bird, Butterfly, Snail, Cat, Rabbit, Turtle, Jellyfish, Mushroom, Pine, Pear, House, Car, Boat, Rocket,
    Balloon, Cup, Umbrella,
];

/// A list of parts in the making.
#[derive(Default)]
pub(super) struct Sketch(pub Vec<Part>);

impl Sketch {
    pub(super) fn add(&mut self, ink: Ink, shape: Shape) -> &mut Self {
        self.0.push(Part { ink, shape });
        self
    }

    pub(super) fn ellipse(&mut self, ink: Ink, centre: Point, radii: Point) -> &mut Self {
        self.add(ink, Shape::Ellipse { centre, radii })
    }

    pub(super) fn dome(&mut self, ink: Ink, centre: Point, radii: Point) -> &mut Self {
        self.add(ink, Shape::Dome { centre, radii })
    }

    pub(super) fn stroke(&mut self, ink: Ink, from: Point, to: Point, radius: f32) -> &mut Self {
        self.add(ink, Shape::Stroke { from, to, radii: (radius, radius) })
    }

    pub(super) fn polygon(&mut self, ink: Ink, corners: &[Point]) -> &mut Self {
        self.add(ink, Shape::Polygon(corners.to_vec()))
    }

    /// The same on the left and on the right.
    pub(super) fn both(&mut self, draw: impl Fn(&mut Self, f32)) -> &mut Self {
        draw(self, -1.0);
        draw(self, 1.0);
        self
    }

    /// An eye that looks at you.
    fn eye(&mut self, (x, y): Point) -> &mut Self {
        self.ellipse(Light, (x, y), (0.13, 0.14)).ellipse(Dark, (x, y), (0.07, 0.09))
    }
}

impl Thing {
    /// Name for class names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Fish => "fish",
            Bird => "bird",
            Butterfly => "butterfly",
            Snail => "snail",
            Cat => "cat",
            Rabbit => "rabbit",
            Turtle => "turtle",
            Jellyfish => "jellyfish",
            Mushroom => "mushroom",
            Pine => "pine",
            Pear => "pear",
            House => "house",
            Car => "car",
            Boat => "boat",
            Rocket => "rocket",
            Balloon => "balloon",
            Cup => "cup",
            Umbrella => "umbrella",
        }
    }

    /// One exemplar: the proportions vary.
    pub(super) fn sketch(self, dice: &mut Dice) -> Vec<Part> {
        let mut sketch = Sketch::default();
        match self {
            Fish | Bird | Butterfly | Snail | Cat | Rabbit | Turtle | Jellyfish => self.animal(&mut sketch, dice),
            Mushroom | Pine | Pear => self.plant(&mut sketch, dice),
            _ => self.made(&mut sketch, dice),
        }
        sketch.0
    }

    fn animal(self, s: &mut Sketch, dice: &mut Dice) {
        let (a, b, c) = (dice.about(1.0), dice.about(1.0), dice.about(1.0));
        match self {
            Fish => {
                s.polygon(Trim, &[(-0.45, 0.0), (-0.95, -0.5 * a), (-0.8, 0.0), (-0.95, 0.5 * a)]);
                s.polygon(Trim, &[(-0.3, -0.35), (0.1, -0.75 * b), (0.35, -0.3)]);
                s.ellipse(Body, (0.15, 0.0), (0.72, 0.46 * c)).eye((0.58, -0.1));
            }
            Bird => {
                s.stroke(Dark, (0.0, 0.5), (-0.05, 0.92), 0.05).stroke(Dark, (0.2, 0.5), (0.22, 0.92), 0.05);
                s.polygon(Trim, &[(-0.4, 0.05), (-0.98, -0.2 * a), (-0.9, 0.25), (-0.35, 0.4)]);
                s.ellipse(Body, (0.0, 0.2), (0.58, 0.42 * b)).ellipse(Body, (0.45, -0.4), (0.32, 0.31));
                s.polygon(Dark, &[(0.7, -0.5), (1.0, -0.33 * c), (0.7, -0.25)]).eye((0.5, -0.45));
                s.ellipse(Trim, (-0.1, 0.15), (0.3, 0.17));
            }
            Butterfly => {
                s.both(|s, side| {
                    s.stroke(Dark, (0.0, -0.45), (side * 0.3, -0.9), 0.045);
                    s.ellipse(Body, (side * 0.52, -0.3), (0.44 * a, 0.44));
                    s.ellipse(Body, (side * 0.42, 0.42), (0.34, 0.36 * b));
                });
                s.ellipse(Dark, (0.0, 0.05), (0.1, 0.62 * c));
            }
            Snail => {
                s.stroke(Trim, (-0.7, 0.68), (0.6, 0.62), 0.16).stroke(Trim, (0.6, 0.6), (0.78, -0.05 * a), 0.13);
                s.stroke(Trim, (0.76, 0.0), (0.62, -0.42), 0.05).stroke(Trim, (0.8, 0.0), (0.97, -0.38), 0.05);
                s.ellipse(Body, (-0.15, 0.05), (0.6 * b, 0.57 * c));
                s.add(Dark, Shape::Ring { centre: (-0.15, 0.07), outer: 0.22, inner: 0.13 });
            }
            Cat => {
                s.both(|s, side| {
                    s.polygon(Body, &[(side * 0.15, -0.45), (side * 0.72, -0.98 * a), (side * 0.72, -0.05)]);
                    s.polygon(Trim, &[(side * 0.38, -0.5), (side * 0.64, -0.78 * a), (side * 0.63, -0.3)]);
                });
                s.ellipse(Body, (0.0, 0.15), (0.78 * b, 0.66));
                s.both(|s, side| {
                    s.eye((side * 0.32, 0.02));
                    s.stroke(Dark, (side * 0.3, 0.4), (side * 0.92, 0.33 * c), 0.03);
                });
                s.polygon(Dark, &[(-0.12, 0.28), (0.12, 0.28), (0.0, 0.42)]);
            }
            Rabbit => {
                s.both(|s, side| {
                    s.stroke(Body, (side * 0.24, -0.2), (side * 0.36 * a, -0.85), 0.16);
                    s.stroke(Trim, (side * 0.26, -0.3), (side * 0.36 * a, -0.8), 0.07);
                });
                s.ellipse(Body, (0.0, 0.35), (0.6 * b, 0.56));
                s.both(|s, side| {
                    s.eye((side * 0.25, 0.22));
                });
                s.ellipse(Dark, (0.0, 0.48), (0.1, 0.07)).ellipse(Light, (0.0, 0.72 * c), (0.13, 0.14));
            }
            Turtle => {
                s.ellipse(Trim, (0.78, 0.08), (0.22 * a, 0.2)).ellipse(Dark, (0.84, 0.02), (0.06, 0.07));
                for x in [-0.5, 0.4] {
                    s.stroke(Trim, (x, 0.35), (x * 1.1, 0.7), 0.14);
                }
                s.polygon(Trim, &[(-0.6, 0.3), (-0.98, 0.45 * b), (-0.6, 0.48)]);
                s.dome(Body, (-0.05, 0.42), (0.72, 0.9 * c)).stroke(Trim, (-0.72, 0.42), (0.62, 0.42), 0.09);
            }
            _ => {
                for (nth, x) in [-0.5, -0.18, 0.18, 0.5].into_iter().enumerate() {
                    let sway = if nth % 2 == 0 { 0.14 * a } else { -0.14 * a };
                    s.stroke(Trim, (x, 0.0), (x + sway, 0.48), 0.08).stroke(
                        Trim,
                        (x + sway, 0.48),
                        (x, 0.92 * b),
                        0.06,
                    );
                }
                s.dome(Body, (0.0, 0.1), (0.75 * c, 0.95));
                s.both(|s, side| {
                    s.eye((side * 0.25, -0.2));
                });
            }
        }
    }

    fn plant(self, s: &mut Sketch, dice: &mut Dice) {
        let (a, b, c) = (dice.about(1.0), dice.about(1.0), dice.about(1.0));
        match self {
            Mushroom => {
                s.polygon(Light, &[(-0.2 * a, 0.0), (0.2 * a, 0.0), (0.3 * a, 0.92), (-0.3 * a, 0.92)]);
                s.dome(Body, (0.0, 0.12), (0.9 * b, 0.95)).stroke(Trim, (-0.75, 0.12), (0.75, 0.12), 0.08);
            }
            Pine => {
                s.polygon(Dark, &[(-0.12, 0.5), (0.12, 0.5), (0.14, 0.95), (-0.14, 0.95)]);
                for (top, low, half) in [(-0.1, 0.7, 0.72 * a), (-0.5, 0.28, 0.56 * b), (-0.98, -0.12, 0.42 * c)] {
                    s.polygon(Body, &[(0.0, top), (half, low), (-half, low)]);
                }
            }
            _ => {
                s.stroke(Dark, (0.0, -0.6), (0.1, -0.95), 0.06).ellipse(Trim, (0.36, -0.8), (0.28 * a, 0.13));
                s.ellipse(Body, (0.0, 0.35), (0.6 * b, 0.56)).ellipse(Body, (0.0, -0.25), (0.36, 0.48 * c));
            }
        }
    }

    fn made(self, s: &mut Sketch, dice: &mut Dice) {
        let (a, b, c) = (dice.about(1.0), dice.about(1.0), dice.about(1.0));
        match self {
            House => {
                s.polygon(Trim, &[(0.3, -0.95), (0.52, -0.95), (0.52, -0.2), (0.3, -0.2)]);
                s.polygon(Body, &[(-0.75 * a, -0.2), (0.75 * a, -0.2), (0.75 * a, 0.85), (-0.75 * a, 0.85)]);
                s.polygon(Trim, &[(-0.95 * a, -0.15), (0.0, -0.88 * b), (0.95 * a, -0.15)]);
                s.polygon(Dark, &[(0.12, 0.32), (0.42, 0.32), (0.42, 0.85), (0.12, 0.85)]);
                s.polygon(Light, &[(-0.5, 0.08), (-0.2, 0.08), (-0.2, 0.38 * c), (-0.5, 0.38 * c)]);
            }
            Car => {
                s.polygon(Trim, &[(-0.6, 0.0), (-0.38, -0.52 * a), (0.3, -0.52 * a), (0.62, 0.0)]);
                s.polygon(Light, &[(-0.4, -0.08), (-0.27, -0.38 * a), (-0.04, -0.38 * a), (-0.04, -0.08)]);
                s.polygon(Light, &[(0.06, -0.08), (0.06, -0.38 * a), (0.24, -0.38 * a), (0.42, -0.08)]);
                s.polygon(Body, &[(-0.97, -0.08), (0.75 * b, -0.08), (0.98, 0.15), (0.98, 0.56), (-0.97, 0.56)]);
                for x in [-0.5, 0.52] {
                    s.ellipse(Dark, (x, 0.58), (0.23, 0.23 * c)).ellipse(Light, (x, 0.58), (0.09, 0.09));
                }
            }
            Boat => {
                s.stroke(Dark, (0.05, 0.4), (0.05, -0.95), 0.05);
                s.polygon(Trim, &[(0.14, -0.9), (0.14, 0.2), (0.8 * a, 0.2)]);
                s.polygon(Light, &[(-0.06, -0.7), (-0.06, 0.2), (-0.6 * b, 0.2)]);
                s.polygon(Body, &[(-0.95, 0.32), (0.95, 0.32), (0.6 * c, 0.9), (-0.6 * c, 0.9)]);
            }
            Rocket => {
                s.both(|s, side| {
                    s.polygon(Trim, &[(side * 0.35, 0.15), (side * 0.78 * a, 0.75), (side * 0.3, 0.68)]);
                });
                s.polygon(Light, &[(-0.2, 0.68), (0.2, 0.68), (0.0, 0.99)]);
                s.dome(Trim, (0.0, -0.38), (0.46, 0.6 * b));
                s.polygon(Body, &[(-0.47, -0.4), (0.47, -0.4), (0.4, 0.7), (-0.4, 0.7)]);
                s.ellipse(Light, (0.0, -0.12), (0.15 * c, 0.15 * c)).ellipse(Dark, (0.0, -0.12), (0.09, 0.09));
            }
            Balloon => {
                s.both(|s, side| {
                    s.stroke(Dark, (side * 0.5, 0.15), (side * 0.17, 0.7), 0.035);
                });
                s.ellipse(Body, (0.0, -0.25), (0.72 * a, 0.7))
                    .polygon(Body, &[(-0.55, 0.15), (0.55, 0.15), (0.0, 0.62)]);
                s.polygon(Trim, &[(-0.22 * b, 0.66), (0.22 * b, 0.66), (0.17, 0.96 * c), (-0.17, 0.96 * c)]);
            }
            Cup => {
                s.add(Trim, Shape::Ring { centre: (0.52, 0.1), outer: 0.4 * a, inner: 0.22 });
                s.polygon(Body, &[(-0.7, -0.5), (0.5, -0.5), (0.38, 0.75 * b), (-0.58, 0.75 * b)]);
                s.ellipse(Light, (-0.1, -0.5), (0.6, 0.17 * c)).ellipse(Dark, (-0.1, -0.49), (0.48, 0.1));
            }
            _ => {
                s.stroke(Dark, (0.0, -0.1), (0.0, 0.75), 0.06);
                s.stroke(Dark, (0.0, 0.78), (0.14, 0.9), 0.06).stroke(Dark, (0.14, 0.9), (0.28, 0.75 * a), 0.06);
                s.dome(Body, (0.0, 0.12), (0.92, 0.98 * b));
                for x in [-0.62, -0.2, 0.2, 0.62] {
                    s.dome(Trim, (x, 0.15), (0.2, 0.22 * c));
                }
                s.stroke(Dark, (0.0, -0.85), (0.0, -0.97), 0.05);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn every_thing_fills_its_square_and_shows_its_texture() {
        for (nth, thing) in THINGS.into_iter().enumerate() {
            let parts = thing.sketch(&mut Dice(Seed(1).stream("things", nth as u64)));
            let top = |point| parts.iter().rev().find(|part| part.shape.contains(point)).map(|part| part.ink);
            let at = |k: usize| (k as f32 + 0.5) / 50.0 - 1.3;
            let inks: Vec<Ink> = (0..130 * 130).filter_map(|k| top((at(k % 130), at(k / 130)))).collect();
            let area = inks.len() as f32 / 2500.0;
            let body = inks.iter().filter(|ink| **ink == Body).count() as f32 / inks.len() as f32;
            assert!((0.8..3.2).contains(&area), "{}: area {area}", thing.name());
            assert!(body > 0.4, "{}: {body} of it is body", thing.name());
        }
    }
}
