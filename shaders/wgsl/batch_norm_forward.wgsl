// Batch normalisation in training mode with ReLU behind it: one workgroup a channel.
// m = ⟨x⟩, v = ⟨(x − m)²⟩, s = 1/√(v + ε), y = ρ(γ s (x − m) + β).

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, {{ read }}> gamma: array<f32>; // [C]
@group(0) @binding(2) var<storage, {{ read }}> beta: array<f32>; // [C]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [B, C, A]
@group(0) @binding(4) var<storage, read_write> vectors: array<f32>; // m, v, s, γ, β: five rows
@group(0) @binding(5) var<uniform> sizes: Sizes;

// The sum of `value` over the workgroup and over the chunks so far, whose sum stands at `at`; behind the last chunk the mean.
fn add_up(lane: u32, at: u32, value: f32) -> f32 {
    var mine = value;
    if lane == 0u && !has(FIRST) {
        mine += vectors[at];
    }
    var all = total(lane, mine);
    if has(LAST) {
        all /= f32(sizes.count);
    }
    if lane == 0u {
        vectors[at] = all;
    }
    return all;
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channels = sizes.channels;
    let area = sizes.area;
    let count = sizes.batch * area;
    let pitch = sizes.pitch;
    let c = group.x;

    var mean = vectors[c];
    if has(SUMS) {
        var sum = 0.0;
        for (var i = lane; i < count; i += LANES) {
            sum += x[(i / area * channels + c) * area + i % area];
        }
        mean = add_up(lane, c, sum);
    }

    // A second pass over centred values: E[x²] − E[x]² would cancel.
    var variance = vectors[pitch + c];
    if has(SQUARES) {
        var squares = 0.0;
        for (var i = lane; i < count; i += LANES) {
            let d = x[(i / area * channels + c) * area + i % area] - mean;
            squares += d * d;
        }
        variance = add_up(lane, pitch + c, squares);
    }
    let inv_std = 1.0 / sqrt(variance + sizes.epsilon);
    if lane == 0u && has(LAST) {
        vectors[2u * pitch + c] = inv_std;
        // What the derivatives need besides, so that they bind one buffer.
        vectors[3u * pitch + c] = gamma[c];
        vectors[4u * pitch + c] = beta[c];
    }

    if has(VALUES) {
        let scale = gamma[c] * inv_std;
        let shift = beta[c];
        for (var i = lane; i < count; i += LANES) {
            let at = (i / area * channels + c) * area + i % area;
            let value = (x[at] - mean) * scale + shift;
            y[at] = select(value, 0.0, sizes.relu == 1u && value < 0.0);
        }
    }
}
