// The tangent of the gradient of batch normalisation with ReLU: one workgroup a channel. With g = ȳ where ρ is
// active, the product rule on x̄ = γ s (g − ⟨g⟩ − x̂ ⟨g x̂⟩), with ṡ = −s² ⟨x̂ ẋ⟩.

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, {{ read }}> y: array<f32>; // [B, C, A]
@group(0) @binding(2) var<storage, {{ read }}> x_dot: array<f32>; // [B, C, A]
@group(0) @binding(3) var<storage, {{ read }}> y_bar: array<f32>; // [B, C, A]
@group(0) @binding(4) var<storage, {{ read }}> y_bar_dot: array<f32>; // [B, C, A]
@group(0) @binding(5) var<storage, {{ read }}> vectors: array<f32>; // ⟨ẋ⟩, ⟨x̂ ẋ⟩, m, s, γ, γ̇: six rows
@group(0) @binding(6) var<storage, read_write> x_bar_dot: array<f32>; // [B, C, A]
@group(0) @binding(7) var<storage, read_write> found: array<f32>; // γ̄̇, β̄̇, Σ g x̂, Σ g: four rows
@group(0) @binding(8) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channels = sizes.channels;
    let area = sizes.area;
    let count = sizes.batch * area;
    let relu = sizes.relu == 1u;
    let pitch = sizes.pitch;
    let c = group.x;
    let mean_dot = vectors[c];
    let correlation = vectors[pitch + c];
    let mean = vectors[2u * pitch + c];
    let inv_std = vectors[3u * pitch + c];
    let gamma = vectors[4u * pitch + c];
    let gamma_dot = vectors[5u * pitch + c];

    // Of the chunks so far, to which one invocation adds its own.
    var all = vec4<f32>(found[3u * pitch + c], found[2u * pitch + c], found[pitch + c], found[c]);
    if has(SUMS) {
        var sums = select(vec4<f32>(0.0), all, lane == 0u && !has(FIRST));
        for (var i = lane; i < count; i += LANES) {
            let at = (i / area * channels + c) * area + i % area;
            let x_hat = (x[at] - mean) * inv_std;
            let x_hat_dot = (x_dot[at] - mean_dot - x_hat * correlation) * inv_std;
            let passes = !(relu && y[at] <= 0.0);
            let g = select(0.0, y_bar[at], passes);
            let g_dot = select(0.0, y_bar_dot[at], passes);
            sums += vec4<f32>(g, g * x_hat, g_dot, g_dot * x_hat + g * x_hat_dot);
        }
        all = total(lane, sums);
        if lane == 0u {
            found[c] = all.w;
            found[pitch + c] = all.z;
            found[2u * pitch + c] = all.y;
            found[3u * pitch + c] = all.x;
        }
    }

    if has(VALUES) {
        let means = all / f32(sizes.count);
        let scale = gamma * inv_std;
        let scale_dot = gamma_dot * inv_std - gamma * inv_std * inv_std * correlation;
        for (var i = lane; i < count; i += LANES) {
            let at = (i / area * channels + c) * area + i % area;
            let x_hat = (x[at] - mean) * inv_std;
            let x_hat_dot = (x_dot[at] - mean_dot - x_hat * correlation) * inv_std;
            let passes = !(relu && y[at] <= 0.0);
            let g = select(0.0, y_bar[at], passes);
            let g_dot = select(0.0, y_bar_dot[at], passes);
            x_bar_dot[at] = scale_dot * (g - means.x - x_hat * means.y)
                + scale * (g_dot - means.z - x_hat_dot * means.y - x_hat * means.w);
        }
    }
}
