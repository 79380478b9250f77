// softmax within every segment of columns: one workgroup a segment and image, segments along x and images along y.

const PLACES: u32 = {{ places }}u;

struct Sizes {
    columns: u32,
    // How many segments there are.
    count: u32,
    unused0: u32,
    unused1: u32,
    // First column and number of columns, in the first two of four.
    segments: array<vec4<u32>, PLACES>,
    // Not used; the other kernels over segments multiply by it.
    factor: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> z: array<f32>; // [B, N]
@group(0) @binding(1) var<storage, read_write> w: array<f32>; // [B, N]
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let segment = sizes.segments[group.x];
    let first = group.y * sizes.columns + segment.x;
    // Every invocation looks for the largest itself: the segments are short.
    var highest = z[first];
    for (var i = 1u; i < segment.y; i++) {
        highest = max(highest, z[first + i]);
    }
    var sum = 0.0;
    for (var i = lane; i < segment.y; i += LANES) {
        sum += exp(z[first + i] - highest);
    }
    let all = total(lane, sum);
    for (var i = lane; i < segment.y; i += LANES) {
        w[first + i] = exp(z[first + i] - highest) / all;
    }
}
