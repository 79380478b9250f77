// Σ Wᵀ ∗ ȳ over one or two terms (ȳ, W) by tiles: [C, O·K²] · [O·K², B·H·W]; an input pixel gathers the output pixels that it reached.

@group(0) @binding(0) var<storage, {{ read }}> y0: array<f32>; // [B, O, H', W']
@group(0) @binding(1) var<storage, {{ read }}> w0: array<f32>; // [O, C, K, K]
@group(0) @binding(2) var<storage, {{ read }}> y1: array<f32>; // the second term's, or the first's again
@group(0) @binding(3) var<storage, {{ read }}> w1: array<f32>;
@group(0) @binding(4) var<storage, read_write> x_bar: array<f32>; // [B, C, H, W]
@group(0) @binding(5) var<uniform> sizes: Sizes;

// An input pixel, counted from the first pixel of padding, and where its image's first map begins; none behind the last.
struct Column {
    row: i32,
    column: i32,
    at: u32,
    is_there: bool,
}

fn column(pixel: u32) -> Column {
    let area = sizes.height * sizes.width;
    return Column(
        i32(pixel % area / sizes.width + sizes.padding),
        i32(pixel % sizes.width + sizes.padding),
        pixel / area * (sizes.filters * sizes.out_height * sizes.out_width),
        pixel < sizes.batch * area,
    );
}

fn left(term: u32, row: u32, k: u32) -> f32 {
    if row >= sizes.channels {
        return 0.0;
    }
    let at = (k / TAPS * sizes.channels + row) * TAPS + k % TAPS;
    if term == 1u {
        return w1[at];
    }
    return w0[at];
}

// Tap (k, l) of the kernel took input pixel (i, j) to output pixel ((i + p − k) / s, (j + p − l) / s), where that has no remainder.
fn right(term: u32, pixel: Column, k: u32) -> f32 {
    let stride = i32(sizes.stride);
    let row = pixel.row - i32(k % TAPS / KERNEL);
    let column = pixel.column - i32(k % KERNEL);
    let inside = row >= 0 && column >= 0 && row % stride == 0 && column % stride == 0
        && u32(row / stride) < sizes.out_height && u32(column / stride) < sizes.out_width;
    if !(inside && pixel.is_there) {
        return 0.0;
    }
    let at = pixel.at + (k / TAPS * sizes.out_height + u32(row / stride)) * sizes.out_width + u32(column / stride);
    if term == 1u {
        return y1[at];
    }
    return y0[at];
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let sums = product(group, lane, 0u, sizes.filters * TAPS);
    let area = sizes.height * sizes.width;
    for (var j = 0u; j < 4u; j++) {
        let pixel = group.x * SIDE + lane % LANES + j * LANES;
        for (var i = 0u; i < 4u; i++) {
            let row = group.y * SIDE + lane / LANES * 4u + i;
            if pixel < sizes.batch * area && row < sizes.channels {
                x_bar[(pixel / area * sizes.channels + row) * area + pixel % area] = sums[i][j];
            }
        }
    }
}
