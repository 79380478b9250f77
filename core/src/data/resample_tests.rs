use super::*;

fn drawn(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| image::Rgb([0, 1, 2].map(|c| (37 * x + 101 * y + 59 * c + x * y) as u8)))
}

fn all(width: usize, height: usize) -> Rect {
    Rect { left: 0, top: 0, width, height }
}

#[test]
fn a_size_that_stays_changes_nothing() {
    let image = drawn(5, 4);
    let planar: Vec<u8> = (0..3).flat_map(|c| image.pixels().map(move |pixel| pixel[c])).collect();
    assert_eq!(resample(&image, all(5, 4), (5, 4), all(5, 4)), planar);
}

/// Any part of a result is what that part of the whole result is: nothing depends on the window.
#[test]
fn a_window_is_cut_out_of_the_whole() {
    let image = drawn(17, 11);
    let cut = Rect { left: 2, top: 1, width: 13, height: 9 };
    for size in [(7, 5), (29, 5), (7, 23), (31, 19)] {
        let whole = resample(&image, cut, size, all(size.0, size.1));
        let window = Rect { left: 1, top: 2, width: size.0 - 3, height: size.1 - 3 };
        let part = resample(&image, cut, size, window);
        for (place, byte) in part.iter().enumerate() {
            let (channel, rest) = (place / (window.width * window.height), place % (window.width * window.height));
            let (y, x) = (rest / window.width + window.top, rest % window.width + window.left);
            assert_eq!(*byte, whole[(channel * size.1 + y) * size.0 + x], "{size:?}");
        }
    }
}

/// A cut is a picture of its own: what lies beside it does not bleed in.
#[test]
fn what_is_beside_the_cut_is_not_seen() {
    let image = drawn(12, 9);
    let cut = Rect { left: 3, top: 2, width: 6, height: 5 };
    let alone = image::imageops::crop_imm(&image, 3, 2, 6, 5).to_image();
    for size in [(4, 3), (10, 8)] {
        let window = all(size.0, size.1);
        assert_eq!(resample(&image, cut, size, window), resample(&alone, all(6, 5), size, window));
    }
}

#[test]
fn halving_averages_with_the_triangles_weights() {
    // Four pixels to two: weights 3, 3, 1 of 7 at either end.
    let image = RgbImage::from_fn(4, 1, |x, _| image::Rgb([[0, 70, 140, 210][x as usize]; 3]));
    let halved = resample(&image, all(4, 1), (2, 1), all(2, 1));
    assert_eq!(halved[..2], [50, 160]);
}
