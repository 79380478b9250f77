// Σ W ∗ x [+ b] over one or two terms (x, W), as the matrix product [O, C·K²] · [C·K², B·H'·W'] whose right factor, the patches of
// x, is never in memory. Invocations along columns, which are output pixels, lie beside each other; rows are filters.

@group(0) @binding(0) var<storage, {{ read }}> x0: array<f32>; // [B, C, H, W]
@group(0) @binding(1) var<storage, {{ read }}> w0: array<f32>; // [O, C, K, K]
@group(0) @binding(2) var<storage, {{ read }}> x1: array<f32>; // the second term's, or the first's again
@group(0) @binding(3) var<storage, {{ read }}> w1: array<f32>;
@group(0) @binding(4) var<storage, {{ read }}> bias: array<f32>; // [O], or anything where there is none
@group(0) @binding(5) var<storage, read_write> y: array<f32>; // [B, O, H', W']
@group(0) @binding(6) var<uniform> sizes: Sizes;

// The patches of four output pixels.
fn patches(first: u32) -> Patches {
    let pixel = four(first, column_lanes());
    let area = sizes.out_height * sizes.out_width;
    let top = vec4<i32>(pixel % area / sizes.out_width * sizes.stride) - i32(sizes.padding);
    let edge = vec4<i32>(pixel % sizes.out_width * sizes.stride) - i32(sizes.padding);
    let inside = pixel < vec4<u32>(sizes.batch * area);
    var lines = vec4<u32>();
    for (var k = 0u; k < sizes.kernel; k++) {
        // A negative number is a large one without its sign.
        let row = vec4<u32>(top + i32(k)) < vec4<u32>(sizes.height);
        let column = vec4<u32>(edge + i32(k)) < vec4<u32>(sizes.width);
        lines |= select(vec4<u32>(0u), vec4<u32>(1u << k), row & inside);
        lines |= select(vec4<u32>(0u), vec4<u32>(1u << (16u + k)), column);
    }
    let image = vec4<i32>(pixel / area * (sizes.channels * sizes.height * sizes.width));
    return Patches(image + top * i32(sizes.width) + edge, lines);
}

fn gather0(patches: Patches, lines: u32, shift: i32) -> vec4<f32> {
    let at = places(patches, lines, shift);
    return select(vec4<f32>(), vec4<f32>(x0[at.x], x0[at.y], x0[at.z], x0[at.w]), has(patches, lines));
}

fn gather1(patches: Patches, lines: u32, shift: i32) -> vec4<f32> {
    let at = places(patches, lines, shift);
    return select(vec4<f32>(), vec4<f32>(x1[at.x], x1[at.y], x1[at.z], x1[at.w]), has(patches, lines));
}

// Where the weights of four filters begin; those behind the last are the last one's.
fn filters(first: u32) -> vec4<u32> {
    return min(four(first, 1u), vec4<u32>(sizes.filters - 1u)) * (sizes.channels * sizes.kernel * sizes.kernel);
}

fn weights0(at: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(w0[at.x], w0[at.y], w0[at.z], w0[at.w]);
}

fn weights1(at: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(w1[at.x], w1[at.y], w1[at.z], w1[at.w]);
}

fn bias_of(filter_row: u32) -> f32 {
    if sizes.biased == 1u {
        return bias[filter_row];
    }
    return 0.0;
}

fn write(block: mat4x4<f32>, first_filter: u32, first_pixel: u32) {
    let area = sizes.out_height * sizes.out_width;
    for (var j = 0u; j < 4u; j++) {
        let pixel = first_pixel + j * column_lanes();
        for (var i = 0u; i < 4u; i++) {
            let filter_row = first_filter + i;
            if pixel < sizes.batch * area && filter_row < sizes.filters {
                y[(pixel / area * sizes.filters + filter_row) * area + pixel % area] = block[i][j] + bias_of(filter_row);
            }
        }
    }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let lanes = column_lanes();
    let pixel = group.x * SIDE * lanes + lane % lanes;
    let first_filter = (group.y * sizes.row_lanes + lane / lanes) * SIDE;
    let near = patches(pixel);
    let far = patches(pixel + 4u * lanes);
    let near_filters = filters(first_filter);
    let far_filters = filters(first_filter + 4u);
    var sums: Sums;
    var at = 0u;
    for (var channel = 0u; channel < sizes.channels; channel++) {
        for (var k = 0u; k < sizes.kernel; k++) {
            for (var l = 0u; l < sizes.kernel; l++) {
                let shift = i32((channel * sizes.height + k) * sizes.width + l);
                let lines = lines_of(k, l);
                add_product(
                    &sums,
                    Factors(weights0(near_filters + at), weights0(far_filters + at)),
                    Factors(gather0(near, lines, shift), gather0(far, lines, shift)),
                );
                if TERMS == 2u {
                    add_product(
                        &sums,
                        Factors(weights1(near_filters + at), weights1(far_filters + at)),
                        Factors(gather1(near, lines, shift), gather1(far, lines, shift)),
                    );
                }
                at++;
            }
        }
    }
    write(sums.near_near, first_filter, pixel);
    if BLOCKS == 2u {
        write(sums.near_far, first_filter, pixel + 4u * lanes);
        write(sums.far_near, first_filter + 4u, pixel);
        write(sums.far_far, first_filter + 4u, pixel + 4u * lanes);
    }
}
