// Cross-entropy, softmax and the gradient in the logits, for a whole batch in one workgroup: an invocation takes whole images.

struct Sizes {
    batch: u32,
    classes: u32,
}

@group(0) @binding(0) var<storage, {{ read }}> z: array<f32>; // [B, K]
@group(0) @binding(1) var<storage, {{ read }}> y: array<f32>; // [B, K]
@group(0) @binding(2) var<storage, read_write> p: array<f32>; // [B, K]
@group(0) @binding(3) var<storage, read_write> z_bar: array<f32>; // [B, K]
@group(0) @binding(4) var<storage, read_write> loss: array<f32>; // [1]
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(local_invocation_index) lane: u32) {
    let images = f32(sizes.batch);
    var sum = 0.0;
    for (var image = lane; image < sizes.batch; image += LANES) {
        let first = image * sizes.classes;
        let end = first + sizes.classes;
        var highest = z[first];
        for (var at = first; at < end; at++) {
            highest = max(highest, z[at]);
        }
        var powers = 0.0;
        for (var at = first; at < end; at++) {
            powers += exp(z[at] - highest);
        }
        let log_sum = highest + log(powers);
        for (var at = first; at < end; at++) {
            let log_p = z[at] - log_sum;
            let probability = exp(log_p);
            p[at] = probability;
            z_bar[at] = (probability - y[at]) / images;
            sum -= y[at] * log_p;
        }
    }
    let all = total(lane, sum);
    if lane == 0u {
        loss[0] = all / images;
    }
}
