// Batch normalisation by given moments with ReLU behind it: s = 1/√(v + ε), y = ρ(γ s (x − m) + β).

struct Sizes {
    length: u32,
    invocations: u32,
    channels: u32,
    area: u32,
    relu: u32,
    epsilon: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, {{ read }}> gamma: array<f32>; // [C]
@group(0) @binding(2) var<storage, {{ read }}> beta: array<f32>; // [C]
@group(0) @binding(3) var<storage, {{ read }}> mean: array<f32>; // [C]
@group(0) @binding(4) var<storage, {{ read }}> variance: array<f32>; // [C]
@group(0) @binding(5) var<storage, read_write> y: array<f32>; // [B, C, A]
@group(0) @binding(6) var<storage, read_write> inv_std: array<f32>; // s: [C]
@group(0) @binding(7) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var c = id.x; c < sizes.channels; c += sizes.invocations) {
        inv_std[c] = 1.0 / sqrt(variance[c] + sizes.epsilon);
    }
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        let c = i / sizes.area % sizes.channels;
        let scale = gamma[c] / sqrt(variance[c] + sizes.epsilon);
        let value = (x[i] - mean[c]) * scale + beta[c];
        y[i] = select(value, 0.0, sizes.relu == 1u && value < 0.0);
    }
}
