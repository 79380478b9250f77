//! Pixels that come from the training thread, as textures.

use eframe::egui::{
    Color32, ColorImage, Context, Rect, Response, Role, Sense, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo,
    vec2,
};
use futures_lite::future::block_on;
use l2t_core::Result;
use l2t_core::data::Dataset;
use l2t_core::saliency::colour::{ColourMap, Overlay, Pixels};

use crate::colours::{Rgb, between};

/// As egui has it.
pub fn opaque([red, green, blue]: Rgb) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// Planar bytes (3·H·W) as a picture.
pub fn photograph(data: &Dataset, index: usize) -> ColorImage {
    let (planes, area) = (data.image(index), data.height * data.width);
    let pixels = (0..area).map(|at| Color32::from_rgb(planes[at], planes[area + at], planes[2 * area + at]));
    ColorImage::new([data.width, data.height], pixels.collect())
}

/// Numbers in reading order, `width` a row, from their least (dark) to their greatest (light).
pub fn feature_map(values: &[f64], width: usize, colours: ColourMap) -> ColorImage {
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    let table = colours.colours();
    let span = if high > low { high - low } else { 1.0 };
    let pixels = values.iter().map(|value| opaque(between(&table, (value - low) / span)));
    ColorImage::new([width, values.len() / width.max(1)], pixels.collect())
}

/// `maps` (0…1) laid over the grey images `indices` of `data`.
pub fn overlays(
    data: &Dataset,
    indices: &[usize],
    maps: &[&[f64]],
    style: (ColourMap, f64),
) -> Result<Vec<ColorImage>> {
    let images: Vec<&[u8]> = indices.iter().map(|index| data.image(*index)).collect();
    let device = burn_tensor::Device::flex();
    let (colours, alpha) = style;
    let size = [data.height, data.width];
    let overlay = Overlay { size, colours, alpha, device: &device, dtype: burn_tensor::DType::F32 };
    let drawn = block_on(overlay.draw(&images, maps))?;
    let image = |pixels: Pixels| ColorImage::new([data.width, data.height], pixels.into_iter().map(opaque).collect());
    Ok(drawn.into_iter().map(image).collect())
}

/// A texture that shows its pixels as squares.
pub fn texture(context: &Context, name: impl Into<String>, image: ColorImage) -> TextureHandle {
    context.load_texture(name, image, TextureOptions::NEAREST)
}

/// Shows a texture with a side of `side` points and says what it is to those who cannot see it.
pub fn show(ui: &mut Ui, texture: &TextureHandle, side: f32, name: &str) -> Response {
    let size: Vec2 = vec2(side, side);
    let image = eframe::egui::Image::new((texture.id(), size)).alt_text(name).corner_radius(2);
    ui.add(image)
}

/// A square place of `side` points for what is drawn otherwise, called `name`.
pub fn named(ui: &mut Ui, side: f32, name: &str) -> Rect {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
    rect
}
