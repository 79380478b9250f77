// Per image: τ, the least value that together with all smaller ones makes up the share p of the sum, and min(m/τ, 1).
// One workgroup an image.
//
// τ is found without sorting. The bits of non-negative floats are ordered as the floats are, so 31 halvings of the range
// of bit patterns end at the least t with Σ_{m ≤ t} m ≥ p Σ m, which is one of the values.

struct Sizes {
    area: u32,
    // p.
    share: f32,
}

@group(0) @binding(0) var<storage, {{ read }}> m: array<f32>; // [B, A], none negative
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [B, A]
@group(0) @binding(2) var<storage, read_write> threshold: array<f32>; // τ: [B]
@group(0) @binding(3) var<uniform> sizes: Sizes;

const LARGEST: u32 = 0x7f7fffffu;

fn sum_up_to(bits: u32, lane: u32, first: u32, area: u32) -> f32 {
    var sum = 0.0;
    for (var i = lane; i < area; i += LANES) {
        let value = m[first + i];
        sum += select(0.0, value, bitcast<u32>(value) <= bits);
    }
    return total(lane, sum);
}

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let area = sizes.area;
    let first = group.x * area;
    let wanted = sizes.share * sum_up_to(LARGEST, lane, first, area);
    var low = 0u;
    var high = LARGEST;
    for (var halving = 0; halving < 31; halving++) {
        let middle = low + (high - low) / 2u;
        let enough = sum_up_to(middle, lane, first, area) >= wanted;
        high = select(high, middle, enough);
        low = select(middle + 1u, low, enough);
    }
    let clip = bitcast<f32>(high);
    for (var i = lane; i < area; i += LANES) {
        out[first + i] = select(0.0, min(m[first + i] / clip, 1.0), clip > 0.0);
    }
    if lane == 0u {
        threshold[group.x] = clip;
    }
}
