//! PyTorch checkpoints in both containers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use burn_tensor::{DType, Device};
use l2t_core::network::weights::WeightMap;
use l2t_core::source::{Source, read_weights};

use super::pickles::{self, Pickle};
use super::{tars, zips};
use crate::dice::Dice;
use crate::reader::Reader;

/// Since PyTorch 1.6: a zip.
pub const ZIP: Reader = Reader {
    name: "torch-zip",
    about: "a PyTorch checkpoint, a zip with a pickle",
    several: false,
    valid: || vec![zip_of("archive", &state_dict("")), zip_of("tinyimagenet-resnet", &state_dict("module."))],
    others: Vec::new,
    words: || {
        super::words(&["data.pkl", "archive/", "data/0", "PK\u{3}\u{4}", "PK\u{1}\u{2}", "2\u{86}", "FloatStorage"])
    },
    grammar: |dice| {
        let pickle = odd_pickle(dice);
        let folder = dice.choose(&["archive", "a", "a-name-of-twenty-one-l", ""]);
        let files = zips::changed(dice, parts(folder, &pickle));
        zips::odd_zip(dice, &files)
    },
    read,
};

/// Before: five pickles and the storages.
pub const LEGACY: Reader = Reader {
    name: "torch-legacy",
    about: "a PyTorch checkpoint of five pickles",
    several: false,
    valid: || vec![legacy_of(&state_dict(""), smaller().len())],
    others: Vec::new,
    words: || super::words(&["cos\nsystem\n", "2\u{86}", "\u{85}\u{85}", "storage", "ctorch\nFloatStorage\n"]),
    grammar: |dice| {
        let pickle = odd_pickle(dice);
        let storages = dice.below(4);
        legacy_of(&pickle, storages)
    },
    read,
};

/// Before that: a tar archive.
pub const TARRED: Reader = Reader {
    name: "torch-tar",
    about: "a PyTorch checkpoint before 0.2, a tar archive of storages, tensors and an object",
    several: false,
    valid: || vec![tars::tar(&tarred(&mut |number| number))],
    others: Vec::new,
    words: || super::words(&["ustar\0", "storages", "tensors", "pickle", "FloatStorage", "Parameter", "\u{85}Q"]),
    grammar: |dice| {
        let often = dice.once_in(3);
        let mut files = tarred(&mut |number| match dice.below(if often { 40 } else { 2_000 }) {
            0 => dice.edge() as i64,
            1 => number + 1,
            2 => 0,
            _ => number,
        });
        if dice.once_in(4) {
            files[2].1 = odd_pickle(dice);
        }
        if dice.once_in(3) { tars::odd_tar(dice, &files) } else { tars::tar(&files) }
    },
    read,
};

/// The files of such an archive, every number in them as `odd` makes it.
fn tarred(odd: &mut dyn FnMut(i64) -> i64) -> Vec<(String, Vec<u8>)> {
    let shapes = smaller();
    let count = Pickle::new().int(odd(shapes.len() as i64)).end();
    let (mut storages, mut tensors) = (count.clone(), count);
    let mut object = Pickle::new().global("collections", "OrderedDict").op(b")R(");
    for (nth, (name, shape)) in shapes.iter().enumerate() {
        let (nth, elements) = (nth as i64, storage(nth).len() as i64 / 4);
        let about = Pickle::new().op(b"(").int(nth).text("cpu").global("torch", "FloatStorage").op(b"t");
        storages.extend(about.end());
        storages.extend(odd(elements).to_le_bytes());
        storages.extend(storage(nth as usize));
        let about = Pickle::new().op(b"(").int(odd(nth)).int(odd(nth)).global("torch", "FloatTensor").op(b"t");
        tensors.extend(about.end());
        tensors.extend((odd(shape.len() as i64) as i32).to_le_bytes());
        tensors.extend([0; 4]);
        let strides = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product::<usize>());
        for number in shape.iter().copied().chain(strides) {
            tensors.extend(odd(number as i64).to_le_bytes());
        }
        tensors.extend(odd(0).to_le_bytes());
        object = object.text(name).global("torch.nn.parameter", "Parameter").text(&odd(nth).to_string());
        object = object.op(b"Q\x85\x81");
    }
    storages.extend(Pickle::new().op(b"]").end());
    let named = |name: &str, bytes| (name.to_owned(), bytes);
    vec![named("storages", storages), named("tensors", tensors), named("pickle", object.op(b"u").end())]
}

/// Weights of a network, as the program takes a source: read, recognised, and put on a device.
pub fn read(input: &[u8]) -> bool {
    let Some(weights) = super::taken(WeightMap::from_bytes("weights.pth", input)) else { return false };
    super::taken(Source::new(&weights, None, 32, &Device::flex(), DType::F32)).is_some()
}

/// Name and shape of the tensors of a ResNet-8 that is as narrow as can be.
pub fn smaller() -> &'static BTreeMap<String, Vec<usize>> {
    static SMALLER: LazyLock<BTreeMap<String, Vec<usize>>> = LazyLock::new(make_smaller);
    &SMALLER
}

