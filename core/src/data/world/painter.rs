//! From a scene to bytes and an object mask.

use super::dice::Dice;
use super::geometry::{Frame, Point, Shape};
use super::material::Material;
use super::scenery::Background;
use crate::data::dataset::PixelBox;

/// Red, green and blue, 0 to 1.
pub(super) type Colour = [f32; 3];

/// What a surface looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    pub material: Material,
    pub colours: [Colour; 2],
    /// Where the texture lies, in pixels per period.
    pub frame: Frame,
    pub seed: u32,
}

impl Paint {
    /// One colour.
    pub(super) fn plain(colour: Colour) -> Self {
        let frame = Frame { centre: (0.0, 0.0), scale: (1.0, 1.0), direction: (1.0, 0.0) };
        Self { material: Material::Plain, colours: [colour; 2], frame, seed: 0 }
    }

    pub(super) fn at(&self, point: Point) -> Colour {
        if self.material == Material::Plain {
            return self.colours[0];
        }
        let share = self.material.second(self.frame.local(point), self.seed);
        mix(self.colours[0], self.colours[1], share)
    }
}

/// `a` with a share of `b`.
pub(super) fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    [0, 1, 2].map(|channel| a[channel] + share * (b[channel] - a[channel]))
}

/// How bright a colour is, 0 to 1.
pub(super) fn brightness([red, green, blue]: Colour) -> f32 {
    0.3 * red + 0.5 * green + 0.2 * blue
}

/// A colour made brighter or darker.
pub(super) fn lit(colour: Colour, light: f32) -> Colour {
    colour.map(|value| value * light)
}

/// Which of an item's paints a part has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// The large surfaces.
    Body,
    /// Limbs and trimmings.
    Trim,
    Dark,
    Light,
}

/// One shape of an item; later parts lie over earlier ones.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub ink: Ink,
    pub shape: Shape,
}

/// Something in the scene.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub parts: Vec<Part>,
    pub frame: Frame,
    /// One for each [`Ink`].
    pub paints: [Paint; 4],
    /// How much brighter it gets per local unit along x and along y: rounds it off.
    pub shading: Point,
    /// Where its shadow falls, in pixels from it; (0, 0) is none.
    pub shadow: Point,
    /// Whether the mask is of this item.
    pub is_object: bool,
}

impl Item {
    /// The parts that can reach a pixel, in their order: the others are not asked at each of its samples.
    fn parts_near(&self, centre: Point) -> Vec<&Part> {
        let local = self.frame.local(centre);
        // A pixel ends within 0.71 of its centre.
        let pixel = 0.75 / self.frame.scale.0.abs().min(self.frame.scale.1.abs());
        let near = |part: &&Part| {
            let (middle, radius) = part.shape.circle();
            let (dx, dy) = (local.0 - middle.0, local.1 - middle.1);
            dx * dx + dy * dy <= (radius + pixel) * (radius + pixel) * 1.001
        };
        self.parts.iter().filter(near).collect()
    }

    /// The colour at a point of the picture, where one of the `parts` covers it.
    fn at(&self, parts: &[&Part], point: Point) -> Option<Colour> {
        if parts.is_empty() {
            return None;
        }
        let local = self.frame.local(point);
        let part = parts.iter().rev().find(|part| part.shape.contains(local))?;
        let light = 1.0 + self.shading.0 * local.0 + self.shading.1 * local.1;
        Some(lit(self.paints[part.ink as usize].at(point), light.clamp(0.4, 1.6)))
    }

    fn covers(&self, parts: &[&Part], point: Point) -> bool {
        let local = self.frame.local(point);
        parts.iter().any(|part| part.shape.contains(local))
    }

    /// Pixels around the centre beyond which there is neither the item nor its shadow.
    fn reach(&self) -> f32 {
        let parts = self.parts.iter().map(|part| part.shape.reach()).fold(0.0, f32::max);
        parts * self.frame.extent() + self.shadow.0.abs() + self.shadow.1.abs()
    }
}

/// Everything in a picture.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub background: Background,
    /// From the back to the front.
    pub items: Vec<Item>,
    /// What lies between the scene and the camera.
    pub filter: Filter,
}

/// What happens to every colour before it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Filter {
    None,
    /// Light of this colour.
    Light(Colour),
    /// Brightness shown as one of four colours, and what is between them: a camera for heat rather than light.
    Ramp([Colour; 4]),
}

impl Filter {
    fn seen(self, colour: Colour) -> Colour {
        match self {
            Self::None => colour,
            Self::Light(light) => [0, 1, 2].map(|channel| colour[channel] * light[channel]),
            Self::Ramp(ramp) => {
                let place = (3.0 * brightness(colour)).clamp(0.0, 2.999);
                let first = place.floor();
                mix(ramp[first as usize], ramp[first as usize + 1], place - first)
            }
        }
    }
}

