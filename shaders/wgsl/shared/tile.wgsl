// A matrix product tile by tile: the 64 invocations of a workgroup, ROW_LANES by COLUMN_LANES of them, compute ROWS by
// COLUMNS of left · right, DEPTH terms of the sum at a time, and every invocation 8 by 8 of it.

const LANES: u32 = 64u;
const ROW_LANES: u32 = {{ row_lanes }}u;
const COLUMN_LANES: u32 = LANES / ROW_LANES;
const ROWS: u32 = 8u * ROW_LANES;
const COLUMNS: u32 = 8u * COLUMN_LANES;
const DEPTH: u32 = 8u;
// A row in workgroup memory, four longer than it needs to be, which spreads a column over the memory's banks.
const LEFT: u32 = ROWS + 4u;
const RIGHT: u32 = COLUMNS + 4u;

var<workgroup> left: array<f32, DEPTH * LEFT>;   // [DEPTH, ROWS]
var<workgroup> right: array<f32, DEPTH * RIGHT>; // [DEPTH, COLUMNS]

// Row by row, the four columns of the tile's first half and the four of its second.
alias Sums = array<vec4<f32>, 16>;

// Adds left · right to the sums of an invocation.
fn add_product(lane: u32, sums: ptr<function, Sums>) {
    let column = lane % COLUMN_LANES * 4u;
    let row = lane / COLUMN_LANES * 8u;
    for (var k = 0u; k < DEPTH; k++) {
        let at = k * RIGHT + column;
        let near = vec4<f32>(right[at], right[at + 1u], right[at + 2u], right[at + 3u]);
        let half = at + COLUMNS / 2u;
        let far = vec4<f32>(right[half], right[half + 1u], right[half + 2u], right[half + 3u]);
        for (var i = 0u; i < 8u; i++) {
            let factor = left[k * LEFT + row + i];
            (*sums)[2u * i] += factor * near;
            (*sums)[2u * i + 1u] += factor * far;
        }
    }
}

// Row `i` of an invocation's eight, counted in the tile.
fn tile_row(lane: u32, i: u32) -> u32 {
    return lane / COLUMN_LANES * 8u + i;
}

// Column `j` of an invocation's eight, counted in the tile.
fn tile_column(lane: u32, j: u32) -> u32 {
    return j / 4u * (COLUMNS / 2u) + lane % COLUMN_LANES * 4u + j % 4u;
}
