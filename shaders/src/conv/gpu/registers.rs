//! By outer products in registers: every factor of every term is read from memory, through the caches. What a kernel's text depends on
//! is the size of its tile and the number of terms; the tile's shape and the size of the convolution's kernel are told at each launch.

use super::{Launched, MOST_BESIDE, runs_of};
use crate::conv::Geometry;
use crate::gpu::Wgsl;

/// What the two kernels share that gather patches for pixels.
const PATCHES: &str = concat!(
    include_str!("../../../wgsl/shared/convolution.wgsl"),
    include_str!("../../../wgsl/shared/blocks.wgsl"),
    include_str!("../../../wgsl/shared/patches.wgsl")
);
const BLOCKS: &str =
    concat!(include_str!("../../../wgsl/shared/convolution.wgsl"), include_str!("../../../wgsl/shared/blocks.wgsl"));
const CONVOLVE: Wgsl = Wgsl::new("convolve", include_str!("../../../wgsl/convolve.wgsl")).sharing(PATCHES);
const INPUT_GRADIENT: Wgsl =
    Wgsl::new("convolve_input_gradient", include_str!("../../../wgsl/convolve_input_gradient.wgsl")).sharing(PATCHES);
const WEIGHT_GRADIENT: Wgsl =
    Wgsl::new("convolve_weight_gradient", include_str!("../../../wgsl/convolve_weight_gradient.wgsl")).sharing(BLOCKS);

/// Invocations of a workgroup.
const LANES: usize = 64;
/// With fewer workgroups than this, smaller tiles: a device with idle processors is slower than one that reads more often.
/// Found on a software driver with two processors; a large GPU may want more.
const FEW_GROUPS: usize = 4;
/// Least output pixels in a run of the weight gradient: sixteen of each invocation.
const SHORTEST_RUN: usize = 16 * LANES;
/// Least output pixels of an invocation where others share its sum.
const LONG_ENOUGH: usize = 16;
/// Largest kernel: which of its rows and columns lie inside the image is kept in 32 bits.
pub const LARGEST: usize = 16;

/// All of them, in some of their variants.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    let all = [CONVOLVE, INPUT_GRADIENT, WEIGHT_GRADIENT];
    all.into_iter()
        .flat_map(|kernel| [(1, 1), (1, 2), (2, 1), (2, 2)].map(|variant| with(kernel.clone(), variant)))
        .collect()
}

/// How workgroups cover a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tiles {
    /// Blocks of 4 × 4 elements along either side of what an invocation computes.
    pub blocks: usize,
    /// Of a workgroup's invocations, how many lie above each other.
    pub row_lanes: usize,
}

impl Tiles {
    /// The shape that covers `rows` × `columns` with the fewest workgroups: every shape of one size has the same area.
    /// Of equals the one that was fastest, of those that have no more workgroups beside each other than WebGPU runs.
    fn covering(rows: usize, columns: usize) -> Self {
        let shape = |blocks: usize| {
            let shapes = [4, 8, 2, 1].map(|row_lanes| Self { blocks, row_lanes });
            let count = |tiles: &Self| tiles.count(rows, columns);
            let cost = |tiles: &Self| (count(tiles)[0] > MOST_BESIDE, count(tiles).iter().product::<usize>());
            shapes.into_iter().min_by_key(cost).map(|tiles| (cost(&tiles).1, tiles)).expect("there are shapes")
        };
        let (groups, tiles) = shape(2);
        if groups < FEW_GROUPS { shape(1).1 } else { tiles }
    }

    /// Workgroups along x and y.
    fn count(self, rows: usize, columns: usize) -> [usize; 2] {
        let side = 4 * self.blocks;
        [columns.div_ceil(side * LANES / self.row_lanes), rows.div_ceil(side * self.row_lanes)]
    }
}

