// Σ ȳ ∗ x over one or two terms (x, ȳ) by tiles: [O, B·H'·W'] · [B·H'·W', C·K²]. Its sum is long and its result small, so it is cut into
// runs of output pixels, a workgroup along z each, whose results are added up by another kernel.

@group(0) @binding(0) var<storage, {{ read }}> x0: array<f32>; // [B, C, H, W]
@group(0) @binding(1) var<storage, {{ read }}> y0: array<f32>; // [B, O, H', W']
@group(0) @binding(2) var<storage, {{ read }}> x1: array<f32>; // the second term's, or the first's again
@group(0) @binding(3) var<storage, {{ read }}> y1: array<f32>;
@group(0) @binding(4) var<storage, read_write> w_bar: array<f32>; // [runs, O, C, K, K]
@group(0) @binding(5) var<uniform> sizes: Sizes;

// (c, k, l); none behind the last.
struct Column {
    channel: u32,
    row: i32,
    column: i32,
    is_there: bool,
}

fn column(n: u32) -> Column {
    return Column(n / TAPS, i32(n % TAPS / KERNEL), i32(n % KERNEL), n < sizes.channels * TAPS);
}

fn left(term: u32, row: u32, pixel: u32) -> f32 {
    if row >= sizes.filters {
        return 0.0;
    }
    let area = sizes.out_height * sizes.out_width;
    let at = (pixel / area * sizes.filters + row) * area + pixel % area;
    if term == 1u {
        return y1[at];
    }
    return y0[at];
}

fn right(term: u32, tap: Column, pixel: u32) -> f32 {
    let area = sizes.out_height * sizes.out_width;
    let row = i32(pixel % area / sizes.out_width * sizes.stride) - i32(sizes.padding) + tap.row;
    let column = i32(pixel % sizes.out_width * sizes.stride) - i32(sizes.padding) + tap.column;
    // A negative number is a large one without its sign.
    if !(tap.is_there && u32(row) < sizes.height && u32(column) < sizes.width) {
        return 0.0;
    }
    let map = pixel / area * sizes.channels + tap.channel;
    let at = (map * sizes.height + u32(row)) * sizes.width + u32(column);
    if term == 1u {
        return x1[at];
    }
    return x0[at];
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let begin = group.z * sizes.run;
    let pixels = sizes.batch * sizes.out_height * sizes.out_width;
    let sums = product(group, lane, begin, min(begin + sizes.run, pixels));
    let depth = sizes.channels * TAPS;
    for (var j = 0u; j < 4u; j++) {
        let column = group.x * SIDE + lane % LANES + j * LANES;
        for (var i = 0u; i < 4u; i++) {
            let row = group.y * SIDE + lane / LANES * 4u + i;
            if row < sizes.filters && column < depth {
                w_bar[(group.z * sizes.filters + row) * depth + column] = sums[i][j];
            }
        }
    }
}
