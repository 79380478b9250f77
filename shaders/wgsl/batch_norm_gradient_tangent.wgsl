// The tangent of the gradient of batch normalisation with ReLU: one workgroup a channel. The product rule on
// x̄ = γ s (g − ⟨g⟩ − x̂ ⟨g x̂⟩), with ṡ = −s² ⟨x̂ ẋ⟩.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;          // [B, C, A]
@group(0) @binding(1) var<storage, read_write> x_dot: array<f32>;      // [B, C, A]
@group(0) @binding(2) var<storage, read_write> g: array<f32>;          // ȳ where ρ is active, [B, C, A]
@group(0) @binding(3) var<storage, read_write> g_dot: array<f32>;      // ȳ̇ where ρ is active, [B, C, A]
@group(0) @binding(4) var<storage, read_write> vectors: array<f32>;    // m, s, γ, γ̇, ⟨ẋ⟩, ⟨x̂ ẋ⟩: [6, C]
@group(0) @binding(5) var<storage, read_write> x_bar_dot: array<f32>;  // [B, C, A]
@group(0) @binding(6) var<storage, read_write> affine_bar: array<f32>; // γ̄̇, β̄̇: [2, C]
@group(0) @binding(7) var<storage, read_write> sizes: array<u32>;      // B, C, A

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channels = sizes[1];
    let area = sizes[2];
    let count = sizes[0] * area;
    let c = group.x;
    let mean = vectors[c];
    let inv_std = vectors[channels + c];
    let gamma = vectors[2u * channels + c];
    let gamma_dot = vectors[3u * channels + c];
    let mean_dot = vectors[4u * channels + c];
    let correlation = vectors[5u * channels + c];

    var sums = vec4<f32>(0.0);
    for (var i = lane; i < count; i += LANES) {
        let at = (i / area * channels + c) * area + i % area;
        let x_hat = (x[at] - mean) * inv_std;
        let x_hat_dot = (x_dot[at] - mean_dot - x_hat * correlation) * inv_std;
        sums += vec4<f32>(g[at], g[at] * x_hat, g_dot[at], g_dot[at] * x_hat + g[at] * x_hat_dot);
    }
    let all = total(lane, sums);
    if lane == 0u {
        affine_bar[c] = all.w;
        affine_bar[channels + c] = all.z;
    }

    let means = all / f32(count);
    let scale = gamma * inv_std;
    let scale_dot = gamma_dot * inv_std - gamma * inv_std * inv_std * correlation;
    for (var i = lane; i < count; i += LANES) {
        let at = (i / area * channels + c) * area + i % area;
        let x_hat = (x[at] - mean) * inv_std;
        let x_hat_dot = (x_dot[at] - mean_dot - x_hat * correlation) * inv_std;
        x_bar_dot[at] = scale_dot * (g[at] - means.x - x_hat * means.y)
            + scale * (g_dot[at] - means.z - x_hat_dot * means.y - x_hat * means.w);
    }
}
