//! Sample images of a data set, a class a row.

use image::RgbImage;

use super::drawing::{Anchor, Drawing, Rect};
use super::raster::SCALE;
use super::text::{fit, widest};
use super::theme;
use crate::colours::INK;

/// A class: its name and some of its images, all of one size.
#[derive(Debug, Clone)]
pub struct SheetRow {
    /// Name of the class.
    pub name: String,
    /// Images from left to right.
    pub images: Vec<RgbImage>,
}

const GAP: f64 = 3.0;
const WIDEST_NAME: f64 = 260.0;
/// Smallest side of a shown image; a smaller image is shown larger, by a whole number.
const LEAST_SIDE: f64 = 48.0;

/// Draws `rows`, with every pixel of an image as a square of whole pixels of a PNG.
pub fn contact_sheet(rows: &[SheetRow]) -> Drawing {
    let size = rows.iter().flat_map(|row| &row.images).map(RgbImage::width).max().unwrap_or(1);
    let zoom = ((LEAST_SIDE * f64::from(SCALE) / f64::from(size)).ceil() as u32).max(1);
    let side = f64::from(size * zoom) / f64::from(SCALE);
    let names = widest(rows.iter().map(|row| row.name.as_str()), theme::SMALL).min(WIDEST_NAME).ceil();
    let columns = rows.iter().map(|row| row.images.len()).max().unwrap_or(0);
    let left = theme::MARGIN + names + theme::GAP;
    let mut drawing = Drawing::new(left + columns as f64 * (side + GAP) - GAP + theme::MARGIN);
    let mut top = theme::MARGIN;
    for row in rows {
        let name = fit(&row.name, names, theme::SMALL);
        drawing.text(name, (theme::MARGIN + names, top + side / 2.0), (theme::SMALL, INK, Anchor::Right));
        for (column, image) in row.images.iter().enumerate() {
            let place = Rect { x: left + column as f64 * (side + GAP), y: top, w: side, h: side };
            drawing.pixels(place, size as usize, image.pixels().map(|pixel| pixel.0).collect());
        }
        top += side + GAP;
    }
    drawing.ending_at(top - GAP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colours::Ground;

    #[test]
    fn every_image_is_there_beside_the_name_of_its_class() {
        let colours = [[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0]];
        let image = |nth: usize| RgbImage::from_pixel(7, 7, image::Rgb(colours[nth]));
        let rows = [
            SheetRow { name: "cats".into(), images: vec![image(0), image(1), image(2)] },
            SheetRow { name: "a class with a very, very, very, very, very long name".into(), images: vec![image(3)] },
        ];
        let png = contact_sheet(&rows).png(Ground::Light).unwrap();
        let sheet = image::load_from_memory(&png).unwrap().to_rgb8();
        for colour in colours {
            // 96 pixels are 13.7 times 7, so every pixel becomes 14 × 14.
            let count = sheet.pixels().filter(|pixel| pixel.0 == colour).count();
            assert_eq!(count, 7 * 7 * 14 * 14, "{colour:?}");
        }
        let dark = sheet.enumerate_pixels().filter(|(_, _, pixel)| pixel.0.iter().all(|value| *value < 90));
        assert!(dark.count() > 100, "no names are written");
    }
}
