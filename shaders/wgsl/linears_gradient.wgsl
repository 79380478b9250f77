// The gradient of many small linear layers in their weights, W̄_k = Σ_b ȳ_k x_kᵀ, and biases, b̄_k = Σ_b ȳ_k, at their places in one
// vector: an invocation an entry, or several; layers along y.

struct Sizes {
    // Columns of x and of ȳ.
    inputs: u32,
    outputs: u32,
    batch: u32,
    invocations: u32,
    layers: array<Layer, PLACES>,
}

@group(0) @binding(0) var<storage, {{ read }}> x: array<f32>; // [B, M]
@group(0) @binding(1) var<storage, {{ read }}> y_bar: array<f32>; // [B, N]
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size({{ workgroup }})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let layer = sizes.layers[id.y];
    let weights = layer.outputs * layer.inputs;
    for (var at = id.x; at < weights + layer.outputs; at += sizes.invocations) {
        var sum = 0.0;
        if at < weights {
            let row = layer.first_output + at / layer.inputs;
            let column = layer.first_input + at % layer.inputs;
            for (var image = 0u; image < sizes.batch; image++) {
                sum += y_bar[image * sizes.outputs + row] * x[image * sizes.inputs + column];
            }
            out[layer.weight + at] = sum;
        } else {
            let row = layer.first_output + at - weights;
            for (var image = 0u; image < sizes.batch; image++) {
                sum += y_bar[image * sizes.outputs + row];
            }
            out[layer.bias + at - weights] = sum;
        }
    }
}
