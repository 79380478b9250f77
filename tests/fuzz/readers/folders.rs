//! Folders of images: one folder a class, and TinyImageNet.

use l2t_core::data::DataSource;

use super::pictures::{self, JPEGS, PNGS};
use super::records;
use crate::dice::Dice;
use crate::folder::{Files, files, pack, unpack};
use crate::reader::Reader;

/// A folder for each class.
pub const IMAGE_FOLDER: Reader = Reader {
    name: "image-folder",
    about: "images in one folder a class, divided or not",
    several: true,
    valid: || {
        let parts =
            [["train", "val", "test"], ["Training", "dev", "Testing"], ["seg_train/seg_train", "eval", "x_test"]];
        let divided = parts.iter().map(|parts| pack(&divided(parts)));
        [pack(&classes())].into_iter().chain(divided).collect()
    },
    others: Vec::new,
    words: || {
        super::words(&[
            "train",
            "test",
            "val",
            "Training",
            "dev",
            "eval",
            "validation",
            "train_set",
            "cat",
            "dog",
            "unknown",
            ".jpg",
            ".png",
            ".JFIF",
            "@eaDir",
            "__MACOSX",
            ".DS_Store",
            "lost+found",
            "Thumbs.db",
            "..",
            "",
            "a b",
            "é",
            "\u{202e}",
            "\n",
            "con",
        ])
    },
    grammar: |dice| pack(&odd_classes(dice)),
    read,
};

/// TinyImageNet, also as people rearrange it.
pub const TINY_IMAGENET: Reader = Reader {
    name: "tiny-imagenet",
    about: "TinyImageNet's folders and lists",
    several: true,
    valid: || vec![pack(&tiny()), pack(&rearranged("")), pack(&rearranged("images/"))],
    others: Vec::new,
    words: || {
        super::words(&[
            "wnids.txt",
            "words.txt",
            "val/val_annotations.txt",
            "images",
            "n01",
            "n02",
            "train",
            "val",
            "n01_boxes.txt",
            "\t0\t0\t9\t9\n",
            ".JPEG",
            "65535",
            "\r\n",
            "\u{feff}",
        ])
    },
    grammar: |dice| pack(&odd_tiny(dice)),
    read,
};

fn read(input: &[u8]) -> bool {
    super::read_data(DataSource::from_files(unpack(input)))
}

/// One sound set of each layout.
pub fn sets() -> [Files; 4] {
    [classes(), tiny(), records::cifar_ten(), records::cifar_hundred()]
}

/// A set of any layout, with faults.
pub fn odd_set(dice: &mut Dice) -> Files {
    match dice.below(4) {
        0 => odd_tiny(dice),
        1 => records::odd(dice),
        _ => odd_classes(dice),
    }
}

/// Two classes, not divided.
pub fn classes() -> Files {
    files([("cat/a.jpg", JPEGS[0].to_vec()), ("cat/b.png", PNGS[0].to_vec()), ("dog/c.jpg", JPEGS[2].to_vec())])
}

fn divided(parts: &[&str; 3]) -> Files {
    parts
        .iter()
        .flat_map(|part| classes().into_iter().map(move |(name, image)| (format!("{part}/{name}"), image)))
        .collect()
}

/// Three classes with boxes.
pub fn tiny() -> Files {
    let image = || JPEGS[0].to_vec();
    let text = |text: &str| text.as_bytes().to_vec();
    files([
        ("wnids.txt", text("n02\nn01\n")),
        ("words.txt", text("n01\tcrane, bird\nn02\tcrane\n")),
        ("train/n01/n01_boxes.txt", text("n01_0.JPEG\t0\t1\t9\t9\n")),
        ("train/n01/images/n01_0.JPEG", image()),
        ("train/n02/images/n02_0.JPEG", image()),
        ("val/val_annotations.txt", text("v0.JPEG\tn02\t0\t0\t3\t5\nv1.JPEG\tn01\t1\t2\t3\t4\n")),
        ("val/images/v0.JPEG", image()),
        ("val/images/v1.JPEG", image()),
    ])
}

