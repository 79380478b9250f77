// Σ ȳ ∗ x over one or two terms (x, ȳ), as the matrix product [O, B·H'·W'] · [B·H'·W', C·K²]. Its sum is long and its result
// small, so it is cut up three times: into runs of output pixels, a workgroup along z each, whose results are added up by
// another kernel; and a run among invocations beside each other that compute the same SIDE by SIDE elements and are added up at
// the end. A workgroup has as many such tiles beside each other as it has rows of invocations.

// Vectors of four elements that an invocation has.
const VECTORS: u32 = 4u * BLOCKS * BLOCKS;

@group(0) @binding(0) var<storage, {{ read }}> x0: array<f32>; // [B, C, H, W]
@group(0) @binding(1) var<storage, {{ read }}> y0: array<f32>; // [B, O, H', W']
@group(0) @binding(2) var<storage, {{ read }}> x1: array<f32>; // the second term's, or the first's again
@group(0) @binding(3) var<storage, {{ read }}> y1: array<f32>;
@group(0) @binding(4) var<storage, read_write> w_bar: array<f32>; // [runs, O, C, K, K]
@group(0) @binding(5) var<uniform> sizes: Sizes;

var<workgroup> partial: array<vec4<f32>, 64u * VECTORS>;

// Four columns (c, k, l): where x is read for the patch that begins at pixel 0, and how far into the patch that is.
struct Columns {
    at: vec4<i32>,
    row: vec4<i32>,
    column: vec4<i32>,
}

fn columns(first: u32) -> Columns {
    // Those behind the last are the last one.
    let taps = sizes.kernel * sizes.kernel;
    let k = min(four(first, 1u), vec4<u32>(sizes.channels * taps - 1u));
    let row = vec4<i32>(k % taps / sizes.kernel);
    let column = vec4<i32>(k % sizes.kernel);
    return Columns(vec4<i32>(k / taps * (sizes.height * sizes.width)) + row * i32(sizes.width) + column, row, column);
}

// Where the maps of four filters begin; those behind the last are the last one's.
fn filters(first: u32) -> vec4<u32> {
    return min(four(first, 1u), vec4<u32>(sizes.filters - 1u)) * (sizes.out_height * sizes.out_width);
}

// Which of the columns lie inside the image, in the patch whose first pixel is (top, edge).
fn inside(columns: Columns, top: i32, edge: i32) -> vec4<bool> {
    // A negative number is a large one without its sign.
    let rows = vec4<u32>(columns.row + top) < vec4<u32>(sizes.height);
    return rows & (vec4<u32>(columns.column + edge) < vec4<u32>(sizes.width));
}

fn patch0(columns: Columns, first: i32, inside: vec4<bool>) -> vec4<f32> {
    let at = select(vec4<i32>(0), columns.at + first, inside);
    return select(vec4<f32>(), vec4<f32>(x0[at.x], x0[at.y], x0[at.z], x0[at.w]), inside);
}

fn patch1(columns: Columns, first: i32, inside: vec4<bool>) -> vec4<f32> {
    let at = select(vec4<i32>(0), columns.at + first, inside);
    return select(vec4<f32>(), vec4<f32>(x1[at.x], x1[at.y], x1[at.z], x1[at.w]), inside);
}

fn maps0(at: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(y0[at.x], y0[at.y], y0[at.z], y0[at.w]);
}

fn maps1(at: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(y1[at.x], y1[at.y], y1[at.z], y1[at.w]);
}

// Leaves a block for the other invocations; blocks lie row by row.
fn leave(lane: u32, block: u32, sums: mat4x4<f32>) {
    let at = lane * VECTORS + 4u * block;
    partial[at] = sums[0];
    partial[at + 1u] = sums[1];
    partial[at + 2u] = sums[2];
    partial[at + 3u] = sums[3];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let area = sizes.out_height * sizes.out_width;
    let lanes = column_lanes();
    let first_filter = group.y * SIDE;
    let first_column = (group.x * sizes.row_lanes + lane / lanes) * SIDE;
    let near = columns(first_column);
    let far = columns(first_column + 4u);
    let near_filters = filters(first_filter);
    let far_filters = filters(first_filter + 4u);
    let end = min((group.z + 1u) * sizes.run, sizes.batch * area);
    var sums: Sums;
    for (var pixel = group.z * sizes.run + lane % lanes; pixel < end; pixel += lanes) {
        let image = pixel / area;
        let place = pixel % area;
        let top = i32(place / sizes.out_width * sizes.stride) - i32(sizes.padding);
        let edge = i32(place % sizes.out_width * sizes.stride) - i32(sizes.padding);
        let near_inside = inside(near, top, edge);
        let far_inside = inside(far, top, edge);
        let first = i32(image * sizes.channels * sizes.height * sizes.width) + top * i32(sizes.width) + edge;
        let map = image * sizes.filters * area + place;
        add_product(
            &sums,
            Factors(maps0(near_filters + map), maps0(far_filters + map)),
            Factors(patch0(near, first, near_inside), patch0(far, first, far_inside)),
        );
        if TERMS == 2u {
            add_product(
                &sums,
                Factors(maps1(near_filters + map), maps1(far_filters + map)),
                Factors(patch1(near, first, near_inside), patch1(far, first, far_inside)),
            );
        }
    }
    leave(lane, 0u, sums.near_near);
    if BLOCKS == 2u {
        leave(lane, 1u, sums.near_far);
        leave(lane, 2u, sums.far_near);
        leave(lane, 3u, sums.far_far);
    }
    workgroupBarrier();

    // From here on an invocation has vectors of the results: four columns of one row.
    for (var vector = lane; vector < sizes.row_lanes * VECTORS; vector += 64u) {
        let tile = vector / VECTORS;
        let within = vector % VECTORS;
        var total = vec4<f32>();
        for (var other = 0u; other < lanes; other++) {
            total += partial[(tile * lanes + other) * VECTORS + within];
        }
        let block = within / 4u;
        let filter_row = first_filter + block / BLOCKS * 4u + within % 4u;
        let column = (group.x * sizes.row_lanes + tile) * SIDE + block % BLOCKS * 4u;
        let depth = sizes.channels * sizes.kernel * sizes.kernel;
        for (var j = 0u; j < 4u; j++) {
            if filter_row < sizes.filters && column + j < depth {
                w_bar[(group.z * sizes.filters + filter_row) * depth + column + j] = total[j];
            }
        }
    }
}
