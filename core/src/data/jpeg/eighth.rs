//! A JPEG at an eighth of its size: the mean of each block is a pixel.

use image::RgbImage;

use super::frame::Component;
use super::{Fault, Jpeg, Result};

impl Jpeg<'_> {
    /// The picture at an eighth of its size, rounded up, from a [`walk`](super::walk) that kept the means.
    ///
    /// The DC coefficient of a block is eight times the mean of its 64 samples less 128, so this is the average over
    /// boxes of 8 × 8, without what rounding and clamping do to single pixels.
    ///
    /// # Errors
    /// If there are two components, of which nobody says what they are.
    pub(in crate::data) fn eighth(&self) -> Result<RgbImage> {
        let frame = &self.frame;
        let (width, height) = (frame.width.div_ceil(8) as u32, frame.height.div_ceil(8) as u32);
        let sample = |component: &Component, x: u32, y: u32| {
            let column = x as usize * component.h / frame.h_max;
            let row = y as usize * component.v / frame.v_max;
            let mean = component.means.get(row * component.stride + column).copied().unwrap_or(0);
            (f32::from(mean) * f32::from(component.step) / 8.0 + 128.0).clamp(0.0, 255.0)
        };
        let picture = |pixel: &dyn Fn(u32, u32) -> [f32; 3]| {
            RgbImage::from_fn(width, height, |x, y| image::Rgb(pixel(x, y).map(|value| value.round() as u8)))
        };
        match frame.components.as_slice() {
            [grey] => Ok(picture(&|x, y| [sample(grey, x, y); 3])),
            [first, second, third] => {
                let stored = |x, y| [sample(first, x, y), sample(second, x, y), sample(third, x, y)];
                let is_rgb = match self.adobe {
                    Some(transform) => transform == 0,
                    None => [first.id, second.id, third.id] == *b"RGB",
                };
                Ok(if is_rgb { picture(&stored) } else { picture(&|x, y| rgb_of_ycc(stored(x, y))) })
            }
            [first, second, third, black] => {
                let is_ycck = self.adobe == Some(2);
                Ok(picture(&|x, y| {
                    let stored = [sample(first, x, y), sample(second, x, y), sample(third, x, y)];
                    let light = sample(black, x, y) / 255.0;
                    // Ink is stored inverted, so that what is stored is light.
                    let inks = if is_ycck { rgb_of_ycc(stored) } else { stored };
                    inks.map(|ink| ink * light)
                }))
            }
            _ => Err(Fault::Unread("of two components")),
        }
    }
}

/// ITU-R BT.601 at full range, as JFIF has it.
fn rgb_of_ycc([y, cb, cr]: [f32; 3]) -> [f32; 3] {
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    rgb.map(|value| value.clamp(0.0, 255.0))
}
