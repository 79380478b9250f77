//! Python's pickles: a writer for sound ones, and a grammar for the others.

use crate::dice::Dice;

/// Writes a pickle.
#[derive(Default)]
pub struct Pickle(pub Vec<u8>);

impl Pickle {
    /// Begins one of protocol 2.
    pub fn new() -> Self {
        Self(vec![0x80, 2])
    }

    /// Instructions without arguments.
    pub fn op(mut self, instructions: &[u8]) -> Self {
        self.0.extend_from_slice(instructions);
        self
    }

    /// A text.
    pub fn text(mut self, text: &str) -> Self {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.bytes());
        self
    }

    /// Bytes, as protocol 3 has them.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.push(b'B');
        self.0.extend((bytes.len() as u32).to_le_bytes());
        self.0.extend(bytes);
        self
    }

    /// A text of Python 2, which holds bytes.
    pub fn old_text(mut self, bytes: &[u8]) -> Self {
        self.0.push(b'T');
        self.0.extend((bytes.len() as u32).to_le_bytes());
        self.0.extend(bytes);
        self
    }

    /// A whole number.
    pub fn int(mut self, value: i64) -> Self {
        match i32::try_from(value) {
            Ok(small) => {
                self.0.push(b'J');
                self.0.extend(small.to_le_bytes());
            }
            Err(_) => {
                self.0.extend([0x8a, 8]);
                self.0.extend(value.to_le_bytes());
            }
        }
        self
    }

    /// A class or function.
    pub fn global(mut self, module: &str, name: &str) -> Self {
        self.0.extend(format!("c{module}\n{name}\n").bytes());
        self
    }

    /// A tuple of numbers.
    pub fn ints(mut self, values: &[i64]) -> Self {
        self.0.push(b'(');
        self = values.iter().fold(self, |pickle, value| pickle.int(*value));
        self.op(b"t")
    }

    /// What `make` writes, once for each value.
    pub fn each<T>(self, values: impl IntoIterator<Item = T>, make: impl FnMut(Self, T) -> Self) -> Self {
        values.into_iter().fold(self, make)
    }

    /// Ends it.
    pub fn end(self) -> Vec<u8> {
        self.op(b".").0
    }
}

