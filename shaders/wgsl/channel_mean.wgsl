// 1/(HW) Σ_ij x for every image and channel: one workgroup each, channels along x and images along y. The channels are columns of a
// wider matrix.

struct Sizes {
    channels: u32,
    area: u32,
    first: u32,
    columns: u32,
    factor: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [B, N]
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let area = sizes.area;
    let plane = group.y * sizes.channels + group.x;
    var sum = 0.0;
    for (var i = lane; i < area; i += LANES) {
        sum += x[plane * area + i];
    }
    let all = total(lane, sum);
    if lane == 0u {
        out[group.y * sizes.columns + sizes.first + group.x] = sizes.factor * all / f32(area);
    }
}
