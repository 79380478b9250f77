// What the kernels of a convolution are told: constants of a variant, and sizes of a launch.
const KERNEL: u32 = {{ kernel }}u;
const TAPS: u32 = KERNEL * KERNEL;
const TERMS: u32 = {{ terms }}u;

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
    // Output pixels in a run, where a weight gradient's sum over them is cut up.
    run: u32,
}
