// ⟨d, e⟩ = 1/(HW) Σ_ij d e for every image and channel: one workgroup each, channels along x and images along y.

@group(0) @binding(0) var<storage, read_write> d: array<f32>;     // [B, C, A]
@group(0) @binding(1) var<storage, read_write> e: array<f32>;     // [B, C, A]
@group(0) @binding(2) var<storage, read_write> out: array<f32>;   // [B, C]
@group(0) @binding(3) var<storage, read_write> sizes: array<u32>; // C, A

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let area = sizes[1];
    let plane = group.y * sizes[0] + group.x;
    var sum = 0.0;
    for (var i = lane; i < area; i += LANES) {
        sum += d[plane * area + i] * e[plane * area + i];
    }
    let all = total(lane, sum);
    if lane == 0u {
        out[plane] = all / f32(area);
    }
}
