// Σ Wᵀ ∗ ȳ over one or two terms (ȳ, W), as the matrix product [C, O·K²] · [O·K², B·H·W]: an input pixel gathers the output
// pixels that it reached. Tiles of columns along x, of rows along y.

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

@group(0) @binding(0) var<storage, {{ read }}> y0: array<f32>; // [B, O, H', W']
@group(0) @binding(1) var<storage, {{ read }}> w0: array<f32>; // [O, C, K, K]
@group(0) @binding(2) var<storage, {{ read }}> y1: array<f32>; // the second term's, or the first's again
@group(0) @binding(3) var<storage, {{ read }}> w1: array<f32>;
@group(0) @binding(4) var<storage, read_write> x_bar: array<f32>; // [B, C, H, W]
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let area = sizes.height * sizes.width;
    let columns = sizes.batch * area;
    let depth = sizes.filters * TAPS;
    let first_row = group.y * ROWS;
    let first_column = group.x * COLUMNS;
    // This invocation gathers for GATHERED columns, which are input pixels.
    var bottoms: array<i32, GATHERED>;
    var ends: array<i32, GATHERED>;
    var images: array<u32, GATHERED>;
    for (var g = 0u; g < GATHERED; g++) {
        let pixel = first_column + g * LANES + lane;
        let bottom = i32(pixel % area / sizes.width) + i32(sizes.padding);
        bottoms[g] = select(OUTSIDE, bottom, pixel < columns);
        ends[g] = i32(pixel % sizes.width) + i32(sizes.padding);
        images[g] = pixel / area * sizes.filters;
    }
    let stride = i32(sizes.stride);

    var sums: Sums;
    for (var term = 0u; term < TERMS; term++) {
        for (var k0 = 0u; k0 < depth; k0 += DEPTH) {
            for (var r = 0u; r < DEPTH; r++) {
                let k = k0 + r;
                for (var g = 0u; g < GATHERED; g++) {
                    let row = bottoms[g] - i32(k % TAPS / KERNEL);
                    let column = ends[g] - i32(k % KERNEL);
                    let out_row = u32(row / stride);
                    let out_column = u32(column / stride);
                    var value = 0.0;
                    if k < depth && row >= 0 && column >= 0 && row % stride == 0 && column % stride == 0
                        && out_row < sizes.out_height && out_column < sizes.out_width {
                        let at = ((images[g] + k / TAPS) * sizes.out_height + out_row) * sizes.out_width + out_column;
                        if TERMS == 2u && term == 1u {
                            value = y1[at];
                        } else {
                            value = y0[at];
                        }
                    }
                    if g * LANES + lane < COLUMNS {
                        right[r * RIGHT + g * LANES + lane] = value;
                    }
                }
            }
            for (var i = lane; i < ROWS * DEPTH; i += LANES) {
                let k = k0 + i % DEPTH;
                let channel = first_row + i / DEPTH;
                var value = 0.0;
                if k < depth && channel < sizes.channels {
                    let at = (k / TAPS * sizes.channels + channel) * TAPS + k % TAPS;
                    if TERMS == 2u && term == 1u {
                        value = w1[at];
                    } else {
                        value = w0[at];
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
            let channel = first_row + tile_row(lane, i);
            if out < columns && channel < sizes.channels {
                x_bar[(out / area * sizes.channels + channel) * area + out % area] = sums[2u * i + j / 4u][j % 4u];
            }
        }
    }
}
