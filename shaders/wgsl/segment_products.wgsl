// f k a and f Σ a e within every segment of columns: one workgroup a segment and image, segments along x and images along y.

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

@group(0) @binding(0) var<storage, {{ read }}> a: array<f32>; // [B, N]
@group(0) @binding(1) var<storage, {{ read }}> e: array<f32>; // [B, N]
@group(0) @binding(2) var<storage, {{ read }}> k: array<f32>; // [B, K]
@group(0) @binding(3) var<storage, read_write> scaled: array<f32>; // [B, N]
@group(0) @binding(4) var<storage, read_write> sums: array<f32>; // [B, K]
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let segment = sizes.segments[group.x];
    let first = group.y * sizes.columns + segment.x;
    let of_segment = group.y * sizes.count + group.x;
    let scale = sizes.factor * k[of_segment];
    var sum = 0.0;
    for (var i = lane; i < segment.y; i += LANES) {
        sum += a[first + i] * e[first + i];
        scaled[first + i] = scale * a[first + i];
    }
    let all = total(lane, sum);
    if lane == 0u {
        sums[of_segment] = sizes.factor * all;
    }
}
