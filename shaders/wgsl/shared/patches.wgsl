// Four pixels that gather a patch each: tap (k, l) of the kernel lies `shift` behind `at`, or outside where bit k of `lines`,
// its row, or bit 16 + l, its column, is not set.
struct Patches {
    at: vec4<i32>,
    lines: vec4<u32>,
}

// The two bits of tap (k, l).
fn lines_of(k: u32, l: u32) -> u32 {
    return (1u << k) | (1u << (16u + l));
}

fn has(patches: Patches, lines: u32) -> vec4<bool> {
    return (patches.lines & vec4<u32>(lines)) == vec4<u32>(lines);
}

// Where to read the tap with these bits; anywhere in the tensor where it is outside.
fn places(patches: Patches, lines: u32, shift: i32) -> vec4<i32> {
    return select(vec4<i32>(0), patches.at + shift, has(patches, lines));
}
