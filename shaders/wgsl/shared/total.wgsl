
// The sum of `value` over the workgroup, for every invocation; {{ sum }} is f32, vec2<f32> or vec4<f32>.

const LANES: u32 = {{ workgroup }}u;
var<workgroup> partial: array<{{ sum }}, LANES>;

fn total(lane: u32, value: {{ sum }}) -> {{ sum }} {
    // What a call before this one left must have been read by all.
    workgroupBarrier();
    partial[lane] = value;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            partial[lane] += partial[lane + half];
        }
        workgroupBarrier();
    }
    return partial[0];
}
