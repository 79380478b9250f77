// Σ ȳ ∗ x over one or two terms (x, ȳ), as the matrix product [O, B·H'·W'] · [B·H'·W', C·K²]. Its sum is long and its result
// small, so that it is cut into runs of output pixels, one a workgroup along z; their results are added up afterwards.

const KERNEL: u32 = {{ kernel }}u;
const TAPS: u32 = KERNEL * KERNEL;
const TERMS: u32 = {{ terms }}u;

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
    run: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> x0: array<f32>; // [B, C, H, W]
@group(0) @binding(1) var<storage, {{ read }}> y0: array<f32>; // [B, O, H', W']
@group(0) @binding(2) var<storage, {{ read }}> x1: array<f32>; // the second term's, or the first's again
@group(0) @binding(3) var<storage, {{ read }}> y1: array<f32>;
@group(0) @binding(4) var<storage, read_write> w_bar: array<f32>; // [runs, O, C, K, K]
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let area = sizes.out_height * sizes.out_width;
    let columns = sizes.channels * TAPS;
    let first_row = group.y * ROWS;
    let first_column = group.x * COLUMNS;
    let last = min((group.z + 1u) * sizes.run, sizes.batch * area);

    var sums: Sums;
    for (var term = 0u; term < TERMS; term++) {
        for (var k0 = group.z * sizes.run; k0 < last; k0 += DEPTH) {
            // This invocation gathers at one output pixel.
            let pixel = k0 + lane % DEPTH;
            let image = pixel / area;
            let place = pixel % area;
            let top = i32(place / sizes.out_width * sizes.stride) - i32(sizes.padding);
            let edge = i32(place % sizes.out_width * sizes.stride) - i32(sizes.padding);
            for (var i = lane / DEPTH; i < COLUMNS; i += LANES / DEPTH) {
                let n = first_column + i;
                let row = top + i32(n % TAPS / KERNEL);
                let column = edge + i32(n % KERNEL);
                var value = 0.0;
                if pixel < last && n < columns && u32(row) < sizes.height && u32(column) < sizes.width {
                    let at = ((image * sizes.channels + n / TAPS) * sizes.height + u32(row)) * sizes.width + u32(column);
                    if TERMS == 2u && term == 1u {
                        value = x1[at];
                    } else {
                        value = x0[at];
                    }
                }
                right[lane % DEPTH * RIGHT + i] = value;
            }
            for (var i = lane / DEPTH; i < ROWS; i += LANES / DEPTH) {
                let filter_row = first_row + i;
                var value = 0.0;
                if pixel < last && filter_row < sizes.filters {
                    let at = (image * sizes.filters + filter_row) * area + place;
                    if TERMS == 2u && term == 1u {
                        value = y1[at];
                    } else {
                        value = y0[at];
                    }
                }
                left[lane % DEPTH * LEFT + i] = value;
            }
            workgroupBarrier();
            add_product(lane, &sums);
            workgroupBarrier();
        }
    }

    for (var j = 0u; j < 8u; j++) {
        let n = first_column + tile_column(lane, j);
        for (var i = 0u; i < 8u; i++) {
            let filter_row = first_row + tile_row(lane, i);
            if n < columns && filter_row < sizes.filters {
                w_bar[(group.z * sizes.filters + filter_row) * columns + n] = sums[2u * i + j / 4u][j % 4u];
            }
        }
    }
}
