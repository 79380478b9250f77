// One step of Adam for every entry, with the weight decay added to the gradient:
// d = g + wd φ, m ← β₁ m + (1 − β₁) d, v ← β₂ v + (1 − β₂) d², φ ← φ − step · rate · m / (√(v / c) + ε).

struct Sizes {
    length: u32,
    invocations: u32,
    // Whether every entry has a rate of its own.
    has_rates: u32,
    weight_decay: f32,
    beta1: f32,
    beta2: f32,
    // What makes up for v having begun at zero; that of m is in the step.
    correction: f32,
    epsilon: f32,
    step: f32,
    // 1 − β₁ and 1 − β₂, rounded once.
    rest1: f32,
    rest2: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> gradient: array<f32>; // [N]
@group(0) @binding(1) var<storage, {{ read }}> phi: array<f32>; // [N]
@group(0) @binding(2) var<storage, {{ read }}> first: array<f32>; // m: [N]
@group(0) @binding(3) var<storage, {{ read }}> second: array<f32>; // v: [N]
@group(0) @binding(4) var<storage, {{ read }}> rates: array<f32>; // [N], or anything where there are none
@group(0) @binding(5) var<storage, read_write> next_phi: array<f32>; // [N]
@group(0) @binding(6) var<storage, read_write> next_first: array<f32>; // [N]
@group(0) @binding(7) var<storage, read_write> next_second: array<f32>; // [N]
@group(0) @binding(8) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        let decayed = gradient[i] + sizes.weight_decay * phi[i];
        let m = sizes.beta1 * first[i] + sizes.rest1 * decayed;
        let v = sizes.beta2 * second[i] + sizes.rest2 * (decayed * decayed);
        var direction = m / (sqrt(v / sizes.correction) + sizes.epsilon);
        if sizes.has_rates == 1u {
            direction *= rates[i];
        }
        next_first[i] = m;
        next_second[i] = v;
        next_phi[i] = phi[i] - sizes.step * direction;
    }
}
