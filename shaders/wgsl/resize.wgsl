// Bilinear resizing of planes.

struct Sizes {
    length: u32,
    invocations: u32,
    height: u32,
    width: u32,
    to_height: u32,
    to_width: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [planes, H, W]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [planes, H', W']
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let area = sizes.to_height * sizes.to_width;
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        let row = sampled_at(i % area / sizes.to_width, sizes.height, sizes.to_height);
        let column = sampled_at(i % sizes.to_width, sizes.width, sizes.to_width);
        let plane = i / area * sizes.height * sizes.width;
        let top = plane + u32(row) * sizes.width;
        let bottom = plane + min(u32(row) + 1u, sizes.height - 1u) * sizes.width;
        let left = u32(column);
        let right = min(left + 1u, sizes.width - 1u);
        let upper = mix(x[top + left], x[top + right], fract(column));
        let lower = mix(x[bottom + left], x[bottom + right], fract(column));
        y[i] = mix(upper, lower, fract(row));
    }
}
