// A map in colours over the grey image: (1 − α) grey + α colour(m), as red, green, blue and opacity 1. One invocation a
// pixel.

struct Sizes {
    area: u32,
    length: u32,
    steps: u32,
    alpha: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> image: array<f32>; // [B, 3, A], 0 to 1
@group(0) @binding(1) var<storage, {{ read }}> m: array<f32>; // [B, A], 0 to 1
@group(0) @binding(2) var<storage, {{ read }}> colours: array<f32>; // [steps, 3], from m = 0 to m = 1, at even steps
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // [B, A, 4]
@group(0) @binding(4) var<uniform> sizes: Sizes;

fn colour(row: u32) -> vec3<f32> {
    return vec3<f32>(colours[3u * row], colours[3u * row + 1u], colours[3u * row + 2u]);
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let area = sizes.area;
    for (var i = id.x; i < sizes.length; i += groups.x * {{ workgroup }}u) {
        let first = i / area * 3u * area + i % area;
        let grey = 0.299 * image[first] + 0.587 * image[first + area] + 0.114 * image[first + 2u * area];
        let place = clamp(m[i], 0.0, 1.0) * f32(sizes.steps - 1u);
        let below = min(u32(place), sizes.steps - 2u);
        let over = mix(colour(below), colour(below + 1u), place - f32(below));
        let mixed = mix(vec3<f32>(grey), over, sizes.alpha);
        out[4u * i] = mixed.x;
        out[4u * i + 1u] = mixed.y;
        out[4u * i + 2u] = mixed.z;
        out[4u * i + 3u] = 1.0;
    }
}
