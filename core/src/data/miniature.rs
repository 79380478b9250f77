//! Small copies of data sets in their official layouts, with every irregularity that those have.

use std::io::{Cursor, Write};
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use zip::write::{SimpleFileOptions, ZipWriter};

/// Files by name.
pub(super) type Tree = Vec<(String, Vec<u8>)>;

/// A picture that grows lighter to the right and redder downwards.
fn drawn(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(255 * y / height) as u8, (255 * x / width) as u8, 90]))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(super) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(&drawn(width, height).into(), ImageFormat::Jpeg)
}

pub(super) fn grey_jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(&DynamicImage::from(drawn(width, height)).to_luma8().into(), ImageFormat::Jpeg)
}

pub(super) fn rgba_png(width: u32, height: u32) -> Vec<u8> {
    encoded(&DynamicImage::from(drawn(width, height)).to_rgba8().into(), ImageFormat::Png)
}

pub(super) fn gif(width: u32, height: u32) -> Vec<u8> {
    encoded(&drawn(width, height).into(), ImageFormat::Gif)
}

/// White in the columns from `left` on.
fn mask(width: u32, height: u32, left: u32) -> Vec<u8> {
    let white = image::GrayImage::from_fn(width, height, |x, _| image::Luma([if x < left { 0 } else { 255 }]));
    encoded(&white.into(), ImageFormat::Png)
}

/// The header of a picture that nobody's memory holds, and nothing behind it.
pub(super) fn giant_png() -> Vec<u8> {
    let mut bytes = encoded(&drawn(1, 1).into(), ImageFormat::Png);
    let side = 20_000u32.to_be_bytes();
    bytes[16..20].copy_from_slice(&side);
    bytes[20..24].copy_from_slice(&side);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    bytes
}

fn text(name: &str, text: impl AsRef<str>) -> (String, Vec<u8>) {
    (name.into(), text.as_ref().as_bytes().to_vec())
}

/// CUB: three species of three images, the second of which is for the test. Not sorted in its list, capitals that differ
/// between folder and file, one greyscale image, lists that end with and without a line's end, masks and a stray list
/// beside the folder.
pub(super) fn cub() -> Tree {
    let classes = ["001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Sooty_Albatross"];
    let (mut tree, mut lists) = (Tree::new(), [const { String::new() }; 4]);
    for (class, folder) in classes.iter().enumerate() {
        let bird = folder[4..].replace("footed", "Footed");
        for (nth, number) in [46, 9, 31].iter().enumerate() {
            let (id, stem) = (3 * class + nth + 1, format!("{folder}/{bird}_{number:04}_{}", 100 + nth));
            let (width, height) = (40 + 2 * id as u32, 30);
            lists[0] += &format!("{id} {stem}.jpg\n");
            lists[1] += &format!("{id} {}\r\n", class + 1);
            lists[2] += &format!("{id} {}\n", u8::from(nth != 1));
            lists[3] += &format!("{id} {}.0 3.0 20.0 12.5\n", id);
            let grey = id == 4;
            let image = if grey { grey_jpeg(width, height) } else { jpeg(width, height) };
            tree.push((format!("CUB_200_2011/images/{stem}.jpg"), image));
            tree.push((format!("segmentations/{stem}.png"), mask(width, height, width / 2)));
        }
    }
    let names = ["images", "image_class_labels", "train_test_split", "bounding_boxes"];
    tree.extend(
        names.iter().zip(&lists).map(|(name, list)| text(&format!("CUB_200_2011/{name}.txt"), list.trim_end())),
    );
    let numbered = classes.iter().zip(1..).map(|(class, number)| format!("{number} {class}\n"));
    tree.push(text("CUB_200_2011/classes.txt", numbered.collect::<String>()));
    tree.push(text("attributes.txt", "1 has_bill_shape::curved\n"));
    tree
}

/// A MATLAB file of uncompressed cells of text and of numbers, as MATLAB 6 writes them.
pub(super) fn mat(cells: &[(&str, Vec<String>)], labels: &[u8]) -> Vec<u8> {
    fn element(kind: u32, contents: &[u8]) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), (contents.len() as u32).to_le_bytes()].concat();
        bytes.extend(contents);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }
    fn matrix(class: u8, rows: usize, columns: usize, name: &str, contents: &[u8]) -> Vec<u8> {
        let sizes: Vec<u8> = [rows, columns].iter().flat_map(|size| (*size as u32).to_le_bytes()).collect();
        let flags = [class, 0, 0, 0, 0, 0, 0, 0];
        element(14, &[element(6, &flags), element(5, &sizes), element(1, name.as_bytes()), contents.to_vec()].concat())
    }
    let mut file = [b"MATLAB 5.0 MAT-file".to_vec(), vec![b' '; 105], b"\x00\x01IM".to_vec()].concat();
    for (name, texts) in cells {
        let text = |text: &String| {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            matrix(4, 1, text.len(), "", &element(4, &units))
        };
        file.extend(matrix(1, texts.len(), 1, name, &texts.iter().flat_map(text).collect::<Vec<_>>()));
    }
    file.extend(matrix(6, labels.len(), 1, "labels", &element(2, labels)));
    file
}

