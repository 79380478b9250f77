// What the kernels of a convolution are told.
struct Sizes {
    batch: u32,
    channels: u32,
    height: u32,
    width: u32,
    filters: u32,
    out_height: u32,
    out_width: u32,
    stride: u32,
    padding: u32,
    // Side of the convolution's kernel.
    kernel: u32,
    // Products that are added up, one or two.
    terms: u32,
    // Whether the value has a bias.
    biased: u32,
    // Output pixels in a run, where a weight gradient's sum over them is cut up.
    run: u32,
    // Of the 64 invocations of a workgroup that multiplies in registers, how many lie above each other.
    row_lanes: u32,
}
