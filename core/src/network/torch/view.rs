//! A tensor as a part of its storage.

use super::{Outcome, StoredTensor};
use crate::pickle::{Id, Node, Pickle};

/// Name of a storage class or of a type of numbers without its ending, our name of the numbers, and the bytes of one.
const TYPES: [(&[&str], &str, usize); 21] = [
    (&["Double", "float64"], "F64", 8),
    (&["Float", "float32"], "F32", 4),
    (&["Half", "float16"], "F16", 2),
    (&["BFloat16", "bfloat16"], "BF16", 2),
    (&["Long", "int64"], "I64", 8),
    (&["Int", "int32"], "I32", 4),
    (&["Short", "int16"], "I16", 2),
    (&["Char", "int8"], "I8", 1),
    (&["Byte", "uint8", "Untyped"], "U8", 1),
    (&["uint16"], "U16", 2),
    (&["uint32"], "U32", 4),
    (&["uint64"], "U64", 8),
    (&["Bool", "bool"], "Bool", 1),
    (&["ComplexHalf", "complex32"], "C32", 4),
    (&["ComplexFloat", "complex64"], "C64", 8),
    (&["ComplexDouble", "complex128"], "C128", 16),
    (&["QInt8", "qint8", "QUInt8", "quint8"], "Q8", 1),
    (&["QInt32", "qint32"], "Q32", 4),
    (&["float8_e4m3fn", "float8_e4m3fnuz"], "F8_E4M3", 1),
    (&["float8_e5m2", "float8_e5m2fnuz"], "F8_E5M2", 1),
    (&["float8_e8m0fnu"], "F8_E8M0", 1),
];

/// PyTorch has no tensor of more.
pub(super) const DIMENSIONS: usize = 64;
/// Storages are called by numbers.
const LONGEST_KEY: usize = 256;

/// Our name of the numbers in a storage of this class, or of this `torch.dtype`, and the bytes of one.
pub(super) fn number_type(name: &str) -> Option<(&'static str, usize)> {
    let plain = name.trim_end_matches("Storage");
    let known = TYPES.iter().find(|(names, ..)| names.contains(&plain));
    known.map(|(_, dtype, size)| (*dtype, *size))
}

/// How many bytes of tensors may still be copied out of a file. A tensor may name one number as often as it likes (a stride
/// of nothing), so what comes out is bounded by what the file has.
pub(super) struct Budget(usize);

impl Budget {
    /// Several times the file: of weights that share their numbers, or are packed.
    pub fn of_file(len: usize) -> Self {
        Self(len.saturating_mul(20).saturating_add(64 << 20))
    }

    /// Takes `bytes` of it.
    pub fn spend(&mut self, bytes: usize) -> Outcome<()> {
        self.0 = self.0.checked_sub(bytes).ok_or("asks for far more numbers than the file has")?;
        Ok(())
    }
}

/// Where a tensor lies.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub key: String,
    dtype: &'static str,
    size: usize,
    offset: usize,
    shape: Vec<usize>,
    stride: Vec<usize>,
}

impl View {
    /// A part of the storage `key`, whose numbers are of this type and size.
    pub fn new(
        key: String,
        (dtype, size): (&'static str, usize),
        offset: usize,
        shape: Vec<usize>,
        stride: Vec<usize>,
    ) -> Self {
        Self { key, dtype, size, offset, shape, stride }
    }

    /// From the arguments of `_rebuild_tensor_v2` and its like: storage, offset, shape, stride, …; `dtype` is the type of
    /// the numbers where the storage does not tell.
    pub fn of(pickle: &Pickle<'_>, arguments: &[Id], dtype: Option<Id>) -> Option<Self> {
        let &[storage, offset, shape, stride, ..] = arguments else { return None };
        let Node::Persistent(named) = pickle.node(storage) else { return None };
        let &[kind, class, key, ..] = pickle.items(*named)? else { return None };
        if pickle.text(kind)? != "storage" {
            return None;
        }
        let (dtype, size) = number_type(&pickle.global(dtype.unwrap_or(class))?.name)?;
        let (shape, stride) = (pickle.indices(shape)?, pickle.indices(stride)?);
        let key = pickle.text(key)?;
        (shape.len() == stride.len() && shape.len() <= DIMENSIONS && key.len() <= LONGEST_KEY).then_some(())?;
        Some(Self { key: key.into_owned(), dtype, size, offset: pickle.index(offset)?, shape, stride })
    }

    /// Copies it out of its storage, in reading order.
    pub fn gather(&self, storage: &[u8], budget: &mut Budget) -> Outcome<StoredTensor> {
        const OUTSIDE: &str = "lies outside its storage";
        let len = self.shape.iter().try_fold(self.size, |len, side| len.checked_mul(*side)).ok_or(OUTSIDE)?;
        budget.spend(len)?;
        let tensor = |bytes| StoredTensor { dtype: self.dtype, shape: self.shape.clone(), bytes };
        let start = self.offset.checked_mul(self.size).ok_or(OUTSIDE)?;
        if self.in_order() {
            let end = start.checked_add(len).ok_or(OUTSIDE)?;
            return Ok(tensor(storage.get(start..end).ok_or(OUTSIDE)?.to_vec()));
        }
        let mut bytes = Vec::with_capacity(len);
        let mut place = vec![0usize; self.shape.len()];
        for _ in 0..len / self.size {
            let at = place.iter().zip(&self.stride).try_fold(self.offset, |at, (index, stride)| {
                index.checked_mul(*stride).and_then(|step| at.checked_add(step))
            });
            let start = at.and_then(|at| at.checked_mul(self.size)).ok_or(OUTSIDE)?;
            bytes.extend(storage.get(start..start.saturating_add(self.size)).ok_or(OUTSIDE)?);
            for (index, side) in place.iter_mut().zip(&self.shape).rev() {
                *index += 1;
                if *index < *side {
                    break;
                }
                *index = 0;
            }
        }
        Ok(tensor(bytes))
    }

    /// Whether its numbers follow each other in the storage.
    fn in_order(&self) -> bool {
        let mut expected = 1usize;
        self.shape.iter().zip(&self.stride).rev().all(|(side, stride)| {
            let fits = *side == 1 || *stride == expected;
            expected = expected.saturating_mul(*side);
            fits
        })
    }
}
