// The gradient of max_pool: what windows give to the pixel that was their maximum. Windows may overlap, so that a pixel adds
// up those that it lies in, and no two invocations write to one place. What the pixels have of elsewhere is added.

struct Sizes {
    length: u32,
    invocations: u32,
    height: u32,
    width: u32,
    out_height: u32,
    out_width: u32,
    size: u32,
    stride: u32,
    padding: u32,
    // Whether there is something to add.
    has_plus: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> y_bar: array<f32>; // [B, C, H', W']
@group(0) @binding(1) var<storage, {{ read }}> places: array<i32>; // [B, C, H', W']
@group(0) @binding(2) var<storage, {{ read }}> plus: array<f32>; // [B, C, H, W], or ȳ again
@group(0) @binding(3) var<storage, read_write> x_bar: array<f32>; // [B, C, H, W]
@group(0) @binding(4) var<uniform> sizes: Sizes;

// The first window that has pixel `at` of the padded image, and the one behind the last.
fn first_with(at: u32) -> u32 {
    return select(0u, (at - sizes.size) / sizes.stride + 1u, at >= sizes.size);
}

fn end_with(at: u32, windows: u32) -> u32 {
    return min(at / sizes.stride + 1u, windows);
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let area = sizes.height * sizes.width;
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        let plane = i / area * (sizes.out_height * sizes.out_width);
        let pixel = i % area;
        let row = pixel / sizes.width + sizes.padding;
        let column = pixel % sizes.width + sizes.padding;
        var sum = 0.0;
        for (var r = first_with(row); r < end_with(row, sizes.out_height); r++) {
            for (var c = first_with(column); c < end_with(column, sizes.out_width); c++) {
                let window = plane + r * sizes.out_width + c;
                sum += select(0.0, y_bar[window], u32(places[window]) == pixel);
            }
        }
        if sizes.has_plus == 1u {
            sum += plus[i];
        }
        x_bar[i] = sum;
    }
}
