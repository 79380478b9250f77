//! `materials`, the second source task: sheets of 17 textures, turned and lit at random, seen through clutter.
//!
//! *Made to show:* what a second source with another emphasis adds. There are no objects here to know, only textures, so
//! its network has the better detectors for those and none for parts.

use super::dice::Dice;
use super::geometry::{Frame, Shape};
use super::material::Material;
use super::painter::{Filter, Ink, Item, Paint, Part, Scene};
use super::scenery::{background, clutters, colour_away_from, object, texture_frame};

/// Textures of the class's sheets; none of them is in the texture task.
const MATERIALS: [Material; 17] = [
    Material::Stripes,
    Material::PinStripes,
    Material::Spots,
    Material::Rings,
    Material::Checks,
    Material::Grid,
    Material::Waves,
    Material::ZigZag,
    Material::Bricks,
    Material::Scales,
    Material::Triangles,
    Material::Crosses,
    Material::Weave,
    Material::Wood,
    Material::Marble,
    Material::Clouds,
    Material::Speckle,
];

pub(super) fn class_names() -> Vec<String> {
    MATERIALS.iter().map(|material| material.name().into()).collect()
}

pub(super) fn scene(class: usize, size: f32, dice: &mut Dice) -> Scene {
    let background = background(size, dice);
    let first = colour_away_from(&[], 0.0, dice);
    let second = colour_away_from(&[first], 0.45, dice);
    let paint = Paint {
        material: MATERIALS[class],
        colours: [first, second],
        frame: texture_frame(size, 0.15, 0.27, dice),
        seed: dice.word(),
    };
    let mut items = vec![sheet(size, paint, dice)];
    items.extend(clutters(1 + dice.below(4), size, (0.05, 0.16), &background, dice));
    Scene { background, items, filter: Filter::None }
}

/// A sheet that covers the whole picture.
fn sheet(size: f32, paint: Paint, dice: &mut Dice) -> Item {
    let middle = 0.5 * size;
    let frame = Frame { centre: (middle, middle), scale: (middle, middle), direction: (1.0, 0.0) };
    let shape = Shape::Polygon(vec![(-1.1, -1.1), (1.1, -1.1), (1.1, 1.1), (-1.1, 1.1)]);
    let mut sheet = object(vec![Part { ink: Ink::Body, shape }], frame, [paint; 4], dice);
    sheet.shadow = (0.0, 0.0);
    sheet
}
