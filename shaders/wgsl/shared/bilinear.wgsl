// Where output pixel `i` of `to` samples an input of `length` pixels, half-pixel centres, clamped to the first and last.
fn sampled_at(i: u32, length: u32, to: u32) -> f32 {
    return clamp((f32(i) + 0.5) * f32(length) / f32(to) - 0.5, 0.0, f32(length - 1u));
}
