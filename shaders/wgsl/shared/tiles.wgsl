// A matrix product by tiles in workgroup memory: LANES × LANES invocations compute SIDE × SIDE elements, 4 × 4 each, and read each
// factor once a tile from memory and SIDE times from workgroup memory. For hardware, whose workgroup memory is fast; a software driver
// has none, and pays for the barriers.
//
// A kernel says what the factors are: `left(term, row, k)`, `column(n)` with what there is to know of a column, and
// `right(term, column, k)`, all three zero outside; and writes the results.

// Side of the convolution's kernel: elements are found by dividing by it, which only a constant makes cheap.
const KERNEL: u32 = {{ kernel }}u;
const TAPS: u32 = KERNEL * KERNEL;
const LANES: u32 = {{ lanes }}u;
const INVOCATIONS: u32 = LANES * LANES;
const SIDE: u32 = 4u * LANES;
const DEPTH: u32 = 16u;
// One more than a row has, so that invocations which write a column meet other banks.
const PITCH: u32 = SIDE + 1u;

var<workgroup> left_tile: array<f32, DEPTH * PITCH>;
var<workgroup> right_tile: array<f32, DEPTH * PITCH>;

// Elements along the sum lie beside each other in the left factor.
fn load_left(term: u32, lane: u32, first_row: u32, first_k: u32, end: u32) {
    for (var at = lane; at < SIDE * DEPTH; at += INVOCATIONS) {
        let k = first_k + at % DEPTH;
        var value = 0.0;
        if k < end {
            value = left(term, first_row + at / DEPTH, k);
        }
        left_tile[at % DEPTH * PITCH + at / DEPTH] = value;
    }
}

// Rows of an invocation lie beside each other, its columns LANES apart.
fn multiply_tiles(sums: ptr<function, mat4x4<f32>>, lane: u32) {
    let row = lane / LANES * 4u;
    let column = lane % LANES;
    for (var k = 0u; k < DEPTH; k++) {
        let at = k * PITCH;
        let rows = vec4<f32>(left_tile[at + row], left_tile[at + row + 1u], left_tile[at + row + 2u], left_tile[at + row + 3u]);
        let columns = vec4<f32>(
            right_tile[at + column],
            right_tile[at + column + LANES],
            right_tile[at + column + 2u * LANES],
            right_tile[at + column + 3u * LANES],
        );
        *sums += mat4x4<f32>(rows.x * columns, rows.y * columns, rows.z * columns, rows.w * columns);
    }
}
