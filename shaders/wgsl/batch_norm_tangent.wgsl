// The tangent of batch normalisation with ReLU: one workgroup a channel.
// x̂̇ = s (ẋ − ⟨ẋ⟩ − x̂ ⟨x̂ ẋ⟩), ẏ = γ̇ x̂ + γ x̂̇ + β̇ where ρ is active.

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, {{ read }}> y: array<f32>; // [B, C, A]
@group(0) @binding(2) var<storage, {{ read }}> x_dot: array<f32>; // [B, C, A]
@group(0) @binding(3) var<storage, {{ read }}> vectors: array<f32>; // m, v, s, γ, β: five rows
@group(0) @binding(4) var<storage, {{ read }}> gamma_dot: array<f32>; // [C]
@group(0) @binding(5) var<storage, {{ read }}> beta_dot: array<f32>; // [C]
@group(0) @binding(6) var<storage, read_write> y_dot: array<f32>; // [B, C, A]
@group(0) @binding(7) var<storage, read_write> found: array<f32>; // ⟨ẋ⟩, ⟨x̂ ẋ⟩, m, s, γ, γ̇: six rows
@group(0) @binding(8) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channels = sizes.channels;
    let area = sizes.area;
    let count = sizes.batch * area;
    let relu = sizes.relu == 1u;
    let c = group.x;
    let mean = vectors[c];
    let inv_std = vectors[2u * sizes.pitch + c];
    let gamma = vectors[3u * sizes.pitch + c];

    // Of the chunks so far, to which one invocation adds its own; behind the last one the means.
    var all = vec2<f32>(found[c], found[sizes.pitch + c]);
    if has(SUMS) {
        var sums = select(vec2<f32>(0.0), all, lane == 0u && !has(FIRST));
        for (var i = lane; i < count; i += LANES) {
            let at = (i / area * channels + c) * area + i % area;
            sums += vec2<f32>(x_dot[at], (x[at] - mean) * inv_std * x_dot[at]);
        }
        all = total(lane, sums);
        if has(LAST) {
            all /= f32(sizes.count);
        }
        if lane == 0u {
            found[c] = all.x;
            found[sizes.pitch + c] = all.y;
            // What the tangent of the gradient needs besides, so that it binds one buffer.
            found[2u * sizes.pitch + c] = mean;
            found[3u * sizes.pitch + c] = inv_std;
            found[4u * sizes.pitch + c] = gamma;
            found[5u * sizes.pitch + c] = gamma_dot[c];
        }
    }

    if has(VALUES) {
        let scale = gamma * inv_std;
        for (var i = lane; i < count; i += LANES) {
            let at = (i / area * channels + c) * area + i % area;
            let x_hat = (x[at] - mean) * inv_std;
            let value = gamma_dot[c] * x_hat + scale * (x_dot[at] - all.x - x_hat * all.y) + beta_dot[c];
            y_dot[at] = select(value, 0.0, relu && y[at] <= 0.0);
        }
    }
}
