// z̄ = f w (w̄ − Σ w w̄) within every segment of columns: one workgroup a segment and image, segments along x and images along y.

const PLACES: u32 = {{ places }}u;

struct Sizes {
    columns: u32,
    // How many segments there are.
    count: u32,
    unused0: u32,
    unused1: u32,
    // First column and number of columns, in the first two of four.
    segments: array<vec4<u32>, PLACES>,
    factor: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> w: array<f32>; // [B, N]
@group(0) @binding(1) var<storage, {{ read }}> w_bar: array<f32>; // [B, N]
@group(0) @binding(2) var<storage, read_write> z_bar: array<f32>; // [B, N]
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let segment = sizes.segments[group.x];
    let first = group.y * sizes.columns + segment.x;
    var sum = 0.0;
    for (var i = lane; i < segment.y; i += LANES) {
        sum += w[first + i] * w_bar[first + i];
    }
    let all = total(lane, sum);
    for (var i = lane; i < segment.y; i += LANES) {
        z_bar[first + i] = sizes.factor * w[first + i] * (w_bar[first + i] - all);
    }
}
