//! Reads the tensors of a PyTorch checkpoint from memory, so that a page, which has no files, can be given one.
//!
//! Two containers are in use: a zip archive with `data.pkl` and one entry a storage (since PyTorch 1.6), and before it
//! five pickles one after another (magic number, version, machine, the object, storage names) followed by the storages.
//! Both describe the object in Python's pickle format, a program for a small stack machine
//! (<https://github.com/python/cpython/blob/main/Lib/pickletools.py> lists its instructions). Nothing of it is executed:
//! classes and functions are names here, and those that rebuild tensors and ordered dictionaries are the only ones
//! known.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::rc::Rc;

use zip::ZipArchive;

/// Written in front of a checkpoint of five pickles, as a number of ten bytes.
const LEGACY_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// A storage larger than this is refused: a network for small images has a thousandth of it.
const LARGEST_STORAGE: u64 = 1 << 30;

/// What went wrong, in words.
type Outcome<T> = Result<T, String>;

/// A tensor as it lies in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredTensor {
    /// `F32`, `F16`, `I64`, …
    pub dtype: &'static str,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Little-endian, in reading order.
    pub bytes: Vec<u8>,
}

/// All tensors of the dictionary in `bytes`, or of its entry `state_dict` where it has one, by name.
pub(super) fn read(bytes: &[u8]) -> Outcome<Vec<(String, StoredTensor)>> {
    let (root, storages) = if bytes.starts_with(b"PK") { open_zip(bytes)? } else { open_legacy(bytes)? };
    let whole = root.entries().ok_or("it holds no dictionary of tensors")?;
    let inside = whole.iter().find(|(name, _)| name == "state_dict").and_then(|(_, value)| value.entries());
    let mut tensors = Vec::new();
    for (name, value) in inside.unwrap_or(whole) {
        if let Value::Tensor(view) = value {
            let tensor = view.gather(&storages).map_err(|reason| format!("{name} {reason}"))?;
            tensors.push((name, tensor));
        }
    }
    Ok(tensors)
}

type Storages = HashMap<String, Vec<u8>>;

fn open_zip(bytes: &[u8]) -> Outcome<(Value, Storages)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.map(|name| name.to_string()))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let pickle = names.iter().find(|name| name.ends_with("/data.pkl") || *name == "data.pkl");
    let pickle = pickle.ok_or("the archive has no data.pkl")?.clone();
    let folder = pickle.trim_end_matches("data.pkl").to_owned();
    let mut unpack = |name: &str| -> Outcome<Vec<u8>> {
        let entry = archive.by_name(name).map_err(|error| format!("{name}: {error}"))?;
        if entry.size() > LARGEST_STORAGE {
            return Err(format!("{name} is larger than {LARGEST_STORAGE} bytes"));
        }
        let mut contents = Vec::new();
        entry.take(LARGEST_STORAGE).read_to_end(&mut contents).map_err(|error| format!("{name}: {error}"))?;
        Ok(contents)
    };
    let root = Machine::new(&unpack(&pickle)?).run()?;
    let mut storages = Storages::new();
    for name in &names {
        if let Some(key) = name.strip_prefix(&folder).and_then(|rest| rest.strip_prefix("data/")) {
            storages.insert(key.to_owned(), unpack(name)?);
        }
    }
    Ok((root, storages))
}

fn open_legacy(bytes: &[u8]) -> Outcome<(Value, Storages)> {
    let mut machine = Machine::new(bytes);
    match machine.run() {
        Ok(Value::Number(magic)) if magic == LEGACY_MAGIC => {}
        _ => return Err("it does not begin as one".into()),
    }
    machine.run()?; // protocol version
    machine.run()?; // sizes of the machine's numbers
    let root = machine.run()?;
    let Value::List(keys) = machine.run()? else { return Err("it does not list its storages".into()) };
    let mut storages = Storages::new();
    for key in keys.borrow().iter() {
        let Value::Text(key) = key else { return Err("a storage has no name".into()) };
        let Some(size) = machine.sizes.get(key).copied() else {
            return Err(format!("storage {key} is of no known type"));
        };
        let count = machine.take(8)?;
        let count = u64::from_le_bytes(count.try_into().map_err(|_| truncated())?);
        let len = count.checked_mul(size as u64).filter(|len| *len <= LARGEST_STORAGE);
        let len = len.ok_or_else(|| format!("storage {key} is larger than {LARGEST_STORAGE} bytes"))?;
        storages.insert(key.clone(), machine.take(len as usize)?.to_vec());
    }
    Ok((root, storages))
}

