// The gradient of bilinear resizing: every input pixel gathers from the outputs that sampled it.

struct Sizes {
    length: u32,
    invocations: u32,
    height: u32,
    width: u32,
    to_height: u32,
    to_width: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> y_bar: array<f32>; // [planes, H', W']
@group(0) @binding(1) var<storage, read_write> x_bar: array<f32>; // [planes, H, W]
@group(0) @binding(2) var<uniform> sizes: Sizes;

// The weight of input pixel `at` in output pixel `i`.
fn weight(i: u32, at: u32, length: u32, to: u32) -> f32 {
    return max(0.0, 1.0 - abs(sampled_at(i, length, to) - f32(at)));
}

// The first output pixel that can have sampled input pixel `at`, and the one behind the last.
fn reached(at: u32, length: u32, to: u32) -> vec2<u32> {
    let step = f32(to) / f32(length);
    // The pixels at the edge stand for all that lies outside.
    let first = select(floor((f32(at) - 0.5) * step) - 1.0, 0.0, at == 0u);
    let last = select(ceil((f32(at) + 1.5) * step) + 1.0, f32(to), at == length - 1u);
    return vec2<u32>(u32(max(first, 0.0)), u32(min(last, f32(to))));
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let area = sizes.height * sizes.width;
    for (var n = id.x; n < sizes.length; n += sizes.invocations) {
        let row = n % area / sizes.width;
        let column = n % sizes.width;
        let rows = reached(row, sizes.height, sizes.to_height);
        let columns = reached(column, sizes.width, sizes.to_width);
        let plane = n / area * sizes.to_height * sizes.to_width;
        var sum = 0.0;
        for (var i = rows.x; i < rows.y; i++) {
            var along = 0.0;
            for (var j = columns.x; j < columns.y; j++) {
                along += weight(j, column, sizes.width, sizes.to_width) * y_bar[plane + i * sizes.to_width + j];
            }
            sum += weight(i, row, sizes.height, sizes.to_height) * along;
        }
        x_bar[n] = sum;
    }
}
