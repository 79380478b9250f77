//! Bytes of an image file to RGB, and RGB to planar bytes of the wanted size.
//!
//! Up to [`FULL_PIXELS`] a picture is decoded as it is, which takes at most 512 MiB (a progressive CMYK JPEG; an
//! ordinary one of 12 megapixels takes 40). Beyond, up to [`MAX_PIXELS`], JPEGs are decoded at an eighth of their size
//! and PNGs row by row into averages, within the same bound.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use crate::data::jpeg::{self, Fault};
use crate::data::kind::{Kind, refusal};
use crate::data::png_boxes::{self, MAX_BOXES};
use crate::data::png_palette;
use crate::data::sniff::sniff;
use crate::data::view::View;
use crate::error::{Error, Result};

/// Longest side of a picture: what a JPEG can have.
const MAX_SIDE: u32 = 65_535;

/// Most pixels of a picture that is decoded as it is: a good camera's 24 megapixels.
const FULL_PIXELS: u64 = 24 << 20;

/// Most pixels of a picture: a telephone's 200 megapixels, and not much more.
const MAX_PIXELS: u64 = 200 << 20;

/// Most memory for the pixels of a picture that is decoded as it is, in its own format: 16-bit RGBA.
const MAX_BYTES: u64 = 8 * FULL_PIXELS;

/// Most bytes of a PNG's rows, one after the other. Packed they may be a thousandth, so it is time that this bounds.
const MAX_ROW_BYTES: u64 = 3 * MAX_PIXELS;

/// Largest file without what may follow a JPEG; larger ones hold no picture of [`MAX_PIXELS`].
const MAX_FILE_BYTES: usize = 1 << 29;

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
    /// Whether the name's ending promises another format.
    pub misnamed: bool,
    /// Whether the picture was too large to be decoded as it is, so that `rgb` is smaller.
    pub reduced: bool,
}

/// Pixels with what their decoder says of them.
struct Decoded {
    image: DynamicImage,
    size: (u32, u32),
    colour: ColorType,
    orientation: Orientation,
    reduced: bool,
}

/// Decodes a picture of a kind that [is read](Kind::is_read), whatever its name says, to 8-bit RGB.
///
/// Greyscale becomes three equal channels, CMYK is converted, 16 bits become 8, and an alpha channel is dropped, as
/// PIL's `convert("RGB")` does; of an animation the first frame is taken. With `upright` the orientation that cameras
/// write into the file is applied; boxes are measured on the image as stored, so files that come with boxes are read
/// without it. What follows the first image in a file, such as the film of a motion photo, is not looked at.
///
/// # Errors
/// If the bytes are no picture that is read, damaged, cut off, or larger than the limits; the message names `path`.
pub(super) fn decode(bytes: &[u8], path: &Path, upright: bool) -> Result<Picture> {
    let (kind, decoded) = decode_any(bytes).map_err(|reason| Error::file(path, reason))?;
    let Decoded { image, size: (width, height), colour, orientation, reduced } = decoded;
    // Every GIF is decoded with alpha, whether it has any or not.
    let opaque = kind == Kind::Gif && image.as_rgba8().is_some_and(|rgba| rgba.pixels().all(|pixel| pixel[3] == 255));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let facts = Facts {
        width,
        height,
        greyscale: !colour.has_color(),
        alpha: colour.has_alpha() && !opaque,
        sixteen_bit: colour.bytes_per_pixel() > colour.channel_count(),
        misnamed: Kind::promised_by(&name).is_some_and(|promised| promised != kind),
        reduced,
    };
    let mut rgb = DynamicImage::ImageRgb8(image.into_rgb8());
    if upright {
        rgb.apply_orientation(orientation);
    }
    Ok(Picture { rgb: rgb.into_rgb8(), facts })
}

/// The picture with its kind, or the reason that stands behind the name of its file.
fn decode_any(bytes: &[u8]) -> Result<(Kind, Decoded), String> {
    let kind = match sniff(bytes) {
        Some(kind) if kind.is_read() => kind,
        Some(other) => return Err(refusal(other)),
        None if bytes.is_empty() => return Err("is empty".into()),
        None => return Err("is not an image".into()),
    };
    let decoded = match kind {
        Kind::Jpeg => decode_jpeg(bytes)?,
        _ if bytes.len() > MAX_FILE_BYTES => {
            return Err(format!("is larger than {MAX_FILE_BYTES} bytes, too large for a picture"));
        }
        Kind::Png => decode_png(bytes)?,
        Kind::Gif => decode_whole(open(bytes, ImageFormat::Gif)?)?,
        Kind::Bmp => decode_whole(open(bytes, ImageFormat::Bmp)?)?,
        Kind::WebP => decode_whole(open(bytes, ImageFormat::WebP)?)?,
        other => return Err(refusal(other)),
    };
    Ok((kind, decoded))
}

fn too_large(width: u32, height: u32, most: u64) -> String {
    format!("is too large, {width}x{height}: up to {} megapixels are read, make it smaller", most / 1_000_000)
}