/// Which of a kernel's variants a product takes on a GPU, and how it is launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variant {
    /// The kernel.
    pub kernel: &'static str,
    /// Side of the convolution's kernel in pixels.
    pub size: usize,
    /// How the result is covered.
    pub tiles: Tiles,
    /// Output pixels in a run, where the sum over them is cut up.
    run: usize,
    /// Workgroups along x, y and z; along z the runs.
    groups: [usize; 3],
}

impl Variant {
    /// Of [`crate::conv::convolve`] of these shapes; `None` where Burn's own convolution is taken instead.
    pub fn of_convolve(x: [usize; 4], w: [usize; 4], geometry: Geometry) -> Option<Self> {
        let [filters, _, size, _] = w;
        let columns = x[0] * geometry.output(x[2], size) * geometry.output(x[3], size);
        Self::covering(CONVOLVE.name, size, filters, columns)
    }

    /// Of [`crate::conv::input_gradient`].
    pub fn of_input_gradient(x: [usize; 4], w: [usize; 4]) -> Option<Self> {
        let [batch, channels, height, width] = x;
        Self::covering(INPUT_GRADIENT.name, w[2], channels, batch * height * width)
    }

    /// Of [`crate::conv::weight_gradient`].
    pub fn of_weight_gradient(x: [usize; 4], w: [usize; 4], geometry: Geometry) -> Option<Self> {
        let [filters, channels, size, _] = w;
        let pixels = x[0] * geometry.output(x[2], size) * geometry.output(x[3], size);
        let tiles = Tiles { blocks: 2, row_lanes: LANES / sharing(pixels) };
        let (columns, rows) = ((channels * size * size).div_ceil(8 * tiles.row_lanes), filters.div_ceil(8));
        let (run, runs) = runs_of(pixels, columns * rows, SHORTEST_RUN);
        let found = Self { kernel: WEIGHT_GRADIENT.name, size, tiles, run, groups: [columns, rows, runs] };
        (size <= LARGEST).then_some(found)
    }

    fn covering(kernel: &'static str, size: usize, rows: usize, columns: usize) -> Option<Self> {
        let tiles = Tiles::covering(rows, columns);
        let [x, y] = tiles.count(rows, columns);
        (size <= LARGEST).then_some(Self { kernel, size, tiles, run: columns, groups: [x, y, 1] })
    }

    /// Runs that the sum over output pixels is cut into: several only in a weight gradient.
    pub fn runs(self) -> usize {
        self.groups[2]
    }

    /// The kernel to launch for so many terms.
    pub(super) fn launched(self, terms: usize) -> Launched {
        let all = [CONVOLVE, INPUT_GRADIENT, WEIGHT_GRADIENT];
        let kernel = all.into_iter().find(|kernel| kernel.name == self.kernel).expect("a variant is one of them");
        let Tiles { blocks, row_lanes } = self.tiles;
        Launched { kernel: with(kernel, (blocks, terms)), groups: self.groups, run: self.run, row_lanes }
    }
}

fn with(mut kernel: Wgsl, (blocks, terms): (usize, usize)) -> Wgsl {
    kernel.constants = vec![("blocks", blocks as u32), ("terms", terms as u32)];
    kernel
}

/// How many invocations share the sum over `pixels` for an element of the weight gradient: as many as have a long enough
/// sum of their own to make up for adding theirs up.
fn sharing(pixels: usize) -> usize {
    [64, 16].into_iter().find(|lanes| pixels >= LONG_ENOUGH * lanes).unwrap_or(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16 million pixels are more than 65,535 workgroups of the shape that is fastest.
    #[test]
    fn many_pixels_have_no_more_workgroups_beside_each_other_than_there_may_be() {
        for filters in [3, 16, 64, 70] {
            for pixels in [1 << 23, 1 << 24, 65_535 * 512] {
                let tiles = Tiles::covering(filters, pixels);
                assert!(
                    tiles.count(filters, pixels)[0] <= MOST_BESIDE,
                    "{filters} filters, {pixels} pixels: {tiles:?}"
                );
            }
        }
        assert_eq!(Tiles::covering(64, 1 << 16), Tiles { blocks: 2, row_lanes: 4 }, "as it was where there are few");
    }
}
