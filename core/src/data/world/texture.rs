//! `texture`: ten textures on shapeless blobs.
//!
//! *Made to show:* transfer where texture decides and shape is noise. Blobs have random outlines; the textures are in
//! neither source task, but the materials task has others like them, so its network should help more than that of the
//! things.

use super::dice::Dice;
use super::geometry::{Shape, TURN, blob, direction};
use super::material::Material;
use super::painter::{Filter, Ink, Part, Scene};
use super::scenery::{background, clutters, object, paints, pose, texture_frame, textured};

/// Texture of each class, and how much of the picture one period takes on average.
const MATERIALS: [(Material, f32); 10] = [
    (Material::Honeycomb, 0.21),
    (Material::Diamonds, 0.19),
    (Material::Tiles, 0.18),
    (Material::Herringbone, 0.27),
    (Material::Cobbles, 0.21),
    (Material::Ripples, 0.15),
    (Material::Grass, 0.27),
    (Material::Chain, 0.22),
    (Material::Steps, 0.22),
    (Material::Crackle, 0.21),
];

pub(super) fn class_names() -> Vec<String> {
    MATERIALS.iter().map(|(material, _)| material.name().into()).collect()
}

pub(super) fn scene(class: usize, size: f32, dice: &mut Dice) -> Scene {
    let background = background(size, dice);
    let mut items = clutters(3 + dice.below(4), size, (0.05, 0.12), &background, dice);
    let mut paints = paints(&background, dice);
    let (material, period) = MATERIALS[class];
    let mut frame = texture_frame(size, 0.9 * period, 1.1 * period, dice);
    // Turned by at most 22° either way: 20 images cannot show a texture in every direction.
    frame.direction = direction(TURN - 16 + dice.below(33));
    textured(&mut paints[0], material, frame, 0.8, dice);
    let radii: Vec<f32> = (0..7).map(|_| dice.between(0.62, 1.08)).collect();
    let parts = vec![Part { ink: Ink::Body, shape: Shape::Polygon(blob(&radii)) }];
    let frame = pose(size, (0.85, 1.1), 127, dice);
    items.push(object(parts, frame, paints, dice));
    Scene { background, items, filter: Filter::None }
}
