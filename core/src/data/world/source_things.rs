//! `things`, the source task: 18 things, each striped or spotted.
//!
//! *Made to show:* nothing by itself; it is what a source network learns. Shape and texture decide together and colour
//! never does, over every background and in every light, so a network that does well has detectors for edges, outlines,
//! small parts and textures that other tasks can use.

use super::dice::Dice;
use super::geometry::Frame;
use super::material::Material;
use super::painter::{Filter, Item, Scene};
use super::scenery::{background, clutters, object, paints, pose, texture_frame, textured};
use super::things::{THINGS, Thing};

const TEXTURES: [(&str, Material); 2] = [("striped", Material::Stripes), ("spotted", Material::Spots)];

pub(super) fn class_names() -> Vec<String> {
    THINGS.iter().flat_map(|thing| TEXTURES.map(|(texture, _)| format!("{texture} {}", thing.name()))).collect()
}

pub(super) fn scene(class: usize, size: f32, dice: &mut Dice) -> Scene {
    let background = background(size, dice);
    let mut items = clutters(3 + dice.below(5), size, (0.05, 0.16), &background, dice);
    let mut paints = paints(&background, dice);
    let mut frame = texture_frame(size, 0.13, 0.18, dice);
    let material = TEXTURES[class % 2].1;
    if material == Material::Spots {
        frame.scale = (1.15 * frame.scale.0, 1.15 * frame.scale.1);
    }
    textured(&mut paints[0], material, frame, 0.7, dice);
    let frame = pose(size, (0.6, 0.95), 18, dice);
    items.push(thing(THINGS[class / 2], frame, paints, dice));
    items.extend(clutters(dice.below(2), size, (0.04, 0.08), &background, dice));
    Scene { background, items, filter: Filter::None }
}

/// A thing of random proportions.
pub(super) fn thing(thing: Thing, frame: Frame, paints: [super::painter::Paint; 4], dice: &mut Dice) -> Item {
    let parts = thing.sketch(dice);
    object(parts, frame, paints, dice)
}
