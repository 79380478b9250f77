//! By tiles in workgroup memory.

use super::{Launched, MOST_BESIDE, Shape, runs_of};
use crate::gpu::Wgsl;

const ALONG_COLUMNS: &str = concat!(
    include_str!("../../../wgsl/shared/convolution.wgsl"),
    include_str!("../../../wgsl/shared/tiles.wgsl"),
    include_str!("../../../wgsl/shared/tiles_along_columns.wgsl")
);
const ALONG_SUM: &str = concat!(
    include_str!("../../../wgsl/shared/convolution.wgsl"),
    include_str!("../../../wgsl/shared/tiles.wgsl"),
    include_str!("../../../wgsl/shared/tiles_along_sum.wgsl")
);
pub(super) const CONVOLVE: Wgsl =
    Wgsl::new("tiled_convolve", include_str!("../../../wgsl/tiled_convolve.wgsl")).sharing(ALONG_COLUMNS);
pub(super) const INPUT_GRADIENT: Wgsl =
    Wgsl::new("tiled_convolve_input_gradient", include_str!("../../../wgsl/tiled_convolve_input_gradient.wgsl"))
        .sharing(ALONG_COLUMNS);
pub(super) const WEIGHT_GRADIENT: Wgsl =
    Wgsl::new("tiled_convolve_weight_gradient", include_str!("../../../wgsl/tiled_convolve_weight_gradient.wgsl"))
        .sharing(ALONG_SUM);

/// Workgroups of large tiles that keep a GPU busy; where there are fewer, tiles are small.
const ENOUGH_LARGE: usize = 128;
/// Least output pixels in a run of the weight gradient: so many tiles deep that adding up the runs costs little beside them.
const SHORTEST_RUN: usize = 512;

/// Invocations along either side of a workgroup; its tile has four times as many elements along either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tile {
    /// 32 × 32 elements.
    Small,
    /// 64 × 64 elements.
    Large,
}

impl Tile {
    fn lanes(self) -> usize {
        match self {
            Self::Small => 8,
            Self::Large => 16,
        }
    }

    /// Workgroups beside and above each other.
    fn count(self, shape: Shape) -> [usize; 2] {
        let side = 4 * self.lanes();
        [shape.columns.div_ceil(side), shape.rows.div_ceil(side)]
    }

    /// Large ones, unless they would leave processors without work or are mostly empty.
    pub fn of(shape: Shape) -> Self {
        let [columns, rows] = Self::Large.count(shape);
        if rows * columns >= ENOUGH_LARGE && shape.rows > 32 { Self::Large } else { Self::Small }
    }
}

/// `kernel` on a product of this shape, whose larger operand has `largest` elements; `None` where WebGPU does not run so many workgroups
/// beside each other.
pub(super) fn launched(kernel: Wgsl, shape: Shape, largest: usize, size: usize) -> Option<Launched> {
    let tile = Tile::of(shape);
    let [columns, rows] = tile.count(shape);
    let (run, runs) = if kernel.name == WEIGHT_GRADIENT.name {
        // The results of all runs take no more memory than what they are computed from: a device may see no more at once.
        let most = (largest / (shape.rows * shape.columns)).max(1);
        runs_of(shape.depth, columns * rows, SHORTEST_RUN.max(shape.depth.div_ceil(most)))
    } else {
        (shape.depth, 1)
    };
    let kernel = with(kernel, tile, size);
    (columns <= MOST_BESIDE).then_some(Launched { kernel, groups: [columns, rows, runs], run, row_lanes: 1 })
}

fn with(mut kernel: Wgsl, tile: Tile, size: usize) -> Wgsl {
    kernel.workgroup = (tile.lanes() * tile.lanes()) as u32;
    let constants = [("kernel", size), ("lanes", tile.lanes())];
    kernel.constants = constants.map(|(name, value)| (name, value as u32)).to_vec();
    kernel
}

/// All of them, in some of their variants.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    let variants = [(Tile::Small, 1), (Tile::Large, 3), (Tile::Large, 7)];
    let all = [CONVOLVE, INPUT_GRADIENT, WEIGHT_GRADIENT];
    all.into_iter().flat_map(|kernel| variants.map(|(tile, size)| with(kernel.clone(), tile, size))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_large_where_there_are_many_and_rows_fill_them() {
        assert_eq!(Tile::of(Shape { rows: 64, columns: 64 * 128, depth: 9 }), Tile::Large);
        assert_eq!(Tile::of(Shape { rows: 64, columns: 64 * 127, depth: 9 }), Tile::Small);
        assert_eq!(Tile::of(Shape { rows: 32, columns: 1 << 20, depth: 9 }), Tile::Small);
    }

    #[test]
    fn more_workgroups_than_webgpu_runs_are_not_asked_for() {
        let shape = |columns| Shape { rows: 64, columns, depth: 27 };
        assert!(launched(CONVOLVE, shape(65_535 * 64), 1, 3).is_some());
        assert!(launched(CONVOLVE, shape(65_535 * 64 + 1), 1, 3).is_none());
    }

    #[test]
    fn runs_take_no_more_memory_than_what_they_are_computed_from() {
        let shape = Shape { rows: 64, columns: 576, depth: 1 << 16 };
        let runs = |largest| launched(WEIGHT_GRADIENT, shape, largest, 3).unwrap().groups[2];
        assert_eq!([1, 64 * 576, 4 * 64 * 576].map(runs), [1, 1, 4]);
        assert!(runs(1 << 22) > 4);
    }
}
