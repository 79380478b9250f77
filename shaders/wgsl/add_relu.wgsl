// y = max(a + b, 0).

struct Sizes {
    length: u32,
    invocations: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> a: array<f32>; // [N]
@group(0) @binding(1) var<storage, {{ read }}> b: array<f32>; // [N]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [N]
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        let sum = a[i] + b[i];
        y[i] = select(sum, 0.0, sum < 0.0);
    }
}