/// What of an item matters to one pixel.
struct Near<'a> {
    item: &'a Item,
    /// The parts that can be seen in it.
    parts: Vec<&'a Part>,
    /// The parts whose shadow can fall on it.
    casting: Vec<&'a Part>,
}

impl<'a> Near<'a> {
    fn new(item: &'a Item, centre: Point) -> Self {
        let casting = match item.shadow {
            (0.0, 0.0) => vec![],
            shadow => item.parts_near((centre.0 - shadow.0, centre.1 - shadow.1)),
        };
        Self { item, parts: item.parts_near(centre), casting }
    }
}

/// A drawn picture.
pub(super) struct Picture {
    /// 3 × size × size, planar.
    pub pixels: Vec<u8>,
    /// size × size: 1 where at least half of the pixel shows the object, otherwise 0.
    pub mask: Vec<u8>,
}

/// Samples per pixel and axis: edges have 17 shades.
const SAMPLES: usize = 4;

/// Light that remains in a shadow.
const SHADOW: f32 = 0.62;

impl Scene {
    /// Draws the scene, with the noise of a camera.
    pub(super) fn draw(&self, size: usize, dice: &mut Dice) -> Picture {
        let mut picture = Picture { pixels: vec![0; 3 * size * size], mask: vec![0; size * size] };
        let grain = dice.between(0.005, 0.035);
        let reaches: Vec<f32> = self.items.iter().map(Item::reach).collect();
        for place in 0..size * size {
            let centre = ((place % size) as f32 + 0.5, (place / size) as f32 + 0.5);
            let near = |(item, reach): (&Item, f32)| {
                let (dx, dy) = (centre.0 - item.frame.centre.0, centre.1 - item.frame.centre.1);
                // A pixel ends within 0.71 of its centre.
                dx * dx + dy * dy <= (reach + 0.75) * (reach + 0.75)
            };
            let pairs = self.items.iter().zip(reaches.iter().copied()).rev();
            let front_to_back: Vec<Near<'_>> =
                pairs.filter(|pair| near(*pair)).map(|(item, _)| Near::new(item, centre)).collect();
            let (colour, on_object) = self.pixel(centre, &front_to_back);
            for (channel, value) in self.filter.seen(colour).into_iter().enumerate() {
                let value = value + grain * (dice.around(1.0) + dice.around(1.0));
                picture.pixels[channel * size * size + place] = (255.0 * value.clamp(0.0, 1.0) + 0.5) as u8;
            }
            picture.mask[place] = u8::from(2 * on_object >= SAMPLES * SAMPLES);
        }
        picture
    }

    /// The mean colour of a pixel, and how many of its samples show the object.
    fn pixel(&self, centre: Point, front_to_back: &[Near<'_>]) -> (Colour, usize) {
        let base = self.background.smooth(centre);
        let offset = |sample: usize| (2 * sample + 1) as f32 / (2 * SAMPLES) as f32 - 0.5;
        let (mut sum, mut on_object) = ([0.0; 3], 0);
        for sample in 0..SAMPLES * SAMPLES {
            let point = (centre.0 + offset(sample % SAMPLES), centre.1 + offset(sample / SAMPLES));
            let mut light = 1.0;
            let mut seen = None;
            for Near { item, parts, casting } in front_to_back {
                if let Some(colour) = item.at(parts, point) {
                    on_object += usize::from(item.is_object);
                    seen = Some(colour);
                    break;
                }
                let lit_from = (point.0 - item.shadow.0, point.1 - item.shadow.1);
                if !casting.is_empty() && item.covers(casting, lit_from) {
                    light *= SHADOW;
                }
            }
            let colour = seen.unwrap_or_else(|| self.background.at(point, base));
            sum = [0, 1, 2].map(|channel| sum[channel] + light * colour[channel]);
        }
        (sum.map(|value| value / (SAMPLES * SAMPLES) as f32), on_object)
    }
}

/// The smallest box around a mask of `size` × `size`; `None` where the mask is empty.
pub(super) fn box_of(mask: &[u8], size: usize) -> Option<PixelBox> {
    let places = || mask.iter().enumerate().filter(|(_, value)| **value > 0).map(|(place, _)| place);
    let edge = |place: Option<usize>| place.map(|place| place as f32);
    Some(PixelBox {
        x0: edge(places().map(|place| place % size).min())?,
        y0: edge(places().map(|place| place / size).min())?,
        x1: edge(places().map(|place| place % size + 1).max())?,
        y1: edge(places().map(|place| place / size + 1).max())?,
    })
}
