//! Weights as safetensors: eight bytes with the length of a JSON header, the header, the numbers.

use std::fmt::Write;

use l2t_core::network::weights::WeightMap;
use l2t_core::source::Source;

use super::torch;
use crate::dice::Dice;
use crate::reader::Reader;

/// Weights.
pub const READER: Reader = Reader {
    name: "safetensors",
    about: "weights as safetensors",
    several: false,
    valid: || vec![sound().to_safetensors(), sound().to_safetensors_half()],
    others: Vec::new,
    words: || {
        super::words(&[
            "\"dtype\":\"F32\"",
            "F16",
            "BF16",
            "I64",
            "F8_E4M3",
            "\"shape\":[",
            "\"data_offsets\":[",
            "__metadata__",
            "{\"",
            "[[[[[[[[",
            "\\u0000",
            "\u{8}\0\0\0\0\0\0\0",
            "source.mean",
            "l2t.source",
        ])
    },
    grammar,
    read: |input| {
        let Some(weights) = super::taken(WeightMap::from_safetensors("weights.safetensors", input)) else {
            return false;
        };
        super::taken(Source::new(&weights, None, 32, &burn_tensor::Device::flex(), burn_tensor::DType::F32)).is_some()
    },
};

fn sound() -> WeightMap {
    let mut map = WeightMap::new("sound");
    for (name, shape) in torch::smaller() {
        let count: usize = shape.iter().product();
        map.insert(name, shape.clone(), (1..=count).map(|value| value as f64 / 64.0).collect());
    }
    map.note("source.task", "things");
    map
}

fn grammar(dice: &mut Dice) -> Vec<u8> {
    let (mut header, mut at) = (String::from("{"), 0usize);
    if dice.once_in(2) {
        let notes = dice.choose(&["a = \\\"b\\\"", "source.mean = [1, 2]", "=", "\\u0000", ""]);
        let _ = write!(header, "\"__metadata__\":{{\"l2t.source\":\"{notes}\"}},");
    }
    // Most have one oddity or none, so that it is met behind what is checked first.
    let odd = [dice.below(2 * torch::smaller().len()), dice.below(4 * torch::smaller().len())];
    for (nth, (name, shape)) in torch::smaller().iter().enumerate() {
        let odd = odd.contains(&nth);
        let mut shape = shape.clone();
        let kind = if odd && dice.once_in(2) {
            dice.choose(&["F64", "F16", "BF16", "I64", "U8", "BOOL", "F8_E5M2", "F4", "X"])
        } else {
            "F32"
        };
        if odd && dice.once_in(2) && !shape.is_empty() {
            let axis = dice.below(shape.len());
            shape[axis] = if dice.once_in(2) { dice.edge() as usize } else { dice.below(5) };
        }
        let width = match kind {
            "F64" | "I64" => 8,
            "F16" | "BF16" => 2,
            "F32" => 4,
            _ => 1,
        };
        let count = shape.iter().try_fold(width, |all: usize, side| all.checked_mul(*side)).unwrap_or(4);
        let end = if odd && dice.once_in(4) { dice.edge() as usize } else { at.saturating_add(count) };
        let start = if odd && dice.once_in(4) { dice.edge() as usize } else { at };
        let _ =
            write!(header, "\"{name}\":{{\"dtype\":\"{kind}\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}},");
        at = end.min(1 << 20);
    }
    header.pop();
    header.push('}');
    let length = if dice.once_in(20) { dice.edge() } else { header.len() as u64 };
    let fill = dice.any::<u8>() & 0x3f;
    [&length.to_le_bytes()[..], header.as_bytes(), &vec![fill; if dice.once_in(20) { dice.below(at + 9) } else { at }]]
        .concat()
}
