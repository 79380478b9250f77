// The gradient of batch normalisation with ReLU: one workgroup a channel.
// g = ȳ where ρ is active, β̄ = Σ g, γ̄ = Σ g x̂, x̄ = γ s (g − ⟨g⟩ − x̂ ⟨g x̂⟩).

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, {{ read }}> y: array<f32>; // [B, C, A]
@group(0) @binding(2) var<storage, {{ read }}> y_bar: array<f32>; // [B, C, A]
@group(0) @binding(3) var<storage, {{ read }}> vectors: array<f32>; // m, v, s, γ, β: five rows
@group(0) @binding(4) var<storage, read_write> x_bar: array<f32>; // [B, C, A]
@group(0) @binding(5) var<storage, read_write> affine_bar: array<f32>; // γ̄, β̄: two rows
@group(0) @binding(6) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channels = sizes.channels;
    let area = sizes.area;
    let count = sizes.batch * area;
    let relu = sizes.relu == 1u;
    let c = group.x;
    let mean = vectors[c];
    let inv_std = vectors[2u * sizes.pitch + c];

    // Of the chunks so far; one invocation adds its own to them.
    var all = vec2<f32>(affine_bar[sizes.pitch + c], affine_bar[c]);
    if has(SUMS) {
        var sums = select(vec2<f32>(0.0), all, lane == 0u && !has(FIRST));
        for (var i = lane; i < count; i += LANES) {
            let at = (i / area * channels + c) * area + i % area;
            let g = select(y_bar[at], 0.0, relu && y[at] <= 0.0);
            sums += vec2<f32>(g, g * (x[at] - mean) * inv_std);
        }
        all = total(lane, sums);
        if lane == 0u {
            affine_bar[c] = all.y;
            affine_bar[sizes.pitch + c] = all.x;
        }
    }

    if has(VALUES) {
        let means = all / f32(sizes.count);
        let scale = vectors[3u * sizes.pitch + c] * inv_std;
        for (var i = lane; i < count; i += LANES) {
            let at = (i / area * channels + c) * area + i % area;
            let g = select(y_bar[at], 0.0, relu && y[at] <= 0.0);
            x_bar[at] = scale * (g - means.x - (x[at] - mean) * inv_std * means.y);
        }
    }
}
