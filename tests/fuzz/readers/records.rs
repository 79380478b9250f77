//! Images as plain numbers: CIFAR, whose binary version is records and whose Python version is pickles, and STL-10.

use l2t_core::data::DataSource;

use super::pickles::{self, Pickle, numpy_array};
use crate::dice::Dice;
use crate::folder::{Files, files, pack, unpack};
use crate::reader::Reader;

/// Both versions of CIFAR-10 and CIFAR-100.
pub const CIFAR: Reader = Reader {
    name: "cifar",
    about: "CIFAR-10 and CIFAR-100, binary and Python versions",
    several: true,
    valid: || vec![pack(&cifar_ten()), pack(&cifar_hundred()), pack(&python_ten()), pack(&python_hundred())],
    others: Vec::new,
    words: || {
        super::words(&[
            "data_batch_1.bin",
            "data_batch_1",
            "test_batch",
            "train",
            "test",
            "meta",
            "batches.meta",
            "labels",
            "fine_labels",
            ".bin",
            "cifar-10-batches-py",
        ])
    },
    grammar: |dice| pack(&odd(dice)),
    read: |input| match &unpack(input)[..] {
        [(name, contents)] => super::read_data(DataSource::from_bytes(name, contents.clone())),
        several => super::read_data(DataSource::from_files(several.to_vec())),
    },
};

/// STL-10, binary version.
pub const STL10: Reader = Reader {
    name: "stl10",
    about: "STL-10, binary version",
    several: true,
    valid: || vec![pack(&stl_ten(1))],
    others: Vec::new,
    words: || {
        super::words(&["train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin", "class_names.txt", "airplane\n"])
    },
    grammar: |dice| {
        let count = dice.below(3);
        let mut all = stl_ten(count);
        all[1].1.fill(dice.any());
        if dice.once_in(3) {
            all.push(("class_names.txt".into(), "a\n".repeat(8 + dice.below(4)).into_bytes()));
        }
        if dice.once_in(4) {
            all.remove(dice.below(all.len()));
        }
        pack(&all)
    },
    read: |input| super::read_data(DataSource::from_files(unpack(input))),
};

fn stl_ten(count: usize) -> Files {
    let image = |nth: usize| vec![nth as u8; 3 * 96 * 96 * count];
    files([
        ("train_X.bin", image(1)),
        ("train_y.bin", vec![1; count]),
        ("test_X.bin", image(2)),
        ("test_y.bin", vec![10; count]),
    ])
}

fn record(labels: &[u8]) -> Vec<u8> {
    [labels, &[7; 3072]].concat()
}

/// Binary CIFAR-10: two images to learn from and one to measure on.
pub fn cifar_ten() -> Files {
    files([("data_batch_1.bin", [record(&[0]), record(&[9])].concat()), ("test_batch.bin", record(&[4]))])
}

/// Binary CIFAR-100.
pub fn cifar_hundred() -> Files {
    files([("train.bin", [record(&[0, 0]), record(&[19, 99])].concat()), ("test.bin", record(&[1, 2]))])
}

/// A batch as it was pickled by Python 2: texts that are bytes, and an array as a text.
fn batch(kind: &str, labels: &[i64]) -> Vec<u8> {
    let pickle = Pickle::new().op(b"}(").old_text(b"data");
    let data = vec![7; 3072 * labels.len()];
    let pickle = pickle.global("numpy.core.multiarray", "_reconstruct").global("numpy", "ndarray").ints(&[0]);
    let pickle = pickle.old_text(b"b").op(b"\x87R(").int(1).ints(&[labels.len() as i64, 3072]);
    let pickle = pickle.global("numpy", "dtype").old_text(b"u1").int(0).int(1).op(b"\x87R(").int(3).old_text(b"|");
    let pickle = pickle.op(b"NNN").int(-1).int(-1).int(0).op(b"tb\x89").old_text(&data).op(b"tb");
    let pickle = pickle.old_text(kind.as_bytes()).op(b"](").each(labels, |pickle, label| pickle.int(*label)).op(b"e");
    pickle.op(b"u").end()
}

fn names(kind: &str, count: usize) -> Vec<u8> {
    let pickle = Pickle::new().op(b"}").old_text(kind.as_bytes()).op(b"](");
    pickle.each(0..count, |pickle, nth| pickle.old_text(format!("class {nth}").as_bytes())).op(b"es").end()
}

fn python_ten() -> Files {
    files([
        ("cifar-10-batches-py/data_batch_1", batch("labels", &[0, 9])),
        ("cifar-10-batches-py/test_batch", batch("labels", &[4])),
        ("cifar-10-batches-py/batches.meta", names("label_names", 10)),
    ])
}

fn python_hundred() -> Files {
    files([
        ("train", batch("fine_labels", &[0, 99])),
        ("test", batch("fine_labels", &[4])),
        ("meta", names("fine_label_names", 100)),
    ])
}

/// Records that end too early, labels out of range, pickles of anything.
pub fn odd(dice: &mut Dice) -> Files {
    const NAMES: [&str; 14] = [
        "data_batch_1.bin",
        "data_batch_1 (1).bin",
        "test_batch.bin",
        "train.bin",
        "test.bin",
        "one.bin",
        "data_batch_1",
        "data_batch_2",
        "test_batch",
        "train",
        "test",
        "meta",
        "batches.meta",
        "batches.meta.txt",
    ];
    let mut all = Files::new();
    for _ in 0..1 + dice.below(3) {
        let name = dice.choose(&NAMES).to_string();
        let labels = [if dice.once_in(4) { dice.edge().cast_signed() } else { dice.below(12) as i64 }];
        let contents = match dice.below(8) {
            0 => record(&[labels[0] as u8]),
            1 => record(&[1, labels[0] as u8]),
            2 => batch(dice.choose(&["labels", "fine_labels", "coarse_labels", "x"]), &labels),
            3 => names(dice.choose(&["label_names", "fine_label_names"]), dice.below(101)),
            4 => Pickle::new().op(b"}(").text("labels").op(b"]").int(labels[0]).op(b"a").op(b"u").end(),
            5 => {
                let shape = [dice.edge().cast_signed(), 3072];
                numpy_array(Pickle::new().op(b"}").text("data"), "u1", &shape, &[7; 3072]).op(b"s").end()
            }
            6 => "x\n".repeat(dice.below(12)).into_bytes(),
            _ => pickles::odd(dice),
        };
        all.push((name, contents));
    }
    all
}