fn truncated() -> String {
    "it is truncated".into()
}

/// Name of a storage class, our name of its numbers, and bytes of a number.
const TYPES: [(&str, &str, usize); 9] = [
    ("DoubleStorage", "F64", 8),
    ("FloatStorage", "F32", 4),
    ("HalfStorage", "F16", 2),
    ("BFloat16Storage", "BF16", 2),
    ("LongStorage", "I64", 8),
    ("IntStorage", "I32", 4),
    ("ShortStorage", "I16", 2),
    ("ByteStorage", "U8", 1),
    ("BoolStorage", "Bool", 1),
];

/// What the stack machine works on. Lists and dictionaries are shared, because the file fills them after it has named
/// them.
#[derive(Debug, Clone)]
enum Value {
    Nothing,
    Int(i64),
    /// A whole number of another width, little-endian.
    Number(Vec<u8>),
    Text(String),
    Tuple(Vec<Value>),
    List(Rc<RefCell<Vec<Value>>>),
    Dict(Rc<RefCell<Vec<(Value, Value)>>>),
    /// A class or function, by module and name.
    Global(String, String),
    Storage {
        key: String,
        dtype: &'static str,
        size: usize,
    },
    Tensor(View),
    /// What is of no interest here.
    Other,
}

impl Value {
    /// The entries of a dictionary whose keys are texts.
    fn entries(&self) -> Option<Vec<(String, Value)>> {
        let Self::Dict(entries) = self else { return None };
        let named = |(key, value): &(Value, Value)| match key {
            Self::Text(key) => Some((key.clone(), value.clone())),
            _ => None,
        };
        Some(entries.borrow().iter().filter_map(named).collect())
    }

    fn dict() -> Self {
        Self::Dict(Rc::default())
    }

