use std::path::Path;

use super::*;

fn raw(height: usize, width: usize, pixels: Vec<u8>) -> Part {
    let labels = vec![0; pixels.len() / (3 * height * width)];
    let images = Images::Raw { height, width, pixels };
    let class_names = vec!["only".into()];
    Part { class_names, images, labels, ..Part::default() }
}

fn stretched(part: Part, files: &Files, size: usize) -> Result<Dataset> {
    part.into_dataset("some", files, Seen::Stretched(size), &Budget::new(0)).map(|(data, _)| data)
}

fn no_files() -> Files {
    Files::from_memory(Path::new("some folder"), Vec::new())
}

#[test]
fn raw_images_are_kept_or_resized_plane_by_plane() {
    // 2 rows × 4 columns in each of three planes, shrunk to 2 × 2: every pair of columns mixes.
    let image = [0, 0, 90, 90, 10, 10, 50, 50].map(|value: u8| [value, value + 1, value + 2]);
    let planar: Vec<u8> = (0..3).flat_map(|channel| image.map(|pixel| pixel[channel])).collect();
    let data = stretched(raw(2, 4, planar), &no_files(), 2).unwrap();
    // The triangle reaches 3 of the 4 columns, with weights 3/7, 3/7, 1/7 for the left column of the result.
    let red = [13, 77, 16, 44];
    let expected: Vec<u8> = (0..3).flat_map(|channel| red.map(|value| value + channel)).collect();
    assert_eq!((data.height, data.width, data.pixels), (2, 2, expected));

    let square: Vec<u8> = (0..24).collect();
    assert_eq!(stretched(raw(2, 2, square.clone()), &no_files(), 2).unwrap().pixels, square);
}

#[test]
fn sizes_that_cannot_fit_are_refused_before_allocating() {
    for size in [0, 1025] {
        let error = stretched(raw(1, 1, vec![0; 3]), &no_files(), size).unwrap_err();
        assert_eq!(error.to_string(), format!("size: images of {size}x{size} are not in 1 to 1024"));
    }
    let names = vec![String::new(); 10_000];
    let part = Part { labels: vec![0; 10_000], images: Images::Encoded(names), ..raw(1, 1, Vec::new()) };
    let error = stretched(part, &no_files(), 1024).unwrap_err();
    assert_eq!(error.to_string(), "some folder: 10000 images of 1024x1024 take 30 GiB; choose a smaller size");
}

#[test]
fn boxes_scale_with_their_images_and_conversions_are_noted() {
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_pixel(8, 4, image::Luma([77])).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let files = Files::from_memory(Path::new(""), vec![("a.png".into(), png.into_inner())]);
    let item = PixelBox { x0: 2.0, y0: 1.0, x1: 8.0, y1: 4.0 };
    let part = Part {
        images: Images::Encoded(vec!["a.png".into(), "a.png".into()]),
        labels: vec![0, 0],
        boxes: Some(vec![None, Some(item)]),
        ..raw(1, 1, Vec::new())
    };
    let data = stretched(part, &files, 2).unwrap();
    assert_eq!(data.boxes.unwrap(), [None, Some(PixelBox { x0: 0.5, y0: 0.5, x1: 2.0, y1: 2.0 })]);
    assert_eq!((data.pixels, data.notes), (vec![77; 24], vec!["2 greyscale images converted to RGB".into()]));
}
