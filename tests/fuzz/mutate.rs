//! Changes to valid inputs: bits, numbers, cuts, copies, splices and words that the format knows.

use crate::dice::Dice;
use crate::folder;

/// No input grows beyond this.
const LARGEST: usize = 1 << 20;

/// What a mutation may take from.
pub struct Material<'a> {
    /// Valid inputs.
    pub corpus: &'a [Vec<u8>],
    /// Pieces that mean something in the format.
    pub words: &'a [Vec<u8>],
}

/// A few changes to `input`.
pub fn bytes(dice: &mut Dice, mut input: Vec<u8>, material: &Material) -> Vec<u8> {
    for _ in 0..=dice.few(24) {
        once(dice, &mut input, material);
        input.truncate(LARGEST);
    }
    input
}

/// A few changes to files that belong together: to one's contents, to names, to how many there are.
pub fn several(dice: &mut Dice, input: &[u8], material: &Material) -> Vec<u8> {
    let mut files = folder::unpack(input);
    for _ in 0..=dice.few(6) {
        if files.is_empty() {
            break;
        }
        let nth = dice.below(files.len());
        match dice.below(8) {
            0 => drop(files.remove(nth)),
            1 => {
                let mut copy = files[nth].clone();
                copy.0 = rename(dice, &copy.0, material);
                files.push(copy);
            }
            2 => files[nth].0 = rename(dice, &files[nth].0, material),
            3 => {
                let other = dice.below(files.len());
                files[nth].1 = files[other].1.clone();
            }
            4 => files[nth].0 = format!("{}/{}", piece(dice, material), files[nth].0),
            _ => files[nth].1 = bytes(dice, std::mem::take(&mut files[nth].1), material),
        }
    }
    folder::pack(&files)
}

fn rename(dice: &mut Dice, name: &str, material: &Material) -> String {
    let mut parts: Vec<String> = name.split('/').map(String::from).collect();
    let nth = dice.below(parts.len());
    match dice.below(6) {
        0 => drop(parts.remove(nth)),
        1 => parts.insert(nth, piece(dice, material)),
        2 => parts[nth] = parts[nth].to_uppercase(),
        3 => parts[nth].push_str(&piece(dice, material)),
        4 => parts[nth] = String::from_utf8_lossy(&bytes(dice, parts[nth].clone().into_bytes(), material)).into_owned(),
        _ => parts[nth] = piece(dice, material),
    }
    parts.join("/")
}

fn piece(dice: &mut Dice, material: &Material) -> String {
    if material.words.is_empty() {
        return "x".into();
    }
    let word = dice.below(material.words.len());
    String::from_utf8_lossy(&material.words[word]).into_owned()
}

fn once(dice: &mut Dice, input: &mut Vec<u8>, material: &Material) {
    let length = input.len();
    let at = dice.below(length.max(1));
    // A length that is short more often than long.
    let span = dice.few(4096).min(length - at.min(length));
    match dice.below(14) {
        0 if length > 0 => input[at] ^= 1 << dice.below(8),
        1 if length > 0 => input[at] = dice.any(),
        2 => number(dice, input, at),
        3 => nudge(dice, input, at),
        4 => input.truncate(at),
        5 => drop(input.drain(at..at + span)),
        6 => {
            let copy = input[at..at + span].to_vec();
            let to = dice.below(length + 1);
            input.splice(to..to, copy);
        }
        7 => {
            let copy = input[at..at + span].repeat(1 + dice.few(64));
            input.splice(at..at, copy.into_iter().take(LARGEST));
        }
        8 => {
            let fresh = dice.bytes(32);
            input.splice(at.min(length)..at.min(length), fresh);
        }
        9 | 10 => word(dice, input, at, material),
        11 => splice(dice, input, at, material),
        12 => decimal(dice, input, at),
        _ => {
            let fill = dice.choose(&[0, 0xff, b' ', b'0', 0x80]);
            input[at.min(length)..(at + span).min(length)].fill(fill);
        }
    }
}

/// Writes an [edge](Dice::edge) over 1, 2, 4 or 8 bytes, in either order.
fn number(dice: &mut Dice, input: &mut [u8], at: usize) {
    let width = dice.choose(&[1, 2, 4, 8]);
    let value = match dice.below(4) {
        0 => input.len() as u64,
        1 => (input.len() as u64).saturating_sub(at as u64),
        _ => dice.edge(),
    };
    write(input, at, width, value, dice.once_in(2));
}

/// Adds a little to a number of 1, 2, 4 or 8 bytes.
fn nudge(dice: &mut Dice, input: &mut [u8], at: usize) {
    let (width, big) = (dice.choose(&[1, 2, 4, 8]), dice.once_in(2));
    let Some(place) = input.get(at..at + width) else { return };
    let order = |(nth, byte): (usize, &u8)| u64::from(*byte) << (8 * if big { width - 1 - nth } else { nth });
    let value: u64 = place.iter().enumerate().map(order).fold(0, |all, part| all | part);
    let by = dice.below(35) as u64;
    write(input, at, width, if dice.once_in(2) { value.wrapping_add(by) } else { value.wrapping_sub(by) }, big);
}

fn write(input: &mut [u8], at: usize, width: usize, value: u64, big: bool) {
    let Some(place) = input.get_mut(at..at + width) else { return };
    for (nth, byte) in place.iter_mut().enumerate() {
        *byte = (value >> (8 * if big { width - 1 - nth } else { nth })) as u8;
    }
}

/// Puts a word of the format in, or over what is there.
fn word(dice: &mut Dice, input: &mut Vec<u8>, at: usize, material: &Material) {
    if material.words.is_empty() {
        return;
    }
    let word = &material.words[dice.below(material.words.len())];
    let at = at.min(input.len());
    let end = if dice.once_in(2) { at } else { (at + word.len()).min(input.len()) };
    input.splice(at..end, word.iter().copied());
}

/// The beginning of this and the end of another.
fn splice(dice: &mut Dice, input: &mut Vec<u8>, at: usize, material: &Material) {
    let other = &material.corpus[dice.below(material.corpus.len())];
    let from = if dice.once_in(2) { at.min(other.len()) } else { dice.below(other.len() + 1) };
    input.truncate(at);
    input.extend_from_slice(&other[from..]);
}

/// Another number where one is written in digits, behind `at`.
fn decimal(dice: &mut Dice, input: &mut Vec<u8>, at: usize) {
    let Some(start) = input.iter().skip(at).position(u8::is_ascii_digit).map(|skipped| at + skipped) else { return };
    let digits = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = match dice.below(5) {
        0 => "-1".into(),
        1 => "1e400".into(),
        2 => format!("{}.{}", dice.below(100), dice.below(100)),
        3 => dice.below(100).to_string(),
        _ => dice.edge().to_string(),
    };
    input.splice(start..start + digits, text.into_bytes());
}
