// Four pixels that gather a patch each: tap (k, l) of the kernel lies `shift` behind `at`, or outside where bit k of `lines`,
// its row, or bit 16 + l, its column, is not set.
struct Patches {
    at: vec4<i32>,
    lines: vec4<u32>,
}

fn has(patches: Patches, tap: u32) -> vec4<bool> {
    let both = vec4<u32>((1u << (tap / KERNEL)) | (1u << (16u + tap % KERNEL)));
    return (patches.lines & both) == both;
}

// Where to read tap `tap`; anywhere in the tensor where it is outside.
fn places(patches: Patches, tap: u32, shift: i32) -> vec4<i32> {
    return select(vec4<i32>(0), patches.at + shift, has(patches, tap));
}
