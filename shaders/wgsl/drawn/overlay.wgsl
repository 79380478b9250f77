// A map of one image in colours over its grey, drawn on the screen from where training left both: one square of the
// viewport a pixel.

struct Sizes {
    width: u32,
    height: u32,
    nth: u32,
    steps: u32,
    alpha: f32,
}

@group(0) @binding(0) var<storage, read> image: array<f32>; // [B, 3, H, W], 0 to 1
@group(0) @binding(1) var<storage, read> m: array<f32>; // [B, H, W], 0 to 1
@group(0) @binding(2) var<storage, read> colours: array<f32>; // [steps, 3]
@group(0) @binding(3) var<uniform> sizes: Sizes;

struct Corner {
    @builtin(position) position: vec4<f32>,
    // Of the viewport: 0 to 1 from the left and from the top.
    @location(0) place: vec2<f32>,
}

// One triangle that covers the viewport.
@vertex
fn corner(@builtin(vertex_index) nth: u32) -> Corner {
    let place = vec2<f32>(f32((nth << 1u) & 2u), f32(nth & 2u));
    return Corner(vec4<f32>(place * vec2<f32>(2.0, -2.0) + vec2<f32>(-1.0, 1.0), 0.0, 1.0), place);
}

@fragment
fn pixel(corner: Corner) -> @location(0) vec4<f32> {
    let size = vec2<u32>(sizes.width, sizes.height);
    let at = min(vec2<u32>(corner.place * vec2<f32>(size)), size - 1u);
    let area = sizes.width * sizes.height;
    let i = at.y * sizes.width + at.x;
    let first = 3u * sizes.nth * area + i;
    let rgb = vec3<f32>(image[first], image[first + area], image[first + 2u * area]);
    return vec4<f32>(laid_over(rgb, m[sizes.nth * area + i], sizes.steps, sizes.alpha), 1.0);
}
