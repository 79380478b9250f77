//! MATLAB's files of version 5, which lists of data sets are kept in: vectors of numbers, texts, and cells of either.
//!
//! A file is a header of 128 bytes and elements: (type u32, bytes u32, contents padded to 8), or, of at most four bytes, type
//! and length in one u32. A matrix (type 14) is an element of elements: flags, dimensions, name, contents. MATLAB 7 packs
//! each variable with zlib (type 15). Numbers may be stored in any narrower type than their class. No kept crate reads cells.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::ZlibDecoder;

/// Most bytes that the variables of a file unpack to: lists of data sets have a few million.
const MAX_UNPACKED: u64 = 64 << 20;

/// Cells in cells.
const MAX_DEPTH: usize = 8;

const HEADER_BYTES: usize = 128;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// In MATLAB's order, column after column.
    Numbers(Vec<f64>),
    /// One row of characters.
    Text(String),
    /// In MATLAB's order.
    Cells(Vec<Value>),
    /// Structures, objects, sparse and complex matrices.
    Other,
}

/// The variables of a file by name.
///
/// # Errors
/// What stands behind the name of the file in a message.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, Value>, String> {
    const NEWER: &str = "is a MATLAB file of version 7.3, which is not read: save it by `save -v7`";
    if bytes.starts_with(b"\x89HDF") || bytes.starts_with(b"MATLAB 7.3") {
        return Err(NEWER.into());
    }
    let Some((header, elements)) = bytes.split_at_checked(HEADER_BYTES) else { return Err(none()) };
    let big_endian = match &header[126..] {
        b"IM" => false,
        b"MI" => true,
        _ => return Err(none()),
    };
    let mut rest = Elements { bytes: elements, big_endian };
    match rest.u16_of([header[124], header[125]]) {
        0x0100 => {}
        0x0200 => return Err(NEWER.into()),
        other => return Err(format!("is a MATLAB file of an unknown version, {other:#06x}")),
    }
    let (mut variables, mut budget) = (BTreeMap::new(), MAX_UNPACKED);
    while !rest.bytes.is_empty() {
        let element = rest.next()?;
        let variable = match element.kind {
            PACKED => unpacked(&element, big_endian, &mut budget)?,
            MATRIX => Some(matrix(element.inside(big_endian), 0)?),
            _ => None,
        };
        variables.extend(variable);
    }
    Ok(variables)
}

fn none() -> String {
    "is not a MATLAB file of version 5 or 7".into()
}

fn cut_off() -> String {
    "is a MATLAB file that is cut off".into()
}

const PACKED: u32 = 15;
const MATRIX: u32 = 14;

/// Elements one after another.
#[derive(Debug, Clone, Copy)]
struct Elements<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

#[derive(Debug, Clone, Copy)]
struct Element<'a> {
    kind: u32,
    contents: &'a [u8],
}

impl<'a> Element<'a> {
    fn inside(&self, big_endian: bool) -> Elements<'a> {
        Elements { bytes: self.contents, big_endian }
    }
}

