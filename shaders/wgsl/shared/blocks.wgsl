// A matrix product as a sum of outer products in registers: an invocation computes BLOCKS by BLOCKS blocks of 4 by 4
// elements, and the two factors of every term are gathered from memory. Invocations beside each other gather the same
// numbers, which the caches hold; workgroup memory with its barriers was slower where that could be measured.

// Products that are added up. A driver in software takes both ways at a branch, so that one on a size would cost as much as two terms.
const TERMS: u32 = {{ terms }}u;
const BLOCKS: u32 = {{ blocks }}u; // 1 or 2
const SIDE: u32 = 4u * BLOCKS;

// The 64 invocations of a workgroup lie in rows of so many.
fn column_lanes() -> u32 {
    return 64u / sizes.row_lanes;
}

// One factor of each of an invocation's rows, or of its columns; with one block `far` is not used.
struct Factors {
    near: vec4<f32>,
    far: vec4<f32>,
}

// The sums, a matrix column for each row: row half, then column half.
struct Sums {
    near_near: mat4x4<f32>,
    near_far: mat4x4<f32>,
    far_near: mat4x4<f32>,
    far_far: mat4x4<f32>,
}

fn outer(rows: vec4<f32>, columns: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(rows.x * columns, rows.y * columns, rows.z * columns, rows.w * columns);
}

fn add_product(sums: ptr<function, Sums>, rows: Factors, columns: Factors) {
    (*sums).near_near += outer(rows.near, columns.near);
    if BLOCKS == 2u {
        (*sums).near_far += outer(rows.near, columns.far);
        (*sums).far_near += outer(rows.far, columns.near);
        (*sums).far_far += outer(rows.far, columns.far);
    }
}

// Four numbers, `step` apart.
fn four(first: u32, step: u32) -> vec4<u32> {
    return vec4<u32>(first, first + step, first + 2u * step, first + 3u * step);
}
