// g where y > 0, zero elsewhere; and where y < c, if there is a ceiling c.

struct Sizes {
    length: u32,
    invocations: u32,
    has_ceiling: u32,
    ceiling: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> y: array<f32>; // [N]
@group(0) @binding(1) var<storage, {{ read }}> g: array<f32>; // [N]
@group(0) @binding(2) var<storage, read_write> out: array<f32>; // [N]
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        let below = sizes.has_ceiling == 0u || y[i] < sizes.ceiling;
        out[i] = select(0.0, g[i], y[i] > 0.0 && below);
    }
}
