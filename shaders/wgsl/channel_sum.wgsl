// v_c = Σ_bij y_bcij: one workgroup a channel.

struct Sizes {
    batch: u32,
    channels: u32,
    area: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> y: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [C]
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channels = sizes.channels;
    let area = sizes.area;
    var sum = 0.0;
    for (var i = lane; i < sizes.batch * area; i += LANES) {
        sum += y[(i / area * channels + group.x) * area + i % area];
    }
    let all = total(lane, sum);
    if lane == 0u {
        out[group.x] = all;
    }
}
