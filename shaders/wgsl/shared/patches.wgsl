// Four pixels that gather a patch each: tap t of the kernel lies `shift` behind `at`, or outside where bit t of `taps` is not
// set.
struct Patches {
    at: vec4<i32>,
    taps: vec4<u32>,
}

fn has(patches: Patches, tap: u32) -> vec4<bool> {
    return ((patches.taps >> vec4<u32>(tap)) & vec4<u32>(1u)) != vec4<u32>(0u);
}

// Where to read tap `tap`; anywhere in the tensor where it is outside.
fn places(patches: Patches, tap: u32, shift: i32) -> vec4<i32> {
    return select(vec4<i32>(0), patches.at + shift, has(patches, tap));
}
