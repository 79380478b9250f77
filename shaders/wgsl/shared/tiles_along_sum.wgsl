// Elements along the sum lie beside each other in both factors.
fn product(group: vec3<u32>, lane: u32, begin: u32, end: u32) -> mat4x4<f32> {
    var sums: mat4x4<f32>;
    for (var term = 0u; term < sizes.terms; term++) {
        for (var first = begin; first < end; first += DEPTH) {
            load_left(term, lane, group.y * SIDE, first, end);
            for (var at = lane; at < SIDE * DEPTH; at += INVOCATIONS) {
                let k = first + at % DEPTH;
                var value = 0.0;
                if k < end {
                    value = right(term, column(group.x * SIDE + at / DEPTH), k);
                }
                right_tile[at % DEPTH * PITCH + at / DEPTH] = value;
            }
            workgroupBarrier();
            multiply_tiles(&sums, lane);
            workgroupBarrier();
        }
    }
    return sums;
}
