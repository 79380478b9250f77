// ⟨d, e⟩ = 1/(HW) Σ_ij d e for every image and channel: one workgroup each, channels along x and images along y.

struct Sizes {
    channels: u32,
    area: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> d: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, {{ read }}> e: array<f32>; // [B, C, A]
@group(0) @binding(2) var<storage, read_write> out: array<f32>; // [B, C]
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let area = sizes.area;
    let plane = group.y * sizes.channels + group.x;
    var sum = 0.0;
    for (var i = lane; i < area; i += LANES) {
        sum += d[plane * area + i] * e[plane * area + i];
    }
    let all = total(lane, sum);
    if lane == 0u {
        out[plane] = all / f32(area);
    }
}
