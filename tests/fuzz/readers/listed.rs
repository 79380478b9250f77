//! Data sets whose pictures are named by lists: CUB-200-2011, Stanford Dogs, MIT-67 and Stanford-40.

use l2t_core::data::{DataSource, Loading};

use super::pictures::{JPEGS, PNGS};
use crate::dice::Dice;
use crate::folder::{Files, files, pack, unpack};
use crate::reader::Reader;

/// All four.
pub const READER: Reader = Reader {
    name: "listed",
    about: "CUB-200-2011, Stanford Dogs, MIT-67 and Stanford-40, whose lists name pictures",
    several: true,
    valid: || sets().iter().map(|set| pack(set)).collect(),
    others: Vec::new,
    words: || {
        super::words(&[
            "images.txt",
            "segmentations",
            "train_list.mat",
            "file_list",
            "labels",
            "TrainImages.txt",
            "ImageSplits",
            "JPEGImages",
            "Annotation",
            "<object>",
            "<bndbox>",
            "</bndbox>",
            "<xmin>",
            "\u{1}IM",
            "MI",
            "\r\n",
            "1 1\n",
            "4294967296 1\n",
            "../",
        ])
    },
    grammar: |dice| pack(&odd(dice)),
    read,
};

/// Looked through, loaded whole and in parts, and one picture of it decoded again.
fn read(input: &[u8]) -> bool {
    let open = || DataSource::from_files(unpack(input));
    if !super::read_data(open()) {
        return false;
    }
    let parts = open().and_then(|source| source.load_parts(&Loading { memory: 5_000, ..Loading::cropped(24) }));
    let Some(parts) = super::taken(parts) else { return false };
    // A run refuses a part without images before it looks at one.
    !parts.train.is_empty() && super::taken(parts.train.decoded(&[0])).is_some()
}

fn sets() -> [Files; 4] {
    [cub(), dogs(), mit67(), stanford40()]
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn cub() -> Files {
    files([
        ("CUB/images.txt", text("1 1.A/a.jpg\n2 1.A/b.jpg\n3 2.B/c.jpg\n4 2.B/d.jpg")),
        ("CUB/image_class_labels.txt", text("1 1\r\n2 1\r\n3 2\r\n4 2\r\n")),
        ("CUB/train_test_split.txt", text("1 1\n2 0\n3 1\n4 0\n")),
        ("CUB/classes.txt", text("1 1.A\n2 2.B\n")),
        ("CUB/bounding_boxes.txt", text("1 1.0 1.0 2.0 2.0\n2 0 0 1 1\n3 1 1 2 2\n4 1 1 2 2\n")),
        ("CUB/images/1.A/a.jpg", JPEGS[0].to_vec()),
        ("CUB/images/1.A/b.jpg", JPEGS[2].to_vec()),
        ("CUB/images/2.B/C.jpg", JPEGS[0].to_vec()),
        ("CUB/images/2.B/d.jpg", PNGS[0].to_vec()),
        ("segmentations/1.A/a.png", PNGS[0].to_vec()),
    ])
}

fn mit67() -> Files {
    files([
        ("TrainImages.txt", text("bar/a 1.jpg\nzoo/b.jpg")),
        ("TestImages.txt", text("zoo/c.jpg")),
        ("Images/bar/a 1.jpg", JPEGS[0].to_vec()),
        ("Images/zoo/B.jpg", PNGS[0].to_vec()),
        ("Images/zoo/c.jpg", JPEGS[2].to_vec()),
    ])
}

fn stanford40() -> Files {
    let object = "<object><bndbox><ymax>3</ymax><xmin>1</xmin><xmax>3</xmax><ymin>1</ymin></bndbox></object>";
    files([
        ("ImageSplits/actions.txt", text("action_name\tnumber_of_images\r\nrun\t1\r\nwave_hand\t2\r\n")),
        ("ImageSplits/train.txt", text("run_1.jpg\r\nwave_hand_1.jpg\r\n")),
        ("ImageSplits/test.txt", text("wave_hand_2.jpg\r\n")),
        ("JPEGImages/run_1.jpg", JPEGS[0].to_vec()),
        ("JPEGImages/wave_hand_1.jpg", JPEGS[2].to_vec()),
        ("JPEGImages/wave_hand_2.jpg", JPEGS[0].to_vec()),
        ("XMLAnnotations/run_1.xml", text(object)),
    ])
}

fn dogs() -> Files {
    files([
        ("Images/n1-a/n1_1.jpg", JPEGS[0].to_vec()),
        ("Images/n2-b/n2_1.jpg", PNGS[0].to_vec()),
        ("Images/n2-b/n2_2.jpg", JPEGS[0].to_vec()),
        ("Annotation/n2-b/n2_2", text("<object><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax>")),
        ("train_list.mat", mat(&["n1-a/n1_1.jpg", "n2-b/n2_1.jpg"], &[1, 2])),
        ("test_list.mat", mat(&["n2-b/n2_2.jpg"], &[2])),
    ])
}

/// A list as MATLAB 6 writes it.
fn mat(names: &[&str], labels: &[u8]) -> Vec<u8> {
    let element = |kind: u32, contents: &[u8]| {
        let mut bytes = [kind.to_le_bytes(), (contents.len() as u32).to_le_bytes()].concat();
        bytes.extend_from_slice(contents);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    };
    let matrix = |class: u8, rows: usize, columns: usize, name: &str, contents: &[u8]| {
        let sizes = [rows as u32, columns as u32].map(u32::to_le_bytes).concat();
        let head = [element(6, &[class, 0, 0, 0, 0, 0, 0, 0]), element(5, &sizes), element(1, name.as_bytes())];
        element(14, &[&head.concat(), contents].concat())
    };
    let cells: Vec<u8> =
        names.iter().flat_map(|name| matrix(4, 1, name.len(), "", &element(2, name.as_bytes()))).collect();
    let mut file = vec![b' '; 124];
    file.extend_from_slice(b"\x00\x01IM");
    file.extend(matrix(1, names.len(), 1, "file_list", &cells));
    file.extend(matrix(6, labels.len(), 1, "labels", &element(2, labels)));
    file
}

/// One of them whose lists were edited.
fn odd(dice: &mut Dice) -> Files {
    let mut set = dice.choose(&sets());
    for _ in 0..1 + dice.below(4) {
        let lists: Vec<usize> = (0..set.len()).filter(|nth| set[*nth].0.ends_with(".txt")).collect();
        if lists.is_empty() || dice.once_in(6) {
            let nth = dice.below(set.len());
            set.remove(nth);
            if set.is_empty() {
                break;
            }
            continue;
        }
        let nth = dice.choose(&lists);
        let list = String::from_utf8_lossy(&set[nth].1).into_owned();
        let mut lines: Vec<String> = list.lines().map(String::from).collect();
        let at = dice.below(lines.len() + 1);
        match dice.below(4) {
            0 => lines
                .insert(at, dice.choose(&["", "1", "9 9", "x y", "bar/a 1.jpg", "run_1.jpg", "1 NaN 1 1 1"]).into()),
            1 if at < lines.len() => drop(lines.remove(at)),
            2 if at < lines.len() => lines[at] = lines[at].replace(['1', '2'], dice.choose(&["0", "3", "-1", ""])),
            _ => lines.reverse(),
        }
        set[nth].1 = lines.join(dice.choose(&["\n", "\r\n", "\n\n"])).into_bytes();
    }
    set
}
