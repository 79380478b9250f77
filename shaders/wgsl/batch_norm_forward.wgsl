// Batch normalisation in training mode with ReLU behind it: one workgroup a channel.
// m = ⟨x⟩, v = ⟨(x − m)²⟩, s = 1/√(v + ε), y = ρ(γ s (x − m) + β).

struct Sizes {
    batch: u32,
    channels: u32,
    area: u32,
    relu: u32,
    epsilon: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, {{ read }}> gamma: array<f32>; // [C]
@group(0) @binding(2) var<storage, {{ read }}> beta: array<f32>; // [C]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [B, C, A]
@group(0) @binding(4) var<storage, read_write> vectors: array<f32>; // m, v, s, γ, β: [5, C]
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channels = sizes.channels;
    let area = sizes.area;
    let count = sizes.batch * area;
    let c = group.x;

    var sum = 0.0;
    for (var i = lane; i < count; i += LANES) {
        sum += x[(i / area * channels + c) * area + i % area];
    }
    let mean = total(lane, sum) / f32(count);

    // A second pass over centred values: E[x²] − E[x]² would cancel.
    var squares = 0.0;
    for (var i = lane; i < count; i += LANES) {
        let d = x[(i / area * channels + c) * area + i % area] - mean;
        squares += d * d;
    }
    let variance = total(lane, squares) / f32(count);
    let inv_std = 1.0 / sqrt(variance + sizes.epsilon);
    if lane == 0u {
        vectors[c] = mean;
        vectors[channels + c] = variance;
        vectors[2u * channels + c] = inv_std;
        // What the derivatives need besides, so that they bind one buffer.
        vectors[3u * channels + c] = gamma[c];
        vectors[4u * channels + c] = beta[c];
    }

    let scale = gamma[c] * inv_std;
    let shift = beta[c];
    for (var i = lane; i < count; i += LANES) {
        let at = (i / area * channels + c) * area + i % area;
        let value = (x[at] - mean) * scale + shift;
        y[at] = select(value, 0.0, sizes.relu == 1u && value < 0.0);
    }
}
