// out = k0 x0 + k1 x1 + k2 x2; a combination of fewer vectors names one of them again with k = 0.

struct Sizes {
    length: u32,
    invocations: u32,
    k0: f32,
    k1: f32,
    k2: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> x0: array<f32>; // [N]
@group(0) @binding(1) var<storage, {{ read }}> x1: array<f32>; // [N]
@group(0) @binding(2) var<storage, {{ read }}> x2: array<f32>; // [N]
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // [N]
@group(0) @binding(4) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        var sum = sizes.k0 * x0[i];
        // A factor of zero must not let through what is not a number.
        if sizes.k1 != 0.0 {
            sum += sizes.k1 * x1[i];
        }
        if sizes.k2 != 0.0 {
            sum += sizes.k2 * x2[i];
        }
        out[i] = sum;
    }
}
