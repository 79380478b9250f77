// Columns that lie beside each other are beside each other in memory too: an invocation always loads the same column, and works out once
// where that is.
fn product(group: vec3<u32>, lane: u32, begin: u32, end: u32) -> mat4x4<f32> {
    let mine = column(group.x * SIDE + lane % SIDE);
    var sums: mat4x4<f32>;
    for (var term = 0u; term < sizes.terms; term++) {
        for (var first = begin; first < end; first += DEPTH) {
            load_left(term, lane, group.y * SIDE, first, end);
            for (var k = lane / SIDE; k < DEPTH; k += INVOCATIONS / SIDE) {
                var value = 0.0;
                if first + k < end {
                    value = right(term, mine, first + k);
                }
                right_tile[k * PITCH + lane % SIDE] = value;
            }
            workgroupBarrier();
            multiply_tiles(&sums, lane);
            workgroupBarrier();
        }
    }
    return sums;
}
