//! From a picture to its two files.
//!
//! A picture is laid out in CSS pixels, which the marks in [`super::pen`] turn into finer drawing units, because both
//! backends know whole units only. The SVG is told to show them at their true size; the PNG is drawn in them and
//! averaged down to [`PNG_SCALE`], which smooths every edge.

use std::io;
use std::path::{Path, PathBuf};

use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use l2t_core::whole_file::write_whole;
use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea, SVGBackend,
};

use super::theme;

/// Drawing units per CSS pixel.
pub(super) const UNITS: u32 = 4;
/// PNG pixels per CSS pixel.
pub(super) const PNG_SCALE: u32 = 2;
/// Drawing units per PNG pixel.
const BOX: u32 = UNITS / PNG_SCALE;

/// A rectangle to draw in.
pub(super) type Area<DB> = DrawingArea<DB, Shift>;
/// What can go wrong on a backend.
pub(super) type DrawError<DB> = DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>;
/// The outcome of drawing something.
pub(super) type Drawn<DB> = Result<(), DrawError<DB>>;

/// The two backends, and what their ways of writing text need.
pub(super) trait Surface: DrawingBackend {
    /// Centred text stands too high by this share of its size.
    const TEXT_DROP: f64;
    /// Whether it forgets the blank space left of each letter.
    const LOSES_BEARINGS: bool;
}

impl Surface for SVGBackend<'_> {
    const TEXT_DROP: f64 = 0.08;
    const LOSES_BEARINGS: bool = false;
}

impl Surface for BitMapBackend<'_> {
    const TEXT_DROP: f64 = 0.2;
    const LOSES_BEARINGS: bool = true;
}

/// Something laid out and ready to be drawn.
pub(super) trait Picture {
    /// Width and height in CSS pixels.
    fn size(&self) -> (f64, f64);
    /// Draws it all, on any backend.
    fn draw<DB: Surface>(&self, area: &Area<DB>) -> Drawn<DB>;
}

/// A picture that was drawn, for a disk or for where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// As shapes.
    pub svg: String,
    /// As pixels.
    pub png: Vec<u8>,
}

impl Rendered {
    /// Writes `<path_stem>.svg` and `<path_stem>.png`.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, path_stem: &Path) -> io::Result<()> {
        write_file(&with_ending(path_stem, ".svg"), self.svg.as_bytes())?;
        write_file(&with_ending(path_stem, ".png"), &self.png)
    }

    /// The same two files in memory.
    pub fn files(self, stem: &str) -> [(String, Vec<u8>); 2] {
        [(format!("{stem}.svg"), self.svg.into_bytes()), (format!("{stem}.png"), self.png)]
    }
}

/// Draws on both backends.
pub(super) fn render(picture: &impl Picture) -> io::Result<Rendered> {
    let (width, height) = picture.size();
    let size = (width.ceil() as u32, height.ceil() as u32);
    Ok(Rendered { svg: to_svg(picture, size)?, png: to_png(picture, size)? })
}

/// Writes `<path_stem>.svg` and `<path_stem>.png`.
pub(super) fn save(path_stem: &Path, picture: &impl Picture) -> io::Result<()> {
    render(picture)?.write(path_stem)
}

/// Writes `<path_stem>.png` alone: for pictures of thousands of pixels, each of which would be a shape of an SVG.
pub(super) fn save_png(path_stem: &Path, picture: &impl Picture) -> io::Result<()> {
    let (width, height) = picture.size();
    write_file(&with_ending(path_stem, ".png"), &to_png(picture, (width.ceil() as u32, height.ceil() as u32))?)
}

/// Writes pixels to a PNG file.
pub(super) fn save_image(path: &Path, image: &RgbImage) -> io::Result<()> {
    write_file(path, &encoded(image)?)
}

