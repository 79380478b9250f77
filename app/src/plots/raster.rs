//! A drawing as pixels, by the crates that egui draws its letters with: nothing more is linked for it.

use std::io;
use std::sync::Arc;

use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use kurbo::{Affine, BezPath, Circle, Stroke};
use skrifa::MetadataProvider;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::DrawSettings;
use skrifa::outline::pen::SvgPen;
use vello_cpu::color::{AlphaColor, PremulRgba8};
use vello_cpu::peniko::{ImageQuality, ImageSampler};
use vello_cpu::{Image, ImageSource, Pixmap, RasterizerSettings, RenderContext, RenderMode, Resources};

use super::drawing::{Anchor, Drawing, Mark, Paint, Point};
use super::text::{BASELINE, shape};
use crate::colours::Ground;

/// Pixels of a PNG to a CSS pixel.
pub(super) const SCALE: u32 = 2;
/// Rows that are drawn at once: a picture may be higher than what draws can count.
const BAND: u32 = 2048;

impl Drawing {
    /// The picture as a PNG file, two pixels to a CSS pixel.
    ///
    /// # Errors
    /// When it is too wide to be drawn.
    pub fn png(&self, ground: Ground) -> io::Result<Vec<u8>> {
        encoded(&self.image(SCALE, ground)?)
    }

    /// The picture as pixels, `scale` to a CSS pixel.
    ///
    /// # Errors
    /// When it is too wide to be drawn.
    pub fn image(&self, scale: u32, ground: Ground) -> io::Result<RgbImage> {
        let (width, height) = self.size();
        let (width, height) = (width as u32 * scale, height as u32 * scale);
        let wide = u16::try_from(width).map_err(|_| io::Error::other(format!("{width} pixels are too wide")))?;
        let mut image = RgbImage::new(width, height);
        for top in (0..height).step_by(BAND as usize) {
            let rows = BAND.min(height - top);
            let mut brush = Brush::new((wide, rows as u16), Affine::translate((0.0, -f64::from(top))), scale, ground);
            [self.ground()].iter().chain(&self.marks).for_each(|mark| brush.draw(mark));
            for (nth, pixel) in brush.pixels().data().iter().enumerate() {
                let nth = nth as u32;
                image.put_pixel(nth % width, top + nth / width, image::Rgb([pixel.r, pixel.g, pixel.b]));
            }
        }
        Ok(image)
    }
}

/// What draws, and where.
struct Brush {
    context: RenderContext,
    /// From CSS pixels to those of the picture.
    place: Affine,
    ground: Ground,
}

impl Brush {
    fn new((width, height): (u16, u16), shift: Affine, scale: u32, ground: Ground) -> Self {
        Self { context: RenderContext::new(width, height), place: shift * Affine::scale(f64::from(scale)), ground }
    }

    fn pixels(mut self) -> Pixmap {
        let mut pixels = Pixmap::new(self.context.width(), self.context.height());
        self.context.flush();
        let settings = RasterizerSettings { render_mode: RenderMode::OptimizeQuality, ..Default::default() };
        self.context.render_with(&mut pixels, &mut Resources::new(), settings);
        pixels
    }

    fn draw(&mut self, mark: &Mark) {
        self.context.set_transform(self.place);
        match mark {
            Mark::Line { points, width, paint } => {
                self.paint(paint);
                let joins = Stroke::new(*width).with_caps(kurbo::Cap::Butt).with_join(kurbo::Join::Round);
                self.context.set_stroke(joins);
                self.context.stroke_path(&path(points, false));
            }
            Mark::Area { points, paint } => {
                self.paint(paint);
                self.context.fill_path(&path(points, true));
            }
            Mark::Disc { centre, radius, paint } => {
                self.paint(paint);
                self.context.fill_path(&kurbo::Shape::to_path(&Circle::new(*centre, *radius), 0.01));
            }
            Mark::Text { text, at, size, colour, anchor } => {
                self.paint(&(*colour).into());
                self.write(text, *at, *size, *anchor);
            }
            Mark::Pixels { place, width, pixels } => {
                let height = pixels.len() / width.max(&1);
                let opaque = |[r, g, b]: &[u8; 3]| PremulRgba8 { r: *r, g: *g, b: *b, a: 255 };
                let map = Pixmap::from_parts(pixels.iter().map(opaque).collect(), *width as u16, height as u16);
                let sampler = ImageSampler { quality: ImageQuality::Low, ..Default::default() };
                self.context.set_paint(Image { image: ImageSource::Pixmap(Arc::new(map)), sampler });
                let scale = Affine::scale_non_uniform(place.w / *width as f64, place.h / height as f64);
                self.context.set_paint_transform(Affine::translate((place.x, place.y)) * scale);
                self.context.fill_rect(&kurbo::Rect::new(place.x, place.y, place.right(), place.bottom()));
                self.context.reset_paint_transform();
            }
        }
    }

    fn paint(&mut self, paint: &Paint) {
        let [red, green, blue] = paint.colour.on(self.ground);
        self.context.set_paint(AlphaColor::from_rgb8(red, green, blue).with_alpha(paint.opacity as f32));
    }

    fn write(&mut self, text: &str, at: Point, size: f64, anchor: Anchor) {
        let (glyphs, length) = shape(text);
        let start = match anchor {
            Anchor::Left => 0.0,
            Anchor::Right => -length * size,
            Anchor::Centre | Anchor::CentreUpwards => -length * size / 2.0,
        };
        let turn = if anchor == Anchor::CentreUpwards { -std::f64::consts::FRAC_PI_2 } else { 0.0 };
        let line = self.place * Affine::translate(at) * Affine::rotate(turn);
        for glyph in glyphs {
            // A font has y upwards.
            let mut outline = SvgPen::new();
            let settings = DrawSettings::unhinted(Size::new(size as f32), LocationRef::default());
            let drawn = glyph.face.font.outline_glyphs().get(glyph.id).map(|found| found.draw(settings, &mut outline));
            if let (Some(Ok(_)), Ok(outline)) = (drawn, BezPath::from_svg(&outline)) {
                let place = Affine::translate((start + glyph.x * size, (BASELINE - glyph.y) * size));
                self.context.set_transform(line * place * Affine::FLIP_Y);
                self.context.fill_path(&outline);
            }
        }
    }
}

fn path(points: &[Point], closed: bool) -> BezPath {
    let mut path = BezPath::new();
    for (nth, point) in points.iter().enumerate() {
        if nth == 0 { path.move_to(*point) } else { path.line_to(*point) }
    }
    if closed && !points.is_empty() {
        path.close_path();
    }
    path
}

fn encoded(image: &RgbImage) -> io::Result<Vec<u8>> {
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::NoFilter);
    image.write_with_encoder(encoder).map_err(io::Error::other)?;
    Ok(png)
}

/// `data:image/png;base64,…`
pub(super) fn data_url(width: usize, pixels: &[[u8; 3]]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let height = pixels.len() / width.max(1);
    let image = RgbImage::from_raw(width as u32, height as u32, pixels.as_flattened().to_vec());
    let png = image.and_then(|image| encoded(&image).ok()).expect("pixels in memory are a whole picture");
    let mut url = String::from("data:image/png;base64,");
    for three in png.chunks(3) {
        let bits = (0..3).fold(0, |bits, nth| bits << 8 | u32::from(three.get(nth).copied().unwrap_or(0)));
        for digit in 0..4 {
            let letter = DIGITS[(bits >> (18 - 6 * digit)) as usize & 63];
            url.push(if digit > three.len() { '=' } else { char::from(letter) });
        }
    }
    url
}
