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

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let area = sizes.area;
    for (var i = id.x; i < sizes.length; i += groups.x * {{ workgroup }}u) {
        let first = i / area * 3u * area + i % area;
        let rgb = vec3<f32>(image[first], image[first + area], image[first + 2u * area]);
        let mixed = laid_over(rgb, m[i], sizes.steps, sizes.alpha);
        out[4u * i] = mixed.x;
        out[4u * i + 1u] = mixed.y;
        out[4u * i + 2u] = mixed.z;
        out[4u * i + 3u] = 1.0;
    }
}
