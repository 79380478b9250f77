//! Which family of kernels computes a product, and who says so.

use std::sync::OnceLock;

use super::Shape;
use crate::gpu::{AdapterClass, Gpu};

/// A way to compute the three products of a convolution on a GPU. All give the same numbers, but for the order of their sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Outer products in registers, whose factors are read through the caches: for software drivers.
    Registers,
    /// Tiles in workgroup memory: for hardware.
    Tiled,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Registers, Self::Tiled];

    /// What to call it, also where it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registers => "registers",
            Self::Tiled => "tiled",
        }
    }

    /// The family called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }
}

/// The family for a product of this shape.
///
/// Software: measured on lavapipe and SwiftShader, where barriers leave tiles at a third of the speed. Hardware: by reasoning alone, since
/// no adapter was to be had. A tile reads a factor from memory once where registers read it sixteen times, so tiles should win wherever
/// most of a tile of 32 × 32 is of use; thin products, which leave it empty, stay in registers. `l2t bench --kernels` times both.
pub fn family(adapter: AdapterClass, shape: Shape) -> Family {
    let fills_a_tile = shape.rows >= 16 && shape.columns >= 16 && shape.depth >= 16;
    match adapter {
        AdapterClass::Hardware if fills_a_tile => Family::Tiled,
        _ => Family::Registers,
    }
}

/// What was asked for, for all devices of the process.
static CHOSEN: OnceLock<Family> = OnceLock::new();

/// From here on every product is computed by `family`, whatever its shape and the device; the first choice holds.
///
/// The variable `L2T_KERNELS` does so for a program.
pub fn choose(family: Family) {
    // A second choice is refused without a word: kernels may be compiled already.
    let _ = CHOSEN.set(family);
}

/// The family for a product of this shape on the device of `x`, unless another was chosen.
pub(super) fn on(x: &Gpu, shape: Shape) -> Family {
    CHOSEN.get().copied().unwrap_or_else(|| family(AdapterClass::of(x), shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_takes_tiles_for_what_fills_them_and_software_never() {
        let wide = Shape { rows: 64, columns: 32 * 1024, depth: 576 };
        assert_eq!(family(AdapterClass::Hardware, wide), Family::Tiled);
        assert_eq!(family(AdapterClass::Software, wide), Family::Registers);
        for thin in [Shape { rows: 10, ..wide }, Shape { columns: 9, ..wide }, Shape { depth: 3, ..wide }] {
            assert_eq!(family(AdapterClass::Hardware, thin), Family::Registers, "{thin:?}");
        }
        for family in Family::ALL {
            assert_eq!(Family::parse(family.name()), Some(family));
        }
        assert_eq!(Family::parse("Tiled"), None);
    }
}
