// The gradient of batch normalisation with ReLU: one workgroup a channel.
// g = ȳ where ρ is active, β̄ = Σ g, γ̄ = Σ g x̂, x̄ = γ s (g − ⟨g⟩ − x̂ ⟨g x̂⟩).

struct Sizes {
    batch: u32,
    channels: u32,
    area: u32,
    relu: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, {{ read }}> y: array<f32>; // [B, C, A]
@group(0) @binding(2) var<storage, {{ read }}> y_bar: array<f32>; // [B, C, A]
@group(0) @binding(3) var<storage, {{ read }}> vectors: array<f32>; // m, v, s, γ, β: [5, C]
@group(0) @binding(4) var<storage, read_write> x_bar: array<f32>; // [B, C, A]
@group(0) @binding(5) var<storage, read_write> affine_bar: array<f32>; // γ̄, β̄: [2, C]
@group(0) @binding(6) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channels = sizes.channels;
    let area = sizes.area;
    let count = sizes.batch * area;
    let relu = sizes.relu == 1u;
    let c = group.x;
    let mean = vectors[c];
    let inv_std = vectors[2u * channels + c];

    var sums = vec2<f32>(0.0);
    for (var i = lane; i < count; i += LANES) {
        let at = (i / area * channels + c) * area + i % area;
        let g = select(y_bar[at], 0.0, relu && y[at] <= 0.0);
        sums += vec2<f32>(g, g * (x[at] - mean) * inv_std);
    }
    let all = total(lane, sums);
    if lane == 0u {
        affine_bar[c] = all.y;
        affine_bar[channels + c] = all.x;
    }

    let means = all / f32(count);
    let scale = vectors[3u * channels + c] * inv_std;
    for (var i = lane; i < count; i += LANES) {
        let at = (i / area * channels + c) * area + i % area;
        let g = select(y_bar[at], 0.0, relu && y[at] <= 0.0);
        x_bar[at] = scale * (g - means.x - (x[at] - mean) * inv_std * means.y);
    }
}
