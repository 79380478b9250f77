//! The containers of PyTorch's checkpoints.

use std::collections::HashMap;
use std::io::Cursor;

use zip::ZipArchive;

use super::view::{View, number_type};
use super::{Outcome, tarred};
use crate::archive::{self, Limit};
use crate::pickle::{Id, Machine, Node, Pickle};

/// Written in front of a checkpoint of five pickles, as a number of ten bytes.
const LEGACY_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// All entries of an archive together may unpack to this many times its size, and to this much more: weights hardly pack.
const UNPACKED: (u64, u64) = (20, 64 << 20);

/// The object of a checkpoint and the numbers that it refers to.
pub(super) struct Container<'a> {
    pub pickle: Pickle<'a>,
    /// Tensors that the object names only, by these names.
    pub tensors: HashMap<String, View>,
    pub storages: Storages<'a>,
}

/// Numbers by the name of their storage.
pub(super) enum Storages<'a> {
    /// One after another in the file.
    Rows(HashMap<String, &'a [u8]>),
    /// Entries of an archive, unpacked when they are asked for.
    Zip {
        archive: ZipArchive<Cursor<&'a [u8]>>,
        places: HashMap<String, usize>,
        unpacked: HashMap<String, Vec<u8>>,
        left: u64,
    },
}

impl Storages<'_> {
    /// The bytes of the storage called `key`.
    pub fn get(&mut self, key: &str) -> Outcome<&[u8]> {
        match self {
            Self::Rows(rows) => rows.get(key).copied().ok_or_else(|| "has no storage".into()),
            Self::Zip { archive, places, unpacked, left } => {
                if !unpacked.contains_key(key) {
                    let number = *places.get(key).ok_or("has no storage")?;
                    let bytes = archive::unpack(archive, number, limit(*left))?;
                    *left -= bytes.len() as u64;
                    unpacked.insert(key.to_owned(), bytes);
                }
                Ok(&unpacked[key])
            }
        }
    }
}

/// Opens the container that `bytes` are.
pub(super) fn open(bytes: &[u8]) -> Outcome<Container<'_>> {
    if archive::is_zip(bytes) {
        open_zip(bytes)
    } else if tarred::is_one(bytes) {
        tarred::open(bytes)
    } else {
        open_rows(bytes)
    }
}

fn open_zip(bytes: &[u8]) -> Outcome<Container<'_>> {
    let mut archive = archive::open(Cursor::new(bytes))?;
    let names = archive.file_names().map(|name| name.map(|name| name.to_string()));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let place = names.iter().position(|name| name.ends_with("/data.pkl") || name == "data.pkl");
    let place = place.ok_or_else(|| format!("it is a zip archive without data.pkl{}", other_archive(&names)))?;
    let folder = names[place].trim_end_matches("data.pkl").to_owned();
    let mut left = UNPACKED.0.saturating_mul(bytes.len() as u64).saturating_add(UNPACKED.1);
    let program = archive::unpack(&mut archive, place, limit(left))?;
    left -= program.len() as u64;
    let within = |name: &str| Some(name.strip_prefix(&folder)?.strip_prefix("data/")?.to_owned());
    let places = names.iter().enumerate().filter_map(|(nth, name)| Some((within(name)?, nth))).collect();
    let pickle = Machine::new(&program).object()?.into_owned();
    let storages = Storages::Zip { archive, places, unpacked: HashMap::new(), left };
    Ok(Container { pickle, tensors: HashMap::new(), storages })
}

fn limit(bytes: u64) -> Limit {
    Limit { bytes, of: "a checkpoint of this size" }
}

/// What an archive is by its names, where that is known.
fn other_archive(names: &[String]) -> &'static str {
    if names.iter().any(|name| name.ends_with(".npy")) {
        ": numbers of numpy (.npz)"
    } else if names.iter().any(|name| name == "model.weights.h5") {
        ": a network of Keras"
    } else {
        ""
    }
}

fn open_rows(bytes: &[u8]) -> Outcome<Container<'_>> {
    let mut machine = Machine::new(bytes);
    let first = machine.object().map_err(|_| "it does not begin as one")?;
    match first.node(first.root()) {
        Node::Long(magic) if **magic == LEGACY_MAGIC => {}
        // A pickle of a dictionary, as `pickle.dump` writes it: its numbers are inside.
        Node::Dict(_) | Node::Object(_) => {
            let storages = Storages::Rows(HashMap::new());
            return Ok(Container { pickle: first, tensors: HashMap::new(), storages });
        }
        _ => return Err("it does not begin as one".into()),
    }
    machine.object()?; // protocol version
    machine.object()?; // sizes of the machine's numbers
    let pickle = machine.object()?;
    let sizes = pickle.ids().filter_map(|id| storage_size(&pickle, id)).collect::<HashMap<_, _>>();
    let names = machine.object()?;
    let mut rows = HashMap::new();
    for key in names.items(names.root()).ok_or("it does not list its storages")? {
        let key = names.text(*key).ok_or("a storage has no name")?.into_owned();
        let count = machine.take(8)?.try_into().map(u64::from_le_bytes).map_err(|_| "it is truncated")?;
        let size = *sizes.get(&key).ok_or_else(|| format!("storage {key} is of no known type"))?;
        let len = usize::try_from(count).ok().and_then(|count| count.checked_mul(size)).ok_or("it is truncated")?;
        rows.insert(key, machine.take(len)?);
    }
    Ok(Container { pickle, tensors: HashMap::new(), storages: Storages::Rows(rows) })
}

/// The name of a storage and the bytes of one of its numbers, where `id` is the outer name of one.
fn storage_size(pickle: &Pickle<'_>, id: Id) -> Option<(String, usize)> {
    let Node::Persistent(named) = pickle.node(id) else { return None };
    let &[kind, class, key, ..] = pickle.items(*named)? else { return None };
    let (_, size) = number_type(&pickle.global(class)?.name)?;
    (pickle.text(kind)? == "storage").then_some((pickle.text(key)?.into_owned(), size))
}