/// Stanford Dogs: two breeds of three images, the last of which is for the test; one is an RGBA PNG, one has two dogs.
pub(super) fn dogs() -> Tree {
    let breeds = ["n02085620-Chihuahua", "n02105855-Shetland_sheepdog"];
    let (mut tree, mut lists) = (Tree::new(), [const { Vec::new() }; 2]);
    for (class, breed) in breeds.iter().enumerate() {
        for nth in 0..3u32 {
            let stem = format!("{breed}/{}_{}", &breed[..9], 2931 + nth);
            let png = (class, nth) == (1, 1);
            let image = if png { rgba_png(50, 40) } else { jpeg(50, 40) };
            tree.push((format!("Images/{stem}.jpg"), image));
            let dog = |left: u32| {
                let edges = format!("<xmin>{left}</xmin>\n<ymin>1</ymin>\n<xmax>{}</xmax><ymax>40</ymax>", left + 9);
                format!("<object>\n<name>dog</name><bndbox>{edges}</bndbox></object>")
            };
            let dogs = if nth == 0 { dog(1) + &dog(21) } else { dog(11) };
            tree.push(text(&format!("Annotation/{stem}"), format!("<annotation>{dogs}</annotation>")));
            lists[usize::from(nth == 2)].push((stem, class as u8 + 1));
        }
    }
    for (name, list) in ["train_list.mat", "test_list.mat"].iter().zip(lists) {
        // In no order.
        let list: Vec<_> = list.into_iter().rev().collect();
        let files = list.iter().map(|(stem, _)| format!("{stem}.jpg")).collect();
        let stems = list.iter().map(|(stem, _)| stem.clone()).collect();
        let labels: Vec<u8> = list.iter().map(|(_, label)| *label).collect();
        tree.push((name.to_string(), mat(&[("file_list", files), ("annotation_list", stems)], &labels)));
    }
    tree
}

/// MIT-67: two scenes. More images than are listed, a blank in a name, another capital, a GIF that is called a JPEG,
/// polygons beside, no end of the last line.
pub(super) fn mit67() -> Tree {
    vec![
        ("Images/airport_inside/airport 1.jpg".into(), jpeg(30, 40)),
        ("Images/airport_inside/airport_2.jpg".into(), jpeg(30, 40)),
        ("Images/airport_inside/unlisted.jpg".into(), jpeg(30, 40)),
        ("Images/buffet/N190068_gif.jpg".into(), gif(36, 24)),
        ("Images/buffet/Buffet_3.jpg".into(), jpeg(36, 24)),
        ("Images/buffet/buffet_4.jpg".into(), jpeg(36, 24)),
        text("Annotations/airport_inside/airport_2.xml", "<annotation></annotation>"),
        text("TrainImages.txt", "buffet/N190068_gif.jpg\nairport_inside/airport 1.jpg\nbuffet/buffet_3.jpg"),
        text("TestImages.txt", "airport_inside/airport_2.jpg\nbuffet/buffet_4.jpg"),
    ]
}

/// Stanford-40: two actions, the second of which has a `_` in its name; lists with the line ends of Windows.
pub(super) fn stanford40() -> Tree {
    let mut tree = vec![
        text("ImageSplits/actions.txt", "action_name\tnumber_of_images\r\nwatching_TV\t\t3\r\nwaving_hands\t3\r\n"),
        text("ImageSplits/train.txt", "watching_TV_001.jpg\r\nwatching_TV_003.jpg\r\nwaving_hands_001.jpg\r\n"),
        text("ImageSplits/test.txt", "watching_TV_002.jpg\r\nwaving_hands_002.jpg\r\nwaving_hands_003.jpg\r\n"),
        text("ImageSplits/watching_TV_train.txt", "watching_TV_001.jpg\r\nwatching_TV_003.jpg\r\n"),
    ];
    for action in ["watching_TV", "waving_hands"] {
        for nth in 1..=3u32 {
            tree.push((format!("JPEGImages/{action}_{nth:03}.jpg"), jpeg(40 + nth, 30)));
            let edges = "<ymax>30</ymax><xmax>21</xmax><xmin>2</xmin><ymin>11</ymin>";
            let object =
                format!("<object><name>person</name><action>{action}</action><bndbox>{edges}</bndbox></object>");
            tree.push(text(
                &format!("XMLAnnotations/{action}_{nth:03}.xml"),
                format!("<annotation>{object}</annotation>"),
            ));
        }
    }
    tree
}

/// Writes a tree into a folder.
pub(super) fn write(tree: &Tree, folder: &Path) {
    for (name, bytes) in tree {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// The files whose names begin with one of `starts`, as a zip.
pub(super) fn zipped(tree: &Tree, starts: &[&str]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in tree.iter().filter(|(name, _)| starts.iter().any(|start| name.starts_with(start))) {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The same as a tar.
pub(super) fn tarred(tree: &Tree, starts: &[&str]) -> Vec<u8> {
    let mut writer = tar::Builder::new(Vec::new());
    for (name, bytes) in tree.iter().filter(|(name, _)| starts.iter().any(|start| name.starts_with(start))) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        writer.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    writer.into_inner().unwrap()
}

/// The same packed with gzip.
pub(super) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// The same tree with the file called `name` changed by `change`.
pub(super) fn changed(mut tree: Tree, name: &str, change: impl FnOnce(&str) -> String) -> Tree {
    let (_, bytes) = tree.iter_mut().find(|(other, _)| other == name).unwrap();
    *bytes = change(std::str::from_utf8(bytes).unwrap()).into_bytes();
    tree
}

/// The same tree without the file called `name`.
pub(super) fn without(mut tree: Tree, name: &str) -> Tree {
    tree.retain(|(other, _)| other != name);
    tree
}

/// The same tree with other contents of the file called `name`.
pub(super) fn replaced(mut tree: Tree, name: &str, contents: Vec<u8>) -> Tree {
    tree.iter_mut().find(|(other, _)| other == name).unwrap().1 = contents;
    tree
}
