//! Bytes of an image file to RGB, and RGB to planar bytes of the wanted size.

use std::io::Cursor;
use std::path::Path;

use image::imageops::{FilterType, resize};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use crate::data::png_palette;
use crate::error::{Error, Result};

/// Longest side of an image that is decoded; beyond it a file is damaged or hostile rather than a photograph.
const MAX_SIDE: u32 = 16_384;

/// Most memory that decoding one image may take: 80 megapixels of RGB.
const MAX_BYTES: u64 = 256 << 20;

/// A decoded image.
#[derive(Debug)]
pub(super) struct Picture {
    pub rgb: RgbImage,
    pub facts: Facts,
}

/// What was found in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// Columns, as stored.
    pub width: u32,
    /// Rows, as stored.
    pub height: u32,
    pub greyscale: bool,
    pub alpha: bool,
    pub sixteen_bit: bool,
    /// Whether the file is a JPEG named as a PNG, or the other way round.
    pub misnamed: bool,
}

/// Decodes a JPEG or PNG, whatever its name says, to 8-bit RGB.
///
/// Greyscale becomes three equal channels, CMYK is converted, 16 bits become 8, and an alpha channel is dropped, as
/// PIL's `convert("RGB")` does. With `upright` the orientation that cameras write into the file is applied; boxes are
/// measured on the image as stored, so files that come with boxes are read without it.
///
/// # Errors
/// If the bytes are no JPEG or PNG, damaged, cut off, or larger than the limits; the message names `path`.
pub(super) fn decode(bytes: &[u8], path: &Path, upright: bool) -> Result<Picture> {
    let format = match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => format,
        Ok(other) => return Err(Error::file(path, format!("is a {other:?} image; only JPEG and PNG are read"))),
        Err(_) if bytes.is_empty() => return Err(Error::file(path, "is empty")),
        Err(_) => return Err(Error::file(path, "is not an image")),
    };
    // The decoder fills the missing rows of a cut-off JPEG with grey and says nothing.
    if format == ImageFormat::Jpeg && !ends_after_last_scan(bytes) {
        return Err(Error::file(path, "is a JPEG that is cut off"));
    }
    if format == ImageFormat::Png && !png_palette::is_whole(bytes) {
        return Err(Error::file(path, "cannot be decoded: its palette is no list of colours"));
    }
    let damaged = |error: image::ImageError| {
        let reason = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Error::file(path, format!("cannot be decoded: {reason}"))
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MAX_BYTES {
        return Err(Error::file(path, format!("is too large, {width}x{height}")));
    }
    let colour = decoder.color_type();
    let orientation = decoder.orientation().map_err(damaged)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    if upright {
        image.apply_orientation(orientation);
    }
    let facts = Facts {
        width,
        height,
        greyscale: !colour.has_color(),
        alpha: colour.has_alpha(),
        sixteen_bit: colour.bytes_per_pixel() > colour.channel_count(),
        misnamed: ImageFormat::from_path(path).is_ok_and(|named| named != format),
    };
    Ok(Picture { rgb: image.into_rgb8(), facts })
}

/// Whether an end-of-image marker follows the last start-of-scan marker. Inside a scan, neither can occur.
fn ends_after_last_scan(jpeg: &[u8]) -> bool {
    let last = |marker: u8| jpeg.windows(2).rposition(|pair| pair == [0xff, marker]);
    last(0xd9) > last(0xda)
}

/// The image resized to `size` × `size`, planar.
///
/// Bilinear, with the triangle widened to the shrinking factor (antialias): what PIL and torchvision's `Resize` do.
/// On TinyImageNet's 64 → 32 the result is within one grey level of PIL's. The aspect ratio is not kept.
///
/// # Shapes
/// Returns 3 × size × size.
pub(super) fn planar(rgb: &RgbImage, size: usize) -> Vec<u8> {
    let side = size as u32;
    if rgb.dimensions() == (side, side) {
        return to_planar(rgb);
    }
    to_planar(&resize(rgb, side, side, FilterType::Triangle))
}

fn to_planar(rgb: &RgbImage) -> Vec<u8> {
    (0..3).flat_map(|channel| rgb.pixels().map(move |pixel| pixel[channel])).collect()
}

/// The RGB image of planar bytes, 3 × height × width.
pub(super) fn from_planar(planar: &[u8], height: usize, width: usize) -> RgbImage {
    let plane = height * width;
    RgbImage::from_fn(width as u32, height as u32, |x, y| {
        let place = y as usize * width + x as usize;
        image::Rgb([planar[place], planar[plane + place], planar[2 * plane + place]])
    })
}

/// Counts of what was converted on the way to 8-bit RGB.
#[derive(Debug, Default)]
pub(super) struct Conversions {
    greyscale: usize,
    alpha: usize,
    sixteen_bit: usize,
    misnamed: usize,
}

impl Conversions {
    /// Counts one image.
    pub(super) fn add(&mut self, facts: &Facts) {
        self.greyscale += usize::from(facts.greyscale);
        self.alpha += usize::from(facts.alpha);
        self.sixteen_bit += usize::from(facts.sixteen_bit);
        self.misnamed += usize::from(facts.misnamed);
    }

    /// One sentence for each kind that occurred.
    pub(super) fn notes(&self) -> Vec<String> {
        let images = |count| plural(count, "image");
        let kinds = [
            (self.greyscale, format!("greyscale {} converted to RGB", images(self.greyscale))),
            (self.alpha, format!("{} with an alpha channel, which is dropped", images(self.alpha))),
            (self.sixteen_bit, format!("16-bit {} reduced to 8 bits", images(self.sixteen_bit))),
            (self.misnamed, format!("{} read in spite of the extension of another format", images(self.misnamed))),
        ];
        let occurred = kinds.into_iter().filter(|(count, _)| *count > 0);
        occurred.map(|(count, what)| format!("{count} {what}")).collect()
    }
}

/// `noun` in the number of `count`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix("ss")) {
        (1, _) => noun.into(),
        (_, Some(_)) => format!("{noun}es"),
        (_, None) => format!("{noun}s"),
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