    fn index(&self) -> Option<usize> {
        match self {
            Self::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    fn indices(&self) -> Option<Vec<usize>> {
        match self {
            Self::Tuple(values) => values.iter().map(Self::index).collect(),
            _ => None,
        }
    }
}

/// A tensor as a part of its storage.
#[derive(Debug, Clone)]
struct View {
    key: String,
    dtype: &'static str,
    size: usize,
    offset: usize,
    shape: Vec<usize>,
    stride: Vec<usize>,
}

impl View {
    /// From the arguments of `_rebuild_tensor_v2`: storage, offset, shape, stride, …
    fn of(arguments: &[Value]) -> Option<Self> {
        let [Value::Storage { key, dtype, size }, offset, shape, stride, ..] = arguments else { return None };
        let (shape, stride) = (shape.indices()?, stride.indices()?);
        (shape.len() == stride.len()).then_some(())?;
        Some(Self { key: key.clone(), dtype, size: *size, offset: offset.index()?, shape, stride })
    }

    /// Copies it out of its storage, in reading order.
    fn gather(&self, storages: &Storages) -> Outcome<StoredTensor> {
        let storage = storages.get(&self.key).ok_or("has no storage")?;
        let count = self.shape.iter().try_fold(1usize, |count, side| count.checked_mul(*side));
        let count = count.filter(|count| *count as u64 <= LARGEST_STORAGE).ok_or("is too large")?;
        let mut bytes = Vec::new();
        let mut place = vec![0usize; self.shape.len()];
        for _ in 0..count {
            let at = place.iter().zip(&self.stride).try_fold(self.offset, |at, (index, stride)| {
                index.checked_mul(*stride).and_then(|step| at.checked_add(step))
            });
            let start = at.and_then(|at| at.checked_mul(self.size)).ok_or("lies outside its storage")?;
            bytes.extend(storage.get(start..start.saturating_add(self.size)).ok_or("lies outside its storage")?);
            for (index, side) in place.iter_mut().zip(&self.shape).rev() {
                *index += 1;
                if *index < *side {
                    break;
                }
                *index = 0;
            }
        }
        Ok(StoredTensor { dtype: self.dtype, shape: self.shape.clone(), bytes })
    }
}

/// Python's pickle machine over the bytes of a file; each [`run`](Self::run) reads one object.
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Stack heights at which groups begin.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    /// Bytes of a number of every storage that was named.
    sizes: HashMap<String, usize>,
}

impl<'a> Machine<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, stack: vec![], marks: vec![], memo: HashMap::new(), sizes: HashMap::new() }
    }

    /// Reads one object.
    fn run(&mut self) -> Outcome<Value> {
        self.stack.clear();
        self.marks.clear();
        self.memo.clear();
        loop {
            let instruction = self.take(1)?[0];
            if instruction == b'.' {
                return self.pop();
            }
            self.step(instruction)?;
        }
    }

    fn step(&mut self, instruction: u8) -> Outcome<()> {
        match instruction {
            0x80 => drop(self.take(1)?), // protocol
            0x95 => drop(self.take(8)?), // length of a frame
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.group()?),
            b'2' => {
                let top = self.top()?.clone();
                self.stack.push(top);
            }
            b'N' => self.stack.push(Value::Nothing),
            0x88 | 0x89 => self.stack.push(Value::Int(i64::from(instruction == 0x88))),
            b'G' => {
                self.take(8)?;
                self.stack.push(Value::Other);
            }
            b'J' | b'K' | b'M' | 0x8a | 0x8b => self.number(instruction)?,
            b'X' | b'U' | b'T' | 0x8c | 0x8d | b'B' | b'C' => self.text(instruction)?,
            b')' | b't' | 0x85..=0x87 => self.tuple(instruction)?,
            b']' | b'}' | 0x8f | b'l' | b'd' | b'a' | b'e' | b's' | b'u' | 0x90 => self.collection(instruction)?,
            b'c' | 0x93 | b'R' | 0x81 | b'b' | b'Q' => self.object(instruction)?,
            b'q' | b'r' | 0x94 | b'h' | b'j' => self.memory(instruction)?,
            other => return Err(format!("it has an instruction that is not read, {other:#04x}")),
        }
        Ok(())
    }

    fn number(&mut self, instruction: u8) -> Outcome<()> {
        let len = match instruction {
            b'J' => 4,
            b'K' => 1,
            b'M' => 2,
            0x8a => usize::from(self.take(1)?[0]),
            _ => self.length(4)?,
        };
        let bytes = self.take(len)?;
        let signed = !matches!(instruction, b'K' | b'M');
        if len > 8 {
            self.stack.push(Value::Number(bytes.to_vec()));
            return Ok(());
        }
        let fill = if signed && bytes.last().is_some_and(|high| *high >= 0x80) { 0xff } else { 0 };
        let mut wide = [fill; 8];
        wide[..len].copy_from_slice(bytes);
        self.stack.push(Value::Int(i64::from_le_bytes(wide)));
        Ok(())
    }

    fn text(&mut self, instruction: u8) -> Outcome<()> {
        let len = match instruction {
            b'U' | b'C' | 0x8c => usize::from(self.take(1)?[0]),
            0x8d => self.length(8)?,
            _ => self.length(4)?,
        };
        let bytes = self.take(len)?;
        // Keys of Python 2 are bytes.
        self.stack.push(Value::Text(String::from_utf8_lossy(bytes).into_owned()));
        Ok(())
    }

    fn tuple(&mut self, instruction: u8) -> Outcome<()> {
        let values = match instruction {
            b')' => vec![],
            b't' => self.group()?,
            counted => {
                let from = self.stack.len().checked_sub(usize::from(counted - 0x84)).ok_or_else(truncated)?;
                self.stack.split_off(from)
            }
        };
        self.stack.push(Value::Tuple(values));
        Ok(())
    }

    fn collection(&mut self, instruction: u8) -> Outcome<()> {
        let pairs = |values: Vec<Value>| {
            let mut values = values.into_iter();
            std::iter::from_fn(move || Some((values.next()?, values.next()?))).collect::<Vec<_>>()
        };
        match instruction {
            b']' | 0x8f => self.stack.push(Value::List(Rc::default())),
            b'}' => self.stack.push(Value::dict()),
            b'l' => {
                let values = self.group()?;
                self.stack.push(Value::List(Rc::new(RefCell::new(values))));
            }
            b'd' => {
                let entries = pairs(self.group()?);
                self.stack.push(Value::Dict(Rc::new(RefCell::new(entries))));
            }
            b'a' | b'e' | 0x90 => {
                let values = if instruction == b'a' { vec![self.pop()?] } else { self.group()? };
                if let Value::List(list) = self.top()? {
                    list.borrow_mut().extend(values);
                }
            }
            _ => {
                let values = if instruction == b's' {
                    let value = self.pop()?;
                    vec![self.pop()?, value]
                } else {
                    self.group()?
                };
                if let Value::Dict(entries) = self.top()? {
                    entries.borrow_mut().extend(pairs(values));
                }
            }
        }
        Ok(())
    }

    fn object(&mut self, instruction: u8) -> Outcome<()> {
        let made = match instruction {
            b'c' => Value::Global(self.line()?, self.line()?),
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => Value::Global(module, name),
                _ => Value::Other,
            },
            // The state of an object is of no interest, nor is that of an ordered dictionary.
            b'b' => return self.pop().map(drop),
            b'Q' => {
                let named = self.pop()?;
                self.storage(&named)?
            }
            _ => {
                let arguments = self.pop()?;
                let of = self.pop()?;
                rebuilt(&of, &arguments)
            }
        };
        self.stack.push(made);
        Ok(())
    }

    /// A storage by its persistent name: ('storage', class, key, device, numbers, …).
    fn storage(&mut self, named: &Value) -> Outcome<Value> {
        let Value::Tuple(parts) = named else { return Ok(Value::Other) };
        let [Value::Text(kind), Value::Global(_, class), Value::Text(key), ..] = &parts[..] else {
            return Ok(Value::Other);
        };
        let known = TYPES.iter().find(|(name, ..)| kind == "storage" && name == class);
        let Some((_, dtype, size)) = known else {
            return Err(format!("it has numbers of a type that is not read, {class}"));
        };
        self.sizes.insert(key.clone(), *size);
        Ok(Value::Storage { key: key.clone(), dtype, size: *size })
    }

    fn memory(&mut self, instruction: u8) -> Outcome<()> {
        let slot = match instruction {
            b'q' | b'h' => u32::from(self.take(1)?[0]),
            0x94 => self.memo.len() as u32,
            _ => self.length(4)? as u32,
        };
        if matches!(instruction, b'h' | b'j') {
            let value = self.memo.get(&slot).ok_or("it refers to what it does not hold")?.clone();
            self.stack.push(value);
        } else {
            let value = self.top()?.clone();
            self.memo.insert(slot, value);
        }
        Ok(())
    }

    fn take(&mut self, len: usize) -> Outcome<&'a [u8]> {
        let end = self.at.checked_add(len).ok_or_else(truncated)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(truncated)?;
        self.at = end;
        Ok(taken)
    }

    fn length(&mut self, width: usize) -> Outcome<usize> {
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(self.take(width)?);
        usize::try_from(u64::from_le_bytes(wide)).map_err(|_| truncated())
    }

    fn line(&mut self) -> Outcome<String> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| *byte == b'\n').ok_or_else(truncated)?;
        let line = String::from_utf8_lossy(self.take(len)?).into_owned();
        self.take(1)?;
        Ok(line)
    }

    fn pop(&mut self) -> Outcome<Value> {
        self.stack.pop().ok_or_else(truncated)
    }

    fn top(&self) -> Outcome<&Value> {
        self.stack.last().ok_or_else(truncated)
    }

    /// What was pushed since the last mark.
    fn group(&mut self) -> Outcome<Vec<Value>> {
        let from = self.marks.pop().filter(|from| *from <= self.stack.len()).ok_or_else(truncated)?;
        Ok(self.stack.split_off(from))
    }
}

