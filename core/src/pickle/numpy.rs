//! Arrays of numpy inside a pickle.

use std::borrow::Cow;

use super::{Id, Node, Pickle};

/// An array as it lies in the pickle.
#[derive(Debug)]
pub(crate) struct Array<'p> {
    /// `F32`, `U8`, `I64`, …
    pub dtype: &'static str,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Little-endian, in reading order.
    pub bytes: Cow<'p, [u8]>,
}

/// numpy's name of a type of numbers, ours, and the bytes of one.
const TYPES: [(&str, &str, usize); 14] = [
    ("f8", "F64", 8),
    ("f4", "F32", 4),
    ("f2", "F16", 2),
    ("i8", "I64", 8),
    ("i4", "I32", 4),
    ("i2", "I16", 2),
    ("i1", "I8", 1),
    ("u8", "U64", 8),
    ("u4", "U32", 4),
    ("u2", "U16", 2),
    ("u1", "U8", 1),
    ("b1", "Bool", 1),
    ("c8", "C64", 8),
    ("c16", "C128", 16),
];

/// The array that is made at `id`, if one is, of numbers that are known, in as many bytes as its shape asks for.
pub(crate) fn array<'p>(pickle: &'p Pickle<'_>, id: Id) -> Option<Array<'p>> {
    let object = pickle.object(id)?;
    let of = pickle.global(object.of)?;
    // numpy.core.multiarray, numpy._core.multiarray
    if of.name != "_reconstruct" || !of.module.starts_with("numpy") {
        return None;
    }
    // (version, shape, type, whether columns come first, numbers)
    let &[_, shape, dtype, fortran, data] = pickle.items(object.state?)? else { return None };
    let (dtype, size, swapped) = number_type(pickle, dtype)?;
    let shape = pickle.indices(shape)?;
    let mut bytes = pickle.bytes(data)?;
    let len = shape.iter().try_fold(size, |len, side| len.checked_mul(*side))?;
    if bytes.len() != len {
        return None;
    }
    if swapped && size > 1 {
        bytes.to_mut().chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    if matches!(pickle.node(fortran), Node::Int(1)) && shape.len() > 1 {
        bytes = Cow::Owned(rows_first(&bytes, &shape, size));
    }
    Some(Array { dtype, shape, bytes })
}

/// Our name of a `numpy.dtype`, the bytes of a number, and whether its high byte comes first.
fn number_type(pickle: &Pickle<'_>, id: Id) -> Option<(&'static str, usize, bool)> {
    let object = pickle.object(id)?;
    let name = pickle.text(*pickle.items(object.arguments)?.first()?)?;
    let (_, dtype, size) = TYPES.iter().find(|(known, ..)| *known == name.trim_start_matches(['<', '>', '|', '=']))?;
    let order = object.state.and_then(|state| pickle.text(*pickle.items(state)?.get(1)?));
    Some((dtype, *size, order.is_some_and(|order| order == ">")))
}

/// An array whose first index runs fastest, with the last one running fastest.
fn rows_first(bytes: &[u8], shape: &[usize], size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut place = vec![0; shape.len()];
    for _ in 0..bytes.len() / size.max(1) {
        let at = place.iter().zip(shape).rev().fold(0, |at, (index, side)| at * side + index);
        out.extend_from_slice(&bytes[at * size..(at + 1) * size]);
        for (index, side) in place.iter_mut().zip(shape).rev() {
            *index += 1;
            if *index < *side {
                break;
            }
            *index = 0;
        }
    }
    out
}
