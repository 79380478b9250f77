// What a launch does for one of the chunks of a batch; where the batch is one chunk, all of it.
const SUMS: u32 = 1u;
const SQUARES: u32 = 2u;
const VALUES: u32 = 4u;
const FIRST: u32 = 8u;
const LAST: u32 = 16u;

struct Sizes {
    batch: u32,
    channels: u32,
    area: u32,
    relu: u32,
    // From one row of vectors to the next.
    pitch: u32,
    phases: u32,
    // Numbers of a channel in all chunks.
    count: u32,
    // Of the value alone.
    epsilon: f32,
}

fn has(phase: u32) -> bool {
    return (sizes.phases & phase) != 0u;
}