impl<'a> Elements<'a> {
    fn u16_of(&self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(cut_off)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn word(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?.try_into().expect("four bytes");
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn next(&mut self) -> Result<Element<'a>, String> {
        let first = self.word()?;
        let (kind, small) = (first & 0xffff, (first >> 16) as usize);
        if small > 0 {
            let contents = self.take(4)?.get(..small).ok_or_else(cut_off)?;
            return Ok(Element { kind, contents });
        }
        let count = self.word()? as usize;
        let contents = self.take(count)?;
        // What is packed is not padded, and nor need the last element be.
        let padding = if kind == PACKED { 0 } else { count.wrapping_neg() % 8 };
        self.bytes = self.bytes.get(padding..).unwrap_or_default();
        Ok(Element { kind, contents })
    }

    /// The next element's numbers.
    fn numbers(&mut self) -> Result<Vec<f64>, String> {
        let big_endian = self.big_endian;
        let Element { kind, contents } = self.next()?;
        macro_rules! each {
            ($number:ty, $as:expr) => {{
                let number = |bytes: &[u8]| {
                    let bytes = bytes.try_into().expect("chunks of its size");
                    if big_endian { <$number>::from_be_bytes(bytes) } else { <$number>::from_le_bytes(bytes) }
                };
                contents.chunks_exact(size_of::<$number>()).map(|bytes| $as(number(bytes))).collect()
            }};
        }
        Ok(match kind {
            1 => each!(i8, f64::from),
            2 => each!(u8, f64::from),
            3 => each!(i16, f64::from),
            4 => each!(u16, f64::from),
            5 => each!(i32, f64::from),
            6 => each!(u32, f64::from),
            7 => each!(f32, f64::from),
            9 => each!(f64, f64::from),
            12 => each!(i64, |number| number as f64),
            13 => each!(u64, |number| number as f64),
            other => return Err(format!("is a MATLAB file with numbers of an unknown type, {other}")),
        })
    }

    /// The next element's characters.
    fn text(&mut self) -> Result<String, String> {
        let start = *self;
        let Element { kind, contents } = self.next()?;
        let units = || contents.chunks_exact(2).map(|unit| self.u16_of([unit[0], unit[1]]));
        match kind {
            1 | 2 => Ok(contents.iter().map(|byte| char::from(*byte)).collect()),
            4 | 17 => Ok(String::from_utf16_lossy(&units().collect::<Vec<_>>())),
            16 => Ok(String::from_utf8_lossy(contents).into_owned()),
            _ => {
                let codes = { start }.numbers()?;
                let letters =
                    codes.iter().map(|code| char::from_u32(*code as u32).unwrap_or(char::REPLACEMENT_CHARACTER));
                Ok(letters.collect())
            }
        }
    }
}

/// A variable that was packed; `None` where it is none that is known. What unpacks is taken off `budget`.
fn unpacked(element: &Element, big_endian: bool, budget: &mut u64) -> Result<Option<(String, Value)>, String> {
    let mut bytes = Vec::new();
    let read = ZlibDecoder::new(element.contents).take(*budget + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("is a damaged MATLAB file: {error}"))?;
    *budget = budget.checked_sub(bytes.len() as u64).ok_or("is too large for a list of pictures")?;
    let inside = Elements { bytes: &bytes, big_endian }.next()?;
    (inside.kind == MATRIX).then(|| matrix(inside.inside(big_endian), 0)).transpose()
}

/// The name and the contents of a matrix.
fn matrix(mut parts: Elements, depth: usize) -> Result<(String, Value), String> {
    if parts.bytes.is_empty() {
        // An empty cell.
        return Ok((String::new(), Value::Numbers(Vec::new())));
    }
    let flags = parts.numbers()?.first().map_or(0, |flags| *flags as u64);
    let (class, complex) = (flags & 0xff, flags & 0x800 != 0);
    let sizes = parts.numbers()?;
    let name = parts.next()?.contents.iter().map(|byte| char::from(*byte)).collect();
    let count: f64 = sizes.iter().product();
    let value = match class {
        1 if depth == MAX_DEPTH => return Err("is a MATLAB file with cells in cells in cells".into()),
        1 => {
            let mut cells = Vec::new();
            while (cells.len() as f64) < count {
                let cell = parts.next()?;
                cells.push(matrix(cell.inside(parts.big_endian), depth + 1)?.1);
            }
            Value::Cells(cells)
        }
        4 if sizes.first().is_none_or(|rows| *rows <= 1.0) => Value::Text(parts.text()?),
        6..=15 if !complex => {
            let numbers = parts.numbers()?;
            if numbers.len() as f64 != count {
                return Err(cut_off());
            }
            Value::Numbers(numbers)
        }
        _ => Value::Other,
    };
    Ok((name, value))
}

#[cfg(test)]
#[path = "mat_tests.rs"]
mod tests;
