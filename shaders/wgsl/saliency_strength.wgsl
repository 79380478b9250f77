// M_bij = max_c |g_bcij|: one invocation a pixel.

struct Sizes {
    length: u32,
    invocations: u32,
    channels: u32,
    area: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> gradient: array<f32>; // [B, C, A]
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [B, A]
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let area = sizes.area;
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        let first = i / area * sizes.channels * area + i % area;
        var strongest = 0.0;
        for (var c = 0u; c < sizes.channels; c++) {
            strongest = max(strongest, abs(gradient[first + c * area]));
        }
        out[i] = strongest;
    }
}