/// Appends; `Path::with_extension` would cut a stem like `beta-0.5`.
fn with_ending(path_stem: &Path, ending: &str) -> PathBuf {
    let mut path = path_stem.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

fn to_svg(picture: &impl Picture, (width, height): (u32, u32)) -> io::Result<String> {
    let (wide, high) = (width * UNITS, height * UNITS);
    let mut svg = String::new();
    draw_on(SVGBackend::with_string(&mut svg, (wide, high)), picture)?;
    let drawn_size = format!("width=\"{wide}\" height=\"{high}\"");
    let shown_size = format!("width=\"{width}\" height=\"{height}\" stroke-linejoin=\"round\"");
    Ok(svg.replacen(&drawn_size, &shown_size, 1))
}

fn to_png(picture: &impl Picture, size: (u32, u32)) -> io::Result<Vec<u8>> {
    encoded(&to_image(picture, size)?)
}

/// The picture as pixels, [`PNG_SCALE`] to a CSS pixel.
pub(super) fn to_image(picture: &impl Picture, (width, height): (u32, u32)) -> io::Result<RgbImage> {
    let (wide, high) = (width * UNITS, height * UNITS);
    let mut units = vec![0; wide as usize * high as usize * 3];
    draw_on(BitMapBackend::with_buffer(&mut units, (wide, high)), picture)?;
    let pixels = average_boxes(&units, wide as usize, high as usize);
    RgbImage::from_raw(wide / BOX, high / BOX, pixels)
        .ok_or_else(|| io::Error::other("the averaged picture has the wrong size"))
}

fn encoded(image: &RgbImage) -> io::Result<Vec<u8>> {
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::NoFilter);
    image.write_with_encoder(encoder).map_err(io::Error::other)?;
    Ok(png)
}

fn draw_on<DB: Surface>(backend: DB, picture: &impl Picture) -> io::Result<()> {
    let area = backend.into_drawing_area();
    let drawn = area.fill(&theme::BACKGROUND).and_then(|()| picture.draw(&area)).and_then(|()| area.present());
    drawn.map_err(|error| io::Error::other(format!("cannot draw the picture: {error}")))
}

/// Each output pixel is the mean of a `BOX` × `BOX` square; both sides are multiples of `BOX`.
fn average_boxes(units: &[u8], wide: usize, high: usize) -> Vec<u8> {
    let step = BOX as usize;
    let mut pixels = Vec::with_capacity(units.len() / (step * step));
    for y in (0..high).step_by(step) {
        for x in (0..wide).step_by(step) {
            for channel in 0..3 {
                let square = (0..step * step).map(|i| ((y + i / step) * wide + x + i % step) * 3 + channel);
                let sum: usize = square.map(|index| usize::from(units[index])).sum();
                pixels.push((sum / (step * step)) as u8);
            }
        }
    }
    pixels
}

/// Whole or not at all, as every file of the program; the error holds the one that names the file, see
/// [`explained`](super::explained).
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole(path, bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Blank;

    impl Picture for Blank {
        fn size(&self) -> (f64, f64) {
            (30.0, 20.5)
        }

        fn draw<DB: Surface>(&self, _: &Area<DB>) -> Drawn<DB> {
            Ok(())
        }
    }

    #[test]
    fn a_dot_in_the_stem_stays_and_no_temporary_file_does() {
        let folder = tempfile::tempdir().unwrap();
        // What a killed program left goes, too.
        fs::write(folder.path().join(".beta-0.5.png.abcdefgh.partial"), "half").unwrap();
        save(&folder.path().join("beta-0.5"), &Blank).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["beta-0.5.png", "beta-0.5.svg"]);
        let png = image::open(folder.path().join("beta-0.5.png")).unwrap();
        assert_eq!((png.width(), png.height()), (60, 42));
    }

    #[test]
    fn an_error_names_the_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("missing/curves");
        let error = crate::plots::explained(&stem, save(&stem, &Blank).unwrap_err()).to_string();
        assert!(error.contains("curves.svg: cannot be written: "), "{error}");
        assert_eq!(error.matches("curves").count(), 1, "{error}");
    }
}
