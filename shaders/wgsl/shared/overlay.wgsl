// What lies over a pixel. The program that this is part of has `colours`: [steps, 3], from m = 0 to m = 1 at even steps.

fn colour(row: u32) -> vec3<f32> {
    return vec3<f32>(colours[3u * row], colours[3u * row + 1u], colours[3u * row + 2u]);
}

// (1 − α) grey + α colour(m), for a pixel of red, green and blue.
fn laid_over(pixel: vec3<f32>, m: f32, steps: u32, alpha: f32) -> vec3<f32> {
    let grey = dot(vec3<f32>(0.299, 0.587, 0.114), pixel);
    let place = clamp(m, 0.0, 1.0) * f32(steps - 1u);
    let below = min(u32(place), steps - 2u);
    let over = mix(colour(below), colour(below + 1u), place - f32(below));
    return mix(vec3<f32>(grey), over, alpha);
}
