// Σ W ∗ x [+ b] over one or two terms (x, W) by tiles: [O, C·K²] · [C·K², B·H'·W'], the patches of x gathered tile by tile.

@group(0) @binding(0) var<storage, {{ read }}> x0: array<f32>; // [B, C, H, W]
@group(0) @binding(1) var<storage, {{ read }}> w0: array<f32>; // [O, C, K, K]
@group(0) @binding(2) var<storage, {{ read }}> x1: array<f32>; // the second term's, or the first's again
@group(0) @binding(3) var<storage, {{ read }}> w1: array<f32>;
@group(0) @binding(4) var<storage, {{ read }}> bias: array<f32>; // [O], or anything where there is none
@group(0) @binding(5) var<storage, read_write> y: array<f32>; // [B, O, H', W']
@group(0) @binding(6) var<uniform> sizes: Sizes;

// The patch of an output pixel: its first pixel, from where it is read in the first channel; none behind the last.
struct Column {
    top: i32,
    edge: i32,
    at: i32,
    is_there: bool,
}

fn column(pixel: u32) -> Column {
    let area = sizes.out_height * sizes.out_width;
    let top = i32(pixel % area / sizes.out_width * sizes.stride) - i32(sizes.padding);
    let edge = i32(pixel % sizes.out_width * sizes.stride) - i32(sizes.padding);
    let image = i32(pixel / area * (sizes.channels * sizes.height * sizes.width));
    return Column(top, edge, image + top * i32(sizes.width) + edge, pixel < sizes.batch * area);
}

fn left(term: u32, row: u32, k: u32) -> f32 {
    if row >= sizes.filters {
        return 0.0;
    }
    let at = row * sizes.channels * TAPS + k;
    if term == 1u {
        return w1[at];
    }
    return w0[at];
}

fn right(term: u32, window: Column, k: u32) -> f32 {
    let row = k % TAPS / KERNEL;
    let column = k % KERNEL;
    // A negative number is a large one without its sign.
    let inside = u32(window.top + i32(row)) < sizes.height && u32(window.edge + i32(column)) < sizes.width;
    if !(inside && window.is_there) {
        return 0.0;
    }
    let at = u32(window.at + i32((k / TAPS * sizes.height + row) * sizes.width + column));
    if term == 1u {
        return x1[at];
    }
    return x0[at];
}

fn bias_of(row: u32) -> f32 {
    if sizes.biased == 1u {
        return bias[row];
    }
    return 0.0;
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let sums = product(group, lane, 0u, sizes.channels * TAPS);
    let area = sizes.out_height * sizes.out_width;
    for (var j = 0u; j < 4u; j++) {
        let pixel = group.x * SIDE + lane % LANES + j * LANES;
        for (var i = 0u; i < 4u; i++) {
            let row = group.y * SIDE + lane / LANES * 4u + i;
            if pixel < sizes.batch * area && row < sizes.filters {
                y[(pixel / area * sizes.filters + row) * area + pixel % area] = sums[i][j] + bias_of(row);
            }
        }
    }
}