/// Names that readers of pickles know or had better not follow.
pub const GLOBALS: [(&str, &str); 22] = [
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_device_tensor_from_numpy"),
    ("torch._tensor", "_rebuild_from_type_v2"),
    ("torch", "FloatStorage"),
    ("torch", "HalfStorage"),
    ("torch", "BFloat16Storage"),
    ("torch", "LongStorage"),
    ("torch", "ComplexFloatStorage"),
    ("torch", "Size"),
    ("torch", "float32"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
    ("builtins", "getattr"),
    ("os", "system"),
    ("argparse", "Namespace"),
];

/// A pickle that is a chain of instructions, sound in parts.
pub fn odd(dice: &mut Dice) -> Vec<u8> {
    let mut pickle = Pickle(match dice.below(4) {
        0 => vec![],
        1 => vec![0x80, 4],
        2 => vec![0x80, 5, 0x95, 0, 0, 0, 0, 0, 0, 0, 0],
        _ => vec![0x80, 2],
    });
    for _ in 0..1 + dice.few(60) {
        pickle = match dice.below(12) {
            0 => growth(dice, pickle),
            1 => tensor(dice, pickle),
            2 => array(dice, pickle),
            3 | 4 => value(dice, pickle),
            _ => instruction(dice, pickle),
        };
    }
    pickle.end()
}

/// One instruction with its argument.
fn instruction(dice: &mut Dice, pickle: Pickle) -> Pickle {
    const PLAIN: &[u8] = b"(012Nabdelstu})]QRo\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98.";
    const WITH_BYTE: &[u8] = b"qhK\x80\x82\x8a\x8c";
    const WITH_LENGTH: &[u8] = b"XTUBCrjJGMIFLSVPgpci\x83\x84\x8b\x8d\x8e\x95\x96";
    match dice.below(4) {
        0 | 1 => pickle.op(&[dice.choose(PLAIN)]),
        2 => pickle.op(&[dice.choose(WITH_BYTE), dice.below(9) as u8]),
        _ => {
            let argument = match dice.below(3) {
                0 => dice.edge().to_le_bytes().to_vec(),
                1 => [&dice.below(20).to_le_bytes()[..], &dice.bytes(20)].concat(),
                _ => [&dice.bytes(12)[..], b"\n"].concat(),
            };
            pickle.op(&[dice.choose(WITH_LENGTH)]).op(&argument)
        }
    }
}

/// A value of its own.
fn value(dice: &mut Dice, pickle: Pickle) -> Pickle {
    match dice.below(7) {
        0 => pickle.int(dice.edge().cast_signed()),
        1 => pickle.text(dice.choose(&["state_dict", "storage", "cpu", "0", "data", "labels", "conv1.weight"])),
        2 => {
            let (module, name) = dice.choose(&GLOBALS);
            pickle.global(module, name)
        }
        3 => pickle.op(b"}"),
        4 => pickle.op(b"]"),
        5 => pickle.op(b"("),
        _ => pickle.op(b"N"),
    }
}

/// Few instructions that make much: depth, width, or values that hold each other.
fn growth(dice: &mut Dice, pickle: Pickle) -> Pickle {
    const PIECES: [&[u8]; 16] = [
        b"2\x86",
        b"\x85",
        b"q\0h\0\x86",
        b"]q\0h\0a",
        b"}q\0h\0h\0s",
        b"(",
        b"]",
        b"2",
        b"h\0h\0h\0\x87q\0",
        b"2(2h\0t",
        b"(h\0h\0h\0h\0l",
        b"(h\0h\0d",
        b"ccollections\nOrderedDict\n)Rq\0",
        b"N\x85\x93R",
        b"\x94",
        b"(2e",
    ];
    let start = dice.choose(&[&b"N"[..], b")", b"]q\0", b"X\x02\0\0\0abq\0", b"}q\0"]);
    let times = match dice.below(8) {
        0 => dice.below(20_000),
        1..=3 => dice.below(200),
        _ => dice.below(24),
    };
    let piece = dice.choose(&PIECES).repeat(times);
    pickle.op(start).op(&piece)
}

/// A tensor of torch with numbers that may not fit.
fn tensor(dice: &mut Dice, pickle: Pickle) -> Pickle {
    let numbers = |dice: &mut Dice| -> Vec<i64> {
        let count = if dice.once_in(20) { dice.below(300) } else { dice.below(5) };
        (0..count).map(|_| if dice.once_in(3) { dice.edge().cast_signed() } else { dice.below(5) as i64 }).collect()
    };
    let (module, class) = dice.choose(&GLOBALS[6..11]);
    let key = dice.choose(&["0", "1", "2", "", "x"]);
    let (offset, shape, stride) = (if dice.once_in(3) { dice.edge() } else { 0 }, numbers(dice), numbers(dice));
    let stride = if dice.once_in(2) { vec![0; shape.len()] } else { stride };
    let pickle = pickle.text(dice.choose(&["conv1.weight", "fc.weight", "a", "b"]));
    let pickle =
        pickle.global("torch._utils", dice.choose(&["_rebuild_tensor_v2", "_rebuild_tensor", "_rebuild_qtensor"]));
    let pickle = pickle.op(b"((").text("storage").global(module, class).text(key).text("cpu");
    let size = if dice.once_in(3) { dice.edge() } else { 16 };
    pickle.int(size.cast_signed()).op(b"tQ").int(offset.cast_signed()).ints(&shape).ints(&stride).op(b"\x89NtRs")
}

/// An array of numpy with numbers that may not fit.
fn array(dice: &mut Dice, pickle: Pickle) -> Pickle {
    let shape: Vec<i64> = (0..dice.below(4))
        .map(|_| if dice.once_in(3) { dice.edge().cast_signed() } else { dice.choose(&[0, 1, 2, 3072]) })
        .collect();
    let kind = dice.choose(&["u1", "f4", "f8", "i8", "O8", "V0", "S3072", "c16", ">f4"]);
    let data = vec![dice.any::<u8>(); dice.choose(&[0, 1, 3072, 6144])];
    numpy_array(pickle.text(dice.choose(&["data", "labels", "x"])), kind, &shape, &data).op(b"s")
}

/// An array as numpy pickles it.
pub fn numpy_array(pickle: Pickle, kind: &str, shape: &[i64], data: &[u8]) -> Pickle {
    let pickle = pickle.global("numpy.core.multiarray", "_reconstruct").global("numpy", "ndarray");
    let pickle = pickle.ints(&[0]).bytes(b"b").op(b"\x87R(").int(1).ints(shape).global("numpy", "dtype");
    let pickle = pickle.text(kind).int(0).int(1).op(b"\x87R(").int(3).text("|").op(b"NNN").int(-1).int(-1).int(0);
    pickle.op(b"tb\x89").bytes(data).op(b"tb")
}