fn make_smaller() -> BTreeMap<String, Vec<usize>> {
    let weights = read_weights("untrained-resnet8").expect("it is made");
    let narrow = |side: &usize| match side {
        16 => 1,
        32 => 2,
        64 => 3,
        200 => 5,
        other => *other,
    };
    let shape = |name: &str| weights.shape(name).unwrap_or_default().iter().map(narrow).collect();
    weights.names().map(|name| (name.to_owned(), shape(name))).collect()
}

/// A dictionary of tensors, storage n holding tensor n.
fn state_dict(prefix: &str) -> Vec<u8> {
    let pickle = Pickle::new().global("collections", "OrderedDict").op(b")R(");
    let tensors = smaller().iter().enumerate();
    let pickle = pickle
        .each(tensors, |pickle, (nth, (name, shape))| tensor(pickle.text(&format!("{prefix}{name}")), nth, shape));
    pickle.op(b"u").end()
}

fn tensor(pickle: Pickle, nth: usize, shape: &[usize]) -> Pickle {
    let sides: Vec<i64> = shape.iter().map(|side| *side as i64).collect();
    let strides: Vec<i64> = (0..sides.len()).map(|axis| sides[axis + 1..].iter().product()).collect();
    let pickle = pickle.global("torch._utils", "_rebuild_tensor_v2").op(b"((").text("storage");
    let pickle = pickle.global("torch", "FloatStorage").text(&nth.to_string()).text("cpu");
    let pickle = pickle.int(sides.iter().product()).op(b"tQ").int(0).ints(&sides).ints(&strides);
    pickle.op(b"\x89").global("collections", "OrderedDict").op(b")RtR")
}

/// A pickle that looks like a checkpoint in parts.
fn odd_pickle(dice: &mut Dice) -> Vec<u8> {
    if dice.once_in(3) {
        return pickles::odd(dice);
    }
    let nested = dice.choose(&["", "state_dict", "model", "net"]);
    let mut pickle = Pickle::new();
    if !nested.is_empty() {
        pickle = pickle.op(b"}").text(nested);
    }
    pickle = pickle.op(b"}(");
    let shapes = smaller();
    // Most have one oddity or none, so that it is met behind what is checked first.
    let odd = [dice.below(2 * shapes.len()), if dice.once_in(8) { dice.below(shapes.len()) } else { usize::MAX }];
    for (nth, (name, shape)) in shapes.iter().enumerate() {
        if !odd.contains(&nth) {
            pickle = tensor(pickle.text(name), nth, shape);
            continue;
        }
        if dice.once_in(4) {
            continue;
        }
        let mut shape = shape.clone();
        if dice.once_in(2) && !shape.is_empty() {
            let axis = dice.below(shape.len());
            shape[axis] = if dice.once_in(2) { dice.edge() as usize >> 1 } else { dice.below(4) };
        }
        let key = if dice.once_in(3) { "odd.weight" } else { name };
        pickle = tensor(pickle.text(key), if dice.once_in(3) { dice.below(9) } else { nth }, &sound(shape));
    }
    pickle = pickle.op(b"u");
    if !nested.is_empty() {
        pickle = pickle.op(b"s");
    }
    pickle.end()
}

/// Sides whose product the writer can work out.
fn sound(shape: Vec<usize>) -> Vec<usize> {
    let fits = shape.iter().try_fold(1i64, |all, side| all.checked_mul(i64::try_from(*side).ok()?));
    if fits.is_some() { shape } else { vec![1 << 40] }
}

/// Enough for the largest tensor of [`smaller`].
fn storage(nth: usize) -> Vec<u8> {
    (0..90usize).flat_map(|value| (((value + nth) % 7 + 1) as f32 / 8.0).to_le_bytes()).collect()
}

fn parts(folder: &str, pickle: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![(format!("{folder}/data.pkl"), pickle.to_vec())];
    files.extend((0..smaller().len()).map(|nth| (format!("{folder}/data/{nth}"), storage(nth))));
    files.push((format!("{folder}/version"), b"3\n".to_vec()));
    files
}

fn zip_of(folder: &str, pickle: &[u8]) -> Vec<u8> {
    zips::zip(&parts(folder, pickle))
}

fn legacy_of(pickle: &[u8], storages: usize) -> Vec<u8> {
    let magic = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
    let sizes = Pickle::new().op(b"}(").text("little_endian").op(b"\x88").text("protocol_version").int(1001).op(b"u");
    let keys = Pickle::new().op(b"](").each(0..storages, |pickle, nth| pickle.text(&nth.to_string())).op(b"e");
    let mut bytes = [&Pickle::new().op(&magic).end()[..], &Pickle::new().int(1001).end()].concat();
    bytes.extend([&sizes.end()[..], pickle, &keys.end()].concat());
    for nth in 0..storages {
        bytes.extend((storage(nth).len() as u64 / 4).to_le_bytes());
        bytes.extend(storage(nth));
    }
    bytes
}