/// What a call of `function` would make, where that is of interest.
fn rebuilt(function: &Value, arguments: &Value) -> Value {
    let (Value::Global(module, name), Value::Tuple(arguments)) = (function, arguments) else { return Value::Other };
    match (module.as_str(), name.as_str()) {
        ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => {
            View::of(arguments).map_or(Value::Other, Value::Tensor)
        }
        ("torch._utils", "_rebuild_parameter") => arguments.first().cloned().unwrap_or(Value::Other),
        ("collections", "OrderedDict") => Value::dict(),
        _ => Value::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkpoint of PyTorch 1.6 and later, and one in the format before it; `samples/make.py` wrote both.
    const FILES: [&[u8]; 2] = [include_bytes!("samples/plain.pth"), include_bytes!("samples/legacy.pth.tar")];

    fn floats(tensor: &StoredTensor) -> Vec<f32> {
        tensor.bytes.as_chunks::<4>().0.iter().map(|chunk| 8.0 * f32::from_le_bytes(*chunk)).collect()
    }

    #[test]
    fn both_containers_hold_the_same_tensors() {
        let [plain, legacy] = FILES.map(|bytes| read(bytes).unwrap());
        assert_eq!(plain, legacy);
        let names: Vec<&str> = plain.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["conv.weight", "turned", "half", "double", "bn.num_batches_tracked", "mask", "parameter"]
                .map(|name| format!("module.{name}"))
        );
        let tensor = |nth: usize| &plain[nth].1;
        assert_eq!((tensor(0).dtype, &tensor(0).shape[..]), ("F32", &[2, 3, 1, 2][..]));
        assert_eq!(floats(tensor(0)), (1..=12u8).map(f32::from).collect::<Vec<_>>());
        // Rows 1 and 2, columns 2 to 4 of four rows of six, turned.
        assert_eq!((&tensor(1).shape[..], floats(tensor(1))), (&[3, 2][..], vec![9.0, 15.0, 10.0, 16.0, 11.0, 17.0]));
        assert_eq!((tensor(2).dtype, &tensor(2).bytes[..]), ("F16", &[0, 0x30, 0, 0x34, 0, 0x36][..]));
        assert_eq!((tensor(3).dtype, tensor(3).bytes.len()), ("F64", 16));
        assert_eq!((tensor(4).dtype, &tensor(4).bytes[..]), ("I64", &7i64.to_le_bytes()[..]));
        assert_eq!((tensor(5).dtype, &tensor(5).bytes[..]), ("Bool", &[1, 0][..]));
        assert_eq!(floats(tensor(6)), [21.0, 22.0]);
    }

    #[test]
    fn what_is_cut_off_or_no_checkpoint_is_refused_and_nothing_panics() {
        for whole in FILES {
            for len in 0..whole.len() {
                // A zip whose end is cut off and a pickle that stops early are refused; a cut in the zip's comment is not.
                let _ = read(&whole[..len]);
            }
            assert!(read(&whole[..whole.len() / 2]).is_err());
            for at in 0..whole.len() {
                let mut damaged = whole.to_vec();
                damaged[at] ^= 0x55;
                let _ = read(&damaged);
            }
        }
        for nonsense in [&b""[..], b"PK\x03\x04", b"{\"not\": \"a pickle\"}", b"\x80\x02}q\x00."] {
            assert!(read(nonsense).is_err(), "{nonsense:?}");
        }
    }
}
