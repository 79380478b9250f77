//! The container of PyTorch before 0.2: a tar archive of `storages`, `tensors` and `pickle`.
//!
//! - `storages`: how many; of each its key, place and class, the number of its elements, and these; then those that are views
//!   of others, as (key, key of the whole, offset, elements)
//! - `tensors`: how many; of each its key, the key of its storage and its class, then dimensions, sizes, strides and offset
//! - `pickle`: the object, in which a tensor is its key as a decimal text
//!
//! What is not an array of numbers is a pickle of its own; numbers are little-endian.

use std::collections::HashMap;

use super::Outcome;
use super::container::{Container, Storages};
use super::view::{DIMENSIONS, View, number_type};
use crate::pickle::{Id, Machine, Node, Pickle};

const BLOCK: usize = 512;

/// The files of a tar archive by name.
#[derive(Default)]
struct Members<'a> {
    files: HashMap<&'a [u8], &'a [u8]>,
    /// Of a file that the archive ends in, or of a header that is none.
    is_cut_off: bool,
}

impl<'a> Members<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let mut members = Self::default();
        let mut rest = bytes;
        while let Some(header) = rest.first_chunk::<BLOCK>().filter(|header| header[0] != 0) {
            let len = octal(&header[124..136]).filter(|_| header[257..].starts_with(b"ustar"));
            let behind = len.and_then(|len| rest[BLOCK..].get(..len));
            members.is_cut_off |= behind.is_none();
            let contents = behind.unwrap_or_default();
            // Others are notes about the next one.
            if matches!(header[156], b'0' | 0) {
                let name = rest[..100].split(|byte| *byte == 0).next().unwrap_or_default();
                members.files.insert(name, contents);
            }
            let next = BLOCK + contents.len().next_multiple_of(BLOCK);
            rest = if members.is_cut_off { &[] } else { rest.get(next..).unwrap_or_default() };
        }
        members
    }

    fn get(&self, name: &str) -> Outcome<&'a [u8]> {
        self.files.get(name.as_bytes()).copied().ok_or_else(|| format!("{name} is missing in its tar archive"))
    }
}

fn octal(text: &[u8]) -> Option<usize> {
    let digits = std::str::from_utf8(text).ok()?.trim_matches(['\0', ' ']);
    usize::from_str_radix(digits, 8).ok()
}

/// Whether `bytes` are such a container, if only the beginning of one.
pub(in crate::network) fn is_one(bytes: &[u8]) -> bool {
    let is_tar = bytes.get(257..262) == Some(b"ustar");
    is_tar && ["sys_info", "pickle", "tensors", "storages"].iter().any(|name| Members::of(bytes).get(name).is_ok())
}

/// Opens it.
pub(super) fn open(bytes: &[u8]) -> Outcome<Container<'_>> {
    let members = Members::of(bytes);
    if members.is_cut_off {
        return Err("it is cut off or damaged: download or copy it again".into());
    }
    let (storages, types) = storages(members.get("storages")?)?;
    let tensors = tensors(members.get("tensors")?, &types)?;
    let pickle = Machine::new(members.get("pickle")?).object()?;
    Ok(Container { pickle, tensors, storages: Storages::Rows(storages) })
}

/// Our name of a storage's numbers, and the bytes of one.
type NumberType = (&'static str, usize);

/// The bytes of every storage, by its key.
type Rows<'a> = HashMap<String, &'a [u8]>;

fn storages(bytes: &[u8]) -> Outcome<(Rows<'_>, HashMap<String, NumberType>)> {
    let mut machine = Machine::new(bytes);
    let (mut rows, mut types) = (Rows::new(), HashMap::new());
    for _ in 0..count(&mut machine)? {
        let about = machine.object()?;
        let [key, _, class] = tuple(&about)?;
        let (key, class) = (decimal(&about, key)?, about.global(class).ok_or("a storage has no class")?);
        let kind = number_type(&class.name).ok_or_else(|| format!("storage {key} is of no known type"))?;
        let elements = long(&mut machine)?;
        let row = machine.take(elements.checked_mul(kind.1).ok_or("it is truncated")?)?;
        rows.insert(key.clone(), row);
        types.insert(key, kind);
    }
    let views = machine.object()?;
    for view in views.items(views.root()).unwrap_or_default() {
        let Some(&[key, whole, offset, elements]) = views.items(*view) else {
            return Err("a storage has no place".into());
        };
        let (key, whole) = (decimal(&views, key)?, decimal(&views, whole)?);
        let place = views.index(offset).zip(views.index(elements));
        let part = types.get(&whole).zip(place).and_then(|(&(_, size), (offset, elements))| {
            let start = offset.checked_mul(size)?;
            rows.get(&whole)?.get(start..start.checked_add(elements.checked_mul(size)?)?)
        });
        let part = part.ok_or_else(|| format!("storage {key} lies outside the one that it is a part of"))?;
        let kind = types[&whole];
        rows.insert(key.clone(), part);
        types.insert(key, kind);
    }
    Ok((rows, types))
}

fn tensors(bytes: &[u8], types: &HashMap<String, NumberType>) -> Outcome<HashMap<String, View>> {
    let mut machine = Machine::new(bytes);
    let mut tensors = HashMap::new();
    for _ in 0..count(&mut machine)? {
        let about = machine.object()?;
        let [key, storage, _] = tuple(&about)?;
        let (key, storage) = (decimal(&about, key)?, decimal(&about, storage)?);
        let dimensions = machine.take(8)?; // four bytes more than the number
        let dimensions = u32::from_le_bytes([dimensions[0], dimensions[1], dimensions[2], dimensions[3]]) as usize;
        if dimensions > DIMENSIONS {
            return Err(format!("tensor {key} has {dimensions} dimensions"));
        }
        let mut longs = || (0..dimensions).map(|_| long(&mut machine)).collect::<Outcome<Vec<usize>>>();
        let (shape, stride) = (longs()?, longs()?);
        let offset = long(&mut machine)?;
        // Of a tensor without numbers the storage may be left out.
        let Some(kind) = types.get(&storage) else { continue };
        tensors.insert(key, View::new(storage, *kind, offset, shape, stride));
    }
    Ok(tensors)
}

fn count(machine: &mut Machine<'_>) -> Outcome<usize> {
    let count = machine.object()?;
    count.index(count.root()).ok_or_else(|| "it does not say how many parts it has".into())
}

/// A number of eight bytes that is no less than zero.
fn long(machine: &mut Machine<'_>) -> Outcome<usize> {
    let bytes = machine.take(8)?.try_into().map_err(|_| "it is truncated")?;
    usize::try_from(i64::from_le_bytes(bytes)).map_err(|_| "it has a size below zero".into())
}

fn tuple(about: &Pickle<'_>) -> Outcome<[Id; 3]> {
    let items = about.items(about.root()).and_then(|items| items.try_into().ok());
    items.ok_or_else(|| "a part of it is not described as usual".into())
}

/// A key, which is a number, as a text.
fn decimal(pickle: &Pickle<'_>, id: Id) -> Outcome<String> {
    match pickle.node(id) {
        Node::Int(number) => Ok(number.to_string()),
        _ => Err("a key in it is no number".into()),
    }
}
