// The values of every plane at the places of its maxima.

struct Sizes {
    length: u32,
    invocations: u32,
    area: u32,
    out_area: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, H, W]
@group(0) @binding(1) var<storage, {{ read }}> places: array<i32>; // [B, C, H', W']
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [B, C, H', W']
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        y[i] = x[i / sizes.out_area * sizes.area + u32(places[i])];
    }
}
