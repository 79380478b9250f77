//! `shifted`: ten of the source's things as a heat camera shows them, in heavy clutter.
//!
//! *Made to show:* transfer over a shift of domain. The classes are known to the source, but colours are those of one of
//! a few ramps over brightness, light may mean dark, texture is noise here, and clutter lies behind and before the
//! object: low layers of the source see odd colours, high ones what they know.

use super::dice::Dice;
use super::material::Material;
use super::painter::{Colour, Filter, Paint, Scene};
use super::scenery::{background, clutters, paints, pose, texture_frame, textured};
use super::source_things::thing;
use super::things::Thing::{self, *};

const CLASSES: [Thing; 10] = [Fish, Bird, Butterfly, Cat, Turtle, Mushroom, House, Boat, Rocket, Cup];

/// From cold to hot.
const RAMPS: [[Colour; 4]; 3] = [
    [[0.05, 0.0, 0.2], [0.55, 0.05, 0.55], [0.98, 0.5, 0.15], [1.0, 1.0, 0.75]],
    [[0.0, 0.05, 0.35], [0.0, 0.6, 0.65], [0.55, 0.9, 0.2], [1.0, 0.25, 0.1]],
    [[0.0, 0.1, 0.08], [0.0, 0.45, 0.3], [0.3, 0.95, 0.5], [0.95, 1.0, 0.9]],
];

pub(super) fn class_names() -> Vec<String> {
    CLASSES.iter().map(|thing| thing.name().into()).collect()
}

pub(super) fn scene(class: usize, size: f32, dice: &mut Dice) -> Scene {
    let background = background(size, dice);
    let mut items = clutters(7 + dice.below(5), size, (0.05, 0.15), &background, dice);
    // A heat camera sees brightness alone, so the body has another brightness than what is behind it.
    let mut paints = paints(&background, dice);
    let value = if background.brightness() > 0.5 { dice.between(0.1, 0.3) } else { dice.between(0.7, 1.0) };
    paints[0] = Paint::plain([value; 3]);
    let frame = texture_frame(size, 0.12, 0.2, dice);
    let material = dice.pick(&[Material::Plain, Material::Stripes, Material::Spots, Material::Checks]);
    textured(&mut paints[0], material, frame, 0.3, dice);
    let frame = pose(size, (0.72, 0.95), 14, dice);
    items.push(thing(CLASSES[class], frame, paints, dice));
    items.extend(clutters(1 + dice.below(2), size, (0.05, 0.1), &background, dice));
    let mut ramp = dice.pick(&RAMPS);
    if dice.chance(0.5) {
        ramp.reverse();
    }
    Scene { background, items, filter: Filter::Ramp(ramp) }
}
