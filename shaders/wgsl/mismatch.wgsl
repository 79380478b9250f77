// The mismatch of matched features, d = r + b − resize(S), and its mean square D = 1/(HW) Σ_ij d², in one pass: one workgroup
// for every image and channel, channels along x and images along y. The channels belong to pairs one after another,
// each with a map S of its own size, and all of these lie one after another in `sources`.

const PLACES: u32 = {{ places }}u;

struct Map {
    first_channel: u32,
    channels: u32,
    height: u32,
    width: u32,
}

struct Sizes {
    channels: u32,
    height: u32,
    width: u32,
    // How many pairs there are.
    count: u32,
    // Where this layer's columns of `squared` begin, and how many columns it has.
    first: u32,
    columns: u32,
    unused0: u32,
    unused1: u32,
    // Per pair its place in `sources`, in the first of four; WebGPU wants 16 bytes an element.
    offsets: array<vec4<u32>, PLACES>,
    maps: array<Map, PLACES>,
}

@group(0) @binding(0) var<storage, {{ read }}> r: array<f32>; // [B, C, H, W]
@group(0) @binding(1) var<storage, {{ read }}> bias: array<f32>; // [C]
@group(0) @binding(2) var<storage, {{ read }}> sources: array<f32>; // [B, C_m, H_m, W_m] of every pair
@group(0) @binding(3) var<storage, read_write> d: array<f32>; // [B, C, H, W]
@group(0) @binding(4) var<storage, read_write> squared: array<f32>; // [B, N]
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let area = sizes.height * sizes.width;
    let plane = group.y * sizes.channels + group.x;
    var member = 0u;
    while member + 1u < sizes.count && group.x >= sizes.maps[member + 1u].first_channel {
        member++;
    }
    let map = sizes.maps[member];
    let source = sizes.offsets[member].x
        + (group.y * map.channels + group.x - map.first_channel) * map.height * map.width;
    let shift = bias[group.x];

    var sum = 0.0;
    for (var i = lane; i < area; i += LANES) {
        let row = sampled_at(i / sizes.width, map.height, sizes.height);
        let column = sampled_at(i % sizes.width, map.width, sizes.width);
        let top = source + u32(row) * map.width;
        let bottom = source + min(u32(row) + 1u, map.height - 1u) * map.width;
        let left = u32(column);
        let right = min(left + 1u, map.width - 1u);
        let upper = mix(sources[top + left], sources[top + right], fract(column));
        let lower = mix(sources[bottom + left], sources[bottom + right], fract(column));
        let value = r[plane * area + i] + shift - mix(upper, lower, fract(row));
        d[plane * area + i] = value;
        sum += value * value;
    }
    let all = total(lane, sum);
    if lane == 0u {
        squared[group.y * sizes.columns + sizes.first + group.x] = all / f32(area);
    }
}