fn damaged(error: &dyn std::fmt::Display) -> String {
    let reason = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    format!("cannot be decoded: {}", reason.escape_debug())
}

fn fault_in_words(fault: Fault) -> String {
    match fault {
        Fault::CutOff => "is a JPEG that is cut off".into(),
        Fault::Damaged(reason) => format!("is a damaged JPEG: {reason}"),
        Fault::Unread(which) => format!("is a JPEG {which}, which is not read: save it as an ordinary JPEG or PNG"),
    }
}

fn open(bytes: &[u8], format: ImageFormat) -> Result<impl ImageDecoder, String> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    reader.into_decoder().map_err(|error| damaged(&error))
}

/// How many pixels there are.
///
/// # Errors
/// If they are more than `most`.
fn count_pixels((width, height): (u32, u32), most: u64) -> Result<u64, String> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > most { Err(too_large(width, height, most)) } else { Ok(pixels) }
}

/// Decodes all pixels at once.
fn decode_whole(decoder: impl ImageDecoder) -> Result<Decoded, String> {
    let (width, height) = decoder.dimensions();
    count_pixels((width, height), FULL_PIXELS)?;
    // 32-bit channels.
    if decoder.total_bytes() > MAX_BYTES {
        return Err(too_large(width, height, FULL_PIXELS / 2));
    }
    describe(decoder, false, |decoder| DynamicImage::from_decoder(decoder).map_err(|error| damaged(&error)))
}

/// What the decoder says of the picture, with the pixels that `read` makes of it.
fn describe<D: ImageDecoder>(
    mut decoder: D,
    reduced: bool,
    read: impl FnOnce(D) -> Result<DynamicImage, String>,
) -> Result<Decoded, String> {
    let (size, colour) = (decoder.dimensions(), decoder.color_type());
    // A picture is no worse for a note about it that cannot be read.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(Decoded { image: read(decoder)?, size, colour, orientation, reduced })
}

fn decode_jpeg(file: &[u8]) -> Result<Decoded, String> {
    let size = jpeg::dimensions(file).map_err(fault_in_words)?;
    let large = count_pixels(size, MAX_PIXELS)? > FULL_PIXELS;
    let whole = jpeg::walk(file, large).map_err(fault_in_words)?;
    let decoder = open(&whole.bytes, ImageFormat::Jpeg)?;
    if !large {
        return decode_whole(decoder);
    }
    describe(decoder, true, |_| whole.eighth().map(DynamicImage::ImageRgb8).map_err(fault_in_words))
}

fn decode_png(bytes: &[u8]) -> Result<Decoded, String> {
    if !png_palette::is_whole(bytes) {
        return Err("cannot be decoded: its palette is no list of colours".into());
    }
    let decoder = open(bytes, ImageFormat::Png)?;
    let (width, height) = decoder.dimensions();
    if count_pixels((width, height), MAX_PIXELS)? <= FULL_PIXELS {
        return decode_whole(decoder);
    }
    if decoder.total_bytes() > MAX_ROW_BYTES {
        return Err(too_large(width, height, MAX_ROW_BYTES / u64::from(decoder.color_type().bytes_per_pixel())));
    }
    describe(decoder, true, |decoder| {
        drop(decoder);
        png_boxes::read(bytes, MAX_BOXES).map(DynamicImage::ImageRgb8).map_err(|error| damaged(&error))
    })
}

/// The image resized to `size` × `size` as PIL and torchvision's `Resize` do it, planar. The aspect ratio is not kept.
///
/// # Shapes
/// Returns 3 × size × size.
pub(super) fn planar(rgb: &RgbImage, size: usize) -> Vec<u8> {
    let (width, height) = rgb.dimensions();
    View::stretched((width as usize, height as usize), (size, size)).of(rgb)
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
    reduced: usize,
}

impl Conversions {
    /// Counts one image.
    pub(super) fn add(&mut self, facts: &Facts) {
        self.greyscale += usize::from(facts.greyscale);
        self.alpha += usize::from(facts.alpha);
        self.sixteen_bit += usize::from(facts.sixteen_bit);
        self.misnamed += usize::from(facts.misnamed);
        self.reduced += usize::from(facts.reduced);
    }

    /// One sentence for each kind that occurred.
    pub(super) fn notes(&self) -> Vec<String> {
        let images = |count| plural(count, "image");
        let kinds = [
            (self.greyscale, format!("greyscale {} converted to RGB", images(self.greyscale))),
            (self.alpha, format!("{} with an alpha channel, which is dropped", images(self.alpha))),
            (self.sixteen_bit, format!("16-bit {} reduced to 8 bits", images(self.sixteen_bit))),
            (self.misnamed, format!("{} read in spite of the extension of another format", images(self.misnamed))),
            (self.reduced, format!("very large {} read at a reduced size", images(self.reduced))),
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

#[cfg(test)]
#[path = "decode_kinds_tests.rs"]
mod kinds_tests;
