// The gradient of the mismatch's weighted mean square: r̄ = f k d and b̄ = Σ_bij r̄, one workgroup a channel.

struct Sizes {
    batch: u32,
    channels: u32,
    area: u32,
    // Where this layer's columns of k begin, and how many columns it has.
    first: u32,
    columns: u32,
    factor: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> d: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, {{ read }}> k: array<f32>; // [B, N]
@group(0) @binding(2) var<storage, read_write> r_bar: array<f32>; // [B, C, A]
@group(0) @binding(3) var<storage, read_write> bias_bar: array<f32>; // [C]
@group(0) @binding(4) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var i = lane; i < sizes.batch * sizes.area; i += LANES) {
        let image = i / sizes.area;
        let at = (image * sizes.channels + group.x) * sizes.area + i % sizes.area;
        let value = sizes.factor * k[image * sizes.columns + sizes.first + group.x] * d[at];
        r_bar[at] = value;
        sum += value;
    }
    let all = total(lane, sum);
    if lane == 0u {
        bias_bar[group.x] = all;
    }
}
