// Σ Wᵀ ∗ ȳ over one or two terms (ȳ, W), as the matrix product [C, O·K²] · [O·K², B·H·W]: an input pixel gathers the output
// pixels that it reached. Invocations along columns, which are input pixels, lie beside each other; rows are channels.

@group(0) @binding(0) var<storage, {{ read }}> y0: array<f32>; // [B, O, H', W']
@group(0) @binding(1) var<storage, {{ read }}> w0: array<f32>; // [O, C, K, K]
@group(0) @binding(2) var<storage, {{ read }}> y1: array<f32>; // the second term's, or the first's again
@group(0) @binding(3) var<storage, {{ read }}> w1: array<f32>;
@group(0) @binding(4) var<storage, read_write> x_bar: array<f32>; // [B, C, H, W]
@group(0) @binding(5) var<uniform> sizes: Sizes;

// The output pixels that four input pixels reached. Input row i is in the patch of output row (i + p − k) / s for tap k
// where that has no remainder, and then it is ⌊(i + p) / s⌋ − ⌊k / s⌋.
fn patches(first: u32) -> Patches {
    let pixel = four(first, column_lanes());
    let area = sizes.height * sizes.width;
    let stride = sizes.stride;
    let row = pixel % area / sizes.width + sizes.padding;
    let column = pixel % sizes.width + sizes.padding;
    let inside = pixel < vec4<u32>(sizes.batch * area);
    var lines = vec4<u32>();
    for (var k = 0u; k < sizes.kernel; k++) {
        // A negative number is a large one without its sign.
        let in_rows = row / stride - k / stride < vec4<u32>(sizes.out_height);
        let in_columns = column / stride - k / stride < vec4<u32>(sizes.out_width);
        let reached_row = (row % stride == vec4<u32>(k % stride)) & in_rows & inside;
        let reached_column = (column % stride == vec4<u32>(k % stride)) & in_columns;
        lines |= select(vec4<u32>(0u), vec4<u32>(1u << k), reached_row);
        lines |= select(vec4<u32>(0u), vec4<u32>(1u << (16u + k)), reached_column);
    }
    let image = pixel / area * (sizes.filters * sizes.out_height * sizes.out_width);
    return Patches(vec4<i32>(image + row / stride * sizes.out_width + column / stride), lines);
}

fn gather0(patches: Patches, lines: u32, shift: i32) -> vec4<f32> {
    let at = places(patches, lines, shift);
    return select(vec4<f32>(), vec4<f32>(y0[at.x], y0[at.y], y0[at.z], y0[at.w]), has(patches, lines));
}

fn gather1(patches: Patches, lines: u32, shift: i32) -> vec4<f32> {
    let at = places(patches, lines, shift);
    return select(vec4<f32>(), vec4<f32>(y1[at.x], y1[at.y], y1[at.z], y1[at.w]), has(patches, lines));
}

// Where the weights of four channels begin in a filter; those behind the last are the last one's.
fn channels(first: u32) -> vec4<u32> {
    return min(four(first, 1u), vec4<u32>(sizes.channels - 1u)) * (sizes.kernel * sizes.kernel);
}

fn weights0(at: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(w0[at.x], w0[at.y], w0[at.z], w0[at.w]);
}

fn weights1(at: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(w1[at.x], w1[at.y], w1[at.z], w1[at.w]);
}

fn write(block: mat4x4<f32>, first_channel: u32, first_pixel: u32) {
    let area = sizes.height * sizes.width;
    for (var j = 0u; j < 4u; j++) {
        let pixel = first_pixel + j * column_lanes();
        for (var i = 0u; i < 4u; i++) {
            let channel = first_channel + i;
            if pixel < sizes.batch * area && channel < sizes.channels {
                x_bar[(pixel / area * sizes.channels + channel) * area + pixel % area] = block[i][j];
            }
        }
    }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let lanes = column_lanes();
    let pixel = group.x * SIDE * lanes + lane % lanes;
    let first_channel = (group.y * sizes.row_lanes + lane / lanes) * SIDE;
    let near = patches(pixel);
    let far = patches(pixel + 4u * lanes);
    let near_channels = channels(first_channel);
    let far_channels = channels(first_channel + 4u);
    let stride = sizes.stride;
    let taps = sizes.kernel * sizes.kernel;
    var sums: Sums;
    for (var filter_row = 0u; filter_row < sizes.filters; filter_row++) {
        for (var k = 0u; k < sizes.kernel; k++) {
            let top = i32(filter_row * sizes.out_height) - i32(k / stride);
            for (var l = 0u; l < sizes.kernel; l++) {
                let shift = top * i32(sizes.out_width) - i32(l / stride);
                let lines = lines_of(k, l);
                let at = filter_row * sizes.channels * taps + k * sizes.kernel + l;
                add_product(
                    &sums,
                    Factors(weights0(near_channels + at), weights0(far_channels + at)),
                    Factors(gather0(near, lines, shift), gather0(far, lines, shift)),
                );
                if TERMS == 2u {
                    add_product(
                        &sums,
                        Factors(weights1(near_channels + at), weights1(far_channels + at)),
                        Factors(gather1(near, lines, shift), gather1(far, lines, shift)),
                    );
                }
            }
        }
    }
    write(sums.near_near, first_channel, pixel);
    if BLOCKS == 2u {
        write(sums.near_far, first_channel, pixel + 4u * lanes);
        write(sums.far_near, first_channel + 4u, pixel);
        write(sums.far_far, first_channel + 4u, pixel + 4u * lanes);
    }
}
