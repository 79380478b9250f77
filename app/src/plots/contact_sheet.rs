//! Sample images of a data set, a class a row.

use std::io;
use std::path::Path;

use image::{RgbImage, imageops};

use super::canvas::{Area, Drawn, PNG_SCALE, Picture, Surface, save_image, to_image};
use super::text::{Anchor, fit, text_width, write};
use super::theme;

/// A class: its name and some of its images, all of one size.
#[derive(Debug, Clone)]
pub struct SheetRow {
    /// Name of the class.
    pub name: String,
    /// Images from left to right.
    pub images: Vec<RgbImage>,
}

/// CSS pixels.
const TEXT: f64 = 14.0;
const GAP: f64 = 3.0;
const MARGIN: f64 = 10.0;
const WIDEST_NAME: f64 = 260.0;
/// Smallest side of a shown image; a smaller image is shown larger, by a whole number.
const LEAST_SIDE: f64 = 48.0;

/// Where everything lies.
struct Sheet<'a> {
    rows: &'a [SheetRow],
    names: f64,
    columns: usize,
    /// Side of a shown image in CSS pixels.
    side: f64,
}

/// Writes `rows` to the PNG file `path`, with every pixel of an image as a square of whole pixels.
///
/// # Errors
/// When the file cannot be written.
pub fn contact_sheet(path: &Path, rows: &[SheetRow]) -> io::Result<()> {
    let size = rows.iter().flat_map(|row| &row.images).map(RgbImage::width).max().unwrap_or(1);
    let zoom = ((LEAST_SIDE * f64::from(PNG_SCALE) / f64::from(size)).ceil() as u32).max(1);
    let sheet = Sheet {
        rows,
        names: rows.iter().map(|row| text_width(&row.name, TEXT)).fold(0.0, f64::max).min(WIDEST_NAME),
        columns: rows.iter().map(|row| row.images.len()).max().unwrap_or(0),
        side: f64::from(size * zoom) / f64::from(PNG_SCALE),
    };
    let (width, height) = sheet.size();
    let mut canvas = to_image(&sheet, (width.ceil() as u32, height.ceil() as u32))?;
    for (nth, row) in rows.iter().enumerate() {
        for (column, image) in row.images.iter().enumerate() {
            let shown = imageops::resize(image, size * zoom, size * zoom, imageops::FilterType::Nearest);
            let (x, y) = sheet.corner(nth, column);
            let place = |pixels: f64| (pixels * f64::from(PNG_SCALE)).round() as i64;
            imageops::replace(&mut canvas, &shown, place(x), place(y));
        }
    }
    save_image(path, &canvas)
}

impl Sheet<'_> {
    /// The upper left corner of an image.
    fn corner(&self, row: usize, column: usize) -> (f64, f64) {
        let step = self.side + GAP;
        (2.0 * MARGIN + self.names + step * column as f64, MARGIN + step * row as f64)
    }
}

impl Picture for Sheet<'_> {
    fn size(&self) -> (f64, f64) {
        let (right, bottom) = self.corner(self.rows.len(), self.columns);
        (right - GAP + MARGIN, bottom - GAP + MARGIN)
    }

    fn draw<DB: Surface>(&self, area: &Area<DB>) -> Drawn<DB> {
        for (nth, row) in self.rows.iter().enumerate() {
            let middle = self.corner(nth, 0).1 + 0.5 * self.side;
            let name = fit(&row.name, self.names, TEXT);
            write(area, &name, (MARGIN + self.names, middle), (TEXT, theme::INK, Anchor::Right))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_there_beside_the_name_of_its_class() {
        let colours = [[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0]];
        let image = |nth: usize| RgbImage::from_pixel(7, 7, image::Rgb(colours[nth]));
        let rows = [
            SheetRow { name: "cats".into(), images: vec![image(0), image(1), image(2)] },
            SheetRow { name: "a class with a very, very, very, very, very long name".into(), images: vec![image(3)] },
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sheet.png");
        contact_sheet(&path, &rows).unwrap();
        let sheet = image::open(&path).unwrap().to_rgb8();
        for colour in colours {
            // 96 pixels are 13.7 times 7, so every pixel becomes 14 × 14.
            let count = sheet.pixels().filter(|pixel| pixel.0 == colour).count();
            assert_eq!(count, 7 * 7 * 14 * 14, "{colour:?}");
        }
        let dark = sheet.enumerate_pixels().filter(|(_, _, pixel)| pixel.0.iter().all(|value| *value < 90));
        assert!(dark.count() > 100, "no names are written");
    }
}
