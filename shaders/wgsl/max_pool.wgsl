// The maximum over square windows and its place, a flat pixel index within the plane: of equal maxima the first in reading
// order, and what is not a number counts as largest, so that it is not lost. Padding is never the maximum.

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
}

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, C, H, W]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [B, C, H', W']
@group(0) @binding(2) var<storage, read_write> places: array<i32>; // [B, C, H', W']
@group(0) @binding(3) var<uniform> sizes: Sizes;

// By its bits: a compiler may take for granted that there is no such number.
fn is_none(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// The first pixel of a window that lies in the image.
fn first_of(window: u32) -> u32 {
    let start = window * sizes.stride;
    return select(0u, start - sizes.padding, start > sizes.padding);
}

fn end_of(window: u32, length: u32) -> u32 {
    return min(window * sizes.stride + sizes.size - sizes.padding, length);
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let area = sizes.out_height * sizes.out_width;
    for (var i = id.x; i < sizes.length; i += sizes.invocations) {
        let plane = i / area * (sizes.height * sizes.width);
        let row = i % area / sizes.out_width;
        let column = i % sizes.out_width;
        var place = first_of(row) * sizes.width + first_of(column);
        var most = x[plane + place];
        for (var r = first_of(row); r < end_of(row, sizes.height); r++) {
            for (var c = first_of(column); c < end_of(column, sizes.width); c++) {
                let at = r * sizes.width + c;
                let value = x[plane + at];
                if value > most || is_none(value) {
                    most = value;
                    place = at;
                }
            }
        }
        y[i] = most;
        places[i] = i32(place);
    }
}
