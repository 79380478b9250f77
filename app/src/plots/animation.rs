//! Pictures one after another, as a GIF.

use gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};
use image::{Rgba, RgbaImage};

/// Milliseconds that the last picture stays.
const REST: u32 = 2500;

/// How thoroughly the colours of a picture are chosen, from 1 (all of it is looked at) to 30.
const COLOUR_SPEED: i32 = 10;

/// The bytes of an endless GIF of opaque pictures of one size, each shown for `each_ms` and the last one longer.
///
/// # Errors
/// When a picture is larger than a GIF can be, or there is none.
pub fn animated(pictures: &[RgbaImage], each_ms: u32) -> Result<Vec<u8>, EncodingError> {
    let too_large = |_| EncodingError::from(std::io::Error::other("a GIF has at most 65,535 pixels a side"));
    let first = pictures.first().ok_or_else(|| EncodingError::from(std::io::Error::other("no picture to show")))?;
    let (width, height) = first.dimensions();
    let (width, height) = (u16::try_from(width).map_err(too_large)?, u16::try_from(height).map_err(too_large)?);
    let mut gif = Vec::new();
    let mut encoder = Encoder::new(&mut gif, width, height, &[])?;
    encoder.set_repeat(Repeat::Infinite)?;
    for (nth, picture) in pictures.iter().enumerate() {
        let milliseconds = if nth + 1 == pictures.len() { REST } else { each_ms };
        let mut new = nth.checked_sub(1).map_or_else(|| picture.clone(), |before| change(&pictures[before], picture));
        let mut frame = Frame::from_rgba_speed(width, height, new.as_mut(), COLOUR_SPEED);
        frame.delay = u16::try_from(milliseconds / 10).unwrap_or(u16::MAX);
        // What a picture is laid over stays.
        frame.dispose = DisposalMethod::Keep;
        encoder.write_frame(&frame)?;
    }
    drop(encoder);
    Ok(gif)
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
    use std::io::Cursor;

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