/// The same without lists of what is to be measured on, whose images were moved to `inside` their classes.
fn rearranged(inside: &str) -> Files {
    let mut all = tiny();
    all.retain(|(name, _)| !name.starts_with("val/"));
    all.extend(["n01", "n02"].map(|wnid| (format!("val/{wnid}/{inside}v.JPEG"), JPEGS[0].to_vec())));
    all
}

/// Folders called as people call them, with files that lie about.
pub fn odd_classes(dice: &mut Dice) -> Files {
    const PARTS: [&str; 14] = [
        "",
        "train/",
        "test/",
        "val/",
        "Training/",
        "TEST/",
        "dev/",
        "valid/",
        "seg_train/seg_train/",
        "data/train/",
        "eval/",
        "../",
        "a/b/",
        "/",
    ];
    const CLASSES: [&str; 10] = ["cat", "dog", "train", "test", "unknown", "Cat", "é", "a,b", ".hidden", "@eaDir"];
    const NAMES: [&str; 12] = [
        "a.jpg",
        "b.png",
        "c.JPEG",
        "d.gif",
        "e",
        "f.txt",
        "._a.jpg",
        "Thumbs.db",
        "g.jfif",
        "h/i.jpg",
        "@eaDir/a.jpg/x.jpg",
        "k.jpg.jpg",
    ];
    let mut all = Files::new();
    for _ in 0..2 + dice.below(9) {
        let name = format!("{}{}/{}", dice.choose(&PARTS), dice.choose(&CLASSES), dice.choose(&NAMES));
        let image = match dice.below(12) {
            0 => dice.bytes(20),
            1 => Vec::new(),
            _ => pictures::sound(dice),
        };
        all.push((name, image));
    }
    all
}

/// Lists that name what is not there, name it twice, or are no lists.
pub fn odd_tiny(dice: &mut Dice) -> Files {
    let mut all = Files::new();
    let id = |dice: &mut Dice| dice.choose(&["n01", "n02", "n03", "n0", "", "train"]);
    let lines = |dice: &mut Dice, make: &dyn Fn(&mut Dice) -> String| -> Vec<u8> {
        (0..dice.below(6))
            .map(|_| make(dice) + dice.choose(&["\n", "\r\n", "\n\n", "\r"]))
            .collect::<String>()
            .into_bytes()
    };
    let entry = |dice: &mut Dice| {
        let numbers: Vec<String> =
            (0..4).map(|_| dice.choose(&["0", "1", "9", "63", "65535", "65536", "-1", "x"]).to_string()).collect();
        format!("v{}.JPEG\t{}\t{}", dice.below(4), dice.choose(&["n01", "n02", "n09"]), numbers.join("\t"))
    };
    if !dice.once_in(5) {
        all.push(("wnids.txt".into(), lines(dice, &|dice| id(dice).into())));
    }
    if dice.once_in(2) {
        all.push((
            "words.txt".into(),
            lines(dice, &|dice| format!("{}\t{}", id(dice), dice.choose(&["crane", "boat, ship", ",", ""]))),
        ));
    }
    if !dice.once_in(4) {
        all.push(("val/val_annotations.txt".into(), lines(dice, &entry)));
    }
    for _ in 0..1 + dice.below(8) {
        let (class, nth) = (id(dice), dice.below(4));
        let name = match dice.below(6) {
            0 => format!("val/images/v{nth}.JPEG"),
            1 => format!("val/{class}/v{nth}.JPEG"),
            2 => format!("val/{class}/images/v{nth}.JPEG"),
            3 => format!("train/{class}/{class}_{nth}.JPEG"),
            4 => format!("train/{class}/{class}_boxes.txt"),
            _ => format!("train/{class}/images/{class}_{nth}.JPEG"),
        };
        let contents = if name.ends_with("txt") { lines(dice, &entry) } else { pictures::sound(dice) };
        all.push((name, contents));
    }
    all
}
