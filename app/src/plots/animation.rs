//! Pictures one after another, as a GIF.

use std::io::Cursor;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, ImageResult, Rgba, RgbaImage};

/// Milliseconds that the last picture stays.
const REST: u32 = 2500;

/// How thoroughly the colours of a picture are chosen, from 1 (all of it is looked at) to 30.
const COLOUR_SPEED: i32 = 10;

/// The bytes of an endless GIF of opaque pictures, each shown for `each_ms` and the last one longer.
///
/// # Errors
/// When a picture is larger than a GIF can be.
pub fn animated(pictures: &[RgbaImage], each_ms: u32) -> ImageResult<Vec<u8>> {
    let mut gif = Cursor::new(Vec::new());
    let mut encoder = GifEncoder::new_with_speed(&mut gif, COLOUR_SPEED);
    encoder.set_repeat(Repeat::Infinite)?;
    for (nth, picture) in pictures.iter().enumerate() {
        let milliseconds = if nth + 1 == pictures.len() { REST } else { each_ms };
        let new = nth.checked_sub(1).map_or_else(|| picture.clone(), |before| change(&pictures[before], picture));
        encoder.encode_frame(Frame::from_parts(new, 0, 0, Delay::from_numer_denom_ms(milliseconds, 1)))?;
    }
    drop(encoder);
    Ok(gif.into_inner())
}

/// A picture as it is laid over the one before it: transparent where that shows the same, which takes hardly any bytes.
fn change(before: &RgbaImage, picture: &RgbaImage) -> RgbaImage {
    let mut new = picture.clone();
    if before.dimensions() == picture.dimensions() {
        let same = new.pixels_mut().zip(before.pixels()).filter(|(pixel, before)| *pixel == *before);
        same.for_each(|(pixel, _)| *pixel = Rgba([0; 4]));
    }
    new
}

#[cfg(test)]
mod tests {
    use image::AnimationDecoder;
    use image::codecs::gif::GifDecoder;

    use super::*;

    #[test]
    fn every_picture_is_there_for_its_time() {
        let [red, blue] = [[255, 0, 0, 255], [0, 0, 255, 255]].map(Rgba);
        let first = RgbaImage::from_pixel(7, 5, red);
        // All but one pixel stays.
        let mut second = first.clone();
        second.put_pixel(3, 2, blue);
        let gif = animated(&[first, second], 200).expect("it is written");
        let frames = GifDecoder::new(Cursor::new(gif)).expect("it is a GIF").into_frames().collect_frames();
        let frames = frames.expect("it has pictures");
        let times: Vec<_> = frames.iter().map(|frame| frame.delay().numer_denom_ms().0).collect();
        assert_eq!(times, [200, REST]);
        assert_eq!((frames[1].buffer().get_pixel(3, 2), frames[1].buffer().get_pixel(6, 4)), (&blue, &red));
    }
}
