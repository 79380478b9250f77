// Σ W ∗ x over one or two terms (x, W), as the matrix product [O, C·K²] · [C·K², B·H'·W'] whose right factor, the patches of
// x, is never in memory: a workgroup gathers the piece it needs. Tiles of columns along x, of rows along y.

const KERNEL: u32 = {{ kernel }}u;
const TAPS: u32 = KERNEL * KERNEL;
const TERMS: u32 = {{ terms }}u;
const GATHERED: u32 = (COLUMNS + LANES - 1u) / LANES;
// A row that is in no image.
const OUTSIDE: i32 = -16777216;

struct Sizes {
    batch: u32,
    channels: u32,
    height: u32,
    width: u32,
    filters: u32,
    out_height: u32,
    out_width: u32,
    stride: u32,
    padding: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> x0: array<f32>; // [B, C, H, W]
@group(0) @binding(1) var<storage, {{ read }}> w0: array<f32>; // [O, C, K, K]
@group(0) @binding(2) var<storage, {{ read }}> x1: array<f32>; // the second term's, or the first's again
@group(0) @binding(3) var<storage, {{ read }}> w1: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [B, O, H', W']
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let area = sizes.out_height * sizes.out_width;
    let columns = sizes.batch * area;
    let depth = sizes.channels * TAPS;
    let first_row = group.y * ROWS;
    let first_column = group.x * COLUMNS;
    // This invocation gathers the patches of GATHERED columns, which are output pixels.
    var tops: array<i32, GATHERED>;
    var edges: array<i32, GATHERED>;
    var images: array<u32, GATHERED>;
    for (var g = 0u; g < GATHERED; g++) {
        let pixel = first_column + g * LANES + lane;
        let top = i32(pixel % area / sizes.out_width * sizes.stride) - i32(sizes.padding);
        tops[g] = select(OUTSIDE, top, pixel < columns);
        edges[g] = i32(pixel % sizes.out_width * sizes.stride) - i32(sizes.padding);
        images[g] = pixel / area * sizes.channels;
    }

    var sums: Sums;
    for (var term = 0u; term < TERMS; term++) {
        for (var k0 = 0u; k0 < depth; k0 += DEPTH) {
            for (var r = 0u; r < DEPTH; r++) {
                let k = k0 + r;
                for (var g = 0u; g < GATHERED; g++) {
                    // A negative number is a large one without its sign.
                    let row = u32(tops[g] + i32(k % TAPS / KERNEL));
                    let column = u32(edges[g] + i32(k % KERNEL));
                    var value = 0.0;
                    if k < depth && row < sizes.height && column < sizes.width {
                        let at = ((images[g] + k / TAPS) * sizes.height + row) * sizes.width + column;
                        if TERMS == 2u && term == 1u {
                            value = x1[at];
                        } else {
                            value = x0[at];
                        }
                    }
                    if g * LANES + lane < COLUMNS {
                        right[r * RIGHT + g * LANES + lane] = value;
                    }
                }
            }
            for (var i = lane; i < ROWS * DEPTH; i += LANES) {
                let k = k0 + i % DEPTH;
                let filter_row = first_row + i / DEPTH;
                var value = 0.0;
                if k < depth && filter_row < sizes.filters {
                    if TERMS == 2u && term == 1u {
                        value = w1[filter_row * depth + k];
                    } else {
                        value = w0[filter_row * depth + k];
                    }
                }
                left[i % DEPTH * LEFT + i / DEPTH] = value;
            }
            workgroupBarrier();
            add_product(lane, &sums);
            workgroupBarrier();
        }
    }

    for (var j = 0u; j < 8u; j++) {
        let out = first_column + tile_column(lane, j);
        for (var i = 0u; i < 8u; i++) {
            let filter_row = first_row + tile_row(lane, i);
            if out < columns && filter_row < sizes.filters {
                y[(out / area * sizes.filters + filter_row) * area + out % area] = sums[2u * i + j / 4u][j % 4u];
            }
        }
    }
}
