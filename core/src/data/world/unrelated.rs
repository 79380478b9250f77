//! `unrelated`: the colour of the light, in ten hues.
//!
//! *Made to show:* a task where transfer should **not** help. What is in the picture says nothing; only the light on all
//! of it does. The sources' classes have nothing to do with colour, and every colour of light comes up in each of them,
//! so whatever they were trained to see is what must be ignored here. A method that learns where to transfer should turn
//! its pairs down, and unweighted matching should cost accuracy. The object is a thing of the source task and carries no
//! label: saliency on it is the source's interest, not the task's.

use super::dice::Dice;
use super::material::Material;
use super::painter::{Filter, Scene, mix};
use super::scenery::{background, clutters, hsv, paints, pose, texture_frame, textured};
use super::source_things::thing;
use super::things::THINGS;

const HUES: [&str; 10] = ["red", "orange", "lime", "green", "mint", "cyan", "azure", "violet", "magenta", "rose"];

pub(super) fn class_names() -> Vec<String> {
    HUES.iter().map(|hue| format!("{hue} light")).collect()
}

pub(super) fn scene(class: usize, size: f32, dice: &mut Dice) -> Scene {
    let background = background(size, dice);
    let mut items = clutters(12 + dice.below(6), size, (0.07, 0.2), &background, dice);
    let mut paints = paints(&background, dice);
    let frame = texture_frame(size, 0.12, 0.2, dice);
    textured(&mut paints[0], dice.pick(&[Material::Stripes, Material::Spots]), frame, 0.7, dice);
    let frame = pose(size, (0.6, 0.95), 18, dice);
    items.push(thing(dice.pick(&THINGS), frame, paints, dice));
    let hue = (class as f32 + dice.around(0.3)) / HUES.len() as f32;
    let light = mix([1.0; 3], hsv(hue, 1.0, 1.0), dice.between(0.3, 0.5));
    Scene { background, items, filter: Filter::Light(light) }
}
