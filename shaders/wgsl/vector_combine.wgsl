// out = k0 x0 + k1 x1 + k2 x2; a combination of fewer vectors names one of them again with k = 0.

@group(0) @binding(0) var<storage, read_write> x0: array<f32>;      // [N]
@group(0) @binding(1) var<storage, read_write> x1: array<f32>;      // [N]
@group(0) @binding(2) var<storage, read_write> x2: array<f32>;      // [N]
@group(0) @binding(3) var<storage, read_write> factors: array<f32>; // k: [3]
@group(0) @binding(4) var<storage, read_write> out: array<f32>;     // [N]
@group(0) @binding(5) var<storage, read_write> sizes: array<u32>;   // N, invocations in all

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var i = id.x; i < sizes[0]; i += sizes[1]) {
        var sum = factors[0] * x0[i];
        // A factor of zero must not let through what is not a number.
        if factors[1] != 0.0 {
            sum += factors[1] * x1[i];
        }
        if factors[2] != 0.0 {
            sum += factors[2] * x2[i];
        }
        out[i] = sum;
    }
}
