//! What is on screen, as a PNG file.

use std::sync::{Arc, Mutex, PoisonError};

use eframe::egui::{ColorImage, Context, Rect};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

/// The picture that was asked for, once it is taken.
#[derive(Debug, Clone, Default)]
pub struct ScreenPicture(Arc<Mutex<Option<ColorImage>>>);

impl ScreenPicture {
    /// Takes `part` of the window (in points) when it is drawn next.
    pub fn take(&self, context: &Context, part: Rect) {
        let (slot, woken, scale) = (self.0.clone(), context.clone(), context.pixels_per_point());
        context.request_screenshot(move |window| {
            let taken = window.region(&part, Some(scale));
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
            woken.request_repaint();
        });
    }

    /// The file, once.
    pub fn taken(&self) -> Option<Vec<u8>> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.as_ref().map(png)
    }
}

fn png(image: &ColorImage) -> Vec<u8> {
    let [width, height] = image.size.map(|side| u32::try_from(side).expect("a screen has fewer than 2³² pixels"));
    let mut file = Vec::new();
    PngEncoder::new(&mut file)
        .write_image(image.as_raw(), width, height, ExtendedColorType::Rgba8)
        .expect("memory can be written to");
    file
}

#[cfg(test)]
mod tests {
    use eframe::egui::Color32;

    use super::*;

    #[test]
    fn the_file_has_the_pixels() {
        let pixels = (0..15).map(|n| Color32::from_rgb(n, 2 * n, 255 - n)).collect();
        let picture = ScreenPicture::default();
        assert_eq!(picture.taken(), None);
        *picture.0.lock().unwrap() = Some(ColorImage::new([5, 3], pixels));
        let read = image::load_from_memory(&picture.taken().unwrap()).unwrap().to_rgb8();
        assert_eq!((read.dimensions(), read.get_pixel(1, 2).0), ((5, 3), [11, 22, 244]));
        assert_eq!(picture.taken(), None, "once");
    }
}
